//! The few figures over all merchants: what they have together, and how much is waiting.

use jiff::Timestamp;
use payrail_core::backoff::{LONGEST_WAIT, later};
use payrail_core::ids::MerchantId;
use uuid::Uuid;

use crate::Store;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::Result;

/// Merchants whose newest entries are read at a time.
const PAGE: u32 = 1_000;
/// What is counted is counted so far and no further.
pub const COUNTED_MAX: u32 = 10_000;

/// In 128 bits: no sum of balances of 64 bits leaves them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    pub merchants: u64,
    pub available: i128,
    pub held: i128,
    /// The outside world's side.
    pub bank: i128,
}

/// How many wait, and since when the longest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// [`COUNTED_MAX`] at the most.
    pub count: u32,
    pub oldest: Option<Timestamp>,
}

/// Payouts that a worker has taken up and that have no outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// [`COUNTED_MAX`] at the most.
    pub count: i64,
    pub amount_paise: i64,
}

impl FromRow for UnderWay {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { count: row.take("count")?, amount_paise: row.take("amount_paise")? })
    }
}

pub(crate) struct TipsRow {
    pub id: Uuid,
    available_after: Option<i64>,
    held_after: Option<i64>,
}

impl FromRow for TipsRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            id: row.take("id")?,
            available_after: row.take("available_after")?,
            held_after: row.take("held_after")?,
        })
    }
}

pub(crate) struct WaitingRow {
    count: i64,
    oldest: Option<Timestamp>,
}

impl FromRow for WaitingRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { count: row.take("count")?, oldest: row.take("oldest")? })
    }
}

impl From<WaitingRow> for Waiting {
    fn from(row: WaitingRow) -> Self {
        Self { count: u32::try_from(row.count).unwrap_or(COUNTED_MAX), oldest: row.oldest }
    }
}

impl Store {
    /// Every merchant's newest entry, page by page; the cost grows with the merchants, not with their books.
    pub async fn trial_balance(&self) -> Result<TrialBalance> {
        let mut sum = TrialBalance::default();
        let mut after = None;
        loop {
            let page = search!(self, totals::tips(after, PAGE))?;
            for row in &page {
                let available = i128::from(row.available_after.unwrap_or(0));
                let held = i128::from(row.held_after.unwrap_or(0));
                sum.merchants += 1;
                sum.available += available;
                sum.held += held;
                sum.bank -= available + held;
            }
            match page.last() {
                Some(last) if page.len() == PAGE as usize => after = Some(MerchantId(last.id)),
                _ => return Ok(sum),
            }
        }
    }

    pub async fn under_way(&self) -> Result<UnderWay> {
        search!(self, totals::under_way(COUNTED_MAX))
    }

    pub async fn count_in_doubt(&self) -> Result<Waiting> {
        search!(self, totals::in_doubt(COUNTED_MAX))
    }

    pub async fn count_due(&self, now: Timestamp) -> Result<Waiting> {
        search!(self, totals::overdue(now, COUNTED_MAX))
    }

    /// How many are due later than any wait that settings allow, and when the first of them is.
    pub async fn count_due_far_ahead(&self, now: Timestamp) -> Result<Waiting> {
        search!(self, totals::due_after(later(now, LONGEST_WAIT), COUNTED_MAX))
    }
}

pub(crate) async fn tips(on: &mut Connection, after: Option<MerchantId>, limit: u32) -> Result<Vec<TipsRow>> {
    let (bucket, id) = after.map_or((-1, Uuid::nil()), |id| (id.bucket().column(), id.0));
    on.all(
        "SELECT m.id, e.available_after, e.held_after \
         FROM (SELECT bucket, id FROM merchants WHERE (bucket, id) > ($1, $2) \
               ORDER BY bucket, id LIMIT $3 + 0) m \
         LEFT JOIN ledger_entries e ON e.bucket = m.bucket AND e.merchant_id = m.id AND e.seq = \
             (SELECT seq FROM ledger_entries n WHERE n.bucket = m.bucket AND n.merchant_id = m.id \
              ORDER BY seq DESC LIMIT 1) \
         ORDER BY m.bucket, m.id",
        values![bucket, id, i64::from(limit)],
    )
    .await
}

pub(crate) async fn under_way(on: &mut Connection, limit: u32) -> Result<UnderWay> {
    on.one(
        "SELECT count(*) AS count, CAST(coalesce(sum(amount_paise), 0) AS bigint) AS amount_paise FROM \
         (SELECT amount_paise FROM payouts WHERE due_at IS NOT NULL AND status = 'processing' LIMIT $1 + 0) w",
        values![i64::from(limit)],
    )
    .await
}

pub(crate) async fn in_doubt(on: &mut Connection, limit: u32) -> Result<Waiting> {
    let row: WaitingRow = on
        .one(
            "SELECT count(*) AS count, min(doubt_since) AS oldest FROM \
         (SELECT doubt_since FROM payouts WHERE doubt_since IS NOT NULL ORDER BY doubt_since LIMIT $1 + 0) w",
            values![i64::from(limit)],
        )
        .await?;
    Ok(row.into())
}

pub(crate) async fn due_after(on: &mut Connection, after: Timestamp, limit: u32) -> Result<Waiting> {
    let row: WaitingRow = on
        .one(
            "SELECT count(*) AS count, min(due_at) AS oldest FROM \
         (SELECT due_at FROM payouts WHERE due_at > $1 ORDER BY due_at LIMIT $2 + 0) w",
            values![after, i64::from(limit)],
        )
        .await?;
    Ok(row.into())
}

pub(crate) async fn overdue(on: &mut Connection, now: Timestamp, limit: u32) -> Result<Waiting> {
    let row: WaitingRow = on
        .one(
            "SELECT count(*) AS count, min(due_at) AS oldest FROM \
         (SELECT due_at FROM payouts WHERE due_at <= $1 ORDER BY due_at LIMIT $2 + 0) w",
            values![now, i64::from(limit)],
        )
        .await?;
    Ok(row.into())
}
