#![no_main]
//! The bank's lists: an amount in one is in its bounds, a reason can be stored.

use libfuzzer_sys::fuzz_target;
use payrail::rail::lists::{paid_in, returned_in};

fuzz_target!(|bytes: &[u8]| {
    for row in paid_in(bytes).into_iter().flatten() {
        assert!(row.amount.get() >= 1);
    }
    for row in returned_in(bytes).into_iter().flatten() {
        assert!(row.amount.get() >= 1);
        assert!(row.reason.chars().count() <= 500 && !row.reason.contains(char::is_control));
    }
});
