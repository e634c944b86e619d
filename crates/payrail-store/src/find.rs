//! An exact search in one merchant's payouts. An id or a UTR is looked up by its index, in all of history. No index
//! leads to accounts, amounts and endings (each would cost every payout a write): they are searched in the newest
//! payouts, so many at the most.

use jiff::Timestamp;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::Payout;

use crate::Store;
use crate::db::{Connection, values};
use crate::error::Result;
use crate::rows::{PAYOUT_COLUMNS, PayoutRow};

/// Payouts in which what has no index is searched.
pub const SEARCHED_MAX: i64 = 50_000;
const FOUND_MAX: u32 = 20;

/// What a payout is found by.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// A UTR, in its own case or in capitals, or a bank account.
    pub text: &'a str,
    /// In paise.
    pub amounts: [Option<i64>; 2],
    /// The last eight hexadecimal digits of an id, in lower case.
    pub ending: Option<&'a str>,
}

/// The same over all merchants, where each payout is read through its hold.
pub const SEARCHED_OF_ALL_MAX: i64 = 20_000;

/// Payouts of all merchants.
#[derive(Clone, Debug, Default)]
pub struct FoundOfAll {
    /// Newest first.
    pub payouts: Vec<(MerchantId, Payout)>,
    /// Where the search without an index ended, if there are older payouts.
    pub searched_back_to: Option<Timestamp>,
}

#[derive(Clone, Debug, Default)]
pub struct FoundPayouts {
    /// Newest first.
    pub payouts: Vec<Payout>,
    /// Where the search without an index ended, if there are older payouts.
    pub searched_back_to: Option<Timestamp>,
}

impl Store {
    pub async fn find_payouts(
        &self,
        merchant: MerchantId,
        named: Option<PayoutId>,
        wanted: &Wanted<'_>,
    ) -> Result<FoundPayouts> {
        let mut payouts = match named {
            Some(id) => self.payout(merchant, id).await?.into_iter().collect(),
            None => Vec::new(),
        };
        payouts.extend(search!(self, find::by_utr(merchant, wanted.text, FOUND_MAX))?);
        payouts.extend(search!(self, find::among_newest(merchant, wanted, SEARCHED_MAX, FOUND_MAX))?);
        payouts.sort_by_key(|payout| std::cmp::Reverse(payout.id));
        payouts.dedup_by_key(|payout| payout.id);
        payouts.truncate(FOUND_MAX as usize);
        let searched_back_to = search!(self, find::older_than(merchant, SEARCHED_MAX))?;
        Ok(FoundPayouts { payouts, searched_back_to })
    }

    /// As [`Store::find_payouts`], for operators.
    pub async fn find_payouts_of_all(&self, named: Option<PayoutId>, wanted: &Wanted<'_>) -> Result<FoundOfAll> {
        let mut payouts = Vec::new();
        if let Some(id) = named
            && let Some(merchant) = self.merchant_of_payout(id).await?
        {
            payouts.extend(self.payout(merchant, id).await?.map(|payout| (merchant, payout)));
        }
        payouts.extend(search!(self, find::by_utr_of_all(wanted.text, FOUND_MAX))?);
        payouts.extend(search!(self, find::among_newest_of_all(wanted, SEARCHED_OF_ALL_MAX, FOUND_MAX))?);
        payouts.sort_by_key(|(_, payout)| std::cmp::Reverse((payout.created_at, payout.id)));
        payouts.dedup_by_key(|(_, payout)| payout.id);
        payouts.truncate(FOUND_MAX as usize);
        let searched_back_to = search!(self, find::older_than_of_all(SEARCHED_OF_ALL_MAX))?;
        Ok(FoundOfAll { payouts, searched_back_to })
    }
}

/// How the database writes the last eight digits of an id.
fn ending(on: &Connection) -> &'static str {
    if on.is_sqlite() { "lower(hex(substr(id, 13, 4)))" } else { "right(CAST(id AS text), 8)" }
}

