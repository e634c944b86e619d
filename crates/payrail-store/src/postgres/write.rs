//! Write what was decided: one statement of arrays a table, whatever the size of the batch, all of them in one
//! round trip.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join, try_join_all};
use payrail_core::bank_return::{Exception, TakenReturn};
use payrail_core::decide::{AttemptEnd, Writes};
use payrail_core::event::Event;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ids::{MerchantId, RequestId};
use payrail_core::ledger::Entry;
use payrail_core::operator::OperatorAction;
use payrail_core::payout::{Attempt, Payout};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::links::Link;
use crate::error::{Result, StoreError};
use crate::rows::StateColumns;
use crate::types::owner;

/// Writes it all and commits. An INSERT of ours writes all its rows or fails, and a COMMIT after a failure is a
/// rollback: after nothing but INSERTs it goes along with them. An UPDATE may find a row gone, and must be heard.
pub async fn commit(on: &Link, writes: &Writes, known: &KnownKeys) -> Result<()> {
    let rounds = writes.rounds();
    let statements = prepare(on, all(writes, &rounds, known)).await?;
    if on.is_closed() {
        return Err(StoreError::Unavailable("the connection broke before anything was written".to_owned()));
    }
    if writes.steps.is_empty() && writes.closed.is_empty() {
        let (written, committed) = join(flight(on, &statements), on.batch_execute("COMMIT")).await;
        written.map_err(of_write_with_commit)?;
        return committed.map_err(StoreError::of_commit);
    }
    for some in statements.chunks(AT_ONCE) {
        let counts = flight(on, some).await?;
        some.iter().zip(counts).try_for_each(|((statement, _), count)| statement.check(count))?;
    }
    on.batch_execute("COMMIT").await.map_err(StoreError::of_commit)
}

/// Statements whose answers nobody reads yet: as many as a socket takes in its stride.
const AT_ONCE: usize = 16;

/// The keys of the batch that have a record already.
pub type KnownKeys = BTreeSet<(MerchantId, IdempotencyKey)>;

type Prepared<'q> = (Write<'q>, Statement);

/// Before the first is sent: on a new connection this waits for answers, and what is sent must not be overtaken.
async fn prepare<'q>(on: &Link, statements: Vec<Write<'q>>) -> Result<Vec<Prepared<'q>>> {
    let mut prepared = Vec::with_capacity(statements.len());
    for statement in statements {
        let ready = on.prepare_cached(statement.sql).await?;
        prepared.push((statement, ready));
    }
    Ok(prepared)
}

/// Sent in their order when first polled; then their answers are waited for.
fn flight<'a>(
    on: &'a Link,
    statements: &'a [Prepared<'_>],
) -> impl Future<Output = Result<Vec<u64>, tokio_postgres::Error>> + 'a {
    try_join_all(statements.iter().map(|(statement, prepared)| statement.run(on, prepared)))
}

/// What the server refused is rolled back; when the wire broke, the COMMIT may have been on its way.
fn of_write_with_commit(error: tokio_postgres::Error) -> StoreError {
    if error.as_db_error().is_some() { error.into() } else { StoreError::of_commit(error) }
}

/// In an order in which each finds what it rests on: an attempt may begin and end in one batch.
fn all<'q>(writes: &'q Writes, rounds: &[Vec<&'q (MerchantId, Payout)>], known: &KnownKeys) -> Vec<Write<'q>> {
    let is_known = |row: &&(MerchantId, Record)| known.contains(&(row.0, row.1.key));
    let first = [entries(&writes.entries), new_payouts(&writes.new_payouts)];
    let then = [
        attempts(&writes.opened),
        attempt_ends(&writes.closed),
        new_records(writes.records.iter().filter(|row| !is_known(row))),
        replaced_records(writes.records.iter().filter(is_known)),
        events(&writes.events),
        actions(&writes.actions),
        returns(&writes.returns),
        exceptions(&writes.exceptions),
    ];
    let steps = rounds.iter().map(|round| steps(round));
    first.into_iter().chain(steps).chain(then).filter(|statement| statement.rows > 0).collect()
}

fn entries(rows: &[(MerchantId, Entry)]) -> Write<'_> {
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
        .column(|(_, entry)| entry.created_at)
        .end()
}

fn new_payouts(rows: &[(MerchantId, Payout)]) -> Write<'_> {
    let insert = "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, attempts, \
                  calls, unanswered, due_at, created_at, updated_at, request_id) \
                  SELECT bucket, merchant_id, id, amount_paise, bank_account_id, 'pending', 0, 0, 0, due_at, \
                  created_at, created_at, request_id \
                  FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], \
                  $6::timestamptz[], $7::timestamptz[], $8::text[]) \
                  AS n(bucket, merchant_id, id, amount_paise, bank_account_id, due_at, created_at, request_id)";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, payout)| payout.id.0)
        .column(|(_, payout)| payout.amount.get())
        .column(|(_, payout)| payout.bank_account_id.as_str())
        .column(|(_, payout)| payout.due_at())
        .column(|(_, payout)| payout.created_at)
        .column(|(_, payout)| payout.request_id.as_ref().map(RequestId::as_str))
        .end()
}

