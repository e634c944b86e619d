#![no_main]
//! A cursor: what is taken comes back as we would have written it, and leads to the same place.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::cursor;

fuzz_target!(|text: &str| {
    match cursor(text) {
        Ok(Some(canonical)) => {
            assert_eq!(cursor(&canonical), Ok(Some(canonical.clone())));
            let micros: i64 = canonical.split('.').next().unwrap().parse().unwrap();
            assert!(micros >= 0, "a time that both databases know: {canonical}");
        }
        Ok(None) => panic!("a cursor that is none"),
        Err(status) => assert_eq!(status, 400),
    }
});
