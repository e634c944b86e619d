//! What no command does yet: to write many rows of a kind.

use super::*;
use crate::event::EventKind;
use crate::idempotency::Answer;
use crate::ids::Bucket;

fn render(_: &crate::idempotency::Answerable<'_>) -> Answer {
    Answer { status: 200, body: String::new() }
}

#[test]
fn one_command_may_write_many_entries_payouts_and_events() {
    let (now, amount) = (Timestamp::UNIX_EPOCH, Amount::new(10).unwrap());
    let mut book = Book::new(MerchantId(uuid::Uuid::nil()));
    let rules = Rules { policy: Policy::default(), render };
    let mut decision = Decision { book: &book, rules: &rules, now, at: now, changes: Changes::default() };
    let ids = [1, 2, 3].map(|n| PayoutId::new(now, Bucket::new(0), n));
    let fund = decision.enter(EntryKind::Fund, Amount::new(25).unwrap(), Subject::Memo(String::new()));
    assert_eq!(fund.map(|tip| tip.seq), Ok(1));
    let held = ids.map(|id| {
        decision.event(EventKind::PayoutPending, Some(id));
        decision.changes.new_payouts.push(Payout::new(id, amount, String::new(), now));
        decision.enter(EntryKind::Hold, amount, Subject::Payout(id)).map(|tip| tip.seq)
    });
    // Each entry follows the command's own before it: the third hold finds 5 paise.
    assert!(matches!(held, [Ok(2), Ok(3), Err(Overdraw::TooLittle { .. })]), "{held:?}");
    let changes = decision.changes;
    book.apply(&changes);
    assert_eq!((book.tip.seq, book.tip.balances.available.get(), book.last_event), (3, 5, 3));
    assert!(book.payouts.keys().eq(&ids));
    let mut writes = Writes::default();
    writes.take(book.merchant, changes);
    assert_eq!((writes.entries.len(), writes.new_payouts.len(), writes.events.len()), (3, 3, 3));
    assert!(writes.events.iter().map(|(_, event)| event.seq).eq(1..=3));
    assert!(!writes.is_empty());
}
