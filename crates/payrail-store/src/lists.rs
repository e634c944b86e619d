//! What operators look through: all merchants' payouts, entries, records and actions, newest first. These are
//! pages as they lie there; `search.rs` picks from them what is asked for.

use jiff::Timestamp;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::operator::OperatorAction;
use payrail_core::payout::Payout;
use uuid::Uuid;

use crate::db::{Columns, Connection, FromRow, values};
use crate::error::Result;
use crate::rows::{ENTRY_COLUMNS, EntryRow, LedgerLine, PAYOUT_COLUMNS, PayoutRow, RecordRow};

/// A place in a list that is ordered by time, newest first: what lies at one moment is told apart by its owner
/// and its number or id. The next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub at: Timestamp,
    pub owner: Uuid,
    pub number: i64,
    pub id: Uuid,
}

impl Position {
    /// Before everything that is not newer than `at`.
    pub fn newest(at: Timestamp) -> Self {
        Self { at, owner: Uuid::max(), number: i64::MAX, id: Uuid::max() }
    }
}

pub(crate) struct OwnedEntryRow {
    merchant_id: Uuid,
    entry: EntryRow,
}

impl FromRow for OwnedEntryRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { merchant_id: row.take("merchant_id")?, entry: EntryRow::from_row(row)? })
    }
}

impl OwnedEntryRow {
    pub fn line(self) -> Result<(MerchantId, LedgerLine)> {
        Ok((MerchantId(self.merchant_id), LedgerLine::try_from(self.entry)?))
    }
}

pub(crate) fn owned_record(row: RecordRow) -> Result<(MerchantId, Record)> {
    Ok((MerchantId(row.merchant_id), Record::try_from(row)?))
}

pub(crate) struct ActionRow {
    merchant_id: Uuid,
    id: Uuid,
    at: Timestamp,
    operator: String,
    action: String,
    subject: Option<String>,
    reason: Option<String>,
    detail: Option<String>,
}

impl FromRow for ActionRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            id: row.take("id")?,
            at: row.take("at")?,
            operator: row.take("operator")?,
            action: row.take("action")?,
            subject: row.take("subject")?,
            reason: row.take("reason")?,
            detail: row.take("detail")?,
        })
    }
}

impl From<ActionRow> for OperatorAction {
    fn from(row: ActionRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            // What concerns no merchant lies under the nil UUID.
            merchant: (!row.merchant_id.is_nil()).then_some(MerchantId(row.merchant_id)),
            operator: row.operator,
            action: row.action,
            subject: row.subject,
            reason: row.reason,
            detail: row.detail,
        }
    }
}

/// By their holds, of which each has one, made with it and never changed. An index of payouts by time would
/// have to be written anew with each step of each payout.
pub(crate) async fn all_payouts(
    on: &mut Connection,
    from: Timestamp,
    before: Position,
    limit: u32,
) -> Result<Vec<(MerchantId, Payout)>> {
    let rows: Vec<PayoutRow> = on.all(&format!("SELECT {PAYOUT_COLUMNS} FROM (SELECT bucket AS b, merchant_id AS m, payout_id AS p, created_at AS held_at \
                FROM ledger_entries \
                WHERE kind = 'hold' AND created_at >= $1 AND (created_at, payout_id) < ($2, $3) \
                ORDER BY created_at DESC, payout_id DESC LIMIT $4 + 0) h \
         JOIN payouts ON bucket = h.b AND merchant_id = h.m AND id = h.p ORDER BY h.held_at DESC, id DESC"), values![from, before.at, before.id, i64::from(limit)]).await?;
    rows.into_iter().map(|row| Ok((MerchantId(row.merchant_id), Payout::try_from(row)?))).collect()
}

