//! What the auditor reads: rows as they lie there, in words and plain numbers. A row that makes no
//! sense is for the auditor to name, not for a parser to stumble over.

use jiff::Timestamp;
use uuid::Uuid;

use crate::Snapshot;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::Result;

/// Whose rows: the bucket that they are stored under, right or wrong, and the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub bucket: i16,
    pub merchant_id: Uuid,
}

impl FromRow for Place {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { bucket: row.take("bucket")?, merchant_id: row.take("merchant_id")? })
    }
}

#[derive(Debug)]
pub struct EntryFact {
    pub seq: i64,
    pub kind: String,
    pub amount_paise: i64,
    pub available_after: i64,
    pub held_after: i64,
    pub payout_id: Option<Uuid>,
}

impl FromRow for EntryFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.take("seq")?,
            kind: row.take("kind")?,
            amount_paise: row.take("amount_paise")?,
            available_after: row.take("available_after")?,
            held_after: row.take("held_after")?,
            payout_id: row.take("payout_id")?,
        })
    }
}

#[derive(Debug)]
pub struct PayoutFact {
    pub id: Uuid,
    pub amount_paise: i64,
    pub bank_account_id: String,
    pub status: String,
    pub attempts: i32,
    pub calls: i32,
    pub step: Option<String>,
    pub is_due: bool,
    /// It is due later than the moment that was asked about.
    pub is_due_later: bool,
    pub is_leased: bool,
    pub is_doubtful: bool,
    pub utr: Option<String>,
    pub reason: Option<String>,
}

impl FromRow for PayoutFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            amount_paise: row.take("amount_paise")?,
            bank_account_id: row.take("bank_account_id")?,
            status: row.take("status")?,
            attempts: row.take("attempts")?,
            calls: row.take("calls")?,
            step: row.take("step")?,
            is_due: row.take("is_due")?,
            is_due_later: row.take("is_due_later")?,
            is_leased: row.take("is_leased")?,
            is_doubtful: row.take("is_doubtful")?,
            utr: row.take("utr")?,
            reason: row.take("reason")?,
        })
    }
}

#[derive(Debug)]
pub struct AttemptFact {
    pub payout_id: Uuid,
    pub number: i32,
    pub step: String,
    pub outcome: Option<String>,
}

impl FromRow for AttemptFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            payout_id: row.take("payout_id")?,
            number: row.take("number")?,
            step: row.take("step")?,
            outcome: row.take("outcome")?,
        })
    }
}

#[derive(Debug)]
pub struct RecordFact {
    pub key: Uuid,
    pub status: i16,
    pub body: String,
    pub payout_id: Option<Uuid>,
}

impl FromRow for RecordFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            key: row.take("key")?,
            status: row.take("status")?,
            body: row.take("body")?,
            payout_id: row.take("payout_id")?,
        })
    }
}

#[derive(Debug)]
pub struct EventFact {
    pub seq: i64,
    pub kind: String,
    pub payout_id: Option<Uuid>,
}

impl FromRow for EventFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { seq: row.take("seq")?, kind: row.take("kind")?, payout_id: row.take("payout_id")? })
    }
}

/// A person's word in place of the bank's.
#[derive(Debug)]
pub struct DecisionFact {
    /// The payout's id, as it is written there.
    pub subject: Option<String>,
    pub action: String,
}

impl FromRow for DecisionFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { subject: row.take("subject")?, action: row.take("action")? })
    }
}

/// A line of the bank's list of returns, and what became of it.
#[derive(Debug)]
pub struct ReturnFact {
    pub id: Uuid,
    pub number: i64,
    pub payout_id: Option<Uuid>,
    pub amount_paise: i64,
    pub utr: String,
    pub status: String,
}

impl FromRow for ReturnFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            number: row.take("number")?,
            payout_id: row.take("payout_id")?,
            amount_paise: row.take("amount_paise")?,
            utr: row.take("utr")?,
            status: row.take("status")?,
        })
    }
}

/// An exception, or no more than that it is there, when it is resolved.
#[derive(Debug)]
pub struct ExceptionFact {
    pub id: Uuid,
    pub kind: String,
    pub payout_id: Option<Uuid>,
    pub reference: Option<String>,
    pub detail: String,
    pub is_open: bool,
}

impl FromRow for ExceptionFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            kind: row.take("kind")?,
            payout_id: row.take("payout_id")?,
            reference: row.take("reference")?,
            detail: row.take("detail")?,
            is_open: row.take("is_open")?,
        })
    }
}

/// A UTR that more than one payout is paid under: one of them each.
#[derive(Debug)]
pub struct SharedUtr {
    pub utr: String,
    pub id: Uuid,
    /// An exception says so.
    pub is_recorded: bool,
}

impl FromRow for SharedUtr {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { utr: row.take("utr")?, id: row.take("id")?, is_recorded: row.take("is_recorded")? })
    }
}

