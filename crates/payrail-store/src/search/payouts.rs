//! Payouts of one merchant or of all.

use jiff::{SignedDuration, Timestamp};
use payrail_core::payout::Payout;
use payrail_types::ids::{Bucket, MerchantId, PayoutId};

use super::walk::{Found, Walk, Window, newest_first};
use crate::database::Read;
use crate::db::values;
use crate::error::Result;
use crate::position::Position;
use crate::store::Store;
use crate::tables::payouts::OWNED;

#[derive(Clone, Copy, Default)]
pub struct PayoutFilter<'a> {
    pub merchant: Option<MerchantId>,
    pub window: Window,
    /// The other conditions.
    pub takes: Option<&'a (dyn Fn(&Payout) -> bool + Sync)>,
}

impl PayoutFilter<'_> {
    fn fits(&self, payout: &Payout) -> bool {
        self.window.has(payout.created_at) && self.takes.is_none_or(|takes| takes(payout))
    }
}

/// How much older an id may be than its row: a little more than a command may wait in its lane.
const ID_AHEAD: SignedDuration = SignedDuration::from_mins(2);

impl Store {
    pub async fn search_payouts(
        &self,
        filter: &PayoutFilter<'_>,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<(MerchantId, Payout)>> {
        let mut walk = Walk::new(before.unwrap_or(filter.window.end()), limit);
        while let Some(count) = walk.wants(filter.takes.is_some()) {
            let page = match filter.merchant {
                Some(merchant) => self.page_of_payouts(merchant, filter.window, walk.at, count).await?,
                None => self.page_of_all_payouts(filter.window.start(), walk.at, count).await?,
            };
            walk.take(page, count, |(_, payout)| position_of(payout), |(_, payout)| filter.fits(payout));
        }
        Ok(walk.found())
    }

    /// The walk follows the ids, whose times differ from the payouts' only by the wait in the lane.
    async fn page_of_payouts(
        &self,
        merchant: MerchantId,
        window: Window,
        before: Position,
        count: u32,
    ) -> Result<Vec<(MerchantId, Payout)>> {
        let first = |at: Timestamp| PayoutId::new(at, Bucket::new(0), 0);
        let from = first(window.start().saturating_sub(ID_AHEAD).unwrap_or(Timestamp::UNIX_EPOCH));
        // Bounded by the window's end and not by the place, whose time says nothing about the ids of other payouts.
        let end = window.to.and_then(|to| to.saturating_add(ID_AHEAD).ok()).map(first);
        let before = end.map_or(PayoutId(before.id), |end| end.min(PayoutId(before.id)));
        let sql = format!(
            "SELECT {} FROM payouts p WHERE p.bucket = $1 AND p.merchant_id = $2 AND p.id >= $3 AND p.id < $4 \
             ORDER BY p.id DESC LIMIT $5 + 0",
            *OWNED
        );
        let values = values![merchant.bucket().column(), merchant.0, from.0, before.0, i64::from(count)];
        self.of(merchant).long_read().await?.all(&sql, values).await
    }

    /// Reads the payouts by their holds: each has one, created with it and never changed. An index of payouts by time
    /// would be updated with every step of a payout.
    async fn page_of_all_payouts(
        &self,
        from: Timestamp,
        before: Position,
        count: u32,
    ) -> Result<Vec<(MerchantId, Payout)>> {
        let sql = format!(
            "SELECT {} FROM (SELECT bucket, merchant_id, payout_id, created_at FROM ledger_entries \
                WHERE kind = 'hold' AND created_at >= $1 AND (created_at, payout_id) < ($2, $3) \
                ORDER BY created_at DESC, payout_id DESC LIMIT $4 + 0) h \
             JOIN payouts p ON p.bucket = h.bucket AND p.merchant_id = h.merchant_id AND p.id = h.payout_id \
             ORDER BY h.created_at DESC, p.id DESC",
            *OWNED
        );
        let values = values![from, before.at, before.id, i64::from(count)];
        let order = newest_first(|(_, payout): &(MerchantId, Payout)| position_of(payout));
        self.first_of_each(Read::Long, &sql, values, count, order).await
    }
}

fn position_of(payout: &Payout) -> Position {
    Position { id: payout.id.0, ..Position::newest(payout.created_at) }
}
