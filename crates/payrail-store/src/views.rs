//! What the dashboard reads of one merchant: the whole ledger, a payout's entries, the course of the balance,
//! what became of the newest payouts. Each costs the same however long the book is.

use jiff::Timestamp;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::{Balances, EntryKind};
use payrail_core::money::{Amount, Paise};
use payrail_core::payout::Status;

use crate::Store;
use crate::db::{Columns, Connection, FromRow, values};
use crate::error::{Result, StoreError};
use crate::rows::{ENTRY_COLUMNS, EntryRow, LedgerLine};

/// What a merchant had after entry `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceLine {
    pub seq: i64,
    pub after: Balances,
    pub created_at: Timestamp,
}

pub(crate) struct BalanceRow {
    seq: i64,
    available_after: i64,
    held_after: i64,
    created_at: Timestamp,
}

impl FromRow for BalanceRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.take("seq")?,
            available_after: row.take("available_after")?,
            held_after: row.take("held_after")?,
            created_at: row.take("created_at")?,
        })
    }
}

impl From<BalanceRow> for BalanceLine {
    fn from(row: BalanceRow) -> Self {
        let after = Balances { available: Paise::new(row.available_after), held: Paise::new(row.held_after) };
        Self { seq: row.seq, after, created_at: row.created_at }
    }
}

/// What has become of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutcomeLine {
    pub status: Status,
    pub is_in_doubt: bool,
    pub amount: Amount,
    pub created_at: Timestamp,
}

pub(crate) struct OutcomeRow {
    status: String,
    doubt_since: Option<Timestamp>,
    amount_paise: i64,
    created_at: Timestamp,
}

impl FromRow for OutcomeRow {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            status: row.take("status")?,
            doubt_since: row.take("doubt_since")?,
            amount_paise: row.take("amount_paise")?,
            created_at: row.take("created_at")?,
        })
    }
}

impl TryFrom<OutcomeRow> for OutcomeLine {
    type Error = StoreError;

    fn try_from(row: OutcomeRow) -> Result<Self> {
        let status = Status::parse(&row.status);
        Ok(Self {
            status: status.ok_or_else(|| StoreError::Corrupt(format!("unknown status {:?}", row.status)))?,
            is_in_doubt: row.doubt_since.is_some(),
            amount: Amount::new(row.amount_paise).map_err(|error| StoreError::Corrupt(error.to_string()))?,
            created_at: row.created_at,
        })
    }
}

impl Store {
    /// The entries with numbers in `from..before`, of one kind or all, newest first.
    pub async fn entries_newest_first(
        &self,
        merchant: MerchantId,
        kind: Option<EntryKind>,
        from: i64,
        before: i64,
        limit: u32,
    ) -> Result<Vec<LedgerLine>> {
        read!(self, views::entries_newest_first(merchant, kind, from, before, limit))
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
        read!(self, views::entries_oldest_first(merchant, kind, after, up_to))
    }

    /// The payout's settlement or refund and its return, if there are such; not its hold, which no index finds.
    pub async fn entries_of_payout(&self, merchant: MerchantId, payout: PayoutId) -> Result<Vec<LedgerLine>> {
        read!(self, views::entries_of_payout(merchant, payout))
    }

    /// The number of the newest event, 0 if there is none.
    pub async fn newest_event(&self, merchant: MerchantId) -> Result<i64> {
        read!(self, views::newest_event(merchant))
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
        read!(self, views::balances_over(merchant, first, last, steps))
    }

    /// Of the newest payouts with ids from `from` on.
    pub async fn outcomes(&self, merchant: MerchantId, from: PayoutId, limit: u32) -> Result<Vec<OutcomeLine>> {
        read!(self, views::outcomes(merchant, from, limit))
    }
}

pub(crate) async fn entries_newest_first(
    on: &mut Connection,
    merchant: MerchantId,
    kind: Option<EntryKind>,
    from: i64,
    before: i64,
    limit: u32,
) -> Result<Vec<LedgerLine>> {
    let rows: Vec<EntryRow> = on
        .all(
            &format!(
                "SELECT {ENTRY_COLUMNS} FROM ledger_entries e \
         WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq >= $3 AND e.seq < $4 \
           AND e.kind = coalesce($5, e.kind) \
         ORDER BY e.seq DESC LIMIT $6 + 0"
            ),
            values![
                merchant.bucket().column(),
                merchant.0,
                from,
                before,
                kind.map(EntryKind::as_str),
                i64::from(limit)
            ],
        )
        .await?;
    rows.into_iter().map(LedgerLine::try_from).collect()
}

