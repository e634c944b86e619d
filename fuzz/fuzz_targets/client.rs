#![no_main]
//! A client's address from a proxy's header: the last hop of the text, or the proxy itself; never one that stands before
//! a hop that is no address.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::client;

fuzz_target!(|bytes: &[u8]| {
    for standard in [false, true] {
        let Some(found) = client(bytes, standard) else { continue };
        assert_eq!(found, found.to_canonical());
    }
    // Whatever a client wrote, the hop that the proxy adds is the one that counts.
    if !bytes.contains(&b'"') {
        let added = |hop: &str| [bytes, b", ", hop.as_bytes()].concat();
        let expected = Some("203.0.113.9".parse().unwrap());
        assert!(client(bytes, false).is_none() || client(&added("203.0.113.9"), false) == expected);
        assert!(client(bytes, true).is_none() || client(&added("for=203.0.113.9"), true) == expected);
    }
});
