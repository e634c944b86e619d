#![no_main]
//! A cookie's value is a part of the header that it was found in, and one that we set is found among any others.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::cookie;

const TOKEN: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fuzz_target!(|bytes: &[u8]| {
    let found = cookie(bytes, "payrail_session");
    if let Some(value) = &found {
        assert!(!value.is_empty());
        assert!(bytes.windows(value.len()).any(|part| part == value.as_bytes()));
        assert!(bytes.windows(15).any(|part| part == b"payrail_session"));
    }
    let among = [bytes, b"; payrail_session=", TOKEN.as_bytes()].concat();
    let with_ours = cookie(&among, "payrail_session");
    // Ours, or one that was there before it.
    if std::str::from_utf8(bytes).is_ok_and(|text| text.bytes().all(|byte| (b' '..0x7f).contains(&byte))) {
        assert_eq!(with_ours, found.or(Some(TOKEN.to_owned())));
    }
});