/// `+ bucket`: the index of UTRs is to be used, never the walk through all of the merchant's payouts.
pub(crate) async fn by_utr(on: &mut Connection, merchant: MerchantId, utr: &str, limit: u32) -> Result<Vec<Payout>> {
    let rows: Vec<PayoutRow> = on
        .all(
            &format!(
                "SELECT {PAYOUT_COLUMNS} FROM payouts WHERE utr IN ($3, $4) AND + bucket = $1 AND merchant_id = $2 \
         ORDER BY id DESC LIMIT $5 + 0"
            ),
            values![merchant.bucket().column(), merchant.0, utr, &*utr.to_uppercase(), i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(Payout::try_from).collect()
}

pub(crate) async fn among_newest(
    on: &mut Connection,
    merchant: MerchantId,
    wanted: &Wanted<'_>,
    searched: i64,
    limit: u32,
) -> Result<Vec<Payout>> {
    let rows: Vec<PayoutRow> = on.all(&format!("SELECT {PAYOUT_COLUMNS} FROM (SELECT {PAYOUT_COLUMNS} FROM payouts WHERE bucket = $1 AND merchant_id = $2 ORDER BY id DESC LIMIT $3 + 0) AS newest \
         WHERE bank_account_id = $4 OR amount_paise = $5 OR amount_paise = $6 OR {} = $7 ORDER BY id DESC LIMIT $8 + 0", ending(on)), values![merchant.bucket().column(), merchant.0, searched, wanted.text, wanted.amounts[0], wanted.amounts[1], wanted.ending, i64::from(limit)]).await?;
    rows.into_iter().map(Payout::try_from).collect()
}

pub(crate) async fn by_utr_of_all(on: &mut Connection, utr: &str, limit: u32) -> Result<Vec<(MerchantId, Payout)>> {
    let rows: Vec<PayoutRow> = on
        .all(
            &format!("SELECT {PAYOUT_COLUMNS} FROM payouts WHERE utr IN ($1, $2) LIMIT $3 + 0"),
            values![utr, &*utr.to_uppercase(), i64::from(limit)],
        )
        .await?;
    rows.into_iter().map(|row| Ok((MerchantId(row.merchant_id), Payout::try_from(row)?))).collect()
}

/// By their holds, as the list of all merchants' payouts is read.
pub(crate) async fn among_newest_of_all(
    on: &mut Connection,
    wanted: &Wanted<'_>,
    searched: i64,
    limit: u32,
) -> Result<Vec<(MerchantId, Payout)>> {
    let rows: Vec<PayoutRow> = on.all(&format!("SELECT {PAYOUT_COLUMNS} FROM (SELECT bucket AS b, merchant_id AS m, payout_id AS p, created_at AS held_at \
                FROM ledger_entries WHERE kind = 'hold' ORDER BY created_at DESC, payout_id DESC \
                LIMIT $1 + 0) h \
         JOIN payouts ON bucket = h.b AND merchant_id = h.m AND id = h.p \
         WHERE bank_account_id = $2 OR amount_paise = $3 OR amount_paise = $4 OR {} = $5 ORDER BY h.held_at DESC, id DESC LIMIT $6 + 0", ending(on)), values![searched, wanted.text, wanted.amounts[0], wanted.amounts[1], wanted.ending, i64::from(limit)]).await?;
    rows.into_iter().map(|row| Ok((MerchantId(row.merchant_id), Payout::try_from(row)?))).collect()
}

pub(crate) async fn older_than_of_all(on: &mut Connection, count: i64) -> Result<Option<Timestamp>> {
    let rows: Vec<(Timestamp,)> = on
        .all(
            "SELECT created_at FROM ledger_entries WHERE kind = 'hold' \
         ORDER BY created_at DESC, payout_id DESC LIMIT 2 OFFSET $1 + 0",
            values![count - 1],
        )
        .await?;
    Ok(rows.first().filter(|_| rows.len() > 1).map(|(at,)| *at))
}

/// When the oldest of the newest `count` payouts was made, if there are older ones.
pub(crate) async fn older_than(on: &mut Connection, merchant: MerchantId, count: i64) -> Result<Option<Timestamp>> {
    let rows: Vec<(Timestamp,)> = on
        .all(
            "SELECT created_at FROM payouts WHERE bucket = $1 AND merchant_id = $2 \
         ORDER BY id DESC LIMIT 2 OFFSET $3 + 0",
            values![merchant.bucket().column(), merchant.0, count - 1],
        )
        .await?;
    Ok(rows.first().filter(|_| rows.len() > 1).map(|(at,)| *at))
}
