#![no_main]
//! A list's filter: a query without a status and without a text filters nothing; no other status than ours is taken.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::filter;

fuzz_target!(|text: &str| {
    match filter(text) {
        Some(Ok(filters)) => assert!(!filters || text.contains('=')),
        Some(Err(status)) => assert_eq!(status, 400),
        None => {}
    }
    let known = ["pending", "processing", "completed", "failed", "cancelled", "returned", "in_doubt"];
    if text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_') && !text.is_empty() {
        assert_eq!(filter(&format!("status={text}")), Some(if known.contains(&text) { Ok(true) } else { Err(400) }));
        assert_eq!(filter(&format!("search={text}")), Some(if text.len() <= 255 { Ok(true) } else { Err(400) }));
    }
});
