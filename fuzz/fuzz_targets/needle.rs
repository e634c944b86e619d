#![no_main]
//! What an exact search is for: a text of a reasonable length without control characters, and an id is named by itself.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::needle;

fuzz_target!(|text: &str| {
    let trimmed = text.trim();
    let is_plain = !trimmed.is_empty() && trimmed.chars().count() <= 255 && !trimmed.contains(char::is_control);
    match needle(text) {
        Ok(Some(id)) => assert!(needle(&id.to_string()) == Ok(Some(id))),
        Ok(None) => assert!(is_plain),
        Err(status) => assert!(!is_plain && status == 400),
    }
});
