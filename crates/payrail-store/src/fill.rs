//! Writes large histories for benchmarks: the same rows as the executor, but with a few statements per transaction
//! instead of a command per payout. All triggers and constraints apply, the merchants are locked, and the core's
//! arithmetic continues each book from its newest entry. So a server may run on the same database meanwhile.

use std::collections::BTreeMap;

use jiff::Timestamp;
use payrail_core::book::Book;
use payrail_core::event::{Event, EventKind};
use payrail_core::idempotency::{Answer, IdempotencyKey, Record, RequestHash};
use payrail_core::ledger::{EntryKind, Subject};
use payrail_core::payout::{Attempt, AttemptKind, AttemptOutcome, Exchange, Payout, Progress, State};
use payrail_core::writes::{AttemptEnd, Writes};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::money::Amount;
use payrail_types::names::{BankAccountId, Utr};
use payrail_types::rail::RailId;

use crate::error::{Result, StoreError};
use crate::needs::Needs;
use crate::store::Store;
use crate::tables::api_keys::{self, KeyRow, NewKey};
use crate::tables::idempotency_records::KnownKeys;
use crate::tables::merchants::{self, DirectoryRow, Merchant, MerchantRow};
use crate::write::batches;

/// The common values of a history's payouts.
#[derive(Clone, Debug)]
pub struct Order {
    pub amount: Amount,
    pub bank_account_id: BankAccountId,
    /// The hash of a request for this amount to this account.
    pub request: RequestHash,
    /// The worker's name.
    pub worker: String,
    /// Whether the bank paid at the first call. Otherwise the payouts are pending and due.
    pub is_completed: bool,
}

/// One payout of a history. Its place in the book is determined when it is written.
#[derive(Clone, Debug)]
pub struct Filling {
    pub merchant: MerchantId,
    pub id: PayoutId,
    pub key: IdempotencyKey,
    /// The body of the request's answer.
    pub answer: String,
    pub created_at: Timestamp,
    pub paid: Paid,
}

/// The payment. It is not written for a pending payout.
#[derive(Clone, Debug)]
pub struct Paid {
    pub claimed_at: Timestamp,
    pub at: Timestamp,
    pub utr: Utr,
    pub sent: String,
    pub received: String,
}

/// Writes histories.
#[derive(Debug)]
pub struct Filler {
    store: Store,
}

impl Store {
    pub fn filler(&self) -> Filler {
        Filler { store: self.clone() }
    }
}

impl Filler {
    /// Writes new merchants, each with a key, those of each cell in one transaction.
    pub async fn merchants(&self, merchants: &[(Merchant, NewKey)]) -> Result<()> {
        for (_, merchants) in by_cell(&self.store, merchants, |(merchant, _)| merchant.id) {
            let mut on = self.store.begin_change(merchants[0].0.id).await?;
            let directory = merchants.iter().map(|(merchant, _)| DirectoryRow::from(merchant));
            let keys = merchants.iter().map(|(merchant, key)| KeyRow::of(merchant.id, key));
            on.central().write(vec![merchants::LIST.batch(directory), api_keys::INSERT.batch(keys)]).await?;
            let rows = merchants.iter().map(|(merchant, _)| MerchantRow::from(merchant));
            on.cell().write(vec![merchants::INSERT.batch(rows)]).await?;
            on.commit().await?;
        }
        Ok(())
    }

    /// Writes payouts with all their rows, those of each cell in one transaction. Each continues its merchant's book.
    pub async fn payouts(&self, order: &Order, payouts: &[Filling]) -> Result<()> {
        for (_, payouts) in by_cell(&self.store, payouts, |payout| payout.merchant) {
            self.payouts_of_a_cell(order, &payouts).await?;
        }
        Ok(())
    }

    async fn payouts_of_a_cell(&self, order: &Order, payouts: &[&Filling]) -> Result<()> {
        let needs = Needs { merchants: payouts.iter().map(|payout| payout.merchant).collect(), ..Needs::default() };
        let (mut on, mut books) = self.store.begin_with_books(&needs).await?;
        let mut history = Writes::default();
        for payout in payouts {
            let book = books.get_mut(&payout.merchant).and_then(Option::as_mut);
            let book = book.ok_or_else(|| StoreError::Refused(format!("there is no merchant {}", payout.merchant)))?;
            add(&mut history, book, order, payout)?;
        }
        on.write(batches(&history, &KnownKeys::default())).await?;
        on.commit().await
    }

