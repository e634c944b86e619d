//! Write what was decided: one statement a table, its rows bound as they are. Columns and values stand side by side.

use std::sync::LazyLock;

use payrail_core::bank_return::{Exception, TakenReturn};
use payrail_core::decide::{AttemptEnd, Writes};
use payrail_core::event::Event;
use payrail_core::idempotency::Record;
use payrail_core::ids::{MerchantId, RequestId};
use payrail_core::ledger::Entry;
use payrail_core::operator::OperatorAction;
use payrail_core::payout::{Attempt, Payout};
use sqlx::SqliteConnection;

use super::batch::{Row, Statement};
use crate::error::Result;
use crate::rows::StateColumns;
use crate::types::{At, owner};

pub async fn all(on: &mut SqliteConnection, writes: &Writes) -> Result<()> {
    INSERT_ENTRIES.write(on, &writes.entries, entry).await?;
    INSERT_PAYOUTS.write(on, &writes.new_payouts, new_payout).await?;
    for round in writes.rounds() {
        STEP_PAYOUTS.write(on, &round, step).await?;
    }
    OPEN_ATTEMPTS.write(on, &writes.opened, attempt).await?;
    CLOSE_ATTEMPTS.write(on, &writes.closed, attempt_end).await?;
    PUT_RECORDS.write(on, &writes.records, record).await?;
    INSERT_EVENTS.write(on, &writes.events, event).await?;
    INSERT_ACTIONS.write(on, &writes.actions, action).await?;
    END_RETURNS.write(on, &writes.returns, taken_return).await?;
    INSERT_EXCEPTIONS.write(on, &writes.exceptions, exception).await
}

static INSERT_ENTRIES: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, seq, kind, amount_paise, available_after, held_after, payout_id, description, created_at",
        "INSERT INTO ledger_entries (bucket, merchant_id, seq, kind, amount_paise, available_after, held_after, \
         payout_id, description, created_at) SELECT * FROM n",
    )
});

fn entry(row: &mut Row, (merchant, entry): &(MerchantId, Entry)) {
    row.owner(*merchant)
        .put(entry.seq)
        .text(entry.kind.as_str())
        .put(entry.amount.get())
        .put(entry.after.available.get())
        .put(entry.after.held.get())
        .put(entry.payout.map(|id| id.0))
        .text(entry.description.as_deref())
        .put(At(entry.created_at));
}

static INSERT_PAYOUTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, id, amount_paise, bank_account_id, due_at, created_at, request_id",
        "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, attempts, calls, \
         unanswered, due_at, created_at, updated_at, request_id) \
         SELECT bucket, merchant_id, id, amount_paise, bank_account_id, 'pending', 0, 0, 0, due_at, created_at, \
         created_at, request_id FROM n",
    )
});

fn new_payout(row: &mut Row, (merchant, payout): &(MerchantId, Payout)) {
    row.owner(*merchant)
        .put(payout.id.0)
        .put(payout.amount.get())
        .text(payout.bank_account_id.as_str())
        .put(payout.due_at().map(At))
        .put(At(payout.created_at))
        .text(payout.request_id.as_ref().map(RequestId::as_str));
}

/// (The signs leave SQLite no way but from `n` to the table by its key. Without them it may, for a long `n`, read the
/// whole table and look each row up in the batch.)
static STEP_PAYOUTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, id, status, attempts, calls, unanswered, step, due_at, leased_by, doubt_since, \
         doubt_reason, utr, reason, updated_at",
        "UPDATE payouts AS p SET status = n.status, attempts = n.attempts, calls = n.calls, \
         unanswered = n.unanswered, step = n.step, due_at = n.due_at, leased_by = n.leased_by, \
         doubt_since = n.doubt_since, doubt_reason = n.doubt_reason, utr = n.utr, reason = n.reason, \
         updated_at = n.updated_at \
         FROM n WHERE p.bucket = +n.bucket AND p.merchant_id = +n.merchant_id AND p.id = +n.id",
    )
});

fn step(row: &mut Row, (merchant, payout): &&(MerchantId, Payout)) {
    let state = StateColumns::from(payout);
    row.owner(*merchant)
        .put(payout.id.0)
        .text(payout.status().as_str())
        .put(i64::from(payout.attempts))
        .put(i64::from(payout.calls))
        .put(i64::from(payout.unanswered))
        .text(state.step)
        .put(state.due_at)
        .text(state.leased_by)
        .put(state.doubt_since)
        .text(state.doubt_reason)
        .text(state.utr)
        .text(state.reason)
        .put(At(payout.updated_at));
}

static OPEN_ATTEMPTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, payout_id, number, step, worker, started_at",
        "INSERT INTO attempts (bucket, merchant_id, payout_id, number, step, worker, started_at) SELECT * FROM n",
    )
});

fn attempt(row: &mut Row, (merchant, attempt): &(MerchantId, Attempt)) {
    row.owner(*merchant)
        .put(attempt.payout.0)
        .put(i64::from(attempt.number))
        .text(attempt.step.as_str())
        .text(attempt.worker.as_str())
        .put(At(attempt.started_at));
}

