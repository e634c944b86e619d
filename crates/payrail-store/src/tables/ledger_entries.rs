//! The ledger. Only the merchant's newest entry has the current balances.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::ledger::{Balances, Entry, EntryKind, Tip};
use payrail_core::payout::Status;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::money::Paise;
use payrail_types::word::Word;
use uuid::Uuid;

use super::owned::Owned;
use super::parse::{amount, word};
use crate::db::{Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::{Result, StoreError};
use crate::store::Store;

#[derive(Debug, Default)]
pub struct EntryRow<'a> {
    pub seq: i64,
    pub kind: Cow<'a, str>,
    pub amount_paise: i64,
    pub available_after: i64,
    pub held_after: i64,
    pub payout_id: Option<Uuid>,
    pub description: Option<Cow<'a, str>>,
    pub created_at: Timestamp,
}

impl<'a> TableRow<'a> for EntryRow<'a> {
    const TABLE: &'static str = "ledger_entries";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("seq", &mut self.seq)?;
        visitor.column("kind", &mut self.kind)?;
        visitor.column("amount_paise", &mut self.amount_paise)?;
        visitor.column("available_after", &mut self.available_after)?;
        visitor.column("held_after", &mut self.held_after)?;
        visitor.column("payout_id", &mut self.payout_id)?;
        visitor.column("description", &mut self.description)?;
        visitor.column("created_at", &mut self.created_at)
    }
}

impl<'a> From<&'a Entry> for EntryRow<'a> {
    fn from(entry: &'a Entry) -> Self {
        Self {
            seq: entry.seq,
            kind: entry.kind.as_str().into(),
            amount_paise: entry.amount.get(),
            available_after: entry.after.available.get(),
            held_after: entry.after.held.get(),
            payout_id: entry.payout.map(|id| id.0),
            description: entry.description.as_deref().map(Cow::from),
            created_at: entry.created_at,
        }
    }
}

impl TryFrom<EntryRow<'_>> for Entry {
    type Error = StoreError;

    fn try_from(row: EntryRow<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.seq,
            kind: word(EntryKind::parse(&row.kind), "kind", &row.kind)?,
            amount: amount(row.amount_paise)?,
            after: Balances { available: Paise::new(row.available_after), held: Paise::new(row.held_after) },
            payout: row.payout_id.map(PayoutId),
            description: row.description.map(Cow::into_owned),
            created_at: row.created_at,
        })
    }
}

/// A ledger entry with its payout's account and current status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLine {
    pub entry: Entry,
    pub bank_account_id: Option<String>,
    pub payout_status: Option<Status>,
    /// The bank's reference for the payout; only an export reads it.
    pub utr: Option<String>,
}

impl FromRow for LedgerLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let entry = EntryRow::from_row(row)?.try_into()?;
        let payout: Option<String> = row.take_if_any("payout")?;
        let utr = row.take_if_any("utr")?;
        let (status, account) = payout.as_deref().and_then(|payout| payout.split_once(' ')).unzip();
        let payout_status = status.and_then(Status::parse);
        Ok(Self { entry, bank_account_id: account.map(str::to_owned), payout_status, utr })
    }
}

/// Columns of an entry `e`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<EntryRow>("e"));

/// Of an entry `e`, with its payout's status, a blank and its account. The payout by a sub-query, which has but one
/// plan: to a join, on tables that it has not yet analyzed, PostgreSQL may bring all of the merchant's payouts for each
/// entry. And by one sub-query for both: a second would look the payout up again.
pub(crate) static LINE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}, (SELECT p.status || ' ' || p.bank_account_id FROM payouts p \
         WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id) AS payout",
        *COLUMNS
    )
});

pub(crate) static INSERT: LazyLock<Write> = LazyLock::new(Write::insert::<Owned<EntryRow>>);

/// The newest balances and numbers of a book, all null while it is empty.
pub(crate) struct TipRow {
    pub merchant_id: Uuid,
    seq: Option<i64>,
    available_after: Option<i64>,
    held_after: Option<i64>,
    last_event: Option<i64>,
    /// The newest entry's time.
    pub last_at: Option<Timestamp>,
}

impl FromRow for TipRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            seq: row.take("seq")?,
            available_after: row.take("available_after")?,
            held_after: row.take("held_after")?,
            last_event: row.take("last_event")?,
            last_at: row.take("last_at")?,
        })
    }
}

impl TipRow {
    pub fn tip(&self) -> Tip {
        Tip {
            seq: self.seq.unwrap_or(0),
            balances: Balances {
                available: Paise::new(self.available_after.unwrap_or(0)),
                held: Paise::new(self.held_after.unwrap_or(0)),
            },
        }
    }

    pub fn last_event(&self) -> i64 {
        self.last_event.unwrap_or(0)
    }
}

/// The balances after entry `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceLine {
    pub seq: i64,
    pub after: Balances,
    pub created_at: Timestamp,
}

