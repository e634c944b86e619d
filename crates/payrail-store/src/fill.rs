//! Histories at scale, for benchmarks: what the executor would have written for so many payouts, put there by a few
//! statements a transaction instead of one command each. Every trigger and constraint stays in force, the
//! merchants are locked, and each book is continued from its newest entry by the core's own arithmetic: a server
//! may be at work on the same database meanwhile.

use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::command::Exchange;
use payrail_core::decide::{AttemptEnd, Book, Writes};
use payrail_core::event::{Event, EventKind};
use payrail_core::idempotency::{Answer, IdempotencyKey, Record, RequestHash};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::{EntryKind, Subject};
use payrail_core::money::Amount;
use payrail_core::payout::{Attempt, Payout, Progress, State, Step};

use crate::Store;
use crate::db::{Column, Write};
use crate::error::{Result, StoreError};
use crate::keys::NewKey;
use crate::needs::Needs;
use crate::rows::Merchant;
use crate::write::{KnownKeys, batches};

/// What the payouts of a history have in common.
#[derive(Clone, Debug)]
pub struct Order {
    pub amount: Amount,
    pub bank_account_id: String,
    /// Of a request for this amount to this account.
    pub request: RequestHash,
    /// Who called the bank.
    pub worker: String,
    /// Paid by the bank at the first call; else pending, and due.
    pub is_completed: bool,
}

/// One payout of a history, but for its place in the book, which is found when it is written.
#[derive(Clone, Debug)]
pub struct Filling {
    pub merchant: MerchantId,
    pub id: PayoutId,
    pub key: IdempotencyKey,
    /// The body of the answer to its request.
    pub answer: String,
    pub created_at: Timestamp,
    pub paid: Paid,
}

/// How the bank paid; of a pending payout nothing of it is written.
#[derive(Clone, Debug)]
pub struct Paid {
    pub claimed_at: Timestamp,
    pub at: Timestamp,
    pub utr: String,
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

static DIRECTORY: LazyLock<Write<(Merchant, NewKey)>> = LazyLock::new(|| {
    let columns = vec![
        Column::new("email", "text", |(merchant, _): &(Merchant, NewKey)| merchant.email.as_str().into()),
        Column::new("bucket", "smallint", |(merchant, _)| merchant.id.bucket().column().into()),
        Column::new("merchant_id", "uuid", |(merchant, _)| merchant.id.0.into()),
    ];
    Write::insert("merchant_directory", columns)
});

static MERCHANTS: LazyLock<Write<(Merchant, NewKey)>> = LazyLock::new(|| {
    let columns = vec![
        Column::new("bucket", "smallint", |(merchant, _): &(Merchant, NewKey)| merchant.id.bucket().column().into()),
        Column::new("id", "uuid", |(merchant, _)| merchant.id.0.into()),
        Column::new("name", "text", |(merchant, _)| merchant.name.as_str().into()),
        Column::new("email", "text", |(merchant, _)| merchant.email.as_str().into()),
        Column::new("created_at", "timestamptz", |(merchant, _)| merchant.created_at.into()),
    ];
    Write::insert("merchants", columns)
});

static KEYS: LazyLock<Write<(Merchant, NewKey)>> = LazyLock::new(|| {
    let columns = vec![
        Column::new("hash", "bytea", |(_, key): &(Merchant, NewKey)| (&key.hash[..]).into()),
        Column::new("prefix", "text", |(_, key)| key.prefix.as_str().into()),
        Column::new("bucket", "smallint", |(merchant, _)| merchant.id.bucket().column().into()),
        Column::new("merchant_id", "uuid", |(merchant, _)| merchant.id.0.into()),
        Column::new("created_at", "timestamptz", |(merchant, _)| merchant.created_at.into()),
    ];
    Write::insert("api_keys", columns)
});

impl Filler {
    /// New merchants with a key each, in one transaction.
    pub async fn merchants(&self, merchants: &[(Merchant, NewKey)]) -> Result<()> {
        let mut on = self.store.begin().await?;
        on.write(vec![DIRECTORY.batch(merchants), MERCHANTS.batch(merchants), KEYS.batch(merchants)]).await?;
        on.commit().await
    }

