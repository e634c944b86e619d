//! Figures over all merchants: the sums of their balances, and how much is waiting.

use std::ops::Add;

use futures::future::try_join_all;
use jiff::Timestamp;
use payrail_core::backoff::{LONGEST_WAIT, later};
use payrail_types::ids::MerchantId;
use payrail_types::rail::RailId;
use uuid::Uuid;

use crate::database::{Database, Read};
use crate::db::{Columns, FromRow, Value, values};
use crate::error::Result;
use crate::store::Store;
use crate::tables::payouts::WAITING_RAILS;

/// How many merchants' newest entries are read at a time.
const PAGE: u32 = 1_000;
/// Counts stop here.
pub const COUNTED_MAX: u32 = 10_000;

/// Sums in 128 bits, which hold any sum of 64-bit balances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TrialBalance {
    pub merchants: u64,
    pub available: i128,
    pub held: i128,
    /// The bank's side.
    pub bank: i128,
}

impl Add for TrialBalance {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            merchants: self.merchants + other.merchants,
            available: self.available + other.available,
            held: self.held + other.held,
            bank: self.bank + other.bank,
        }
    }
}

/// The number of waiting items, and the time of the oldest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// At most [`COUNTED_MAX`].
    pub count: u32,
    pub oldest: Option<Timestamp>,
}

/// Payouts that a worker has claimed and that have no outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnderWay {
    /// At most [`COUNTED_MAX`].
    pub count: i64,
    pub amount_paise: i64,
}

impl Add for UnderWay {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { count: self.count + other.count, amount_paise: self.amount_paise.saturating_add(other.amount_paise) }
    }
}

impl FromRow for UnderWay {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { count: row.take("count")?, amount_paise: row.take("amount_paise")? })
    }
}

struct TipsRow {
    id: Uuid,
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

impl Add for Waiting {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        let oldest = self.oldest.into_iter().chain(other.oldest).min();
        Self { count: (self.count + other.count).min(COUNTED_MAX), oldest }
    }
}

impl FromRow for Waiting {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let count: i64 = row.take("count")?;
        let count = u32::try_from(count).unwrap_or(COUNTED_MAX).min(COUNTED_MAX);
        Ok(Self { count, oldest: row.take("oldest")? })
    }
}

/// How many payouts wait that are due in this time, and since when the first: rail by rail, each counted so far and no
/// further.
fn waiting(time: &str) -> String {
    format!(
        "{WAITING_RAILS} SELECT CAST(coalesce(sum(w.number), 0) AS bigint) AS count, min(w.first) AS oldest FROM \
         (SELECT (SELECT count(*) FROM (SELECT 1 FROM payouts p WHERE p.rail = r.rail AND {time} LIMIT $2 + 0) n) \
             AS number, \
             (SELECT p.due_at FROM payouts p WHERE p.rail = r.rail AND {time} ORDER BY p.due_at LIMIT 1) AS first \
          FROM rails r WHERE r.rail IS NOT NULL) w"
    )
}

impl Store {
    /// Reads every merchant's newest entry, page by page. The cost grows with the merchants, not with their books.
    pub async fn trial_balance(&self) -> Result<TrialBalance> {
        let sums = try_join_all(self.each().map(trial_balance)).await?;
        Ok(sums.into_iter().fold(TrialBalance::default(), Add::add))
    }

    /// Of one rail.
    pub async fn under_way(&self, rail: RailId) -> Result<UnderWay> {
        let sql = "SELECT count(*) AS count, CAST(coalesce(sum(amount_paise), 0) AS bigint) AS amount_paise FROM \
                   (SELECT amount_paise FROM payouts WHERE due_at IS NOT NULL AND status = 'processing' AND rail = $2 \
                    LIMIT $1 + 0) w";
        self.sum_of_each(sql, values![i64::from(COUNTED_MAX), rail.as_str()]).await
    }

    pub async fn count_in_doubt(&self) -> Result<Waiting> {
        let sql = "SELECT count(*) AS count, min(doubt_since) AS oldest FROM (SELECT doubt_since FROM payouts \
                   WHERE doubt_since IS NOT NULL ORDER BY doubt_since LIMIT $1 + 0) w";
        self.sum_of_each(sql, values![i64::from(COUNTED_MAX)]).await
    }

    pub async fn count_due(&self, now: Timestamp) -> Result<Waiting> {
        self.sum_of_each(&waiting("p.due_at <= $1"), values![now, i64::from(COUNTED_MAX)]).await
    }

    /// How many are due later than any wait that settings allow, and when the first of them is.
    pub async fn count_due_far_ahead(&self, now: Timestamp) -> Result<Waiting> {
        let values = values![later(now, LONGEST_WAIT), i64::from(COUNTED_MAX)];
        self.sum_of_each(&waiting("p.due_at > $1"), values).await
    }

    /// How many exceptions are open, and since when the oldest.
    pub async fn count_exceptions(&self) -> Result<Waiting> {
        let sql = "SELECT count(*) AS count, min(created_at) AS oldest FROM (SELECT created_at FROM exceptions \
                   WHERE resolved_at IS NULL ORDER BY created_at LIMIT $1 + 0) w";
        self.sum_of_each(sql, values![i64::from(COUNTED_MAX)]).await
    }

    /// How many returns wait, and when the next is tried.
    pub async fn count_waiting_returns(&self) -> Result<Waiting> {
        let sql = "SELECT count(*) AS count, min(next_try_at) AS oldest FROM (SELECT next_try_at FROM bank_returns \
                   WHERE next_try_at IS NOT NULL ORDER BY next_try_at LIMIT $1 + 0) w";
        self.sum_of_each(sql, values![i64::from(COUNTED_MAX)]).await
    }

    async fn sum_of_each<T: FromRow + Add<Output = T> + Default>(&self, sql: &str, values: &[Value<'_>]) -> Result<T> {
        Ok(self.of_each(Read::Long, sql, values).await?.into_iter().fold(T::default(), Add::add))
    }
}

async fn trial_balance(database: &Database) -> Result<TrialBalance> {
    let mut sum = TrialBalance::default();
    let mut after = None;
    loop {
        let page = page_of_tips(database, after).await?;
        for row in &page {
            let available = i128::from(row.available_after.unwrap_or(0));
            let held = i128::from(row.held_after.unwrap_or(0));
            sum = sum + TrialBalance { merchants: 1, available, held, bank: -available - held };
        }
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = Some(MerchantId(last.id)),
            _ => return Ok(sum),
        }
    }
}

async fn page_of_tips(database: &Database, after: Option<MerchantId>) -> Result<Vec<TipsRow>> {
    let (bucket, id) = after.map_or((-1, Uuid::nil()), |id| (id.bucket().column(), id.0));
    let sql = "SELECT m.id, e.available_after, e.held_after \
               FROM (SELECT bucket, id FROM merchants WHERE (bucket, id) > ($1, $2) \
                     ORDER BY bucket, id LIMIT $3 + 0) m \
               LEFT JOIN ledger_entries e ON e.bucket = m.bucket AND e.merchant_id = m.id AND e.seq = \
                   (SELECT seq FROM ledger_entries n WHERE n.bucket = m.bucket AND n.merchant_id = m.id \
                    ORDER BY seq DESC LIMIT 1) \
               ORDER BY m.bucket, m.id";
    database.long_read().await?.all(sql, values![bucket, id, i64::from(PAGE)]).await
}
