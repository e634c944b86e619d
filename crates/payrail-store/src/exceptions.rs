//! Exceptions and returns that wait: what operators read of them, how one is resolved, and the small writes beside
//! the books that move no money. What goes with money is written with the rest of its batch.

use jiff::Timestamp;
use payrail_core::bank_return::{BankReturn, Exception, ExceptionKind, Facts};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::operator::OperatorAction;
use sqlx::FromRow;
use uuid::Uuid;

use crate::Store;
use crate::error::{Result, StoreError};
use crate::lists::Position;
use crate::totals::{COUNTED_MAX, Waiting};
use crate::types::At;

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

#[derive(FromRow)]
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
    next_try_at: At,
    first_seen_at: At,
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
            next_try_at: row.next_try_at.0,
            first_seen_at: row.first_seen_at.0,
        }
    }
}

#[derive(FromRow)]
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
    created_at: At,
    resolved_at: Option<At>,
    resolved_by: Option<String>,
    resolution: Option<String>,
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
            created_at: row.created_at.0,
        };
        let resolution = row.resolved_at.map(|at| Resolution {
            at: at.0,
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
        read!(self, exceptions::returns_due(now, limit))
    }

    /// All returns that wait, the next to be tried first.
    pub async fn waiting_returns(&self, limit: u32) -> Result<Vec<WaitingReturn>> {
        read!(self, exceptions::returns_due(Timestamp::MAX, limit))
    }

    /// Newest first.
    pub async fn exceptions(&self, of: ExceptionFilter, before: Position, limit: u32) -> Result<Vec<ExceptionLine>> {
        read!(self, exceptions::exceptions(of.as_str(), before, limit))
    }

    pub async fn exception(&self, id: Uuid) -> Result<Option<ExceptionLine>> {
        read!(self, exceptions::exception(id))
    }

    /// False when it is not there, or was resolved already.
    pub async fn resolve_exception(&self, id: Uuid, resolution: &Resolution, done: &OperatorAction) -> Result<bool> {
        write!(self, exceptions::resolve(id, resolution, done))
    }

    /// How many are open, and since when the oldest.
    pub async fn count_exceptions(&self) -> Result<Waiting> {
        read!(self, exceptions::count_open(COUNTED_MAX))
    }

    /// How many returns wait, and when the next is tried.
    pub async fn count_waiting_returns(&self) -> Result<Waiting> {
        read!(self, exceptions::count_waiting(COUNTED_MAX))
    }
}

/// What every exception is read with.
macro_rules! exception_columns {
    () => {
        "SELECT merchant_id, id, kind, payout_id, other_payout_id, reference, return_number, stated_paise, \
         stated_utr, expected_paise, expected_utr, detail, created_at, resolved_at, resolved_by, resolution \
         FROM exceptions "
    };
}
pub(crate) use exception_columns;

