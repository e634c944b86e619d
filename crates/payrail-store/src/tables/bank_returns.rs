//! The lines of the bank's list of returns, each once, with its outcome if it has one.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::bank_return::{BankReturn, KnownReturn, TakenReturn};
use payrail_types::ids::{MerchantId, PayoutId};
use uuid::Uuid;

use super::owned::Owned;
use crate::database::Read;
use crate::db::{Columns, FromRow, Lookup, TableRow, Visitor, Write, columns_of, values};
use crate::error::{Result, StoreError};
use crate::store::Store;

/// A line of the bank's list that could not be applied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingReturn {
    pub merchant: MerchantId,
    pub payout: PayoutId,
    pub line: BankReturn,
    /// The reason, as text for people.
    pub waits_for: String,
    pub tries: u32,
    pub next_try_at: Timestamp,
    pub first_seen_at: Timestamp,
}

#[derive(Debug, Default)]
pub struct ReturnRow<'a> {
    pub id: Uuid,
    /// The line's number in the bank's list.
    pub number: i64,
    pub reference: Cow<'a, str>,
    pub payout_id: Option<Uuid>,
    pub amount_paise: i64,
    pub utr: Cow<'a, str>,
    pub reason: Cow<'a, str>,
    /// `waiting`, `credited` or `exception`.
    pub status: Cow<'a, str>,
    pub waits_for: Option<Cow<'a, str>>,
    pub tries: i32,
    pub next_try_at: Option<Timestamp>,
    pub first_seen_at: Timestamp,
    pub updated_at: Timestamp,
}

impl<'a> TableRow<'a> for ReturnRow<'a> {
    const TABLE: &'static str = "bank_returns";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("id", &mut self.id)?;
        visitor.column("number", &mut self.number)?;
        visitor.column("reference", &mut self.reference)?;
        visitor.column("payout_id", &mut self.payout_id)?;
        visitor.column("amount_paise", &mut self.amount_paise)?;
        visitor.column("utr", &mut self.utr)?;
        visitor.column("reason", &mut self.reason)?;
        visitor.column("status", &mut self.status)?;
        visitor.column("waits_for", &mut self.waits_for)?;
        visitor.column("tries", &mut self.tries)?;
        visitor.column("next_try_at", &mut self.next_try_at)?;
        visitor.column("first_seen_at", &mut self.first_seen_at)?;
        visitor.column("updated_at", &mut self.updated_at)
    }
}

impl<'a> ReturnRow<'a> {
    fn new(line: &'a BankReturn, payout: PayoutId, status: &'static str, at: Timestamp) -> Self {
        Self {
            id: line.id(),
            number: line.number,
            reference: line.reference.as_str().into(),
            payout_id: Some(payout.0),
            amount_paise: line.amount_paise,
            utr: line.utr.as_str().into(),
            reason: line.reason.as_str().into(),
            status: status.into(),
            first_seen_at: at,
            updated_at: at,
            ..Self::default()
        }
    }
}

impl<'a> From<&'a TakenReturn> for ReturnRow<'a> {
    fn from(taken: &'a TakenReturn) -> Self {
        let status = if taken.credited { "credited" } else { "exception" };
        Self::new(&taken.line, taken.payout, status, taken.at)
    }
}

impl FromRow for WaitingReturn {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let owned = Owned::<ReturnRow>::from_row(row)?;
        let (merchant, row) = (owned.merchant(), owned.row);
        let incomplete = || StoreError::Corrupt(format!("return {} waits for nothing, or never", row.id));
        let (Some(payout), Some(waits_for), Some(next_try_at)) = (row.payout_id, &row.waits_for, row.next_try_at)
        else {
            return Err(incomplete());
        };
        let line = BankReturn {
            number: row.number,
            reference: row.reference.into_owned(),
            amount_paise: row.amount_paise,
            utr: row.utr.into_owned(),
            reason: row.reason.into_owned(),
        };
        Ok(Self {
            merchant,
            payout: PayoutId(payout),
            line,
            waits_for: waits_for.to_string(),
            tries: u32::try_from(row.tries).unwrap_or(0),
            next_try_at,
            first_seen_at: row.first_seen_at,
        })
    }
}

/// Columns of a return `r`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<ReturnRow>("r"));
/// Columns of a return `r` with its owner.
pub(crate) static OWNED: LazyLock<String> = LazyLock::new(|| columns_of::<Owned<ReturnRow>>("r"));

/// Writes a line's outcome. The line may have waited before.
pub(crate) static TAKE: LazyLock<Write> = LazyLock::new(|| {
    Write::upsert::<Owned<ReturnRow>>(
        " ON CONFLICT (bucket, merchant_id, id) DO UPDATE SET status = excluded.status, waits_for = NULL, \
         next_try_at = NULL, updated_at = excluded.updated_at",
    )
});