/// Rows of a merchant that does not exist.
#[derive(Debug)]
pub struct Stray {
    /// The table.
    pub place: String,
    pub bucket: i16,
    pub merchant_id: Uuid,
}

impl FromRow for Stray {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { place: row.take("place")?, bucket: row.take("bucket")?, merchant_id: row.take("merchant_id")? })
    }
}

/// A table's merchants that the table of merchants does not have. What concerns no merchant lies under the nil UUID.
fn strays_of(table: &str, may_concern_nobody: bool) -> String {
    let condition = if may_concern_nobody { " AND merchant_id <> $4" } else { "" };
    format!(
        "SELECT '{table}' AS place, t.bucket, t.merchant_id FROM (SELECT DISTINCT bucket, merchant_id FROM {table} \
         WHERE bucket BETWEEN $1 AND $2{condition}) t WHERE NOT EXISTS \
         (SELECT 1 FROM merchants m WHERE m.bucket = t.bucket AND m.id = t.merchant_id)"
    )
}

pub(crate) async fn places(on: &mut Connection, after: Place, limit: u32) -> Result<Vec<Place>> {
    on.all(
        "SELECT bucket, id AS merchant_id FROM merchants WHERE (bucket, id) > ($1, $2) \
         ORDER BY bucket, id LIMIT $3 + 0",
        values![after.bucket, after.merchant_id, i64::from(limit)],
    )
    .await
}

pub(crate) async fn entry_facts(on: &mut Connection, of: Place, after: i64, limit: u32) -> Result<Vec<EntryFact>> {
    on.all(
        "SELECT seq, kind, amount_paise, available_after, held_after, payout_id FROM ledger_entries \
         WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
        values![of.bucket, of.merchant_id, after, i64::from(limit)],
    )
    .await
}

pub(crate) async fn payout_facts(
    on: &mut Connection,
    of: Place,
    from: Uuid,
    limit: u32,
    later_than: Timestamp,
) -> Result<Vec<PayoutFact>> {
    on.all(
        "SELECT id, amount_paise, bank_account_id, status, attempts, calls, step, due_at IS NOT NULL AS is_due, \
         coalesce(due_at > $5, false) AS is_due_later, leased_by IS NOT NULL AS is_leased, \
         doubt_since IS NOT NULL AS is_doubtful, utr, reason FROM payouts \
         WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id LIMIT $4 + 0",
        values![of.bucket, of.merchant_id, from, i64::from(limit), later_than],
    )
    .await
}

pub(crate) async fn attempt_facts(
    on: &mut Connection,
    of: Place,
    from: Uuid,
    through: Uuid,
) -> Result<Vec<AttemptFact>> {
    on.all(
        "SELECT payout_id, number, step, outcome FROM attempts \
         WHERE bucket = $1 AND merchant_id = $2 AND payout_id >= $3 AND payout_id <= $4 \
         ORDER BY payout_id, number",
        values![of.bucket, of.merchant_id, from, through],
    )
    .await
}

pub(crate) async fn record_facts(on: &mut Connection, of: Place, from: Uuid, limit: u32) -> Result<Vec<RecordFact>> {
    on.all(
        "SELECT key, status, body, payout_id FROM idempotency_records \
         WHERE bucket = $1 AND merchant_id = $2 AND key >= $3 AND expires_at IS NULL ORDER BY key LIMIT $4 + 0",
        values![of.bucket, of.merchant_id, from, i64::from(limit)],
    )
    .await
}

pub(crate) async fn event_facts(on: &mut Connection, of: Place, after: i64, limit: u32) -> Result<Vec<EventFact>> {
    on.all(
        "SELECT seq, kind, payout_id FROM outbox \
         WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
        values![of.bucket, of.merchant_id, after, i64::from(limit)],
    )
    .await
}

pub(crate) async fn decision_facts(on: &mut Connection, of: Place) -> Result<Vec<DecisionFact>> {
    on.all(
        "SELECT subject, action FROM operator_actions \
         WHERE bucket = $1 AND merchant_id = $2 AND action IN ('decided_paid', 'decided_not_paid') \
         ORDER BY subject",
        values![of.bucket, of.merchant_id],
    )
    .await
}

pub(crate) async fn return_facts(on: &mut Connection, of: Place, from: Uuid, limit: u32) -> Result<Vec<ReturnFact>> {
    on.all(
        "SELECT id, number, payout_id, amount_paise, utr, status FROM bank_returns \
         WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id LIMIT $4 + 0",
        values![of.bucket, of.merchant_id, from, i64::from(limit)],
    )
    .await
}

pub(crate) async fn exception_facts(
    on: &mut Connection,
    of: Place,
    from: Uuid,
    limit: u32,
) -> Result<Vec<ExceptionFact>> {
    on.all(
        "SELECT id, kind, payout_id, reference, detail, resolved_at IS NULL AS is_open FROM exceptions \
         WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id LIMIT $4 + 0",
        values![of.bucket, of.merchant_id, from, i64::from(limit)],
    )
    .await
}

