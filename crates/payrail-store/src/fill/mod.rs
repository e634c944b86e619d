//! Histories at scale, for benchmarks: what the door would have written for so many payouts, put there by a few
//! statements a transaction instead of one command each. Every trigger and constraint stays in force, the
//! merchants are locked, and each book is continued from its newest entry by the core's own arithmetic: a server
//! may be at work on the same database meanwhile.
//!
//! The rows of a transaction are staged in temporary tables, the only part that differs between the stores.

mod postgres;
mod sqlite;

use std::collections::BTreeMap;

use jiff::Timestamp;
use payrail_core::idempotency::{IdempotencyKey, RequestHash};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::{EntryKind, Subject, Tip};
use payrail_core::money::Amount;
use sqlx::{Connection, PgConnection};

use crate::error::{Result, StoreError};
use crate::keys::NewKey;
use crate::rows::{Merchant, TipRow};
use crate::{SqliteStore, Store};

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

/// A payout with its place: what the staging table holds.
struct Placed<'a> {
    payout: &'a Filling,
    /// Of the hold; the settlement comes right after it.
    seq: i64,
    /// Of the first event; the others come right after it.
    event: i64,
    /// After the hold.
    available: i64,
    held: i64,
}

/// Writes histories, on a connection of its own on PostgreSQL, on the one writer there is on SQLite.
#[derive(Debug)]
pub struct Filler {
    on: On,
}

#[derive(Debug)]
enum On {
    Sqlite(SqliteStore),
    Postgres(Box<PgConnection>),
}

/// In a transaction on either store, call both stores' instance of a function of the room.
macro_rules! transaction {
    ($filler:expr, $name:ident($($argument:expr),*)) => {
        match &mut $filler.on {
            On::Sqlite(store) => {
                let mut tx = store.writer.begin_with("BEGIN IMMEDIATE").await?;
                sqlite::$name(&mut tx, $($argument),*).await?;
                tx.commit().await.map_err(StoreError::of_commit)
            }
            On::Postgres(connection) => {
                let mut tx = connection.begin().await?;
                postgres::$name(&mut tx, $($argument),*).await?;
                tx.commit().await.map_err(StoreError::of_commit)
            }
        }
    };
}

impl Store {
    pub async fn filler(&self) -> Result<Filler> {
        let on = match self {
            Self::Sqlite(store) => On::Sqlite(store.clone()),
            Self::Postgres(store) => On::Postgres(Box::new(postgres::connection(store).await?)),
        };
        Ok(Filler { on })
    }
}

impl Filler {
    /// New merchants with a key each, in one transaction.
    pub async fn merchants(&mut self, merchants: &[(Merchant, NewKey)]) -> Result<()> {
        transaction!(self, merchants(merchants))
    }

    /// Payouts with all that belongs to them, in one transaction: each continues its merchant's book.
    pub async fn payouts(&mut self, order: &Order, payouts: &[Filling]) -> Result<()> {
        transaction!(self, payouts(order, payouts))
    }

    /// Leaves the database tidy, so that what is measured next is not measured beside the tidying.
    pub async fn finish(self) -> Result<()> {
        match self.on {
            On::Sqlite(store) => sqlite::tidy(&store).await,
            On::Postgres(connection) => postgres::tidy(*connection).await,
        }
    }
}

/// The merchants of a batch, in the order in which every transaction locks them.
fn owners(payouts: &[Filling]) -> Vec<MerchantId> {
    let mut owners: Vec<MerchantId> = payouts.iter().map(|payout| payout.merchant).collect();
    owners.sort_unstable();
    owners.dedup();
    owners
}

/// Continues the books.
fn place<'a>(tips: Vec<TipRow>, order: &Order, payouts: &'a [Filling]) -> Result<Vec<Placed<'a>>> {
    let mut books: BTreeMap<MerchantId, (Tip, i64)> =
        tips.into_iter().map(|row| (MerchantId(row.merchant_id), (row.tip(), row.last_event()))).collect();
    payouts.iter().map(|payout| next(&mut books, order, payout)).collect()
}

