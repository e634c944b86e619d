#![no_main]
//! A key's header: what is taken names the same key however it is spelled.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::idempotency_key;

fuzz_target!(|bytes: &[u8]| {
    match idempotency_key(bytes) {
        Some(Ok(key)) => {
            let plain = key.0.hyphenated().to_string();
            let spellings = [
                plain.to_uppercase(),
                format!("\"{plain}\""),
                format!("  {plain} "),
                key.0.simple().to_string(),
                key.0.urn().to_string(),
            ];
            for spelling in spellings {
                assert_eq!(idempotency_key(spelling.as_bytes()), Some(Ok(key)), "{spelling}");
            }
            let digits: String = String::from_utf8_lossy(bytes).to_lowercase().replace("urn:uuid:", "");
            let digits: String = digits.chars().filter(char::is_ascii_hexdigit).collect();
            assert_eq!(digits, key.0.simple().to_string());
        }
        Some(Err(status)) => assert_eq!(status, 400),
        None => {}
    }
});