/// One merchant's, by id: ids are made in the order of time. `from` is the first id that counts.
pub(crate) async fn payouts_of(
    on: &mut Connection,
    merchant: MerchantId,
    from: PayoutId,
    before: PayoutId,
    limit: u32,
) -> Result<Vec<(MerchantId, Payout)>> {
    let rows: Vec<PayoutRow> = on
        .all(
            &format!(
                "SELECT {PAYOUT_COLUMNS} FROM payouts WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 AND id < $4 \
         ORDER BY id DESC LIMIT $5 + 0"
            ),
            values![merchant.bucket().column(), merchant.0, from.0, before.0, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(|row| Ok((merchant, Payout::try_from(row)?))).collect()
}

pub(crate) async fn all_entries(
    on: &mut Connection,
    from: Timestamp,
    before: Position,
    limit: u32,
) -> Result<Vec<(MerchantId, LedgerLine)>> {
    let rows: Vec<OwnedEntryRow> = on
        .all(
            &format!(
                "SELECT e.merchant_id, {ENTRY_COLUMNS} FROM ledger_entries e \
         WHERE e.created_at >= $1 AND (e.created_at, e.merchant_id, e.seq) < ($2, $3, $4) \
         ORDER BY e.created_at DESC, e.merchant_id DESC, e.seq DESC LIMIT $5 + 0"
            ),
            values![from, before.at, before.owner, before.number, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(OwnedEntryRow::line).collect()
}

/// One merchant's whole book, settlements too, from below number `before` downwards.
pub(crate) async fn entries_of(
    on: &mut Connection,
    merchant: MerchantId,
    before: i64,
    limit: u32,
) -> Result<Vec<(MerchantId, LedgerLine)>> {
    let rows: Vec<OwnedEntryRow> = on
        .all(
            &format!(
                "SELECT e.merchant_id, {ENTRY_COLUMNS} FROM ledger_entries e \
         WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq < $3 ORDER BY e.seq DESC LIMIT $4 + 0"
            ),
            values![merchant.bucket().column(), merchant.0, before, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(OwnedEntryRow::line).collect()
}

pub(crate) async fn all_records(
    on: &mut Connection,
    from: Timestamp,
    before: Position,
    limit: u32,
) -> Result<Vec<(MerchantId, Record)>> {
    let rows: Vec<RecordRow> = on
        .all(
            "SELECT merchant_id, key, request_hash, status, body, payout_id, created_at, expires_at \
         FROM idempotency_records \
         WHERE created_at >= $1 AND (created_at, merchant_id, key) < ($2, $3, $4) \
         ORDER BY created_at DESC, merchant_id DESC, key DESC LIMIT $5 + 0",
            values![from, before.at, before.owner, before.id, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(owned_record).collect()
}

pub(crate) async fn record(on: &mut Connection, merchant: MerchantId, key: IdempotencyKey) -> Result<Option<Record>> {
    let row: Option<RecordRow> = on
        .optional(
            "SELECT merchant_id, key, request_hash, status, body, payout_id, created_at, expires_at \
         FROM idempotency_records WHERE bucket = $1 AND merchant_id = $2 AND key = $3",
            values![merchant.bucket().column(), merchant.0, key.0],
        )
        .await?;
    row.map(Record::try_from).transpose()
}

pub(crate) async fn all_actions(on: &mut Connection, before: Position, limit: u32) -> Result<Vec<OperatorAction>> {
    let rows: Vec<ActionRow> = on
        .all(
            "SELECT merchant_id, id, at, operator, action, subject, reason, detail FROM operator_actions \
         WHERE (at, id) < ($1, $2) ORDER BY at DESC, id DESC LIMIT $3 + 0",
            values![before.at, before.id, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(OperatorAction::from).collect())
}

/// What was done to a payout, a key, …, oldest first.
pub(crate) async fn actions_about(
    on: &mut Connection,
    merchant: MerchantId,
    subject: &str,
    limit: u32,
) -> Result<Vec<OperatorAction>> {
    let rows: Vec<ActionRow> = on
        .all(
            "SELECT merchant_id, id, at, operator, action, subject, reason, detail FROM operator_actions \
         WHERE bucket = $1 AND merchant_id = $2 AND subject = $3 ORDER BY at, id LIMIT $4 + 0",
            values![merchant.bucket().column(), merchant.0, subject, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(OperatorAction::from).collect())
}
