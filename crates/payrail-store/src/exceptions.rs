//! Exceptions and returns that wait: what operators read of them, how one is resolved, and the small writes beside
//! the books that move no money. What goes with money is written with the rest of its batch.

use jiff::Timestamp;
use payrail_core::bank_return::{BankReturn, Exception, ExceptionKind, Facts};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::operator::OperatorAction;
use uuid::Uuid;

use crate::Store;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::{Result, StoreError};
use crate::lists::Position;
use crate::statements::add_action;
use crate::totals::{COUNTED_MAX, Waiting, WaitingRow as CountRow};

/// A line of the bank's list that could not be applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingReturn {
    pub merchant: MerchantId,
    pub payout: PayoutId,
    pub line: BankReturn,
    /// In words, for people.
    pub waits_for: String,
    pub tries: u32,
    pub next_try_at: Timestamp,
    pub first_seen_at: Timestamp,
}

/// How a person resolved an exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    pub at: Timestamp,
    pub by: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionLine {
    /// Whose payout it is about, if anyone's.
    pub merchant: Option<MerchantId>,
    pub exception: Exception,
    pub resolution: Option<Resolution>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExceptionFilter {
    Open,
    Resolved,
    All,
}

impl ExceptionFilter {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::All => "all",
        }
    }
}

pub(crate) struct WaitingRow {
    merchant_id: Uuid,
    number: i64,
    reference: String,
    payout_id: Uuid,
    amount_paise: i64,
    utr: String,
    reason: String,
    waits_for: String,
    tries: i32,
    next_try_at: Timestamp,
    first_seen_at: Timestamp,
}

impl FromRow for WaitingRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            number: row.take("number")?,
            reference: row.take("reference")?,
            payout_id: row.take("payout_id")?,
            amount_paise: row.take("amount_paise")?,
            utr: row.take("utr")?,
            reason: row.take("reason")?,
            waits_for: row.take("waits_for")?,
            tries: row.take("tries")?,
            next_try_at: row.take("next_try_at")?,
            first_seen_at: row.take("first_seen_at")?,
        })
    }
}

impl From<WaitingRow> for WaitingReturn {
    fn from(row: WaitingRow) -> Self {
        let WaitingRow { number, reference, amount_paise, utr, reason, .. } = row;
        Self {
            merchant: MerchantId(row.merchant_id),
            payout: PayoutId(row.payout_id),
            line: BankReturn { number, reference, amount_paise, utr, reason },
            waits_for: row.waits_for,
            tries: u32::try_from(row.tries).unwrap_or(0),
            next_try_at: row.next_try_at,
            first_seen_at: row.first_seen_at,
        }
    }
}

pub(crate) struct ExceptionRow {
    merchant_id: Uuid,
    id: Uuid,
    kind: String,
    payout_id: Option<Uuid>,
    other_payout_id: Option<Uuid>,
    reference: Option<String>,
    return_number: Option<i64>,
    stated_paise: Option<i64>,
    stated_utr: Option<String>,
    expected_paise: Option<i64>,
    expected_utr: Option<String>,
    detail: String,
    created_at: Timestamp,
    resolved_at: Option<Timestamp>,
    resolved_by: Option<String>,
    resolution: Option<String>,
}

impl FromRow for ExceptionRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            id: row.take("id")?,
            kind: row.take("kind")?,
            payout_id: row.take("payout_id")?,
            other_payout_id: row.take("other_payout_id")?,
            reference: row.take("reference")?,
            return_number: row.take("return_number")?,
            stated_paise: row.take("stated_paise")?,
            stated_utr: row.take("stated_utr")?,
            expected_paise: row.take("expected_paise")?,
            expected_utr: row.take("expected_utr")?,
            detail: row.take("detail")?,
            created_at: row.take("created_at")?,
            resolved_at: row.take("resolved_at")?,
            resolved_by: row.take("resolved_by")?,
            resolution: row.take("resolution")?,
        })
    }
}

impl TryFrom<ExceptionRow> for ExceptionLine {
    type Error = StoreError;

