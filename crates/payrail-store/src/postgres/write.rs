//! Write what was decided: one statement of arrays a table, whatever the size of the batch.

use std::collections::BTreeMap;

use payrail_core::decide::{AttemptEnd, Event, Writes};
use payrail_core::idempotency::Record;
use payrail_core::ids::MerchantId;
use payrail_core::ledger::Entry;
use payrail_core::operator::OperatorAction;
use payrail_core::payout::{Attempt, Payout};
use sqlx::postgres::{PgArguments, PgConnection};
use sqlx::query::Query;
use sqlx::{Encode, Postgres, Type};

use crate::error::{Result, StoreError};
use crate::rows::StateColumns;
use crate::types::{At, owner};

pub async fn all(on: &mut PgConnection, writes: &Writes) -> Result<()> {
    entries(on, &writes.entries).await?;
    new_payouts(on, &writes.new_payouts).await?;
    for round in writes.rounds() {
        steps(on, &round).await?;
    }
    attempts(on, &writes.opened).await?;
    attempt_ends(on, &writes.closed).await?;
    records(on, &writes.records).await?;
    events(on, &writes.events).await?;
    actions(on, &writes.actions).await
}

async fn entries(on: &mut PgConnection, rows: &[(MerchantId, Entry)]) -> Result<()> {
    let insert = "INSERT INTO ledger_entries (bucket, merchant_id, seq, kind, amount_paise, available_after, \
                  held_after, payout_id, description, created_at) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[], \
                  $6::bigint[], $7::bigint[], $8::uuid[], $9::text[], $10::timestamptz[])";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, entry)| entry.seq)
        .column(|(_, entry)| entry.kind.as_str())
        .column(|(_, entry)| entry.amount.get())
        .column(|(_, entry)| entry.after.available.get())
        .column(|(_, entry)| entry.after.held.get())
        .column(|(_, entry)| entry.payout.map(|id| id.0))
        .column(|(_, entry)| entry.description.as_deref())
        .column(|(_, entry)| At(entry.created_at))
        .run(on)
        .await
}

async fn new_payouts(on: &mut PgConnection, rows: &[(MerchantId, Payout)]) -> Result<()> {
    let insert = "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, attempts, \
                  calls, unanswered, due_at, created_at, updated_at) \
                  SELECT bucket, merchant_id, id, amount_paise, bank_account_id, 'pending', 0, 0, 0, due_at, \
                  created_at, created_at \
                  FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], \
                  $6::timestamptz[], $7::timestamptz[]) \
                  AS n(bucket, merchant_id, id, amount_paise, bank_account_id, due_at, created_at)";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, payout)| payout.id.0)
        .column(|(_, payout)| payout.amount.get())
        .column(|(_, payout)| payout.bank_account_id.as_str())
        .column(|(_, payout)| payout.due_at().map(At))
        .column(|(_, payout)| At(payout.created_at))
        .run(on)
        .await
}

async fn steps(on: &mut PgConnection, rows: &[&(MerchantId, Payout)]) -> Result<()> {
    let update = "UPDATE payouts p SET status = s.status, attempts = s.attempts, calls = s.calls, \
                  unanswered = s.unanswered, step = s.step, due_at = s.due_at, leased_by = s.leased_by, \
                  doubt_since = s.doubt_since, doubt_reason = s.doubt_reason, utr = s.utr, reason = s.reason, \
                  updated_at = s.updated_at \
                  FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[], $6::integer[], \
                  $7::integer[], $8::text[], $9::timestamptz[], $10::text[], $11::timestamptz[], $12::text[], \
                  $13::text[], $14::text[], $15::timestamptz[]) \
                  AS s(bucket, merchant_id, id, status, attempts, calls, unanswered, step, due_at, leased_by, \
                  doubt_since, doubt_reason, utr, reason, updated_at) \
                  WHERE p.bucket = s.bucket AND p.merchant_id = s.merchant_id AND p.id = s.id";
    Batch::of(update, rows)
        .owner()
        .column(|(_, payout)| payout.id.0)
        .column(|(_, payout)| payout.status().as_str())
        .column(|(_, payout)| payout.attempts as i32)
        .column(|(_, payout)| payout.calls as i32)
        .column(|(_, payout)| payout.unanswered as i32)
        .column(|(_, payout)| StateColumns::from(payout).step)
        .column(|(_, payout)| StateColumns::from(payout).due_at)
        .column(|(_, payout)| StateColumns::from(payout).leased_by)
        .column(|(_, payout)| StateColumns::from(payout).doubt_since)
        .column(|(_, payout)| StateColumns::from(payout).doubt_reason)
        .column(|(_, payout)| StateColumns::from(payout).utr)
        .column(|(_, payout)| StateColumns::from(payout).reason)
        .column(|(_, payout)| At(payout.updated_at))
        .run(on)
        .await
}

async fn attempts(on: &mut PgConnection, rows: &[(MerchantId, Attempt)]) -> Result<()> {
    let insert = "INSERT INTO attempts (bucket, merchant_id, payout_id, number, step, worker, started_at) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], \
                  $6::text[], $7::timestamptz[])";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, attempt)| attempt.payout.0)
        .column(|(_, attempt)| attempt.number as i32)
        .column(|(_, attempt)| attempt.step.as_str())
        .column(|(_, attempt)| attempt.worker.as_str())
        .column(|(_, attempt)| At(attempt.started_at))
        .run(on)
        .await
}

