#![no_main]
//! The bank's lists: an amount that was paid is in its bounds, and every text can be stored. So can what is
//! shown of a row that makes no sense.

use libfuzzer_sys::fuzz_target;
use payrail::rail::lists::{paid_in, returned_in};

fuzz_target!(|bytes: &[u8]| {
    for row in paid_in(bytes).into_iter().flatten().flatten() {
        assert!(row.amount.get() >= 1);
    }
    for row in returned_in(bytes).into_iter().flatten() {
        match row {
            Ok(row) => {
                // The amount is whatever the bank states: the decision compares it.
                let texts = [(&row.reference, 100), (&row.utr, 100), (&row.reason, 500)];
                assert!(texts.iter().all(|(text, most)| text.chars().count() <= *most));
                assert!(texts.iter().all(|(text, _)| !text.contains(char::is_control)));
                assert_eq!(row.line().amount_paise, row.amount_paise);
            }
            Err(unreadable) => {
                let shown = unreadable.shown();
                assert!(shown.chars().count() <= 702 && !shown.contains(char::is_control));
            }
        }
    }
});
