//! Fills a database with merchants and with the payouts that they made in the past.

use std::path::Path;

use payrail::ids;
use payrail::keys::{KeyHasher, prefix};
use payrail::settings::default_rules;
use payrail_bank as bank;
use payrail_core::command::{Action, Command};
use payrail_core::idempotency::IdempotencyKey;
use payrail_store::{Filler, Filling, Merchant, NewKey, Order, Purpose, Store, StoreError};
use payrail_types::money::Amount;
use payrail_types::names::{Email, Utr};
use uuid::Uuid;

use crate::history::{Dealt, History};
use crate::plan::{Plan, api_key};

/// How much was written so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    pub merchants: u64,
    pub payouts: u64,
    pub ledger_entries: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum FillError {
    #[error(
        "refused: this database was not created as a demonstration, and may hold real payouts. Name a new database in \
         DATABASE_URL; it is created as a demonstration"
    )]
    Ledger,
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

/// Rows per transaction: enough to make the commit cheap, and few enough that PostgreSQL does not end the transaction
/// as idle (after 10 s) while a slow machine computes the rows.
const MERCHANTS_AT_ONCE: usize = 2_000;
const FUNDINGS_AT_ONCE: usize = 500;
const PAYOUTS_AT_ONCE: usize = 1_000;

/// Creates a new database as a demonstration, and refuses an existing ledger: the made-up payouts could not be told
/// from real ones.
pub async fn prepare(store: &Store) -> Result<(), FillError> {
    if !store.is_new().await? && !store.is_demonstration().await? {
        return Err(FillError::Ledger);
    }
    store.migrate_as(Purpose::Demonstration, &[]).await?;
    // Another process may have created it in between.
    if store.is_demonstration().await? { Ok(()) } else { Err(FillError::Ledger) }
}

/// Refuses a plan that cannot be carried out. It writes nothing.
pub async fn check(store: &Store, hasher: &KeyHasher, plan: &Plan) -> Result<(), FillError> {
    if !store.is_demonstration().await? {
        return Err(FillError::Ledger);
    }
    plan.funds().ok_or(FillError::TooMuch)?;
    match store.merchant_of_key(&hasher.hash(&api_key(&plan.keys_seed, 0))).await? {
        Some(_) => Err(FillError::SeedUsed),
        None => Ok(()),
    }
}

/// Writes the plan. With the simulated bank's book, the completed payouts are paid there too.
pub async fn fill(
    store: &Store,
    hasher: &KeyHasher,
    plan: &Plan,
    bank_book: Option<&Path>,
    mut progress: impl FnMut(&Progress),
) -> Result<Progress, FillError> {
    check(store, hasher, plan).await?;
    let funds = plan.funds().ok_or(FillError::TooMuch)?;
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
            email: Email::from_stored(format!("bench-{}-{number}@example.com", history.name())),
            created_at: self.plan.from,
        };
        let key = api_key(&self.plan.keys_seed, number as u64);
        let kept = NewKey { hash: hasher.hash(&key), prefix: prefix(&key), created_at: merchant.created_at };
        (merchant, kept)
    }

    /// Funds the merchants through the engine.
    async fn fund(&mut self, funds: impl Iterator<Item = (&Merchant, Amount)>) -> Result<(), FillError> {
        let commands = funds.map(|(merchant, amount)| {
            let (key, description) = (IdempotencyKey(Uuid::now_v7()), "Funds for a benchmark".to_owned());
            Command { merchant: merchant.id, action: Action::Fund { key, amount, description, by: None } }
        });
        let (commands, from) = (commands.collect::<Vec<_>>(), self.plan.from);
        for reply in self.store.execute(&commands, &default_rules(), &|| from).await? {
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

    /// Writes the bank's book first and commits it last. Only a crash between the two commits leaves payouts that the
    /// bank did not pay; `verify` would name them.
    async fn write(
        &mut self,
        order: &Order,
        history: &History,
        dealt: &[Dealt],
        merchants: &[Merchant],
    ) -> Result<(), FillError> {
        let make = |utr: &dyn Fn(usize) -> Utr| -> Vec<Filling> {
            let payouts = dealt.iter().enumerate();
            payouts.map(|(place, dealt)| history.payout(dealt, &merchants[dealt.merchant], order, utr(place))).collect()
        };
        let Some(bank) = &mut self.bank else {
            let payouts = make(&|place| history.utr(&dealt[place]));
            return Ok(self.filler.payouts(order, &payouts).await?);
        };
        let mut page = bank.begin()?;
        let first = page.next_number;
        let payouts = make(&|place| Utr::from_stored(bank::utr(first + place as i64)));
        for payout in &payouts {
            page.pay(&payout.id.reference(), order.amount.get(), order.bank_account_id.as_str(), payout.paid.at)?;
        }
        self.filler.payouts(order, &payouts).await?;
        Ok(page.commit()?)
    }
}
