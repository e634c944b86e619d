//! Idempotency records of one merchant or of all.

use jiff::Timestamp;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_types::ids::MerchantId;

use super::walk::{Found, Walk, Window, newest_first};
use crate::database::Read;
use crate::db::values;
use crate::error::Result;
use crate::position::Position;
use crate::store::Store;
use crate::tables::idempotency_records::{BY_KEY, OWNED};

#[derive(Clone, Debug, Default)]
pub struct RecordFilter {
    pub merchant: Option<MerchantId>,
    pub key: Option<IdempotencyKey>,
    pub window: Window,
}

impl Store {
    pub async fn search_records(
        &self,
        filter: &RecordFilter,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<(MerchantId, Record)>> {
        if let (Some(merchant), Some(key)) = (filter.merchant, filter.key) {
            let key = values![merchant.bucket().column(), merchant.0, key.0];
            let mut on = self.of(merchant).long_read().await?;
            let found: Option<(MerchantId, Record)> = on.optional(BY_KEY.one(), key).await?;
            let fits = |record: &Record| before.is_none() && filter.window.has(record.created_at);
            return Ok(Found { items: found.into_iter().filter(|(_, record)| fits(record)).collect(), next: None });
        }
        let mut walk = Walk::new(before.unwrap_or(filter.window.end()), limit);
        while let Some(count) = walk.wants(filter.merchant.is_some() || filter.key.is_some()) {
            let page = self.page_of_all_records(filter.window.start(), walk.at, count).await?;
            let fits = |(merchant, record): &(MerchantId, Record)| {
                filter.merchant.is_none_or(|of| of == *merchant) && filter.key.is_none_or(|key| key == record.key)
            };
            walk.take(page, count, position_of, fits);
        }
        Ok(walk.found())
    }

    async fn page_of_all_records(
        &self,
        from: Timestamp,
        before: Position,
        count: u32,
    ) -> Result<Vec<(MerchantId, Record)>> {
        let sql = format!(
            "SELECT {} FROM idempotency_records i \
             WHERE i.created_at >= $1 AND (i.created_at, i.merchant_id, i.key) < ($2, $3, $4) \
             ORDER BY i.created_at DESC, i.merchant_id DESC, i.key DESC LIMIT $5 + 0",
            *OWNED
        );
        let values = values![from, before.at, before.owner, before.id, i64::from(count)];
        self.first_of_each(Read::Long, &sql, values, count, newest_first(position_of)).await
    }
}

fn position_of((merchant, record): &(MerchantId, Record)) -> Position {
    Position { owner: merchant.0, id: record.key.0, ..Position::newest(record.created_at) }
}
