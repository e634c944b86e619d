#![no_main]
//! Words and references as they are stored and sent: what is read is written as it was.

use libfuzzer_sys::fuzz_target;
use payrail_core::ids::PayoutId;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{Status, Step};

fuzz_target!(|text: &str| {
    if let Some(id) = PayoutId::from_reference(text) {
        assert_eq!(id.reference(), text);
    }
    assert!(EntryKind::parse(text).is_none_or(|kind| kind.as_str() == text));
    assert!(Status::parse(text).is_none_or(|status| status.as_str() == text));
    assert!(Step::parse(text).is_none_or(|step| step.as_str() == text));
});
