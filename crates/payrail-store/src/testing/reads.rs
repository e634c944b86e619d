//! Reads that only tests ask for.

use jiff::Timestamp;
use payrail_core::payout::Payout;
use payrail_types::ids::{MerchantId, PayoutId};
use uuid::Uuid;

use crate::audit::{Place, Snapshot};
use crate::db::values;
use crate::error::Result;
use crate::store::Store;
use crate::tables::ledger_entries::{self, LedgerLine};
use crate::tables::payouts;

impl Store {
    /// The payouts that are due, the longest due first.
    pub async fn due(&self, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
        let due = self.due_from(payrail_types::rail::RailId::DEFAULT, Timestamp::UNIX_EPOCH, now, limit).await?;
        Ok(due.into_iter().map(|(merchant, id, _)| (merchant, id)).collect())
    }
}

impl Store {
    /// A snapshot of the merchant's cell.
    pub async fn snapshot_of(&self, merchant: MerchantId) -> Result<Snapshot> {
        self.snapshot(Place { bucket: merchant.bucket().column(), merchant_id: merchant.0 }).await
    }
}

/// Whole books as the core knows them; the auditor reads plain rows (`audit.rs`).
impl Snapshot {
    /// Every entry after number `after`, in order.
    pub async fn entries_after(&mut self, merchant: MerchantId, after: i64, limit: u32) -> Result<Vec<LedgerLine>> {
        let sql = format!(
            "SELECT {} FROM ledger_entries e WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq > $3 \
             ORDER BY e.seq LIMIT $4 + 0",
            *ledger_entries::COLUMNS
        );
        self.0.all(&sql, values![merchant.bucket().column(), merchant.0, after, i64::from(limit)]).await
    }

    /// Oldest first, newer than payout `after`.
    pub async fn payouts_after(
        &mut self,
        merchant: MerchantId,
        after: Option<PayoutId>,
        limit: u32,
    ) -> Result<Vec<Payout>> {
        let sql = format!(
            "SELECT {} FROM payouts p WHERE p.bucket = $1 AND p.merchant_id = $2 AND p.id > $3 \
             ORDER BY p.id LIMIT $4 + 0",
            *payouts::COLUMNS
        );
        let after = after.map_or(Uuid::nil(), |id| id.0);
        self.0.all(&sql, values![merchant.bucket().column(), merchant.0, after, i64::from(limit)]).await
    }
}