async fn attempt_ends(on: &mut PgConnection, rows: &[(MerchantId, AttemptEnd)]) -> Result<()> {
    let update = "UPDATE attempts a SET outcome = s.outcome, sent = s.sent, received = s.received, \
                  ended_at = s.ended_at \
                  FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], \
                  $7::text[], $8::timestamptz[]) \
                  AS s(bucket, merchant_id, payout_id, number, outcome, sent, received, ended_at) \
                  WHERE a.bucket = s.bucket AND a.merchant_id = s.merchant_id AND a.payout_id = s.payout_id \
                  AND a.number = s.number";
    Batch::of(update, rows)
        .owner()
        .column(|(_, end)| end.payout.0)
        .column(|(_, end)| end.number as i32)
        .column(|(_, end)| end.outcome)
        .column(|(_, end)| end.exchange.sent.as_str())
        .column(|(_, end)| end.exchange.received.as_str())
        .column(|(_, end)| At(end.ended_at))
        .run(on)
        .await
}

/// An expired refusal gives way to the key's new answer; a record that is for ever does not (the
/// condition leaves the row alone, and the count of rows gives it away). Refusals that expire at once
/// can follow each other within the batch, and a statement may touch a row only once: the last counts.
async fn records(on: &mut PgConnection, rows: &[(MerchantId, Record)]) -> Result<()> {
    let last: BTreeMap<_, _> = rows.iter().map(|row| ((row.0, row.1.key), row)).collect();
    let rows: Vec<_> = last.into_values().collect();
    let upsert = "INSERT INTO idempotency_records (bucket, merchant_id, key, request_hash, status, body, \
                  payout_id, created_at, expires_at) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bytea[], $5::smallint[], \
                  $6::text[], $7::uuid[], $8::timestamptz[], $9::timestamptz[]) \
                  ON CONFLICT (bucket, merchant_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
                  status = excluded.status, body = excluded.body, payout_id = excluded.payout_id, \
                  created_at = excluded.created_at, expires_at = excluded.expires_at \
                  WHERE idempotency_records.expires_at IS NOT NULL";
    Batch::of(upsert, &rows)
        .owner()
        .column(|(_, record)| record.key.0)
        .column(|(_, record)| record.request.0.as_slice())
        .column(|(_, record)| record.answer.status as i16)
        .column(|(_, record)| record.answer.body.as_str())
        .column(|(_, record)| record.payout.map(|id| id.0))
        .column(|(_, record)| At(record.created_at))
        .column(|(_, record)| record.expires_at.map(At))
        .run(on)
        .await
}

async fn events(on: &mut PgConnection, rows: &[(MerchantId, Event)]) -> Result<()> {
    let insert = "INSERT INTO outbox (bucket, merchant_id, seq, kind, payout_id, created_at) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::uuid[], \
                  $6::timestamptz[])";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, event)| event.seq)
        .column(|(_, event)| event.kind)
        .column(|(_, event)| event.payout.map(|id| id.0))
        .column(|(_, event)| At(event.created_at))
        .run(on)
        .await
}

async fn actions(on: &mut PgConnection, rows: &[OperatorAction]) -> Result<()> {
    let insert = "INSERT INTO operator_actions (bucket, merchant_id, id, at, operator, action, subject, reason, \
                  detail) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], \
                  $6::text[], $7::text[], $8::text[], $9::text[])";
    Batch::of(insert, rows)
        .owner()
        .column(|action| action.id)
        .column(|action| At(action.at))
        .column(|action| action.operator.as_str())
        .column(|action| action.action.as_str())
        .column(|action| action.subject.as_deref())
        .column(|action| action.reason.as_deref())
        .column(|action| action.detail.as_deref())
        .run(on)
        .await
}

/// A statement and the rows whose columns are bound to it as arrays.
struct Batch<'q, R> {
    rows: &'q [R],
    query: Query<'q, Postgres, PgArguments>,
}

impl<'q, R> Batch<'q, R> {
    fn of(sql: &'static str, rows: &'q [R]) -> Self {
        Self { rows, query: sqlx::query(sql) }
    }

    fn column<T>(mut self, of: impl Fn(&'q R) -> T) -> Self
    where
        Vec<T>: Encode<'q, Postgres> + Type<Postgres>,
        T: 'q,
    {
        self.query = self.query.bind(self.rows.iter().map(of).collect::<Vec<T>>());
        self
    }

    /// Every row must arrive: one that does not is a lost race, and the batch is rolled back.
    async fn run(self, on: &mut PgConnection) -> Result<()> {
        if self.rows.is_empty() {
            return Ok(());
        }
        let done = self.query.execute(on).await?.rows_affected();
        if done != self.rows.len() as u64 {
            return Err(StoreError::Refused(format!("{done} of {} rows were written", self.rows.len())));
        }
        Ok(())
    }
}

trait Owned {
    fn owner(&self) -> MerchantId;
}

impl<T> Owned for (MerchantId, T) {
    fn owner(&self) -> MerchantId {
        self.0
    }
}

impl<T> Owned for &(MerchantId, T) {
    fn owner(&self) -> MerchantId {
        self.0
    }
}

impl Owned for OperatorAction {
    fn owner(&self) -> MerchantId {
        owner(self)
    }
}

impl<R: Owned> Batch<'_, R> {
    /// The first two columns of every table.
    fn owner(self) -> Self {
        self.column(|row| row.owner().bucket().column()).column(|row| row.owner().0)
    }
}