fn steps<'q>(rows: &[&'q (MerchantId, Payout)]) -> Write<'q> {
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
    Batch::of(update, rows.iter().copied())
        .owner()
        .column(|(_, payout)| payout.id.0)
        .column(|(_, payout)| payout.status().as_str())
        .column(|(_, payout)| payout.attempts as i32)
        .column(|(_, payout)| payout.calls as i32)
        .column(|(_, payout)| payout.unanswered as i32)
        .column(|(_, payout)| StateColumns::from(payout).step)
        .column(|(_, payout)| StateColumns::from(payout).due_at.map(|at| at.0))
        .column(|(_, payout)| StateColumns::from(payout).leased_by)
        .column(|(_, payout)| StateColumns::from(payout).doubt_since.map(|at| at.0))
        .column(|(_, payout)| StateColumns::from(payout).doubt_reason)
        .column(|(_, payout)| StateColumns::from(payout).utr)
        .column(|(_, payout)| StateColumns::from(payout).reason)
        .column(|(_, payout)| payout.updated_at)
        .end()
}

fn attempts(rows: &[(MerchantId, Attempt)]) -> Write<'_> {
    let insert = "INSERT INTO attempts (bucket, merchant_id, payout_id, number, step, worker, started_at) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], \
                  $6::text[], $7::timestamptz[])";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, attempt)| attempt.payout.0)
        .column(|(_, attempt)| attempt.number as i32)
        .column(|(_, attempt)| attempt.step.as_str())
        .column(|(_, attempt)| attempt.worker.as_str())
        .column(|(_, attempt)| attempt.started_at)
        .end()
}

fn attempt_ends(rows: &[(MerchantId, AttemptEnd)]) -> Write<'_> {
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
        .column(|(_, end)| end.ended_at)
        .end()
}

/// Columns and their arrays; what follows tells what to do where the key is known.
macro_rules! insert_records {
    ($conflict:literal) => {
        concat!(
            "INSERT INTO idempotency_records (bucket, merchant_id, key, request_hash, status, body, payout_id, \
             created_at, expires_at) \
             SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bytea[], $5::smallint[], $6::text[], \
             $7::uuid[], $8::timestamptz[], $9::timestamptz[])",
            $conflict
        )
    };
}

/// Under keys that nobody has used. (ON CONFLICT, too, would do, at a third more of the database's time.)
fn new_records<'q>(rows: impl Iterator<Item = &'q (MerchantId, Record)>) -> Write<'q> {
    records(insert_records!(""), rows)
}

/// An expired refusal gives way to the key's new answer; a trigger keeps those that are for ever.
fn replaced_records<'q>(rows: impl Iterator<Item = &'q (MerchantId, Record)>) -> Write<'q> {
    let upsert = insert_records!(
        " ON CONFLICT (bucket, merchant_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
         status = excluded.status, body = excluded.body, payout_id = excluded.payout_id, \
         created_at = excluded.created_at, expires_at = excluded.expires_at"
    );
    records(upsert, rows)
}

/// Refusals that expire at once can follow each other within the batch: the last counts.
fn records<'q>(sql: &'static str, rows: impl Iterator<Item = &'q (MerchantId, Record)>) -> Write<'q> {
    let last: BTreeMap<_, _> = rows.map(|row| ((row.0, row.1.key), row)).collect();
    Batch::of(sql, last.into_values())
        .owner()
        .column(|(_, record)| record.key.0)
        .column(|(_, record)| record.request.0.as_slice())
        .column(|(_, record)| record.answer.status as i16)
        .column(|(_, record)| record.answer.body.as_str())
        .column(|(_, record)| record.payout.map(|id| id.0))
        .column(|(_, record)| record.created_at)
        .column(|(_, record)| record.expires_at)
        .end()
}

fn events(rows: &[(MerchantId, Event)]) -> Write<'_> {
    let insert = "INSERT INTO outbox (bucket, merchant_id, seq, kind, payout_id, created_at) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bigint[], $4::text[], $5::uuid[], \
                  $6::timestamptz[])";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, event)| event.seq)
        .column(|(_, event)| event.kind.as_str())
        .column(|(_, event)| event.payout.map(|id| id.0))
        .column(|(_, event)| event.created_at)
        .end()
}