pub(crate) async fn entries_oldest_first(
    on: &mut Connection,
    merchant: MerchantId,
    kind: Option<EntryKind>,
    after: i64,
    up_to: i64,
) -> Result<Vec<LedgerLine>> {
    let rows: Vec<EntryRow> = on
        .all(
            &format!(
                "SELECT {ENTRY_COLUMNS}, (SELECT p.utr FROM payouts p \
            WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id) AS utr \
         FROM ledger_entries e \
         WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq > $3 AND e.seq <= $4 \
           AND e.kind = coalesce($5, e.kind) \
         ORDER BY e.seq"
            ),
            values![merchant.bucket().column(), merchant.0, after, up_to, kind.map(EntryKind::as_str)],
        )
        .await?;
    rows.into_iter().map(LedgerLine::try_from).collect()
}

/// By the two partial indexes that keep a payout from a second outcome and a second return.
pub(crate) async fn entries_of_payout(
    on: &mut Connection,
    merchant: MerchantId,
    payout: PayoutId,
) -> Result<Vec<LedgerLine>> {
    let rows: Vec<EntryRow> = on
        .all(
            "SELECT seq, kind, amount_paise, available_after, held_after, payout_id, description, created_at \
         FROM ledger_entries \
         WHERE bucket = $1 AND merchant_id = $2 AND payout_id = $3 AND kind IN ('settle', 'refund') \
         UNION ALL \
         SELECT seq, kind, amount_paise, available_after, held_after, payout_id, description, created_at \
         FROM ledger_entries \
         WHERE bucket = $1 AND merchant_id = $2 AND payout_id = $3 AND kind = 'return' \
         ORDER BY seq",
            values![merchant.bucket().column(), merchant.0, payout.0],
        )
        .await?;
    rows.into_iter().map(LedgerLine::try_from).collect()
}

pub(crate) async fn newest_event(on: &mut Connection, merchant: MerchantId) -> Result<i64> {
    let row: Option<(i64,)> = on
        .optional(
            "SELECT seq FROM outbox WHERE bucket = $1 AND merchant_id = $2 ORDER BY seq DESC LIMIT 1",
            values![merchant.bucket().column(), merchant.0],
        )
        .await?;
    Ok(row.map_or(0, |(seq,)| seq))
}

/// One look-up by primary key each, for `steps` + 1 numbers. (CROSS JOIN keeps SQLite to that order.)
pub(crate) async fn balances_over(
    on: &mut Connection,
    merchant: MerchantId,
    first: i64,
    last: i64,
    steps: i64,
) -> Result<Vec<BalanceLine>> {
    let rows: Vec<BalanceRow> = on
        .all(
            "WITH RECURSIVE step (number) AS ( \
             SELECT CAST(0 AS bigint) UNION ALL SELECT number + 1 FROM step WHERE number < $5) \
         SELECT e.seq, e.available_after, e.held_after, e.created_at \
         FROM step CROSS JOIN ledger_entries e \
         WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq = CAST($3 AS bigint) + step.number * (CAST($4 AS bigint) - CAST($3 AS bigint)) / $6 \
         ORDER BY e.seq",
            values![merchant.bucket().column(), merchant.0, first, last, steps, steps.max(1)],
        )
        .await?;
    Ok(rows.into_iter().map(BalanceLine::from).collect())
}

pub(crate) async fn outcomes(
    on: &mut Connection,
    merchant: MerchantId,
    from: PayoutId,
    limit: u32,
) -> Result<Vec<OutcomeLine>> {
    let rows: Vec<OutcomeRow> = on
        .all(
            "SELECT status, doubt_since, amount_paise, created_at FROM payouts \
         WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id DESC LIMIT $4 + 0",
            values![merchant.bucket().column(), merchant.0, from.0, i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(OutcomeLine::try_from).collect()
}
