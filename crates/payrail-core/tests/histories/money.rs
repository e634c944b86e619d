//! An independent record of all three accounts, in 128 bits, calculated from their definition.

use std::collections::BTreeMap;

use jiff::Timestamp;
use payrail_core::event::{Event, EventKind};
use payrail_core::ledger::{Entry, EntryKind};
use payrail_types::ids::{MerchantId, PayoutId};

use payrail_core::writes::Writes;

#[derive(Default)]
pub struct Accounts {
    pub books: BTreeMap<MerchantId, Sums>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Sums {
    pub available: i128,
    pub held: i128,
    bank: i128,
    seq: i64,
    last_event: i64,
    last_at: Option<Timestamp>,
}

impl Accounts {
    pub fn of(&self, merchant: MerchantId) -> Sums {
        self.books.get(&merchant).copied().unwrap_or_default()
    }

    pub fn see(&mut self, log: &Writes) {
        for (merchant, entry) in &log.entries {
            self.books.entry(*merchant).or_default().take(entry);
        }
        for (merchant, event) in &log.events {
            let sums = self.books.entry(*merchant).or_default();
            sums.last_event += 1;
            assert_eq!(event.seq, sums.last_event, "the outbox has a gap");
        }
        check_each_entrys_event(log);
    }
}

impl Sums {
    /// The time that is written into the book, where it never goes back.
    pub fn at(&self, now: Timestamp) -> Timestamp {
        self.last_at.map_or(now, |last| last.max(now))
    }

    fn take(&mut self, entry: &Entry) {
        let amount = i128::from(entry.amount.get());
        assert!(amount > 0);
        let (available, held, bank) = match entry.kind {
            EntryKind::Fund => (amount, 0, -amount),
            EntryKind::Hold => (-amount, amount, 0),
            EntryKind::Settle => (0, -amount, amount),
            EntryKind::Refund => (amount, -amount, 0),
            EntryKind::Return => (amount, 0, -amount),
        };
        self.available += available;
        self.held += held;
        self.bank += bank;
        self.seq += 1;
        self.check(entry);
        self.last_at = Some(entry.created_at);
    }

    fn check(&self, entry: &Entry) {
        assert_eq!(entry.seq, self.seq, "the book has a gap");
        assert!(self.last_at <= Some(entry.created_at), "the book's time goes back");
        assert_eq!(i128::from(entry.after.available.get()), self.available, "{entry:?}");
        assert_eq!(i128::from(entry.after.held.get()), self.held, "{entry:?}");
        assert_eq!(self.available + self.held + self.bank, 0);
        assert!(self.available >= 0 && self.held >= 0, "an overdraft: {self:?}");
        assert!(i64::try_from(self.bank).is_ok(), "the bank account left 64 bits");
        assert_eq!(entry.payout.is_none(), entry.kind == EntryKind::Fund);
        assert_eq!(entry.description.is_some(), entry.kind == EntryKind::Fund);
    }
}

/// Every movement of money has one event, which names the entry. No other event names one.
fn check_each_entrys_event(log: &Writes) {
    let telling = |(merchant, event): &(MerchantId, Event)| event.entry.map(|seq| (*merchant, seq));
    let mut told: Vec<_> = log.events.iter().filter_map(telling).collect();
    told.sort();
    let mut entries: Vec<_> = log.entries.iter().map(|(merchant, entry)| (*merchant, entry.seq)).collect();
    entries.sort();
    assert_eq!(told, entries);
    for (merchant, event) in &log.events {
        let told = log.entries.iter().find(|(owner, entry)| owner == merchant && Some(entry.seq) == event.entry);
        let moved = told.map(|(_, entry)| (entry.kind, entry.payout));
        let expected = match event.kind {
            EventKind::BalanceFunded => Some(EntryKind::Fund),
            EventKind::PayoutPending => Some(EntryKind::Hold),
            EventKind::PayoutCompleted => Some(EntryKind::Settle),
            EventKind::PayoutFailed | EventKind::PayoutCancelled => Some(EntryKind::Refund),
            EventKind::PayoutReturned => Some(EntryKind::Return),
            EventKind::PayoutProcessing | EventKind::PayoutInDoubt => None,
        };
        assert_eq!(moved, expected.map(|kind| (kind, event.payout)), "{event:?}");
    }
}

/// Checks the ledger by payout: one hold, then a settle or a refund and never both, and a return only after a settle,
/// all of one amount and in one merchant's book.
pub fn check_each_payouts_entries(log: &Writes) {
    let mut by_payout: BTreeMap<PayoutId, Vec<(MerchantId, &Entry)>> = BTreeMap::new();
    for (merchant, entry) in &log.entries {
        if let Some(payout) = entry.payout {
            by_payout.entry(payout).or_default().push((*merchant, entry));
        }
    }
    for (payout, entries) in &by_payout {
        let kinds: Vec<_> = entries.iter().map(|(_, entry)| entry.kind).collect();
        use EntryKind::{Hold, Refund, Return, Settle};
        let fine = matches!(kinds[..], [Hold] | [Hold, Settle] | [Hold, Refund] | [Hold, Settle, Return]);
        assert!(fine, "{payout}: {kinds:?}");
        let (owner, hold) = entries[0];
        assert!(entries.iter().all(|(merchant, entry)| *merchant == owner && entry.amount == hold.amount));
    }
    let mut made: Vec<_> = log.new_payouts.iter().map(|(_, payout)| payout.id).collect();
    made.sort();
    assert_eq!(made, by_payout.into_keys().collect::<Vec<_>>(), "a payout without a hold, or a hold without a payout");
}
