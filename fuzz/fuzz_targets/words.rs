#![no_main]
//! Words and references as they are stored and sent: what is read is written as it was.

use libfuzzer_sys::fuzz_target;
use payrail_types::word::Word;
use payrail_types::ids::PayoutId;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{AttemptKind, Status};

fuzz_target!(|text: &str| {
    if let Some(id) = PayoutId::from_reference(text) {
        assert_eq!(id.reference(), text);
    }
    assert!(EntryKind::parse(text).is_none_or(|kind| kind.as_str() == text));
    assert!(Status::parse(text).is_none_or(|status| status.as_str() == text));
    assert!(AttemptKind::parse(text).is_none_or(|step| step.as_str() == text));
});
