//! The final audit: recounts everything from the clients' logs, the ledger and the bank's own list.

use std::collections::BTreeMap;

use payrail_core::ledger::EntryKind;
use payrail_core::payout::Status;
use payrail_types::ids::PayoutId;

use crate::watch::{Kept, ensure, promise};
use crate::world::World;

impl World {
    pub fn audit(&self) -> Kept {
        self.every_answer_was_kept()?;
        self.the_bank_paid_what_is_completed()?;
        self.all_money_adds_up()
    }

    /// Each answer that moved money was the only one of its key, and what it states exists.
    fn every_answer_was_kept(&self) -> Kept {
        for client in &self.clients {
            let mut first = BTreeMap::new();
            let moved = client.log.iter().filter(|(_, answer)| answer.status == 201);
            for (key, answer) in moved {
                let before = first.entry(key).or_insert(&answer.body);
                ensure(*before == &answer.body, promise::ONCE_PER_KEY, || format!("{key}: {before}, then {answer:?}"))?;
                let record = self.store.books[&client.merchant].records[key].as_ref();
                let made = record.and_then(|record| record.payout);
                let there = record.is_some() && made.is_none_or(|payout| answer.body.contains(&payout.to_string()));
                ensure(there, promise::DURABLE, || format!("{answer:?}, and it is not there"))?;
            }
        }
        for (merchant, book) in &self.store.books {
            let mut made: Vec<_> = book.records.values().flatten().filter_map(|record| record.payout).collect();
            made.sort();
            let there = made.iter().eq(book.payouts.keys());
            ensure(there, promise::ONCE_PER_KEY, || format!("{merchant}: keys made {made:?}"))?;
        }
        Ok(())
    }

    fn the_bank_paid_what_is_completed(&self) -> Kept {
        let mut paid: BTreeMap<PayoutId, u32> = BTreeMap::new();
        for payout in self.banks.iter().flat_map(|bank| &bank.paid) {
            *paid.entry(*payout).or_default() += 1;
        }
        for (_, payout) in self.store.payouts() {
            let times = paid.remove(&payout.id).unwrap_or(0);
            let expected = match payout.status() {
                Status::Completed | Status::Returned => 1,
                Status::Pending | Status::Processing | Status::Failed | Status::Cancelled => 0,
            };
            ensure(times == expected, promise::PAID_TWICE, || format!("the bank paid {times} times: {payout:?}"))?;
        }
        ensure(paid.is_empty(), promise::PAID_TWICE, || format!("the bank paid what is not there: {paid:?}"))
    }

    /// The money that came in, less what the bank has, is available, and nothing is held.
    fn all_money_adds_up(&self) -> Kept {
        for (merchant, book) in &self.store.books {
            let sum = |kind| -> i64 {
                let own = self.store.entries.iter().filter(|(owner, entry)| owner == merchant && entry.kind == kind);
                own.map(|(_, entry)| entry.amount.get()).sum()
            };
            let amount = |payout: &PayoutId| {
                book.payouts.get(payout).and_then(Option::as_ref).map_or(0, |payout| payout.amount.get())
            };
            let paid: i64 = self.banks.iter().flat_map(|bank| &bank.paid).map(amount).sum();
            let given_back: i64 = self.banks.iter().flat_map(|bank| bank.came_back()).map(|id| amount(&id)).sum();
            let expected = (sum(EntryKind::Fund) - paid + given_back, 0);
            let balances = (book.tip.balances.available.get(), book.tip.balances.held.get());
            ensure(balances == expected, promise::DERIVED, || format!("{merchant}: {balances:?}, not {expected:?}"))?;
            let flows = (sum(EntryKind::Settle), sum(EntryKind::Return));
            ensure(flows == (paid, given_back), promise::DERIVED, || format!("{flows:?}, not {paid}, {given_back}"))?;
        }
        Ok(())
    }
}
