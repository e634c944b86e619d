//! Writes what was decided. The columns of each table, and where their values come from, stand here and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use payrail_core::bank_return::{Exception, TakenReturn};
use payrail_core::decide::{AttemptEnd, Writes};
use payrail_core::event::Event;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ids::{MerchantId, RequestId};
use payrail_core::ledger::Entry;
use payrail_core::operator::OperatorAction;
use payrail_core::payout::{Attempt, Payout};

use crate::db::{Batch, Column, Write};
use crate::needs::Books;
use crate::rows::StateColumns;

/// The keys of the batch that have a record already.
pub(crate) type KnownKeys = BTreeSet<(MerchantId, IdempotencyKey)>;

pub(crate) fn known_keys(books: &Books) -> KnownKeys {
    books.values().flat_map(|book| book.records.keys().map(|key| (book.merchant, *key))).collect()
}

/// In an order in which each finds what it rests on: an attempt may begin and end in one batch.
pub(crate) fn batches<'w>(writes: &'w Writes, known: &KnownKeys) -> Vec<Batch<'w>> {
    let is_known = |row: &&(MerchantId, Record)| known.contains(&(row.0, row.1.key));
    let first = [ENTRIES.batch(&writes.entries), PAYOUTS.batch(&writes.new_payouts)];
    let steps = writes.rounds().into_iter().map(|round| STEPS.batch(round));
    let then = [
        ATTEMPTS.batch(&writes.opened),
        ATTEMPT_ENDS.batch(&writes.closed),
        RECORDS.batch(last_of_each(writes.records.iter().filter(|row| !is_known(row)))),
        REPLACED_RECORDS.batch(last_of_each(writes.records.iter().filter(is_known))),
        EVENTS.batch(&writes.events),
        ACTIONS.batch(&writes.actions),
        RETURNS.batch(&writes.returns),
        EXCEPTIONS.batch(&writes.exceptions),
    ];
    first.into_iter().chain(steps).chain(then).filter(|batch| !batch.values.is_empty()).collect()
}

/// Refusals that expire at once can follow each other within the batch: the last counts.
fn last_of_each<'w>(
    rows: impl Iterator<Item = &'w (MerchantId, Record)>,
) -> impl Iterator<Item = &'w (MerchantId, Record)> {
    let last: BTreeMap<_, _> = rows.map(|row| ((row.0, row.1.key), row)).collect();
    last.into_values()
}

type Rows<T> = LazyLock<Write<(MerchantId, T)>>;

/// The first two columns of every table.
fn owned<T>(columns: impl IntoIterator<Item = Column<(MerchantId, T)>>) -> Vec<Column<(MerchantId, T)>> {
    let bucket = Column::new("bucket", "smallint", |row: &(MerchantId, T)| row.0.bucket().column().into());
    let merchant = Column::new("merchant_id", "uuid", |row: &(MerchantId, T)| row.0.0.into());
    [bucket, merchant].into_iter().chain(columns).collect()
}

static ENTRIES: Rows<Entry> = LazyLock::new(|| {
    let columns = [
        Column::new("seq", "bigint", |(_, entry): &(MerchantId, Entry)| entry.seq.into()),
        Column::new("kind", "text", |(_, entry)| entry.kind.as_str().into()),
        Column::new("amount_paise", "bigint", |(_, entry)| entry.amount.get().into()),
        Column::new("available_after", "bigint", |(_, entry)| entry.after.available.get().into()),
        Column::new("held_after", "bigint", |(_, entry)| entry.after.held.get().into()),
        Column::new("payout_id", "uuid", |(_, entry)| entry.payout.map(|id| id.0).into()),
        Column::new("description", "text", |(_, entry)| entry.description.as_deref().into()),
        Column::new("created_at", "timestamptz", |(_, entry)| entry.created_at.into()),
    ];
    Write::insert("ledger_entries", owned(columns))
});

/// As every payout begins; steps come after.
static PAYOUTS: Rows<Payout> = LazyLock::new(|| {
    let columns = [
        Column::new("id", "uuid", |(_, payout): &(MerchantId, Payout)| payout.id.0.into()),
        Column::new("amount_paise", "bigint", |(_, payout)| payout.amount.get().into()),
        Column::new("bank_account_id", "text", |(_, payout)| payout.bank_account_id.as_str().into()),
        Column::new("status", "text", |_| "pending".into()),
        Column::new("attempts", "integer", |_| 0_i32.into()),
        Column::new("calls", "integer", |_| 0_i32.into()),
        Column::new("unanswered", "integer", |_| 0_i32.into()),
        Column::new("due_at", "timestamptz", |(_, payout)| payout.due_at().into()),
        Column::new("created_at", "timestamptz", |(_, payout)| payout.created_at.into()),
        Column::new("updated_at", "timestamptz", |(_, payout)| payout.created_at.into()),
        Column::new("request_id", "text", |(_, payout)| payout.request_id.as_ref().map(RequestId::as_str).into()),
    ];
    Write::insert("payouts", owned(columns))
});

