//! Look-ups by key, lists of one merchant, and the small writes that no decision is needed for.

use jiff::Timestamp;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::Tip;
use payrail_core::operator::OperatorAction;
use payrail_core::payout::Payout;
use uuid::Uuid;

use crate::db::{Connection, values};
use crate::error::Result;
use crate::rows::{
    AttemptLine, AttemptRow, ENTRY_COLUMNS, EntryRow, EventLine, EventRow, LedgerLine, Merchant, MerchantRow,
    PAYOUT_COLUMNS, PayoutRow, TipRow,
};

/// Whose key this is, if it is one and not revoked.
pub(crate) async fn merchant_of_key(on: &mut Connection, hash: &[u8]) -> Result<Option<Merchant>> {
    let row: Option<MerchantRow> = on
        .optional(
            "SELECT m.id, m.name, m.email, m.created_at FROM api_keys k \
         JOIN merchants m ON m.bucket = k.bucket AND m.id = k.merchant_id \
         WHERE k.hash = $1 AND k.revoked_at IS NULL",
            values![hash],
        )
        .await?;
    Ok(row.map(Merchant::from))
}

pub(crate) async fn merchant_of_email(on: &mut Connection, email: &str) -> Result<Option<Merchant>> {
    let row: Option<MerchantRow> = on
        .optional(
            "SELECT m.id, m.name, m.email, m.created_at FROM merchant_directory d \
         JOIN merchants m ON m.bucket = d.bucket AND m.id = d.merchant_id WHERE d.email = $1",
            values![email],
        )
        .await?;
    Ok(row.map(Merchant::from))
}

pub(crate) async fn merchant(on: &mut Connection, id: MerchantId) -> Result<Option<Merchant>> {
    let row: Option<MerchantRow> = on
        .optional(
            "SELECT id, name, email, created_at FROM merchants WHERE bucket = $1 AND id = $2",
            values![id.bucket().column(), id.0],
        )
        .await?;
    Ok(row.map(Merchant::from))
}