fn actions(rows: &[OperatorAction]) -> Write<'_> {
    let insert = "INSERT INTO operator_actions (bucket, merchant_id, id, at, operator, action, subject, reason, \
                  detail) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::timestamptz[], $5::text[], \
                  $6::text[], $7::text[], $8::text[], $9::text[])";
    Batch::of(insert, rows)
        .owner()
        .column(|action| action.id)
        .column(|action| action.at)
        .column(|action| action.operator.as_str())
        .column(|action| action.action.as_str())
        .column(|action| action.subject.as_deref())
        .column(|action| action.reason.as_deref())
        .column(|action| action.detail.as_deref())
        .end()
}

/// One that waited comes to its end.
fn returns(rows: &[(MerchantId, TakenReturn)]) -> Write<'_> {
    let upsert = "INSERT INTO bank_returns (bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, \
                  reason, status, tries, first_seen_at, updated_at) \
                  SELECT bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, reason, status, 0, \
                  at, at \
                  FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::bigint[], $5::text[], $6::uuid[], \
                  $7::bigint[], $8::text[], $9::text[], $10::text[], $11::timestamptz[]) \
                  AS n(bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, reason, status, at) \
                  ON CONFLICT (bucket, merchant_id, id) DO UPDATE SET status = excluded.status, waits_for = NULL, \
                  next_try_at = NULL, updated_at = excluded.updated_at";
    Batch::of(upsert, rows)
        .owner()
        .column(|(_, taken)| taken.line.id())
        .column(|(_, taken)| taken.line.number)
        .column(|(_, taken)| taken.line.reference.as_str())
        .column(|(_, taken)| taken.payout.0)
        .column(|(_, taken)| taken.line.amount_paise)
        .column(|(_, taken)| taken.line.utr.as_str())
        .column(|(_, taken)| taken.line.reason.as_str())
        .column(|(_, taken)| if taken.credited { "credited" } else { "exception" })
        .column(|(_, taken)| taken.at)
        .end()
}

fn exceptions(rows: &[(MerchantId, Exception)]) -> Write<'_> {
    let insert = "INSERT INTO exceptions (bucket, merchant_id, id, kind, payout_id, other_payout_id, reference, \
                  return_number, stated_paise, stated_utr, expected_paise, expected_utr, detail, created_at) \
                  SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::uuid[], $4::text[], $5::uuid[], $6::uuid[], \
                  $7::text[], $8::bigint[], $9::bigint[], $10::text[], $11::bigint[], $12::text[], $13::text[], \
                  $14::timestamptz[])";
    Batch::of(insert, rows)
        .owner()
        .column(|(_, exception)| exception.id)
        .column(|(_, exception)| exception.kind.as_str())
        .column(|(_, exception)| exception.payout.map(|id| id.0))
        .column(|(_, exception)| exception.other_payout.map(|id| id.0))
        .column(|(_, exception)| exception.reference.as_deref())
        .column(|(_, exception)| exception.return_number)
        .column(|(_, exception)| exception.stated.amount_paise)
        .column(|(_, exception)| exception.stated.utr.as_deref())
        .column(|(_, exception)| exception.expected.amount_paise)
        .column(|(_, exception)| exception.expected.utr.as_deref())
        .column(|(_, exception)| exception.detail.as_str())
        .column(|(_, exception)| exception.created_at)
        .end()
}

/// A statement, and the columns of its rows, which are bound to it as arrays.
struct Write<'q> {
    sql: &'static str,
    rows: usize,
    columns: Vec<Box<dyn ToSql + Send + Sync + 'q>>,
}

impl Write<'_> {
    async fn run(&self, on: &Link, prepared: &Statement) -> Result<u64, tokio_postgres::Error> {
        on.execute_raw(prepared, self.columns.iter().map(|column| &**column as &(dyn ToSql + Sync))).await
    }

    /// Every row must arrive: one that does not is a lost race, and the batch is rolled back.
    fn check(&self, count: u64) -> Result<()> {
        if count == self.rows as u64 {
            return Ok(());
        }
        Err(StoreError::Refused(format!("{count} of {} rows were written", self.rows)))
    }
}

/// A statement in the making, and the rows that it is made of.
struct Batch<'q, R> {
    rows: Vec<&'q R>,
    statement: Write<'q>,
}

impl<'q, R> Batch<'q, R> {
    fn of(sql: &'static str, rows: impl IntoIterator<Item = &'q R>) -> Self {
        let rows: Vec<_> = rows.into_iter().collect();
        Self { statement: Write { sql, rows: rows.len(), columns: Vec::new() }, rows }
    }

    fn column<T>(mut self, of: impl Fn(&'q R) -> T) -> Self
    where
        Vec<T>: ToSql + Send + Sync + 'q,
    {
        self.statement.columns.push(Box::new(self.rows.iter().copied().map(of).collect::<Vec<T>>()));
        self
    }

    fn end(self) -> Write<'q> {
        self.statement
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