/// A page of UTRs, in order, that have another payout as well: a walk along their index. Its end is told apart
/// from its emptiness by the last UTR that was looked at.
pub(crate) async fn utr_page(on: &mut Connection, after: &str, limit: u32) -> Result<Option<String>> {
    let row: Option<(String,)> = on
        .optional(
            "SELECT max(utr) FROM (SELECT utr FROM payouts WHERE utr > $1 ORDER BY utr LIMIT $2 + 0) page \
         HAVING max(utr) IS NOT NULL",
            values![after, i64::from(limit)],
        )
        .await?;
    Ok(row.map(|(utr,)| utr))
}

pub(crate) async fn shared_utrs(on: &mut Connection, after: &str, through: &str, limit: u32) -> Result<Vec<SharedUtr>> {
    on.all(
        "SELECT p.utr, p.id, EXISTS (SELECT 1 FROM exceptions e \
            WHERE e.bucket = p.bucket AND e.merchant_id = p.merchant_id AND e.payout_id = p.id \
              AND e.kind = 'duplicate_utr') AS is_recorded FROM payouts p \
         JOIN (SELECT utr FROM payouts WHERE utr > $1 AND utr <= $2 GROUP BY utr HAVING count(*) > 1) d \
         ON d.utr = p.utr ORDER BY p.utr, p.id LIMIT $3 + 0",
        values![after, through, i64::from(limit)],
    )
    .await
}

pub(crate) async fn strays(on: &mut Connection, first: i16, last: i16, limit: u32) -> Result<Vec<Stray>> {
    let owned = ["ledger_entries", "payouts", "attempts", "idempotency_records", "outbox"];
    let others = ["operator_actions", "bank_returns", "exceptions"];
    let tables =
        owned.map(|table| strays_of(table, false)).into_iter().chain(others.map(|table| strays_of(table, true)));
    let sql = tables.collect::<Vec<_>>().join(" UNION ALL ") + " LIMIT $3 + 0";
    on.all(&sql, values![first, last, i64::from(limit), Uuid::nil()]).await
}

impl Snapshot {
    /// Where the merchants' rows lie, by bucket and id.
    pub async fn places(&mut self, after: Place, limit: u32) -> Result<Vec<Place>> {
        places(&mut self.0, after, limit).await
    }

    /// The merchant's ledger in order.
    pub async fn entry_facts(&mut self, of: Place, after: i64, limit: u32) -> Result<Vec<EntryFact>> {
        entry_facts(&mut self.0, of, after, limit).await
    }

    /// The merchant's payouts in the order of their ids.
    pub async fn payout_facts(
        &mut self,
        of: Place,
        from: Uuid,
        limit: u32,
        later_than: Timestamp,
    ) -> Result<Vec<PayoutFact>> {
        payout_facts(&mut self.0, of, from, limit, later_than).await
    }

    /// The attempts of the payouts from `from` to `through`.
    pub async fn attempt_facts(&mut self, of: Place, from: Uuid, through: Uuid) -> Result<Vec<AttemptFact>> {
        attempt_facts(&mut self.0, of, from, through).await
    }

    /// The records that are kept for ever, in the order of their keys.
    pub async fn record_facts(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<RecordFact>> {
        record_facts(&mut self.0, of, from, limit).await
    }

    /// The merchant's outbox in order.
    pub async fn event_facts(&mut self, of: Place, after: i64, limit: u32) -> Result<Vec<EventFact>> {
        event_facts(&mut self.0, of, after, limit).await
    }

    /// The doubts of the merchant's payouts that operators ended: few, as each is one person's work.
    pub async fn decision_facts(&mut self, of: Place) -> Result<Vec<DecisionFact>> {
        decision_facts(&mut self.0, of).await
    }

    /// What is kept of the bank's list of returns, in the order of the ids.
    pub async fn return_facts(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<ReturnFact>> {
        return_facts(&mut self.0, of, from, limit).await
    }

    /// Exceptions, in the order of the ids.
    pub async fn exception_facts(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<ExceptionFact>> {
        exception_facts(&mut self.0, of, from, limit).await
    }

    /// The last of the next `limit` payouts' UTRs, in their order; `None` at the end.
    pub async fn utr_page(&mut self, after: &str, limit: u32) -> Result<Option<String>> {
        utr_page(&mut self.0, after, limit).await
    }

    /// The payouts that share a UTR, over all merchants.
    pub async fn shared_utrs(&mut self, after: &str, through: &str, limit: u32) -> Result<Vec<SharedUtr>> {
        shared_utrs(&mut self.0, after, through, limit).await
    }

    /// Rows without their merchant in the buckets from `first` to `last`; on Citus, a shard each.
    pub async fn strays(&mut self, first: i16, last: i16, limit: u32) -> Result<Vec<Stray>> {
        strays(&mut self.0, first, last, limit).await
    }
}