/// All merchants after `after`, in the order of their ids within their buckets.
pub(crate) async fn merchants(on: &mut Connection, after: Option<MerchantId>, limit: u32) -> Result<Vec<Merchant>> {
    let (bucket, id) = after.map_or((-1, Uuid::nil()), |id| (id.bucket().column(), id.0));
    let rows: Vec<MerchantRow> = on
        .all(
            "SELECT id, name, email, created_at FROM merchants WHERE (bucket, id) > ($1, $2) \
         ORDER BY bucket, id LIMIT $3 + 0",
            values![bucket, id, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(Merchant::from).collect())
}

/// Both balances from the one newest entry: they can never disagree.
pub(crate) async fn tip(on: &mut Connection, merchant: MerchantId) -> Result<Tip> {
    let row: Option<TipRow> = on.optional("SELECT merchant_id, seq, available_after, held_after, NULL AS last_event, created_at AS last_at FROM ledger_entries \
         WHERE bucket = $1 AND merchant_id = $2 ORDER BY seq DESC LIMIT 1", values![merchant.bucket().column(), merchant.0]).await?;
    Ok(row.map(|row| row.tip()).unwrap_or_default())
}

/// The entries that touch the available balance, newest first, older than entry `before`.
pub(crate) async fn ledger(
    on: &mut Connection,
    merchant: MerchantId,
    before: i64,
    limit: u32,
) -> Result<Vec<LedgerLine>> {
    let rows: Vec<EntryRow> = on
        .all(
            &format!(
                "SELECT {ENTRY_COLUMNS} FROM ledger_entries e \
         WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq < $3 AND e.kind <> 'settle' \
         ORDER BY e.seq DESC LIMIT $4 + 0"
            ),
            values![merchant.bucket().column(), merchant.0, before, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(LedgerLine::try_from).collect()
}

/// Every entry after number `after`, in order.
#[cfg(feature = "testing")]
pub(crate) async fn entries_after(
    on: &mut Connection,
    merchant: MerchantId,
    after: i64,
    limit: u32,
) -> Result<Vec<LedgerLine>> {
    let rows: Vec<EntryRow> = on
        .all(
            "SELECT seq, kind, amount_paise, available_after, held_after, payout_id, description, created_at \
         FROM ledger_entries WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
            values![merchant.bucket().column(), merchant.0, after, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(LedgerLine::try_from).collect()
}

/// Newest first, older than payout `before`.
pub(crate) async fn payouts(
    on: &mut Connection,
    merchant: MerchantId,
    before: Option<PayoutId>,
    limit: u32,
) -> Result<Vec<Payout>> {
    let rows: Vec<PayoutRow> = on.all(&format!("SELECT {PAYOUT_COLUMNS} FROM payouts WHERE bucket = $1 AND merchant_id = $2 AND id < $3 ORDER BY id DESC LIMIT $4 + 0"), values![merchant.bucket().column(), merchant.0, before.map_or(Uuid::max(), |id| id.0), i64::from(limit)]).await?;
    rows.into_iter().map(Payout::try_from).collect()
}

/// Oldest first, newer than payout `after`.
#[cfg(feature = "testing")]
pub(crate) async fn payouts_after(
    on: &mut Connection,
    merchant: MerchantId,
    after: Option<PayoutId>,
    limit: u32,
) -> Result<Vec<Payout>> {
    let rows: Vec<PayoutRow> = on.all(&format!("SELECT {PAYOUT_COLUMNS} FROM payouts WHERE bucket = $1 AND merchant_id = $2 AND id > $3 ORDER BY id LIMIT $4 + 0"), values![merchant.bucket().column(), merchant.0, after.map_or(Uuid::nil(), |id| id.0), i64::from(limit)]).await?;
    rows.into_iter().map(Payout::try_from).collect()
}

pub(crate) async fn payout(on: &mut Connection, merchant: MerchantId, id: PayoutId) -> Result<Option<Payout>> {
    let row: Option<PayoutRow> = on
        .optional(
            &format!("SELECT {PAYOUT_COLUMNS} FROM payouts WHERE bucket = $1 AND merchant_id = $2 AND id = $3"),
            values![merchant.bucket().column(), merchant.0, id.0],
        )
        .await?;
    row.map(Payout::try_from).transpose()
}

/// Whose payout this is: the way from a bank reference, which names no merchant, to its book.
pub(crate) async fn merchant_of_payout(on: &mut Connection, id: PayoutId) -> Result<Option<MerchantId>> {
    // One look-up by primary key for each merchant of the bucket, however many payouts they have.
    // (CROSS JOIN keeps SQLite to that order.)
    let row: Option<(Uuid,)> = on
        .optional(
            "SELECT p.merchant_id FROM merchants m CROSS JOIN payouts p \
         WHERE m.bucket = $1 AND p.bucket = m.bucket AND p.merchant_id = m.id AND p.id = $2",
            values![id.bucket().column(), id.0],
        )
        .await?;
    Ok(row.map(|(id,)| MerchantId(id)))
}

pub(crate) async fn attempts(on: &mut Connection, merchant: MerchantId, payout: PayoutId) -> Result<Vec<AttemptLine>> {
    let rows: Vec<AttemptRow> = on
        .all(
            "SELECT number, step, worker, started_at, outcome, sent, received, ended_at FROM attempts \
         WHERE bucket = $1 AND merchant_id = $2 AND payout_id = $3 ORDER BY number",
            values![merchant.bucket().column(), merchant.0, payout.0],
        )
        .await?;
    rows.into_iter().map(AttemptLine::try_from).collect()
}

/// The merchant's outbox after number `after`, in order.
pub(crate) async fn events(
    on: &mut Connection,
    merchant: MerchantId,
    after: i64,
    limit: u32,
) -> Result<Vec<EventLine>> {
    let rows: Vec<EventRow> = on
        .all(
            "SELECT seq, kind, payout_id, created_at FROM outbox \
         WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
            values![merchant.bucket().column(), merchant.0, after, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(EventLine::try_from).collect()
}

/// The payouts that a worker may take now, the longest due first. No lock: whoever claims one
/// passes the door, and the door looks again.
pub(crate) async fn due(on: &mut Connection, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
    let rows: Vec<(Uuid, Uuid)> = on
        .all(
            "SELECT merchant_id, id FROM payouts WHERE due_at <= $1 ORDER BY due_at LIMIT $2 + 0",
            values![now, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(|(merchant, id)| (MerchantId(merchant), PayoutId(id))).collect())
}

/// Those that fell due at `from` or later, and when each did. What was due once and is done stays at the
/// head of the index until a vacuum takes it away: who knows that nothing earlier waits, need not pass it
/// by at each look.
pub(crate) async fn due_from(
    on: &mut Connection,
    from: Timestamp,
    now: Timestamp,
    limit: u32,
) -> Result<Vec<(MerchantId, PayoutId, Timestamp)>> {
    let rows: Vec<(Uuid, Uuid, Timestamp)> = on
        .all(
            "SELECT merchant_id, id, due_at FROM payouts WHERE due_at >= $1 AND due_at <= $2 \
         ORDER BY due_at LIMIT $3 + 0",
            values![from, now, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(|(merchant, id, at)| (MerchantId(merchant), PayoutId(id), at)).collect())
}

/// The payouts in doubt, the oldest doubt first.
pub(crate) async fn doubtful(on: &mut Connection, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
    let rows: Vec<PayoutRow> = on.all(&format!("SELECT {PAYOUT_COLUMNS} FROM payouts WHERE doubt_since IS NOT NULL ORDER BY doubt_since, id LIMIT $1 + 0"), values![i64::from(limit)]).await?;
    rows.into_iter().map(|row| Ok((MerchantId(row.merchant_id), Payout::try_from(row)?))).collect()
}

/// The payouts that are due after `after`, the latest first.
pub(crate) async fn due_after(on: &mut Connection, after: Timestamp, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
    let rows: Vec<PayoutRow> = on
        .all(
            &format!("SELECT {PAYOUT_COLUMNS} FROM payouts WHERE due_at > $1 ORDER BY due_at DESC LIMIT $2 + 0"),
            values![after, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(|row| Ok((MerchantId(row.merchant_id), Payout::try_from(row)?))).collect()
}

pub(crate) async fn setting(on: &mut Connection, name: &str) -> Result<Option<String>> {
    let row: Option<(String,)> = on.optional("SELECT value FROM settings WHERE name = $1", values![name]).await?;
    Ok(row.map(|(value,)| value))
}

pub(crate) async fn put_setting(on: &mut Connection, name: &str, value: &str) -> Result<()> {
    on.execute(
        "INSERT INTO settings (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        values![name, value],
    )
    .await?;
    Ok(())
}

/// A merchant, unless the e-mail address is taken. Neither moves money nor touches a book.
pub(crate) async fn add_merchant(on: &mut Connection, merchant: &Merchant) -> Result<bool> {
    let bucket = merchant.id.bucket().column();
    let listed = on
        .execute(
            "INSERT INTO merchant_directory (email, bucket, merchant_id) VALUES ($1, $2, $3) \
         ON CONFLICT DO NOTHING",
            values![&merchant.email, bucket, merchant.id.0],
        )
        .await?;
    if listed == 0 {
        return Ok(false);
    }
    on.execute(
        "INSERT INTO merchants (bucket, id, name, email, created_at) VALUES ($1, $2, $3, $4, $5)",
        values![bucket, merchant.id.0, &merchant.name, &merchant.email, merchant.created_at],
    )
    .await?;
    Ok(true)
}

pub(crate) async fn add_key(
    on: &mut Connection,
    merchant: MerchantId,
    hash: &[u8],
    prefix: &str,
    now: Timestamp,
) -> Result<()> {
    on.execute(
        "INSERT INTO api_keys (hash, prefix, bucket, merchant_id, created_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING",
        values![hash, prefix, merchant.bucket().column(), merchant.0, now],
    )
    .await?;
    Ok(())
}

/// A row of the audit log about something that does not pass the door, in the transaction of what
/// it tells of. (What does pass it is written with the rest of its batch.)
pub(crate) async fn add_action(on: &mut Connection, action: &OperatorAction) -> Result<()> {
    let merchant = crate::write::owner(action);
    on.execute(
        "INSERT INTO operator_actions \
         (bucket, merchant_id, id, at, operator, action, subject, reason, detail) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        values![
            merchant.bucket().column(),
            merchant.0,
            action.id,
            action.at,
            &action.operator,
            &action.action,
            &action.subject,
            &action.reason,
            &action.detail
        ],
    )
    .await?;
    Ok(())
}