static STEPS: Rows<Payout> = LazyLock::new(|| {
    let columns = [
        Column::new("id", "uuid", |(_, payout): &(MerchantId, Payout)| payout.id.0.into()),
        Column::new("status", "text", |(_, payout)| payout.status().as_str().into()),
        Column::new("attempts", "integer", |(_, payout)| payout.attempts.into()),
        Column::new("calls", "integer", |(_, payout)| payout.calls.into()),
        Column::new("unanswered", "integer", |(_, payout)| payout.unanswered.into()),
        Column::new("step", "text", |(_, payout)| StateColumns::from(payout).step.into()),
        Column::new("due_at", "timestamptz", |(_, payout)| StateColumns::from(payout).due_at.into()),
        Column::new("leased_by", "text", |(_, payout)| StateColumns::from(payout).leased_by.into()),
        Column::new("doubt_since", "timestamptz", |(_, payout)| StateColumns::from(payout).doubt_since.into()),
        Column::new("doubt_reason", "text", |(_, payout)| StateColumns::from(payout).doubt_reason.into()),
        Column::new("utr", "text", |(_, payout)| StateColumns::from(payout).utr.into()),
        Column::new("reason", "text", |(_, payout)| StateColumns::from(payout).reason.into()),
        Column::new("updated_at", "timestamptz", |(_, payout)| payout.updated_at.into()),
    ];
    Write::update("payouts", 3, owned(columns))
});

static ATTEMPTS: Rows<Attempt> = LazyLock::new(|| {
    let columns = [
        Column::new("payout_id", "uuid", |(_, attempt): &(MerchantId, Attempt)| attempt.payout.0.into()),
        Column::new("number", "integer", |(_, attempt)| attempt.number.into()),
        Column::new("step", "text", |(_, attempt)| attempt.step.as_str().into()),
        Column::new("worker", "text", |(_, attempt)| attempt.worker.as_str().into()),
        Column::new("started_at", "timestamptz", |(_, attempt)| attempt.started_at.into()),
    ];
    Write::insert("attempts", owned(columns))
});

static ATTEMPT_ENDS: Rows<AttemptEnd> = LazyLock::new(|| {
    let columns = [
        Column::new("payout_id", "uuid", |(_, end): &(MerchantId, AttemptEnd)| end.payout.0.into()),
        Column::new("number", "integer", |(_, end)| end.number.into()),
        Column::new("outcome", "text", |(_, end)| end.outcome.into()),
        Column::new("sent", "text", |(_, end)| end.exchange.sent.as_str().into()),
        Column::new("received", "text", |(_, end)| end.exchange.received.as_str().into()),
        Column::new("ended_at", "timestamptz", |(_, end)| end.ended_at.into()),
    ];
    Write::update("attempts", 4, owned(columns))
});

fn record_columns() -> Vec<Column<(MerchantId, Record)>> {
    owned([
        Column::new("key", "uuid", |(_, record): &(MerchantId, Record)| record.key.0.into()),
        Column::new("request_hash", "bytea", |(_, record)| record.request.0.as_slice().into()),
        Column::new("status", "smallint", |(_, record)| record.answer.status.into()),
        Column::new("body", "text", |(_, record)| record.answer.body.as_str().into()),
        Column::new("payout_id", "uuid", |(_, record)| record.payout.map(|id| id.0).into()),
        Column::new("created_at", "timestamptz", |(_, record)| record.created_at.into()),
        Column::new("expires_at", "timestamptz", |(_, record)| record.expires_at.into()),
    ])
}

/// Under keys that nobody has used. (ON CONFLICT, too, would do, at a third more of PostgreSQL's time.)
static RECORDS: Rows<Record> = LazyLock::new(|| Write::insert("idempotency_records", record_columns()));

/// An expired refusal gives way to the key's new answer; a record that is for ever does not.
static REPLACED_RECORDS: Rows<Record> = LazyLock::new(|| {
    Write::upsert(
        "idempotency_records",
        record_columns(),
        " ON CONFLICT (bucket, merchant_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
         status = excluded.status, body = excluded.body, payout_id = excluded.payout_id, \
         created_at = excluded.created_at, expires_at = excluded.expires_at \
         WHERE idempotency_records.expires_at IS NOT NULL",
    )
});