/// Makes a line wait, for the first time or again. A line with an outcome does not change.
static SET_ASIDE: LazyLock<Write> = LazyLock::new(|| {
    Write::upsert::<Owned<ReturnRow>>(
        " ON CONFLICT (bucket, merchant_id, id) DO UPDATE SET waits_for = excluded.waits_for, \
         tries = bank_returns.tries + 1, next_try_at = excluded.next_try_at, updated_at = excluded.updated_at \
         WHERE bank_returns.status = 'waiting'",
    )
});

/// Reads the line, and the line that credited its payout.
pub(crate) static BY_LINE: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("bucket", "smallint"), ("merchant_id", "uuid"), ("payout_id", "uuid"), ("id", "uuid")],
        "SELECT merchant_id, id, payout_id, status FROM bank_returns b \
         WHERE b.bucket = {bucket} AND b.merchant_id = {merchant_id} AND b.id = {id} \
         UNION ALL \
         SELECT merchant_id, id, payout_id, status FROM bank_returns b \
         WHERE b.bucket = {bucket} AND b.merchant_id = {merchant_id} AND b.payout_id = {payout_id} \
           AND b.status = 'credited' LIMIT 2",
    )
});

/// A line that was read before.
pub(crate) struct KnownReturnRow {
    pub merchant_id: Uuid,
    pub id: Uuid,
    payout_id: Option<Uuid>,
    status: String,
}

impl FromRow for KnownReturnRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            merchant_id: row.take("merchant_id")?,
            id: row.take("id")?,
            payout_id: row.take("payout_id")?,
            status: row.take("status")?,
        })
    }
}

impl KnownReturnRow {
    /// A waiting line has no outcome yet.
    pub fn known(&self) -> Option<KnownReturn> {
        let payout = PayoutId(self.payout_id?);
        (self.status != "waiting").then_some(KnownReturn { payout, credited: self.status == "credited" })
    }
}

impl Store {
    /// Makes a line that cannot be applied yet wait until `next_try_at`. A line with an outcome does not change.
    pub async fn set_aside(&self, waiting: &WaitingReturn, now: Timestamp) -> Result<()> {
        let row = ReturnRow {
            waits_for: Some(waiting.waits_for.as_str().into()),
            tries: 1,
            next_try_at: Some(waiting.next_try_at),
            ..ReturnRow::new(&waiting.line, waiting.payout, "waiting", now)
        };
        let mut on = self.of(waiting.merchant).begin().await?;
        // SQLite's triggers refuse a change of a line with an outcome before ON CONFLICT applies.
        let ended = "SELECT status FROM bank_returns \
                     WHERE bucket = $1 AND merchant_id = $2 AND id = $3 AND status <> 'waiting'";
        let key = values![waiting.merchant.bucket().column(), waiting.merchant.0, row.id];
        if on.optional::<(String,)>(ended, key).await?.is_none() {
            on.write_some(SET_ASIDE.batch([Owned::new(waiting.merchant, row)])).await?;
        }
        on.commit().await
    }

    /// The waiting returns that are due, the longest due first.
    pub async fn returns_due(&self, now: Timestamp, limit: u32) -> Result<Vec<WaitingReturn>> {
        let sql = format!(
            "SELECT {} FROM bank_returns r WHERE r.next_try_at <= $1 ORDER BY r.next_try_at LIMIT $2 + 0",
            *OWNED
        );
        let values = values![now, i64::from(limit)];
        let due = |line: &WaitingReturn| line.next_try_at;
        self.first_of_each(Read::Long, &sql, values, limit, |one, other| due(one).cmp(&due(other))).await
    }

    /// The waiting returns that are due after this time, the latest first.
    pub async fn returns_due_after(&self, after: Timestamp, limit: u32) -> Result<Vec<WaitingReturn>> {
        let sql = format!(
            "SELECT {} FROM bank_returns r WHERE r.next_try_at > $1 ORDER BY r.next_try_at DESC LIMIT $2 + 0",
            *OWNED
        );
        let values = values![after, i64::from(limit)];
        let due = |line: &WaitingReturn| line.next_try_at;
        self.first_of_each(Read::Long, &sql, values, limit, |one, other| due(other).cmp(&due(one))).await
    }

    /// All waiting returns, the next due first.
    pub async fn waiting_returns(&self, limit: u32) -> Result<Vec<WaitingReturn>> {
        self.returns_due(Timestamp::MAX, limit).await
    }
}
