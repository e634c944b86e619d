//! All three accounts, in 128 bits, calculated from their definition.

use std::collections::{BTreeMap, BTreeSet};

use payrail_core::ledger::{Entry, EntryKind};
use payrail_core::writes::Writes;
use payrail_types::ids::{MerchantId, PayoutId};

use super::payouts::Life;
use super::promise::{ALL_OR_NOTHING, DERIVED, NO_OVERDRAFT};
use super::{Kept, ensure};

#[derive(Default)]
pub struct Accounts(BTreeMap<MerchantId, Sums>);

#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    available: i128,
    held: i128,
    bank: i128,
    seq: i64,
    events: i64,
}

impl Accounts {
    pub fn see(&mut self, writes: &Writes, payouts: &BTreeMap<PayoutId, Life>) -> Kept {
        for (merchant, entry) in &writes.entries {
            self.0.entry(*merchant).or_default().take(entry)?;
        }
        for (merchant, event) in &writes.events {
            let sums = self.0.entry(*merchant).or_default();
            sums.events += 1;
            ensure(event.seq == sums.events, ALL_OR_NOTHING, || format!("the outbox has a gap before {event:?}"))?;
        }
        let touched: BTreeSet<_> =
            writes.new_payouts.iter().chain(&writes.updated_payouts).map(|(owner, _)| *owner).collect();
        for merchant in touched {
            let open: i128 = payouts.values().filter(|life| life.merchant == merchant).map(Life::holds).sum();
            let held = self.0.get(&merchant).map_or(0, |sums| sums.held);
            ensure(held == open, DERIVED, || format!("{held} paise are held, and {open} are under way"))?;
        }
        Ok(())
    }
}

impl Sums {
    fn take(&mut self, entry: &Entry) -> Kept {
        let amount = i128::from(entry.amount.get());
        let (available, held, bank) = match entry.kind {
            EntryKind::Fund | EntryKind::Return => (amount, 0, -amount),
            EntryKind::Hold => (-amount, amount, 0),
            EntryKind::Settle => (0, -amount, amount),
            EntryKind::Refund => (amount, -amount, 0),
        };
        self.available += available;
        self.held += held;
        self.bank += bank;
        self.seq += 1;
        ensure(entry.seq == self.seq, DERIVED, || format!("number {} was due, and not {entry:?}", self.seq))?;
        let fine = self.available >= 0 && self.held >= 0;
        ensure(fine, NO_OVERDRAFT, || format!("{self:?} after {entry:?}"))?;
        let after = (i128::from(entry.after.available.get()), i128::from(entry.after.held.get()));
        ensure(after == (self.available, self.held), DERIVED, || format!("{self:?}, and it says {entry:?}"))?;
        ensure(self.available + self.held + self.bank == 0, DERIVED, || format!("{self:?}"))
    }
}
