//! Histories for benchmarks: merchants, each with a key and money, and payouts that they made in the past, as
//! many as one likes. `payrail verify` finds nothing amiss in them, and the door goes on where they end.

mod history;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use payrail_core::command::{Action, Command, PayoutRequest};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::money::Amount;
use payrail_store::{Filler, Filling, Merchant, NewKey, Order, Store, StoreError};
use uuid::Uuid;

use crate::http::answers;
use crate::ids;
use crate::keys::{KeyHasher, prefix};
use history::{Dealt, History};
use payrail_bank::{self as bank, accounts};

/// What is to be written.
#[derive(Clone, Debug)]
pub struct Plan {
    /// A new merchant each, and how many payouts it made.
    pub books: Vec<u64>,
    /// Paid by the bank; else waiting for a worker.
    pub is_completed: bool,
    pub amount: Amount,
    /// What the merchants' keys are made of.
    pub keys_seed: String,
    /// The payouts lie evenly between the two.
    pub from: Timestamp,
    pub until: Timestamp,
}

/// What was written so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub merchants: u64,
    pub payouts: u64,
    pub ledger_entries: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum FillError {
    #[error("merchants with the keys of this seed are in the database already: take another --keys-seed")]
    SeedUsed,
    #[error("the merchants' funds, with what their payouts come to, would not fit 64 bits: ask for less")]
    TooMuch,
    #[error("a funding was refused: {0}")]
    Funding(#[from] payrail_core::command::Refusal),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Bank(#[from] bank::Error),
}

/// What every merchant has left to spend: ₹1,000 crore.
pub const LEFT_PAISE: i64 = 1_000_000_000_000;

/// Rows that a transaction writes; large enough that its commit does not count.
const MERCHANTS_AT_ONCE: usize = 2_000;
const FUNDINGS_AT_ONCE: usize = 500;
const PAYOUTS_AT_ONCE: usize = 5_000;

/// The API key of merchant `number`, counted from 0: `prk_` and HMAC-SHA256 of the number under the seed.
/// (`printf %s 0 | openssl dgst -sha256 -hmac SEED` says the same.)
pub fn api_key(seed: &str, number: u64) -> String {
    let bits = KeyHasher::new(seed).hash(&number.to_string());
    let hex: String = bits.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("prk_{hex}")
}

/// Whether the plan can be carried out; nothing is written.
pub async fn check(store: &Store, hasher: &KeyHasher, plan: &Plan) -> Result<(), FillError> {
    plan.funds()?;
    match store.merchant_of_key(&hasher.hash(&api_key(&plan.keys_seed, 0))).await? {
        Some(_) => Err(FillError::SeedUsed),
        None => Ok(()),
    }
}

/// Writes the plan. With the simulated bank's book, what is completed is paid there, too.
pub async fn fill(
    store: &Store,
    hasher: &KeyHasher,
    plan: &Plan,
    bank_book: Option<&Path>,
    mut progress: impl FnMut(&Progress),
) -> Result<Progress, FillError> {
    check(store, hasher, plan).await?;
    let funds = plan.funds()?;
    let bank = match bank_book.filter(|_| plan.is_completed) {
        Some(path) => Some(bank::Filler::open(path)?),
        None => None,
    };
    let mut filling = Fill { store, filler: store.filler(), plan, bank, done: Progress::default() };
    let history = History::new(plan, rand::random());
    let merchants = filling.merchants(hasher, &history, &funds, &mut progress).await?;
    filling.payouts(history, &merchants, &mut progress).await?;
    let Fill { filler, done, .. } = filling;
    filler.finish().await?;
    Ok(done)
}

impl Plan {
    /// Spread over so many merchants, the first ones having one more if it does not come out even.
    pub fn spread(merchants: u64, payouts: u64) -> Vec<u64> {
        let (each, more) = (payouts / merchants, payouts % merchants);
        (0..merchants).map(|number| each + u64::from(number < more)).collect()
    }

    /// All of the first of so many merchants.
    pub fn hot(merchants: u64, payouts: u64) -> Vec<u64> {
        (0..merchants).map(|number| if number == 0 { payouts } else { 0 }).collect()
    }

    /// What each merchant is funded with.
    fn funds(&self) -> Result<Vec<Amount>, FillError> {
        let funds = self.books.iter().map(|payouts| {
            let spent = i64::try_from(*payouts).ok()?.checked_mul(self.amount.get())?;
            Amount::new(spent.checked_add(LEFT_PAISE)?).ok()
        });
        funds.collect::<Option<_>>().ok_or(FillError::TooMuch)
    }

    fn order(&self) -> Order {
        let bank_account_id = accounts::SUCCESS.to_owned();
        let request = PayoutRequest { amount: self.amount, bank_account_id, request_id: None };
        Order {
            amount: self.amount,
            request: request.hash(),
            bank_account_id: request.bank_account_id,
            worker: "bench fill".to_owned(),
            is_completed: self.is_completed,
        }
    }

    /// Between two payouts.
    fn pause(&self) -> SignedDuration {
        let payouts = i64::try_from(self.books.iter().sum::<u64>().max(1)).unwrap_or(i64::MAX);
        let span = i64::try_from(self.until.duration_since(self.from).as_micros()).unwrap_or(i64::MAX);
        SignedDuration::from_micros((span / payouts).max(3))
    }
}

struct Fill<'a> {
    store: &'a Store,
    filler: Filler,
    plan: &'a Plan,
    bank: Option<bank::Filler>,
    done: Progress,
}

