//! An exact search in one merchant's payouts. Ids and UTRs have an index and are looked up in all of history. Accounts,
//! amounts and endings have none, because each index would cost every payout a write. They are searched in a bounded
//! number of the newest payouts.

use jiff::Timestamp;
use payrail_core::payout::Payout;
use payrail_types::ids::{MerchantId, PayoutId};

use crate::database::Read;
use crate::db::values;
use crate::error::Result;
use crate::store::Store;
use crate::tables::payouts::{COLUMNS, OWNED};

/// How many payouts are searched without an index.
pub const SEARCHED_MAX: i64 = 50_000;
const FOUND_MAX: usize = 20;

/// The key of a search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// A UTR, in its own case or in capitals, or a bank account.
    pub text: &'a str,
    /// In paise.
    pub amounts: [Option<i64>; 2],
    /// The last eight hexadecimal digits of an id, in lower case.
    pub ending: Option<&'a str>,
}

/// The same limit over all merchants, where each payout is read through its hold.
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
        payouts.extend(self.find_by_utr(merchant, wanted.text).await?);
        payouts.extend(self.find_among_newest(merchant, wanted).await?);
        payouts.sort_by_key(|payout| std::cmp::Reverse(payout.id));
        payouts.dedup_by_key(|payout| payout.id);
        payouts.truncate(FOUND_MAX);
        let sql = "SELECT created_at FROM payouts WHERE bucket = $1 AND merchant_id = $2 \
                   ORDER BY id DESC LIMIT 2 OFFSET $3 + 0";
        let values = values![merchant.bucket().column(), merchant.0, SEARCHED_MAX - 1];
        let last: Vec<(Timestamp,)> = self.of(merchant).long_read().await?.all(sql, values).await?;
        Ok(FoundPayouts { payouts, searched_back_to: back_to(&last) })
    }

    /// As [`Store::find_payouts`], for operators.
    pub async fn find_payouts_of_all(&self, named: Option<PayoutId>, wanted: &Wanted<'_>) -> Result<FoundOfAll> {
        let mut payouts = Vec::new();
        if let Some(id) = named
            && let Some(merchant) = self.merchant_of_payout(id).await?
        {
            payouts.extend(self.payout(merchant, id).await?.map(|payout| (merchant, payout)));
        }
        payouts.extend(self.find_by_utr_of_all(wanted.text).await?);
        payouts.extend(self.find_among_newest_of_all(wanted).await?);
        payouts.sort_by_key(|(_, payout)| std::cmp::Reverse((payout.created_at, payout.id)));
        payouts.dedup_by_key(|(_, payout)| payout.id);
        payouts.truncate(FOUND_MAX);
        let sql = "SELECT created_at FROM ledger_entries WHERE kind = 'hold' \
                   ORDER BY created_at DESC, payout_id DESC LIMIT 2 OFFSET $1 + 0";
        let mut searched_back_to = None;
        for database in self.each() {
            let last: Vec<(Timestamp,)> =
                database.long_read().await?.all(sql, values![SEARCHED_OF_ALL_MAX - 1]).await?;
            searched_back_to = searched_back_to.max(back_to(&last));
        }
        Ok(FoundOfAll { payouts, searched_back_to })
    }

    /// `+ bucket` makes SQLite use the index of UTRs instead of a scan of the merchant's payouts.
    async fn find_by_utr(&self, merchant: MerchantId, utr: &str) -> Result<Vec<Payout>> {
        let sql = format!(
            "SELECT {} FROM payouts p WHERE p.utr IN ($3, $4) AND + p.bucket = $1 AND p.merchant_id = $2 \
             ORDER BY p.id DESC LIMIT {FOUND_MAX}",
            *COLUMNS
        );
        let capitals = utr.to_uppercase();
        let values = values![merchant.bucket().column(), merchant.0, utr, &capitals];
        self.of(merchant).long_read().await?.all(&sql, values).await
    }

    async fn find_among_newest(&self, merchant: MerchantId, wanted: &Wanted<'_>) -> Result<Vec<Payout>> {
        let mut on = self.of(merchant).long_read().await?;
        let sql = format!(
            "SELECT {0} FROM (SELECT {0} FROM payouts p WHERE p.bucket = $1 AND p.merchant_id = $2 \
                ORDER BY p.id DESC LIMIT {SEARCHED_MAX}) AS p \
             WHERE p.bank_account_id = $3 OR p.amount_paise = $4 OR p.amount_paise = $5 OR {1} = $6 \
             ORDER BY p.id DESC LIMIT {FOUND_MAX}",
            *COLUMNS,
            ending(self.is_sqlite())
        );
        let [first, second] = wanted.amounts;
        let owner = (merchant.bucket().column(), merchant.0);
        on.all(&sql, values![owner.0, owner.1, wanted.text, first, second, wanted.ending]).await
    }

    async fn find_by_utr_of_all(&self, utr: &str) -> Result<Vec<(MerchantId, Payout)>> {
        let sql = format!("SELECT {} FROM payouts p WHERE p.utr IN ($1, $2) LIMIT {FOUND_MAX}", *OWNED);
        self.of_each(Read::Long, &sql, values![utr, &utr.to_uppercase()]).await
    }

    /// Reads the payouts by their holds, as the list of all merchants' payouts does.
    async fn find_among_newest_of_all(&self, wanted: &Wanted<'_>) -> Result<Vec<(MerchantId, Payout)>> {
        let sql = format!(
            "SELECT {} FROM (SELECT bucket, merchant_id, payout_id, created_at FROM ledger_entries \
                WHERE kind = 'hold' ORDER BY created_at DESC, payout_id DESC LIMIT {SEARCHED_OF_ALL_MAX}) h \
             JOIN payouts p ON p.bucket = h.bucket AND p.merchant_id = h.merchant_id AND p.id = h.payout_id \
             WHERE p.bank_account_id = $1 OR p.amount_paise = $2 OR p.amount_paise = $3 OR {} = $4 \
             ORDER BY h.created_at DESC, p.id DESC LIMIT {FOUND_MAX}",
            *OWNED,
            ending(self.is_sqlite())
        );
        let [first, second] = wanted.amounts;
        self.of_each(Read::Long, &sql, values![wanted.text, first, second, wanted.ending]).await
    }
}

/// SQL for the last eight digits of a payout's id.
const fn ending(is_sqlite: bool) -> &'static str {
    if is_sqlite { "lower(hex(substr(p.id, 13, 4)))" } else { "right(CAST(p.id AS text), 8)" }
}

/// The time of the last payout searched, if there is an older one.
fn back_to(last: &[(Timestamp,)]) -> Option<Timestamp> {
    match last {
        [(at,), _] => Some(*at),
        _ => None,
    }
}
