#![no_main]
//! The number that a stream goes on from.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::last_event_id;

fuzz_target!(|bytes: &[u8]| {
    match last_event_id(bytes) {
        Some(Ok(Some(number))) => assert_eq!(last_event_id(number.to_string().as_bytes()), Some(Ok(Some(number)))),
        Some(Ok(None)) => panic!("a header that is none"),
        Some(Err(status)) => assert_eq!(status, 400),
        None => {}
    }
});