    /// Payouts with all that belongs to them, in one transaction: each continues its merchant's book.
    pub async fn payouts(&self, order: &Order, payouts: &[Filling]) -> Result<()> {
        let needs = Needs { merchants: payouts.iter().map(|payout| payout.merchant).collect(), ..Needs::default() };
        let (mut on, mut books) = self.store.begin_with_books(&needs).await?;
        let mut history = Writes::default();
        for payout in payouts {
            let book = books.get_mut(&payout.merchant);
            let book = book.ok_or_else(|| StoreError::Refused(format!("there is no merchant {}", payout.merchant)))?;
            add(&mut history, book, order, payout)?;
        }
        on.write(batches(&history, &KnownKeys::default())).await?;
        on.commit().await
    }

    /// Leaves the database tidy, so that what is measured next is not measured beside the tidying: what PostgreSQL would
    /// come to do by itself, with the statistics that plans rest on, and SQLite's log moved into the file.
    pub async fn finish(self) -> Result<()> {
        self.store.tidy().await
    }
}

/// What one payout's life writes, and the book after it.
fn add(history: &mut Writes, book: &mut Book, order: &Order, filling: &Filling) -> Result<()> {
    let merchant = filling.merchant;
    let pending = Payout {
        id: filling.id,
        amount: order.amount,
        bank_account_id: order.bank_account_id.clone(),
        state: State::Pending { due_at: filling.created_at },
        attempts: 0,
        calls: 0,
        unanswered: 0,
        created_at: filling.created_at,
        updated_at: filling.created_at,
        request_id: None,
    };
    enter(history, book, EntryKind::Hold, &pending)?;
    tell(history, book, EventKind::PayoutPending, &pending);
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

/// The claim and the bank's word, one after the other: there is no other way to `completed`.
fn pay(history: &mut Writes, book: &mut Book, order: &Order, paid: &Paid, pending: &Payout) -> Result<()> {
    let (merchant, id) = (book.merchant, pending.id);
    let progress = Progress { step: Step::Submit, due_at: pending.created_at, leased_by: None, doubt: None };
    let claimed = Payout {
        state: State::Processing(progress),
        attempts: 1,
        calls: 1,
        updated_at: paid.claimed_at,
        ..pending.clone()
    };
    let state = State::Completed { utr: paid.utr.clone() };
    let completed = Payout { state, updated_at: paid.at, ..claimed.clone() };
    enter(history, book, EntryKind::Settle, &completed)?;
    tell(history, book, EventKind::PayoutProcessing, &claimed);
    tell(history, book, EventKind::PayoutCompleted, &completed);
    let (worker, started_at) = (order.worker.clone(), paid.claimed_at);
    history.opened.push((merchant, Attempt { payout: id, number: 1, step: Step::Submit, worker, started_at }));
    let exchange = Exchange { sent: paid.sent.clone(), received: paid.received.clone() };
    let end = AttemptEnd { payout: id, number: 1, outcome: "paid", exchange, ended_at: paid.at };
    history.closed.push((merchant, end));
    history.steps.extend([(merchant, claimed), (merchant, completed)]);
    Ok(())
}

/// By the core's own arithmetic.
fn enter(history: &mut Writes, book: &mut Book, kind: EntryKind, payout: &Payout) -> Result<()> {
    let entry = book.tip.next(kind, payout.amount, Subject::Payout(payout.id), payout.updated_at);
    let entry = entry.map_err(|why| StoreError::Refused(format!("merchant {}: {why}", book.merchant)))?;
    book.tip = entry.tip();
    history.entries.push((book.merchant, entry));
    Ok(())
}

fn tell(history: &mut Writes, book: &mut Book, kind: EventKind, payout: &Payout) {
    book.last_event += 1;
    let event = Event { seq: book.last_event, kind, payout: Some(payout.id), created_at: payout.updated_at };
    history.events.push((book.merchant, event));
}