impl Fill<'_> {
    async fn merchants(
        &mut self,
        hasher: &KeyHasher,
        history: &History,
        funds: &[Amount],
        progress: &mut impl FnMut(&Progress),
    ) -> Result<Vec<Merchant>, FillError> {
        let mut all = Vec::with_capacity(funds.len());
        for first in (0..funds.len()).step_by(MERCHANTS_AT_ONCE) {
            let numbers = first..funds.len().min(first + MERCHANTS_AT_ONCE);
            let added: Vec<_> = numbers.map(|number| self.merchant(hasher, history, number)).collect();
            self.filler.merchants(&added).await?;
            all.extend(added.into_iter().map(|(merchant, _)| merchant));
            for batch in (first..all.len()).collect::<Vec<_>>().chunks(FUNDINGS_AT_ONCE) {
                self.fund(batch.iter().map(|number| (&all[*number], funds[*number]))).await?;
            }
            self.done.merchants = all.len() as u64;
            self.done.ledger_entries = self.done.merchants;
            progress(&self.done);
        }
        Ok(all)
    }

    fn merchant(&self, hasher: &KeyHasher, history: &History, number: usize) -> (Merchant, NewKey) {
        let merchant = Merchant {
            id: ids::merchant_id(),
            name: format!("Bench merchant {number}"),
            email: format!("bench-{}-{number}@example.com", history.name()),
            created_at: self.plan.from,
        };
        let key = api_key(&self.plan.keys_seed, number as u64);
        let kept = NewKey { hash: hasher.hash(&key), prefix: prefix(&key), created_at: merchant.created_at };
        (merchant, kept)
    }

    /// Through the door, as any funding.
    async fn fund(&mut self, funds: impl Iterator<Item = (&Merchant, Amount)>) -> Result<(), FillError> {
        let commands = funds.map(|(merchant, amount)| {
            let (key, description) = (IdempotencyKey(Uuid::now_v7()), "Funds for a benchmark".to_owned());
            Command { merchant: merchant.id, action: Action::Fund { key, amount, description, by: None } }
        });
        let (commands, from) = (commands.collect::<Vec<_>>(), self.plan.from);
        for reply in self.store.execute(&commands, &answers::usual_rules(), &|| from).await? {
            reply?;
        }
        Ok(())
    }

    async fn payouts(
        &mut self,
        mut history: History,
        merchants: &[Merchant],
        progress: &mut impl FnMut(&Progress),
    ) -> Result<(), FillError> {
        let order = self.plan.order();
        let each = if order.is_completed { 2 } else { 1 };
        loop {
            let dealt: Vec<Dealt> = history.by_ref().take(PAYOUTS_AT_ONCE).collect();
            if dealt.is_empty() {
                return Ok(());
            }
            self.write(&order, &history, &dealt, merchants).await?;
            self.done.payouts += dealt.len() as u64;
            self.done.ledger_entries += dealt.len() as u64 * each;
            progress(&self.done);
        }
    }

    /// The bank's book is written first and committed last, so that only a crash between two commits could tear
    /// them apart; `verify` would name what the bank then lacks.
    async fn write(
        &mut self,
        order: &Order,
        history: &History,
        dealt: &[Dealt],
        merchants: &[Merchant],
    ) -> Result<(), FillError> {
        let make = |utr: &dyn Fn(usize) -> String| -> Vec<Filling> {
            let payouts = dealt.iter().enumerate();
            payouts.map(|(place, dealt)| history.payout(dealt, &merchants[dealt.merchant], order, utr(place))).collect()
        };
        let Some(bank) = &mut self.bank else {
            let payouts = make(&|place| history.utr(&dealt[place]));
            return Ok(self.filler.payouts(order, &payouts).await?);
        };
        let mut page = bank.begin()?;
        let first = page.next_number;
        let payouts = make(&|place| bank::utr(first + place as i64));
        for payout in &payouts {
            page.pay(&payout.id.reference(), order.amount.get(), &order.bank_account_id, payout.paid.at)?;
        }
        self.filler.payouts(order, &payouts).await?;
        Ok(page.commit()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_payout_is_dealt() {
        assert_eq!(Plan::spread(3, 200), [67, 67, 66]);
        assert_eq!(Plan::spread(3, 2), [1, 1, 0]);
        assert_eq!(Plan::hot(3, 200), [200, 0, 0]);
    }

    /// As `openssl dgst -sha256 -hmac seed` has it.
    #[test]
    fn keys_can_be_derived_elsewhere() {
        let expected = "prk_03c52f9668ff1b270ae522251f4ae8ea20b129f4f99baae569e23e2b8825311b";
        assert_eq!(api_key("seed", 0), expected);
    }
}
