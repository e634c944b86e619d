//! Write what was decided: one statement a table, its rows as one JSON array of arrays. Row by row
//! through the driver costs five to ten times as much CPU.

use payrail_core::decide::{AttemptEnd, Event, Writes};
use payrail_core::idempotency::Record;
use payrail_core::ids::MerchantId;
use payrail_core::ledger::Entry;
use payrail_core::operator::OperatorAction;
use payrail_core::payout::{Attempt, Payout};
use serde_json::{Value, json};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::error::{Result, StoreError};
use crate::rows::StateColumns;
use crate::types::{At, owner};

pub async fn all(on: &mut SqliteConnection, writes: &Writes) -> Result<()> {
    run(on, INSERT_ENTRIES, writes.entries.iter().map(entry)).await?;
    run(on, INSERT_PAYOUTS, writes.new_payouts.iter().map(new_payout)).await?;
    for round in writes.rounds() {
        run(on, STEP_PAYOUTS, round.into_iter().map(step)).await?;
    }
    run(on, OPEN_ATTEMPTS, writes.opened.iter().map(attempt)).await?;
    run(on, CLOSE_ATTEMPTS, writes.closed.iter().map(attempt_end)).await?;
    run(on, PUT_RECORDS, writes.records.iter().map(record)).await?;
    run(on, INSERT_EVENTS, writes.events.iter().map(event)).await?;
    run(on, INSERT_ACTIONS, writes.actions.iter().map(action)).await
}

const INSERT_ENTRIES: &str = "INSERT INTO ledger_entries (bucket, merchant_id, seq, kind, amount_paise, \
    available_after, held_after, payout_id, description, created_at) \
    SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
    unhex(value ->> 7), value ->> 8, value ->> 9 FROM json_each($1)";

fn entry((merchant, entry): &(MerchantId, Entry)) -> Value {
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        entry.seq,
        entry.kind.as_str(),
        entry.amount,
        entry.after.available,
        entry.after.held,
        entry.payout.map(|id| hex(id.0)),
        entry.description,
        micros(entry.created_at),
    ])
}

const INSERT_PAYOUTS: &str = "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, \
    attempts, calls, unanswered, due_at, created_at, updated_at) \
    SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, 'pending', 0, 0, 0, \
    value ->> 5, value ->> 6, value ->> 6 FROM json_each($1)";

fn new_payout((merchant, payout): &(MerchantId, Payout)) -> Value {
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        hex(payout.id.0),
        payout.amount,
        payout.bank_account_id,
        payout.due_at().map(micros),
        micros(payout.created_at),
    ])
}

const STEP_PAYOUTS: &str = "UPDATE payouts SET status = value ->> 3, attempts = value ->> 4, calls = value ->> 5, \
    unanswered = value ->> 6, step = value ->> 7, due_at = value ->> 8, leased_by = value ->> 9, \
    doubt_since = value ->> 10, doubt_reason = value ->> 11, utr = value ->> 12, reason = value ->> 13, \
    updated_at = value ->> 14 FROM json_each($1) \
    WHERE bucket = value ->> 0 AND merchant_id = unhex(value ->> 1) AND payouts.id = unhex(value ->> 2)";

fn step((merchant, payout): &(MerchantId, Payout)) -> Value {
    let state = StateColumns::from(payout);
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        hex(payout.id.0),
        payout.status().as_str(),
        payout.attempts,
        payout.calls,
        payout.unanswered,
        state.step,
        state.due_at.map(At::micros),
        state.leased_by,
        state.doubt_since.map(At::micros),
        state.doubt_reason,
        state.utr,
        state.reason,
        micros(payout.updated_at),
    ])
}

const OPEN_ATTEMPTS: &str = "INSERT INTO attempts (bucket, merchant_id, payout_id, number, step, worker, started_at) \
    SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5, value ->> 6 \
    FROM json_each($1)";