    /// Runs the maintenance that would otherwise disturb the next measurement: VACUUM and ANALYZE on PostgreSQL, and a
    /// checkpoint on SQLite.
    pub async fn finish(self) -> Result<()> {
        for database in self.store.each() {
            database.tidy().await?;
        }
        Ok(())
    }
}

/// The items of each cell, in their order.
fn by_cell<'a, T>(store: &Store, items: &'a [T], merchant: impl Fn(&T) -> MerchantId) -> BTreeMap<usize, Vec<&'a T>> {
    let mut cells: BTreeMap<usize, Vec<&T>> = BTreeMap::new();
    for item in items {
        cells.entry(store.cells().of(merchant(item).bucket())).or_default().push(item);
    }
    cells
}

/// The rows of one payout, and the book after it.
fn add(history: &mut Writes, book: &mut Book, order: &Order, filling: &Filling) -> Result<()> {
    let merchant = filling.merchant;
    let pending = Payout {
        id: filling.id,
        amount: order.amount,
        bank_account_id: order.bank_account_id.clone(),
        rail: RailId::DEFAULT,
        bank: None,
        state: State::Pending { due_at: filling.created_at },
        submissions: 0,
        attempts: 0,
        unanswered: 0,
        created_at: filling.created_at,
        updated_at: filling.created_at,
        request_id: None,
    };
    let hold = enter(history, book, EntryKind::Hold, &pending)?;
    tell(history, book, EventKind::PayoutPending, &pending, Some(hold));
    let answer = Answer { status: 201, body: filling.answer.clone() };
    let (key, request, created_at) = (filling.key, order.request, filling.created_at);
    let record = Record { key, request, answer, payout: Some(pending.id), created_at, expires_at: None };
    history.records.push((merchant, record));
    if order.is_completed {
        pay(history, book, order, &filling.paid, &pending)?;
    }
    history.new_payouts.push((merchant, pending));
    Ok(())
}

/// The claim and the bank's answer, in order: there is no other way to `completed`.
fn pay(history: &mut Writes, book: &mut Book, order: &Order, paid: &Paid, pending: &Payout) -> Result<()> {
    let (merchant, id) = (book.merchant, pending.id);
    let progress = Progress { kind: AttemptKind::Submit, due_at: pending.created_at, leased_by: None, doubt: None };
    let claimed = Payout {
        state: State::Processing(progress),
        submissions: 1,
        attempts: 1,
        updated_at: paid.claimed_at,
        ..pending.clone()
    };
    let state = State::Completed { utr: paid.utr.clone() };
    let completed = Payout { state, updated_at: paid.at, ..claimed.clone() };
    let settle = enter(history, book, EntryKind::Settle, &completed)?;
    tell(history, book, EventKind::PayoutProcessing, &claimed, None);
    tell(history, book, EventKind::PayoutCompleted, &completed, Some(settle));
    let (worker, started_at) = (order.worker.clone(), paid.claimed_at);
    history
        .opened
        .push((merchant, Attempt { payout: id, number: 1, kind: AttemptKind::Submit, worker, bank: None, started_at }));
    let exchange = Exchange { sent: paid.sent.clone(), received: paid.received.clone() };
    let end = AttemptEnd { payout: id, number: 1, outcome: AttemptOutcome::Paid, exchange, ended_at: paid.at };
    history.closed.push((merchant, end));
    history.updated_payouts.extend([(merchant, claimed), (merchant, completed)]);
    Ok(())
}

/// Uses the core's arithmetic. Returns the entry's number.
fn enter(history: &mut Writes, book: &mut Book, kind: EntryKind, payout: &Payout) -> Result<i64> {
    let entry = book.tip.next(kind, payout.amount, Subject::Payout(payout.id), payout.updated_at);
    let entry = entry.map_err(|why| StoreError::Refused(format!("merchant {}: {why}", book.merchant)))?;
    book.tip = entry.tip();
    history.entries.push((book.merchant, entry));
    Ok(book.tip.seq)
}

fn tell(history: &mut Writes, book: &mut Book, kind: EventKind, payout: &Payout, entry: Option<i64>) {
    book.last_event += 1;
    let event = Event { seq: book.last_event, kind, payout: Some(payout.id), entry, created_at: payout.updated_at };
    history.events.push((book.merchant, event));
}
