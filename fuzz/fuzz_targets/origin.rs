#![no_main]
//! Who may change something with a cookie: only an origin whose authority is the host that was asked.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::may_change;

fuzz_target!(|bytes: &[u8]| {
    let (origin, host) = bytes
        .iter()
        .position(|byte| *byte == b'\n')
        .map_or((bytes, &b"pay.example"[..]), |at| (&bytes[..at], &bytes[at + 1..]));
    if may_change(origin, host) == Some(true) {
        assert!(!host.is_empty());
        let ending = &origin[origin.len() - host.len().min(origin.len())..];
        let without_path = origin.split(|byte| *byte == b'/').nth(2).unwrap_or(origin);
        assert!(
            ending.eq_ignore_ascii_case(host)
                || without_path.split(|byte| *byte == b'?' || *byte == b'#').next().unwrap().eq_ignore_ascii_case(host)
        );
    }
    assert_ne!(
        may_change(bytes, b"pay.example.invalid"),
        Some(true).filter(|_| !contains(bytes, b"pay.example.invalid"))
    );
});

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|part| part.eq_ignore_ascii_case(needle))
}
