//! What no command does yet: write several rows of one kind, and attempt an illegal transition.

use jiff::{SignedDuration, Timestamp};

use super::decision::{Decision, Rules, Stop};
use crate::backoff::Policy;
use crate::book::{Book, DecisionError};
use crate::event::EventKind;
use crate::idempotency::Answer;
use crate::ledger::{EntryKind, Overdraw, Subject};
use crate::payout::{Payout, State, Status};
use payrail_types::ids::{Bucket, MerchantId, PayoutId};
use payrail_types::money::Amount;
use payrail_types::names::BankAccountId;

const POLICY: Policy = Policy {
    attempts_max: 3,
    retry_base: SignedDuration::from_secs(30),
    retry_max: SignedDuration::from_mins(30),
    lease: SignedDuration::from_secs(60),
    can_close: true,
    never_received_is_final: false,
    refusal_ttl: SignedDuration::from_hours(24),
};

fn render(_: &crate::idempotency::Answerable<'_>) -> Answer {
    Answer { status: 200, body: String::new() }
}

#[test]
fn one_command_may_write_many_entries_payouts_and_events() {
    let (now, amount) = (Timestamp::UNIX_EPOCH, Amount::new(10).unwrap());
    let mut book = Book::new(MerchantId(uuid::Uuid::nil()));
    let rules = Rules::new(POLICY, render);
    let mut decision = Decision::new(&book, &rules, now);
    let ids = [1, 2, 3].map(|n| PayoutId::new(now, Bucket::new(0), n));
    let fund = decision.enter(EntryKind::Fund, Amount::new(25).unwrap(), Subject::Memo(String::new()));
    assert_eq!(fund.map(|tip| tip.seq), Ok(1));
    let held = ids.map(|id| {
        let entry = decision.enter(EntryKind::Hold, amount, Subject::Payout(id)).map(|tip| tip.seq);
        decision.event(EventKind::PayoutPending, Some(id), entry.ok());
        decision
            .writes
            .new_payouts
            .push((decision.book.merchant, Payout::new(id, amount, BankAccountId::from_stored(""), now)));
        entry
    });
    // Each entry follows the command's previous one: 5 paise are left for the third hold.
    assert!(matches!(held, [Ok(2), Ok(3), Err(Overdraw::TooLittle { .. })]), "{held:?}");
    let writes = decision.writes;
    book.apply(&writes);
    assert_eq!((book.tip.seq, book.tip.balances.available.get(), book.last_event), (3, 5, 3));
    assert!(book.payouts.keys().eq(&ids));
    assert_eq!((writes.entries.len(), writes.new_payouts.len(), writes.events.len()), (3, 3, 3));
    assert!(writes.events.iter().map(|(_, event)| event.seq).eq(1..=3));
    assert!(!writes.is_empty());
}

/// `payout/life.rs` never does this; a fault there must not reach the ledger.
#[test]
fn an_illegal_transition_is_an_error_and_moves_nothing() {
    let now = Timestamp::UNIX_EPOCH;
    let book = Book::new(MerchantId(uuid::Uuid::nil()));
    let rules = Rules::new(POLICY, render);
    let payout = PayoutId::new(now, Bucket::new(0), 1);
    let pending = Payout::new(payout, Amount::new(10).unwrap(), BankAccountId::from_stored(""), now);
    let cancelled = Payout { state: State::Cancelled, ..pending.clone() };
    let mut decision = Decision::new(&book, &rules, now);
    let (from, to) = (Status::Cancelled, Status::Pending);
    let Err(Stop::Failed(error)) = decision.update(&cancelled, pending) else { panic!("it was taken") };
    assert_eq!(error, DecisionError::IllegalTransition { payout, from, to });
    assert!(decision.writes.is_empty());
}