fn attempt((merchant, attempt): &(MerchantId, Attempt)) -> Value {
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        hex(attempt.payout.0),
        attempt.number,
        attempt.step.as_str(),
        attempt.worker,
        micros(attempt.started_at),
    ])
}

const CLOSE_ATTEMPTS: &str = "UPDATE attempts SET outcome = value ->> 4, sent = value ->> 5, \
    received = value ->> 6, ended_at = value ->> 7 FROM json_each($1) \
    WHERE bucket = value ->> 0 AND merchant_id = unhex(value ->> 1) AND payout_id = unhex(value ->> 2) \
    AND number = value ->> 3";

fn attempt_end((merchant, end): &(MerchantId, AttemptEnd)) -> Value {
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        hex(end.payout.0),
        end.number,
        end.outcome,
        end.exchange.sent,
        end.exchange.received,
        micros(end.ended_at),
    ])
}

/// An expired refusal gives way to the key's new answer; a record that is for ever does not.
/// (`WHERE true` tells SQLite's parser that ON CONFLICT is not a join's ON.)
const PUT_RECORDS: &str = "INSERT INTO idempotency_records (bucket, merchant_id, key, request_hash, status, body, \
    payout_id, created_at, expires_at) \
    SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), unhex(value ->> 3), value ->> 4, value ->> 5, \
    unhex(value ->> 6), value ->> 7, value ->> 8 FROM json_each($1) WHERE true \
    ON CONFLICT (bucket, merchant_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
    status = excluded.status, body = excluded.body, payout_id = excluded.payout_id, \
    created_at = excluded.created_at, expires_at = excluded.expires_at \
    WHERE idempotency_records.expires_at IS NOT NULL";

fn record((merchant, record): &(MerchantId, Record)) -> Value {
    let hash: String = record.request.0.iter().map(|byte| format!("{byte:02x}")).collect();
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        hex(record.key.0),
        hash,
        record.answer.status,
        record.answer.body,
        record.payout.map(|id| hex(id.0)),
        micros(record.created_at),
        record.expires_at.map(micros),
    ])
}

const INSERT_EVENTS: &str = "INSERT INTO outbox (bucket, merchant_id, seq, kind, payout_id, created_at) \
    SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, unhex(value ->> 4), value ->> 5 \
    FROM json_each($1)";

fn event((merchant, event): &(MerchantId, Event)) -> Value {
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        event.seq,
        event.kind,
        event.payout.map(|id| hex(id.0)),
        micros(event.created_at),
    ])
}

const INSERT_ACTIONS: &str = "INSERT INTO operator_actions (bucket, merchant_id, id, at, operator, action, subject, \
    reason, detail) \
    SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
    value ->> 7, value ->> 8 FROM json_each($1)";

fn action(action: &OperatorAction) -> Value {
    let merchant = owner(action);
    json!([
        merchant.bucket().get(),
        hex(merchant.0),
        hex(action.id),
        micros(action.at),
        action.operator,
        action.action,
        action.subject,
        action.reason,
        action.detail,
    ])
}

/// Every row must arrive: one that does not is a lost race, and the batch is rolled back.
async fn run(on: &mut SqliteConnection, sql: &'static str, rows: impl Iterator<Item = Value>) -> Result<()> {
    let rows: Vec<Value> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    if rows.iter().any(has_nul) {
        return Err(StoreError::Refused("a text holds a NUL character".to_owned()));
    }
    let expected = rows.len() as u64;
    let done = sqlx::query(sql).bind(Value::Array(rows).to_string()).execute(on).await?.rows_affected();
    if done != expected {
        return Err(StoreError::Refused(format!("{done} of {expected} rows were written")));
    }
    Ok(())
}

/// PostgreSQL keeps none in a text; so that both stores take the same, neither does this one.
fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        _ => false,
    }
}

fn hex(id: Uuid) -> String {
    id.simple().to_string()
}

fn micros(at: jiff::Timestamp) -> i64 {
    at.as_microsecond()
}