macro_rules! exceptions {
    ($connection:ty) => {
        use jiff::Timestamp;
        use payrail_core::bank_return::Exception;
        use payrail_core::ids::MerchantId;
        use payrail_core::operator::OperatorAction;
        use uuid::Uuid;

        use super::statements::add_action;
        use $crate::error::Result;
        use $crate::exceptions::{
            ExceptionLine, ExceptionRow, Resolution, WaitingReturn, WaitingRow, exception_columns,
        };
        use $crate::lists::Position;
        use $crate::totals::{Waiting, WaitingRow as CountRow};
        use $crate::types::At;

        type Connection = $connection;

        pub async fn set_aside(on: &mut Connection, it: &WaitingReturn, now: Timestamp) -> Result<()> {
            let (bucket, id) = (it.merchant.bucket().column(), it.line.id());
            let waits = sqlx::query(
                "UPDATE bank_returns SET waits_for = $4, tries = tries + 1, next_try_at = $5, updated_at = $6 \
                 WHERE bucket = $1 AND merchant_id = $2 AND id = $3 AND status = 'waiting'",
            )
            .bind(bucket)
            .bind(it.merchant.0)
            .bind(id)
            .bind(&it.waits_for)
            .bind(At(it.next_try_at))
            .bind(At(now))
            .execute(&mut *on)
            .await?;
            if waits.rows_affected() > 0 {
                return Ok(());
            }
            sqlx::query(
                "INSERT INTO bank_returns (bucket, merchant_id, id, number, reference, payout_id, amount_paise, utr, \
                 reason, status, waits_for, tries, next_try_at, first_seen_at, updated_at) \
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, 'waiting', $10, 1, $11, $12, $12 \
                 WHERE NOT EXISTS (SELECT 1 FROM bank_returns WHERE bucket = $1 AND merchant_id = $2 AND id = $3) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(bucket)
            .bind(it.merchant.0)
            .bind(id)
            .bind(it.line.number)
            .bind(&it.line.reference)
            .bind(it.payout.0)
            .bind(it.line.amount_paise)
            .bind(&it.line.utr)
            .bind(&it.line.reason)
            .bind(&it.waits_for)
            .bind(At(it.next_try_at))
            .bind(At(now))
            .execute(on)
            .await?;
            Ok(())
        }

        pub async fn record(on: &mut Connection, merchant: MerchantId, it: &Exception) -> Result<()> {
            sqlx::query(
                "INSERT INTO exceptions (bucket, merchant_id, id, kind, payout_id, other_payout_id, reference, \
                 return_number, stated_paise, stated_utr, detail, created_at) \
                 SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 \
                 WHERE NOT EXISTS (SELECT 1 FROM exceptions WHERE bucket = $1 AND merchant_id = $2 AND id = $3) \
                 ON CONFLICT DO NOTHING",
            )
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(it.id)
            .bind(it.kind.as_str())
            .bind(it.payout.map(|id| id.0))
            .bind(it.other_payout.map(|id| id.0))
            .bind(&it.reference)
            .bind(it.return_number)
            .bind(it.stated.amount_paise)
            .bind(&it.stated.utr)
            .bind(&it.detail)
            .bind(At(it.created_at))
            .execute(on)
            .await?;
            Ok(())
        }

        pub async fn returns_due(on: &mut Connection, now: Timestamp, limit: u32) -> Result<Vec<WaitingReturn>> {
            let rows: Vec<WaitingRow> = sqlx::query_as(
                "SELECT merchant_id, number, reference, payout_id, amount_paise, utr, reason, waits_for, tries, \
                 next_try_at, first_seen_at FROM bank_returns WHERE next_try_at <= $1 \
                 ORDER BY next_try_at LIMIT $2 + 0",
            )
            .bind(At(now))
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?;
            Ok(rows.into_iter().map(WaitingReturn::from).collect())
        }

        pub async fn exceptions(
            on: &mut Connection,
            of: &str,
            before: Position,
            limit: u32,
        ) -> Result<Vec<ExceptionLine>> {
            let query = match of {
                "open" => concat!(
                    exception_columns!(),
                    "WHERE resolved_at IS NULL AND (created_at, id) < ($1, $2) \
                     ORDER BY created_at DESC, id DESC LIMIT $3 + 0"
                ),
                "resolved" => concat!(
                    exception_columns!(),
                    "WHERE resolved_at IS NOT NULL AND (created_at, id) < ($1, $2) \
                     ORDER BY created_at DESC, id DESC LIMIT $3 + 0"
                ),
                _ => concat!(
                    exception_columns!(),
                    "WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3 + 0"
                ),
            };
            let rows: Vec<ExceptionRow> = sqlx::query_as(query)
                .bind(At(before.at))
                .bind(before.id)
                .bind(i64::from(limit))
                .fetch_all(on)
                .await?;
            rows.into_iter().map(ExceptionLine::try_from).collect()
        }

        pub async fn exception(on: &mut Connection, id: Uuid) -> Result<Option<ExceptionLine>> {
            let row: Option<ExceptionRow> = sqlx::query_as(concat!(exception_columns!(), "WHERE id = $1 LIMIT 1"))
                .bind(id)
                .fetch_optional(on)
                .await?;
            row.map(ExceptionLine::try_from).transpose()
        }

        pub async fn resolve(
            on: &mut Connection,
            id: Uuid,
            resolution: &Resolution,
            done: &OperatorAction,
        ) -> Result<bool> {
            let merchant = $crate::types::owner(done);
            let resolved = sqlx::query(
                "UPDATE exceptions SET resolved_at = $4, resolved_by = $5, resolution = $6 \
                 WHERE bucket = $1 AND merchant_id = $2 AND id = $3 AND resolved_at IS NULL",
            )
            .bind(merchant.bucket().column())
            .bind(merchant.0)
            .bind(id)
            .bind(At(resolution.at))
            .bind(&resolution.by)
            .bind(&resolution.reason)
            .execute(&mut *on)
            .await?;
            if resolved.rows_affected() == 0 {
                return Ok(false);
            }
            add_action(on, done).await?;
            Ok(true)
        }

        pub async fn count_open(on: &mut Connection, limit: u32) -> Result<Waiting> {
            let row: CountRow = sqlx::query_as(
                "SELECT count(*) AS count, min(created_at) AS oldest FROM \
                 (SELECT created_at FROM exceptions WHERE resolved_at IS NULL ORDER BY created_at LIMIT $1 + 0) w",
            )
            .bind(i64::from(limit))
            .fetch_one(on)
            .await?;
            Ok(row.into())
        }

        pub async fn count_waiting(on: &mut Connection, limit: u32) -> Result<Waiting> {
            let row: CountRow = sqlx::query_as(
                "SELECT count(*) AS count, min(next_try_at) AS oldest FROM (SELECT next_try_at FROM bank_returns \
                 WHERE next_try_at IS NOT NULL ORDER BY next_try_at LIMIT $1 + 0) w",
            )
            .bind(i64::from(limit))
            .fetch_one(on)
            .await?;
            Ok(row.into())
        }
    };
}
pub(crate) use exceptions;