fn next<'a>(books: &mut BTreeMap<MerchantId, (Tip, i64)>, order: &Order, payout: &'a Filling) -> Result<Placed<'a>> {
    let unknown = || StoreError::Refused(format!("there is no merchant {}", payout.merchant));
    let (tip, event) = books.get_mut(&payout.merchant).ok_or_else(unknown)?;
    let step = |tip: Tip, kind, at| {
        let entry = tip.next(kind, order.amount, Subject::Payout(payout.id), at);
        entry.map_err(|why| StoreError::Refused(format!("merchant {}: {why}", payout.merchant)))
    };
    let hold = step(*tip, EntryKind::Hold, payout.created_at)?;
    let placed = Placed {
        payout,
        seq: hold.seq,
        event: *event + 1,
        available: hold.after.available.get(),
        held: hold.after.held.get(),
    };
    (*tip, *event) = (hold.tip(), *event + 1);
    if order.is_completed {
        (*tip, *event) = (step(*tip, EntryKind::Settle, payout.paid.at)?.tip(), *event + 2);
    }
    Ok(placed)
}

/// From the staging tables into the real ones: the same text on both stores. The order of the entries matters to
/// SQLite, whose ledger checks row by row.
macro_rules! room {
    ($connection:ty) => {
        use $crate::error::{Result, StoreError};
        use $crate::fill::{Filling, Order, owners, place};
        use $crate::keys::NewKey;
        use $crate::rows::{Merchant, TipRow};

        pub async fn merchants(on: &mut $connection, merchants: &[(Merchant, NewKey)]) -> Result<()> {
            stage_merchants(on, merchants).await?;
            let count = merchants.len() as u64;
            let directory = "INSERT INTO merchant_directory (email, bucket, merchant_id) \
                             SELECT email, bucket, id FROM fill_merchants";
            all(count, sqlx::query(directory).execute(&mut *on).await?.rows_affected())?;
            let rows = "INSERT INTO merchants (bucket, id, name, email, created_at) \
                        SELECT bucket, id, name, email, created_at FROM fill_merchants ORDER BY bucket, id";
            all(count, sqlx::query(rows).execute(&mut *on).await?.rows_affected())?;
            let keys = "INSERT INTO api_keys (hash, prefix, bucket, merchant_id, created_at) \
                        SELECT hash, prefix, bucket, id, created_at FROM fill_merchants";
            all(count, sqlx::query(keys).execute(&mut *on).await?.rows_affected())
        }

        pub async fn payouts(on: &mut $connection, order: &Order, payouts: &[Filling]) -> Result<()> {
            lock_and_stage_owners(on, &owners(payouts)).await?;
            // The next statement, so that it sees what was written while the lock was waited for.
            let tips: Vec<TipRow> = sqlx::query_as(
                "SELECT o.id AS merchant_id, \
                 (SELECT e.seq FROM ledger_entries e WHERE e.bucket = o.bucket AND e.merchant_id = o.id \
                  ORDER BY e.seq DESC LIMIT 1) AS seq, \
                 (SELECT e.available_after FROM ledger_entries e WHERE e.bucket = o.bucket AND e.merchant_id = o.id \
                  ORDER BY e.seq DESC LIMIT 1) AS available_after, \
                 (SELECT e.held_after FROM ledger_entries e WHERE e.bucket = o.bucket AND e.merchant_id = o.id \
                  ORDER BY e.seq DESC LIMIT 1) AS held_after, \
                 (SELECT b.seq FROM outbox b WHERE b.bucket = o.bucket AND b.merchant_id = o.id \
                  ORDER BY b.seq DESC LIMIT 1) AS last_event, \
                 (SELECT e.created_at FROM ledger_entries e WHERE e.bucket = o.bucket AND e.merchant_id = o.id \
                  ORDER BY e.seq DESC LIMIT 1) AS last_at \
                 FROM fill_owners o",
            )
            .fetch_all(&mut *on)
            .await?;
            stage_payouts(on, &place(tips, order, payouts)?).await?;
            let count = payouts.len() as u64;
            entries(on, order, count).await?;
            rows(on, order, count).await?;
            records(on, order, count).await?;
            events(on, order, count).await?;
            if order.is_completed {
                steps(on, count).await?;
                attempts(on, order, count).await?;
            }
            Ok(())
        }

        async fn entries(on: &mut $connection, order: &Order, count: u64) -> Result<()> {
            let insert = "INSERT INTO ledger_entries (bucket, merchant_id, seq, kind, amount_paise, \
                          available_after, held_after, payout_id, created_at) \
                          SELECT f.bucket, f.merchant_id, f.seq + k.n, k.kind, $1, f.available, f.held - k.n * $1, \
                          f.id, CASE k.n WHEN 0 THEN f.created_at ELSE f.paid_at END \
                          FROM fill_payouts f \
                          CROSS JOIN (SELECT 0 AS n, 'hold' AS kind UNION ALL SELECT 1, 'settle') k \
                          WHERE k.n < $2 ORDER BY f.place, k.n";
            let each: i32 = if order.is_completed { 2 } else { 1 };
            let query = sqlx::query(insert).persistent(false).bind(order.amount.get()).bind(each);
            all(count * each as u64, query.execute(on).await?.rows_affected())
        }

        async fn rows(on: &mut $connection, order: &Order, count: u64) -> Result<()> {
            let insert = "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, \
                          attempts, calls, unanswered, due_at, created_at, updated_at) \
                          SELECT bucket, merchant_id, id, $1, $2, 'pending', 0, 0, 0, created_at, created_at, \
                          created_at FROM fill_payouts";
            let query = sqlx::query(insert).persistent(false).bind(order.amount.get()).bind(&order.bank_account_id);
            all(count, query.execute(on).await?.rows_affected())
        }

        /// The claim and the bank's word, one after the other: there is no other way to `completed`.
        async fn steps(on: &mut $connection, count: u64) -> Result<()> {
            let claim = "UPDATE payouts SET status = 'processing', attempts = 1, calls = 1, step = 'submit', \
                         updated_at = f.claimed_at FROM fill_payouts f \
                         WHERE payouts.bucket = f.bucket AND payouts.merchant_id = f.merchant_id \
                         AND payouts.id = f.id";
            all(count, sqlx::query(claim).persistent(false).execute(&mut *on).await?.rows_affected())?;
            let pay = "UPDATE payouts SET status = 'completed', step = NULL, due_at = NULL, utr = f.utr, \
                       updated_at = f.paid_at FROM fill_payouts f \
                       WHERE payouts.bucket = f.bucket AND payouts.merchant_id = f.merchant_id \
                       AND payouts.id = f.id";
            all(count, sqlx::query(pay).persistent(false).execute(on).await?.rows_affected())
        }

        async fn attempts(on: &mut $connection, order: &Order, count: u64) -> Result<()> {
            let insert = "INSERT INTO attempts (bucket, merchant_id, payout_id, number, step, worker, started_at, \
                          outcome, sent, received, ended_at) \
                          SELECT bucket, merchant_id, id, 1, 'submit', $1, claimed_at, 'paid', sent, received, \
                          paid_at FROM fill_payouts";
            let query = sqlx::query(insert).persistent(false).bind(&order.worker);
            all(count, query.execute(on).await?.rows_affected())
        }

        async fn records(on: &mut $connection, order: &Order, count: u64) -> Result<()> {
            let insert = "INSERT INTO idempotency_records (bucket, merchant_id, key, request_hash, status, body, \
                          payout_id, created_at) \
                          SELECT bucket, merchant_id, key, $1, 201, answer, id, created_at FROM fill_payouts";
            let query = sqlx::query(insert).persistent(false).bind(order.request.0.as_slice());
            all(count, query.execute(on).await?.rows_affected())
        }

        async fn events(on: &mut $connection, order: &Order, count: u64) -> Result<()> {
            let insert = "INSERT INTO outbox (bucket, merchant_id, seq, kind, payout_id, created_at) \
                          SELECT f.bucket, f.merchant_id, f.event + k.n, k.kind, f.id, \
                          CASE k.n WHEN 0 THEN f.created_at WHEN 1 THEN f.claimed_at ELSE f.paid_at END \
                          FROM fill_payouts f \
                          CROSS JOIN (SELECT 0 AS n, 'payout.pending' AS kind UNION ALL \
                                      SELECT 1, 'payout.processing' UNION ALL SELECT 2, 'payout.completed') k \
                          WHERE k.n < $1 ORDER BY f.place, k.n";
            let each: i32 = if order.is_completed { 3 } else { 1 };
            let query = sqlx::query(insert).persistent(false).bind(each);
            all(count * each as u64, query.execute(on).await?.rows_affected())
        }

        fn all(expected: u64, written: u64) -> Result<()> {
            match written == expected {
                true => Ok(()),
                false => Err(StoreError::Refused(format!("{written} of {expected} rows were written"))),
            }
        }
    };
}
use room;