impl FromRow for BalanceLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let seq = row.take("seq")?;
        let after =
            Balances { available: Paise::new(row.take("available_after")?), held: Paise::new(row.take("held_after")?) };
        Ok(Self { seq, after, created_at: row.take("created_at")? })
    }
}

/// The entries after the hold, by the index that prevents a second hold, outcome or return of a payout.
pub(crate) fn of_payout() -> String {
    format!(
        "SELECT {} FROM ledger_entries e \
         WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.payout_id = $3 AND e.kind <> 'hold' ORDER BY e.seq",
        *COLUMNS
    )
}

impl Store {
    /// Both balances come from one entry, so they are consistent.
    pub async fn tip(&self, merchant: MerchantId) -> Result<Tip> {
        let sql = "SELECT seq, available_after, held_after, created_at FROM ledger_entries \
                   WHERE bucket = $1 AND merchant_id = $2 ORDER BY seq DESC LIMIT 1";
        let values = values![merchant.bucket().column(), merchant.0];
        let newest: Option<BalanceLine> = self.of(merchant).short_read().await?.optional(sql, values).await?;
        Ok(newest.map(|line| Tip { seq: line.seq, balances: line.after }).unwrap_or_default())
    }

    /// The entries before number `before` that change the available balance, newest first.
    pub async fn ledger(&self, merchant: MerchantId, before: i64, limit: u32) -> Result<Vec<LedgerLine>> {
        let sql = format!(
            "SELECT {} FROM ledger_entries e \
             WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq < $3 AND e.kind <> 'settle' \
             ORDER BY e.seq DESC LIMIT $4 + 0",
            *LINE
        );
        let values = values![merchant.bucket().column(), merchant.0, before, i64::from(limit)];
        self.of(merchant).short_read().await?.all(&sql, values).await
    }

    /// The entries with numbers in `from..before`, of one kind or all, newest first.
    pub async fn entries_newest_first(
        &self,
        merchant: MerchantId,
        kind: Option<EntryKind>,
        from: i64,
        before: i64,
        limit: u32,
    ) -> Result<Vec<LedgerLine>> {
        let sql = format!(
            "SELECT {} FROM ledger_entries e \
             WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq >= $3 AND e.seq < $4 \
               AND e.kind = coalesce($5, e.kind) \
             ORDER BY e.seq DESC LIMIT $6 + 0",
            *LINE
        );
        let (bucket, kind) = (merchant.bucket().column(), kind.map(EntryKind::as_str));
        let values = values![bucket, merchant.0, from, before, kind, i64::from(limit)];
        self.of(merchant).short_read().await?.all(&sql, values).await
    }

    /// The entries after number `after` and up to number `up_to`, of one kind or all, oldest first, each with the UTR
    /// of its payout.
    pub async fn entries_oldest_first(
        &self,
        merchant: MerchantId,
        kind: Option<EntryKind>,
        after: i64,
        up_to: i64,
    ) -> Result<Vec<LedgerLine>> {
        let sql = format!(
            "SELECT {}, (SELECT p.utr FROM payouts p \
                WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id) AS utr \
             FROM ledger_entries e \
             WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq > $3 AND e.seq <= $4 \
               AND e.kind = coalesce($5, e.kind) \
             ORDER BY e.seq",
            *LINE
        );
        let values = values![merchant.bucket().column(), merchant.0, after, up_to, kind.map(EntryKind::as_str)];
        self.of(merchant).short_read().await?.all(&sql, values).await
    }

    /// The payout's settlement or refund and its return, if any, without its hold.
    pub async fn entries_of_payout(&self, merchant: MerchantId, payout: PayoutId) -> Result<Vec<LedgerLine>> {
        self.of(merchant)
            .short_read()
            .await?
            .all(&of_payout(), values![merchant.bucket().column(), merchant.0, payout.0])
            .await
    }

    /// The balances after at most `most` (2 or more) entries, spread evenly over `first..=last`, both ends among
    /// them.
    pub async fn balances_over(
        &self,
        merchant: MerchantId,
        first: i64,
        last: i64,
        most: i64,
    ) -> Result<Vec<BalanceLine>> {
        let steps = (last - first).min(most - 1);
        if steps < 0 {
            return Ok(Vec::new());
        }
        // One look-up by primary key each, for `steps` + 1 numbers. (CROSS JOIN keeps SQLite to that order.)
        let sql = "WITH RECURSIVE step (number) AS ( \
                       SELECT CAST(0 AS bigint) UNION ALL SELECT number + 1 FROM step WHERE number < $5) \
                   SELECT e.seq, e.available_after, e.held_after, e.created_at \
                   FROM step CROSS JOIN ledger_entries e \
                   WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq = CAST($3 AS bigint) \
                       + step.number * (CAST($4 AS bigint) - CAST($3 AS bigint)) / $6 \
                   ORDER BY e.seq";
        let values = values![merchant.bucket().column(), merchant.0, first, last, steps, steps.max(1)];
        self.of(merchant).short_read().await?.all(sql, values).await
    }
}
