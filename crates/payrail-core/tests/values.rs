//! The core's values: balances, keys, words.

#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

use payrail_core::bank_return::ExceptionKind;
use payrail_core::event::EventKind;
use payrail_core::idempotency::{IdempotencyKey, RequestHash};
use payrail_core::ledger::{Account, Balances, EntryKind, Overdraw};
use payrail_core::payout::{AttemptKind, AttemptOutcome, DoubtReason, Status};
use payrail_types::money::{Amount, Paise};
use payrail_types::operator::OperatorActionKind;
use payrail_types::word::Word;
use proptest::prelude::*;

fn balances(available: i64, held: i64) -> Balances {
    Balances { available: Paise::new(available), held: Paise::new(held) }
}

#[test]
fn each_kind_moves_between_its_two_accounts() {
    let amount = Amount::new(30).unwrap();
    for (kind, after) in [
        (EntryKind::Fund, balances(130, 50)),
        (EntryKind::Hold, balances(70, 80)),
        (EntryKind::Settle, balances(100, 20)),
        (EntryKind::Refund, balances(130, 20)),
        (EntryKind::Return, balances(130, 50)),
    ] {
        assert_eq!(balances(100, 50).after(kind, amount), Ok(after), "{kind:?}");
    }
}

#[test]
fn no_account_goes_below_zero() {
    let too_much = Amount::new(101).unwrap();
    for (kind, account) in
        [(EntryKind::Hold, Account::Available), (EntryKind::Settle, Account::Held), (EntryKind::Refund, Account::Held)]
    {
        let refused = Overdraw::TooLittle { account, balance: Paise::new(100) };
        assert_eq!(balances(100, 100).after(kind, too_much), Err(refused));
    }
}

#[test]
fn no_account_leaves_64_bits_and_neither_does_the_bank() {
    let one = Amount::new(1).unwrap();
    assert_eq!(balances(i64::MAX, 0).after(EntryKind::Fund, one), Err(Overdraw::TooLarge));
    assert_eq!(balances(i64::MAX - 1, 1).after(EntryKind::Fund, one), Err(Overdraw::TooLarge));
}

#[test]
fn one_key_has_many_spellings() {
    let plain = "2edc2490-a9d6-4bdb-805b-670867013dca";
    let key = IdempotencyKey::parse(plain);
    assert!(key.is_some());
    for spelling in [
        "2EDC2490-A9D6-4BDB-805B-670867013DCA",
        "2edc2490a9d64bdb805b670867013dca",
        "{2edc2490-a9d6-4bdb-805b-670867013dca}",
        "urn:uuid:2edc2490-a9d6-4bdb-805b-670867013dca",
        "URN:UUID:2edc2490-a9d6-4bdb-805b-670867013dca",
        "\"2edc2490-a9d6-4bdb-805b-670867013dca\"",
        "  2edc2490-a9d6-4bdb-805b-670867013dca ",
    ] {
        assert_eq!(IdempotencyKey::parse(spelling), key, "{spelling}");
    }
    assert_eq!(key.map(|key| key.to_string()).as_deref(), Some(plain));
}

#[test]
fn a_key_must_be_a_uuid() {
    for text in ["", "abc", "2edc2490-a9d6-4bdb-805b-670867013dc", "\"", "\"\"", "2edc2490-a9d6-4bdb-805b-670867013dcz"]
    {
        assert_eq!(IdempotencyKey::parse(text), None, "{text}");
    }
}

#[test]
fn the_hash_never_changes() {
    let hash = RequestHash::from_parts(&["fund", "100", "a memo"]).0;
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(
        hex, "62c9c080ea689e4828d098d000396af5a1b9774fb4dd7c9712d4a8c0f24179e8",
        "stored records would no longer be found equal"
    );
}

#[test]
fn the_hash_tells_lists_apart() {
    assert_ne!(RequestHash::from_parts(&["ab", "c"]), RequestHash::from_parts(&["a", "bc"]));
    assert_ne!(RequestHash::from_parts(&["ab"]), RequestHash::from_parts(&["ab", ""]));
    assert_eq!(RequestHash::from_parts(&["ab", "c"]), RequestHash::from_parts(&["ab", "c"]));
}

/// Stored rows and clients use these words.
#[test]
fn words_lead_back_to_what_they_name_and_never_change() {
    fn words<T: Word + PartialEq + std::fmt::Debug>() -> String {
        for member in T::all() {
            assert_eq!(T::parse(member.as_str()), Some(member));
        }
        assert_eq!((T::parse(""), T::parse("Pending"), T::parse("other")), (None, None, None));
        T::all().map(Word::as_str).collect::<Vec<_>>().join(" ")
    }
    assert_eq!(words::<Status>(), "pending processing completed failed cancelled returned");
    assert_eq!(words::<AttemptKind>(), "submit enquire close");
    assert_eq!(words::<AttemptOutcome>(), "paid refused never_received closed no_answer unreachable released");
    assert_eq!(words::<EntryKind>(), "fund hold settle refund return");
    assert_eq!(
        words::<EventKind>(),
        "balance.funded payout.pending payout.processing payout.in_doubt payout.completed payout.failed \
         payout.cancelled payout.returned"
    );
    assert_eq!(
        words::<ExceptionKind>(),
        "return_other_amount return_other_utr return_of_unpaid return_again return_unknown_reference \
         return_unreadable returns_missing duplicate_utr"
    );
    assert_eq!(
        words::<OperatorActionKind>(),
        "funded asked_bank brought_forward decided_paid decided_not_paid resolved_exception merchant_created \
         key_issued key_rotated key_revoked operator_created operator_disabled operator_enabled password_changed \
         password_reset signed_in sign_in_failed signed_out bank_confirmed returns_gap_passed bench_filled \
         secret_changed verify_started"
    );
}

#[test]
fn each_status_has_its_own_event() {
    for status in Status::all() {
        assert_eq!(EventKind::from(status).as_str(), format!("payout.{}", status.as_str()));
    }
}

/// Rows store the sentence, and the reason is parsed from it.
#[test]
fn a_doubts_reason_is_its_sentence() {
    for (reason, sentence) in [
        (DoubtReason::worker_lost("one", AttemptKind::Submit), "worker one did not report on its call (submit)"),
        (DoubtReason::worker_lost("a (b)", AttemptKind::Close), "worker a (b) did not report on its call (close)"),
        (DoubtReason::NotAnAnswerToSubmit, "the bank answered a submission with never_received"),
        (DoubtReason::NotClosed, "the bank did not close the reference"),
        (DoubtReason::NoAnswer("timeout".to_owned()), "timeout"),
        (DoubtReason::NoAnswer("worker x (y)".to_owned()), "worker x (y)"),
    ] {
        assert_eq!(reason.as_str(), sentence);
        assert_eq!(DoubtReason::parse(sentence), reason);
    }
}

proptest! {
    /// Older versions stored any text; it round-trips unchanged.
    #[test]
    fn every_text_is_a_reason_and_stays_as_it_is(
        text in prop_oneof![any::<String>(), "(worker )?.{0,9}( did not report on its call \\((submit|x)\\))?"],
    ) {
        let reason = DoubtReason::parse(&text);
        prop_assert_eq!(reason.as_str(), text.as_str());
    }
}