static EVENTS: Rows<Event> = LazyLock::new(|| {
    let columns = [
        Column::new("seq", "bigint", |(_, event): &(MerchantId, Event)| event.seq.into()),
        Column::new("kind", "text", |(_, event)| event.kind.as_str().into()),
        Column::new("payout_id", "uuid", |(_, event)| event.payout.map(|id| id.0).into()),
        Column::new("created_at", "timestamptz", |(_, event)| event.created_at.into()),
    ];
    Write::insert("outbox", owned(columns))
});

/// What concerns no merchant lies under the nil UUID.
pub(crate) fn owner(action: &OperatorAction) -> MerchantId {
    action.merchant.unwrap_or(MerchantId(uuid::Uuid::nil()))
}

pub(crate) static ACTIONS: LazyLock<Write<OperatorAction>> = LazyLock::new(|| {
    let columns = vec![
        Column::new("bucket", "smallint", |action: &OperatorAction| owner(action).bucket().column().into()),
        Column::new("merchant_id", "uuid", |action| owner(action).0.into()),
        Column::new("id", "uuid", |action| action.id.into()),
        Column::new("at", "timestamptz", |action| action.at.into()),
        Column::new("operator", "text", |action| action.operator.as_str().into()),
        Column::new("action", "text", |action| action.action.as_str().into()),
        Column::new("subject", "text", |action| action.subject.as_deref().into()),
        Column::new("reason", "text", |action| action.reason.as_deref().into()),
        Column::new("detail", "text", |action| action.detail.as_deref().into()),
    ];
    Write::insert("operator_actions", columns)
});

/// One that waited comes to its end.
static RETURNS: Rows<TakenReturn> = LazyLock::new(|| {
    let columns = [
        Column::new("id", "uuid", |(_, taken): &(MerchantId, TakenReturn)| taken.line.id().into()),
        Column::new("number", "bigint", |(_, taken)| taken.line.number.into()),
        Column::new("reference", "text", |(_, taken)| taken.line.reference.as_str().into()),
        Column::new("payout_id", "uuid", |(_, taken)| taken.payout.0.into()),
        Column::new("amount_paise", "bigint", |(_, taken)| taken.line.amount_paise.into()),
        Column::new("utr", "text", |(_, taken)| taken.line.utr.as_str().into()),
        Column::new("reason", "text", |(_, taken)| taken.line.reason.as_str().into()),
        Column::new("status", "text", |(_, taken)| if taken.credited { "credited" } else { "exception" }.into()),
        Column::new("tries", "integer", |_| 0_i32.into()),
        Column::new("first_seen_at", "timestamptz", |(_, taken)| taken.at.into()),
        Column::new("updated_at", "timestamptz", |(_, taken)| taken.at.into()),
    ];
    Write::upsert(
        "bank_returns",
        owned(columns),
        " ON CONFLICT (bucket, merchant_id, id) DO UPDATE SET status = excluded.status, waits_for = NULL, \
         next_try_at = NULL, updated_at = excluded.updated_at",
    )
});

static EXCEPTIONS: Rows<Exception> = LazyLock::new(|| {
    let columns = [
        Column::new("id", "uuid", |(_, exception): &(MerchantId, Exception)| exception.id.into()),
        Column::new("kind", "text", |(_, exception)| exception.kind.as_str().into()),
        Column::new("payout_id", "uuid", |(_, exception)| exception.payout.map(|id| id.0).into()),
        Column::new("other_payout_id", "uuid", |(_, exception)| exception.other_payout.map(|id| id.0).into()),
        Column::new("reference", "text", |(_, exception)| exception.reference.as_deref().into()),
        Column::new("return_number", "bigint", |(_, exception)| exception.return_number.into()),
        Column::new("stated_paise", "bigint", |(_, exception)| exception.stated.amount_paise.into()),
        Column::new("stated_utr", "text", |(_, exception)| exception.stated.utr.as_deref().into()),
        Column::new("expected_paise", "bigint", |(_, exception)| exception.expected.amount_paise.into()),
        Column::new("expected_utr", "text", |(_, exception)| exception.expected.utr.as_deref().into()),
        Column::new("detail", "text", |(_, exception)| exception.detail.as_str().into()),
        Column::new("created_at", "timestamptz", |(_, exception)| exception.created_at.into()),
    ];
    Write::insert("exceptions", owned(columns))
});

#[cfg(feature = "testing")]
pub(crate) fn updates() -> [&'static crate::db::Sql; 2] {
    [STEPS.sql(), ATTEMPT_ENDS.sql()]
}
