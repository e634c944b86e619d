#![no_main]
//! From when until when: what is taken is a time that both databases know; a day is a day long.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::window;

const DAY: i64 = 24 * 60 * 60 * 1_000_000;

fuzz_target!(|text: &str| {
    let (from, to) = (window(Some(text), None), window(None, Some(text)));
    assert_eq!(window(None, None), Ok((None, None)));
    match (from, to) {
        (Ok((Some(from), None)), Ok((None, Some(to)))) => {
            assert!(from >= 0 && to >= from);
            assert!(to == from || (to - from == DAY && from % DAY == 0 && text.len() == 10), "{text}: {from} {to}");
        }
        // The last day that there is has no next one; the one before the first has.
        (Err(400), Err(400)) | (Ok((Some(_), None)), Err(400)) | (Err(400), Ok((None, Some(0)))) => {}
        (from, to) => panic!("{text}: {from:?} {to:?}"),
    }
});