static CLOSE_ATTEMPTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, payout_id, number, outcome, sent, received, ended_at",
        "UPDATE attempts AS a SET outcome = n.outcome, sent = n.sent, received = n.received, ended_at = n.ended_at \
         FROM n WHERE a.bucket = +n.bucket AND a.merchant_id = +n.merchant_id AND a.payout_id = +n.payout_id \
         AND a.number = +n.number",
    )
});

fn attempt_end(row: &mut Row, (merchant, end): &(MerchantId, AttemptEnd)) {
    row.owner(*merchant)
        .put(end.payout.0)
        .put(i64::from(end.number))
        .text(end.outcome)
        .text(end.exchange.sent.as_str())
        .text(end.exchange.received.as_str())
        .put(At(end.ended_at));
}

/// An expired refusal gives way to the key's new answer; a record that is for ever does not.
/// (`WHERE true` tells SQLite's parser that ON CONFLICT is not a join's ON.)
static PUT_RECORDS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, key, request_hash, status, body, payout_id, created_at, expires_at",
        "INSERT INTO idempotency_records (bucket, merchant_id, key, request_hash, status, body, payout_id, \
         created_at, expires_at) SELECT * FROM n WHERE true \
         ON CONFLICT (bucket, merchant_id, key) DO UPDATE SET request_hash = excluded.request_hash, \
         status = excluded.status, body = excluded.body, payout_id = excluded.payout_id, \
         created_at = excluded.created_at, expires_at = excluded.expires_at \
         WHERE idempotency_records.expires_at IS NOT NULL",
    )
});

fn record(row: &mut Row, (merchant, record): &(MerchantId, Record)) {
    row.owner(*merchant)
        .put(record.key.0)
        .bytes(&record.request.0)
        .put(i64::from(record.answer.status))
        .text(record.answer.body.as_str())
        .put(record.payout.map(|id| id.0))
        .put(At(record.created_at))
        .put(record.expires_at.map(At));
}

static INSERT_EVENTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, seq, kind, payout_id, created_at",
        "INSERT INTO outbox (bucket, merchant_id, seq, kind, payout_id, created_at) SELECT * FROM n",
    )
});

fn event(row: &mut Row, (merchant, event): &(MerchantId, Event)) {
    row.owner(*merchant)
        .put(event.seq)
        .text(event.kind.as_str())
        .put(event.payout.map(|id| id.0))
        .put(At(event.created_at));
}

static INSERT_ACTIONS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, id, at, operator, action, subject, reason, detail",
        "INSERT INTO operator_actions (bucket, merchant_id, id, at, operator, action, subject, reason, detail) \
         SELECT * FROM n",
    )
});

fn action(row: &mut Row, action: &OperatorAction) {
    row.owner(owner(action))
        .put(action.id)
        .put(At(action.at))
        .text(action.operator.as_str())
        .text(action.action.as_str())
        .text(action.subject.as_deref())
        .text(action.reason.as_deref())
        .text(action.detail.as_deref());
}

/// One that waited comes to its end.
static END_RETURNS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, reason, status, at",
        "INSERT INTO bank_returns (bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, reason, \
         status, tries, first_seen_at, updated_at) \
         SELECT bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, reason, status, 0, at, at \
         FROM n WHERE true \
         ON CONFLICT (bucket, merchant_id, id) DO UPDATE SET status = excluded.status, waits_for = NULL, \
         next_try_at = NULL, updated_at = excluded.updated_at",
    )
});

fn taken_return(row: &mut Row, (merchant, taken): &(MerchantId, TakenReturn)) {
    row.owner(*merchant)
        .put(taken.line.id())
        .put(taken.line.number)
        .text(taken.line.reference.as_str())
        .put(taken.payout.0)
        .put(taken.line.amount_paise)
        .text(taken.line.utr.as_str())
        .text(taken.line.reason.as_str())
        .text(if taken.credited { "credited" } else { "exception" })
        .put(At(taken.at));
}

static INSERT_EXCEPTIONS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, id, kind, payout_id, other_payout_id, reference, return_number, stated_paise, \
         stated_utr, expected_paise, expected_utr, detail, created_at",
        "INSERT INTO exceptions (bucket, merchant_id, id, kind, payout_id, other_payout_id, reference, return_number, \
         stated_paise, stated_utr, expected_paise, expected_utr, detail, created_at) SELECT * FROM n",
    )
});

fn exception(row: &mut Row, (merchant, exception): &(MerchantId, Exception)) {
    row.owner(*merchant)
        .put(exception.id)
        .text(exception.kind.as_str())
        .put(exception.payout.map(|id| id.0))
        .put(exception.other_payout.map(|id| id.0))
        .text(exception.reference.as_deref())
        .put(exception.return_number)
        .put(exception.stated.amount_paise)
        .text(exception.stated.utr.as_deref())
        .put(exception.expected.amount_paise)
        .text(exception.expected.utr.as_deref())
        .text(exception.detail.as_str())
        .put(At(exception.created_at));
}