    fn try_from(row: ExceptionRow) -> Result<Self> {
        let kind = ExceptionKind::parse(&row.kind);
        let exception = Exception {
            id: row.id,
            kind: kind.ok_or_else(|| StoreError::Corrupt(format!("unknown kind of exception {:?}", row.kind)))?,
            payout: row.payout_id.map(PayoutId),
            other_payout: row.other_payout_id.map(PayoutId),
            reference: row.reference,
            return_number: row.return_number,
            stated: Facts { amount_paise: row.stated_paise, utr: row.stated_utr },
            expected: Facts { amount_paise: row.expected_paise, utr: row.expected_utr },
            detail: row.detail,
            created_at: row.created_at,
        };
        let resolution = row.resolved_at.map(|at| Resolution {
            at,
            by: row.resolved_by.unwrap_or_default(),
            reason: row.resolution.unwrap_or_default(),
        });
        // What concerns no merchant lies under the nil UUID.
        let merchant = (!row.merchant_id.is_nil()).then_some(MerchantId(row.merchant_id));
        Ok(Self { merchant, exception, resolution })
    }
}

impl Store {
    /// Keeps a line that cannot be applied yet until `next_try_at`. One that has come to its end stays as it is.
    pub async fn set_aside(&self, waiting: &WaitingReturn, now: Timestamp) -> Result<()> {
        write!(self, exceptions::set_aside(waiting, now))
    }

    /// Records an exception that concerns no payout's book; one that is there already stays as it is.
    pub async fn record_exception(&self, exception: &Exception) -> Result<()> {
        write!(self, exceptions::record(MerchantId(Uuid::nil()), exception))
    }

    /// The returns that wait and are to be tried again, the longest due first.
    pub async fn returns_due(&self, now: Timestamp, limit: u32) -> Result<Vec<WaitingReturn>> {
        search!(self, exceptions::returns_due(now, limit))
    }

    /// All returns that wait, the next to be tried first.
    pub async fn waiting_returns(&self, limit: u32) -> Result<Vec<WaitingReturn>> {
        search!(self, exceptions::returns_due(Timestamp::MAX, limit))
    }

    /// Newest first.
    pub async fn exceptions(&self, of: ExceptionFilter, before: Position, limit: u32) -> Result<Vec<ExceptionLine>> {
        search!(self, exceptions::exceptions(of.as_str(), before, limit))
    }

    pub async fn exception(&self, id: Uuid) -> Result<Option<ExceptionLine>> {
        search!(self, exceptions::exception(id))
    }

    /// False when it is not there, or was resolved already.
    pub async fn resolve_exception(&self, id: Uuid, resolution: &Resolution, done: &OperatorAction) -> Result<bool> {
        write!(self, exceptions::resolve(id, resolution, done))
    }

    /// How many are open, and since when the oldest.
    pub async fn count_exceptions(&self) -> Result<Waiting> {
        search!(self, exceptions::count_open(COUNTED_MAX))
    }

    /// How many returns wait, and when the next is tried.
    pub async fn count_waiting_returns(&self) -> Result<Waiting> {
        search!(self, exceptions::count_waiting(COUNTED_MAX))
    }
}

/// What every exception is read with.
const SELECT_EXCEPTIONS: &str = "SELECT merchant_id, id, kind, payout_id, other_payout_id, reference, return_number, \
    stated_paise, stated_utr, expected_paise, expected_utr, detail, created_at, resolved_at, resolved_by, resolution \
    FROM exceptions ";

pub(crate) async fn set_aside(on: &mut Connection, it: &WaitingReturn, now: Timestamp) -> Result<()> {
    let (bucket, id) = (it.merchant.bucket().column(), it.line.id());
    let waits = on
        .execute(
            "UPDATE bank_returns SET waits_for = $4, tries = tries + 1, next_try_at = $5, updated_at = $6 \
         WHERE bucket = $1 AND merchant_id = $2 AND id = $3 AND status = 'waiting'",
            values![bucket, it.merchant.0, id, &it.waits_for, it.next_try_at, now],
        )
        .await?;
    if waits > 0 {
        return Ok(());
    }
    on.execute(
        "INSERT INTO bank_returns (bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, \
         reason, status, waits_for, tries, next_try_at, first_seen_at, updated_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, 1, $11, $12, $12 \
         WHERE NOT EXISTS (SELECT 1 FROM bank_returns WHERE bucket = $1 AND merchant_id = $2 AND id = $3) \
         ON CONFLICT DO NOTHING",
        values![
            bucket,
            it.merchant.0,
            id,
            it.line.number,
            &it.line.reference,
            it.payout.0,
            it.line.amount_paise,
            &it.line.utr,
            &it.line.reason,
            &it.waits_for,
            it.next_try_at,
            now
        ],
    )
    .await?;
    Ok(())
}

