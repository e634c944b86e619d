#![no_main]
//! An `Authorization` header: the key is a part of it, without space around it, and is found in our own spelling.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::api_key;

fuzz_target!(|bytes: &[u8]| {
    let Some(key) = api_key(bytes) else { return };
    assert!(!key.is_empty() && key.trim() == key);
    assert!(bytes.windows(key.len()).any(|part| part == key.as_bytes()));
    assert!(bytes.trim_ascii()[..7].eq_ignore_ascii_case(b"api-key"));
    assert_eq!(api_key(format!("Api-Key {key}").as_bytes()), Some(key));
});