pub(crate) async fn record(on: &mut Connection, merchant: MerchantId, it: &Exception) -> Result<()> {
    on.execute(
        "INSERT INTO exceptions (bucket, merchant_id, id, kind, payout_id, other_payout_id, reference, return_number, \
         stated_paise, stated_utr, detail, created_at) \
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 \
         WHERE NOT EXISTS (SELECT 1 FROM exceptions WHERE bucket = $1 AND merchant_id = $2 AND id = $3) \
         ON CONFLICT DO NOTHING",
        values![
            merchant.bucket().column(),
            merchant.0,
            it.id,
            it.kind.as_str(),
            it.payout.map(|id| id.0),
            it.other_payout.map(|id| id.0),
            &it.reference,
            it.return_number,
            it.stated.amount_paise,
            &it.stated.utr,
            &it.detail,
            it.created_at,
        ],
    )
    .await
    .map(drop)
}

pub(crate) async fn returns_due(on: &mut Connection, now: Timestamp, limit: u32) -> Result<Vec<WaitingReturn>> {
    let rows: Vec<WaitingRow> = on
        .all(
            "SELECT merchant_id, number, reference, payout_id, amount_paise, utr, reason, waits_for, tries, \
         next_try_at, first_seen_at FROM bank_returns WHERE next_try_at <= $1 \
         ORDER BY next_try_at LIMIT $2 + 0",
            values![now, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(WaitingReturn::from).collect())
}

pub(crate) async fn exceptions(
    on: &mut Connection,
    of: &str,
    before: Position,
    limit: u32,
) -> Result<Vec<ExceptionLine>> {
    let which = match of {
        "open" => "resolved_at IS NULL AND",
        "resolved" => "resolved_at IS NOT NULL AND",
        _ => "",
    };
    let query = format!(
        "{SELECT_EXCEPTIONS} WHERE {which} (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3 + 0"
    );
    let rows: Vec<ExceptionRow> = on.all(&query, values![before.at, before.id, i64::from(limit)]).await?;
    rows.into_iter().map(ExceptionLine::try_from).collect()
}

pub(crate) async fn exception(on: &mut Connection, id: Uuid) -> Result<Option<ExceptionLine>> {
    let row: Option<ExceptionRow> =
        on.optional(&format!("{SELECT_EXCEPTIONS}WHERE id = $1 LIMIT 1"), values![id]).await?;
    row.map(ExceptionLine::try_from).transpose()
}

pub(crate) async fn resolve(
    on: &mut Connection,
    id: Uuid,
    resolution: &Resolution,
    done: &OperatorAction,
) -> Result<bool> {
    let merchant = crate::write::owner(done);
    let resolved = on
        .execute(
            "UPDATE exceptions SET resolved_at = $4, resolved_by = $5, resolution = $6 \
         WHERE bucket = $1 AND merchant_id = $2 AND id = $3 AND resolved_at IS NULL",
            values![merchant.bucket().column(), merchant.0, id, resolution.at, &resolution.by, &resolution.reason],
        )
        .await?;
    if resolved == 0 {
        return Ok(false);
    }
    add_action(on, done).await?;
    Ok(true)
}

pub(crate) async fn count_open(on: &mut Connection, limit: u32) -> Result<Waiting> {
    let row: CountRow = on
        .one(
            "SELECT count(*) AS count, min(created_at) AS oldest FROM \
         (SELECT created_at FROM exceptions WHERE resolved_at IS NULL ORDER BY created_at LIMIT $1 + 0) w",
            values![i64::from(limit)],
        )
        .await?;
    Ok(row.into())
}

pub(crate) async fn count_waiting(on: &mut Connection, limit: u32) -> Result<Waiting> {
    let row: CountRow = on
        .one(
            "SELECT count(*) AS count, min(next_try_at) AS oldest FROM (SELECT next_try_at FROM bank_returns \
         WHERE next_try_at IS NOT NULL ORDER BY next_try_at LIMIT $1 + 0) w",
            values![i64::from(limit)],
        )
        .await?;
    Ok(row.into())
}
