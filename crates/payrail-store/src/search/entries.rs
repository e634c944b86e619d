//! Ledger entries of one merchant or of all.

use jiff::Timestamp;
use payrail_core::ledger::EntryKind;
use payrail_types::ids::MerchantId;
use uuid::Uuid;

use super::walk::{Found, Walk, Window, newest_first};
use crate::database::Read;
use crate::db::{Columns, FromRow, values};
use crate::error::Result;
use crate::position::Position;
use crate::store::Store;
use crate::tables::ledger_entries::{LINE, LedgerLine};

#[derive(Clone, Debug, Default)]
pub struct EntryFilter {
    pub merchant: Option<MerchantId>,
    pub kind: Option<EntryKind>,
    pub window: Window,
}

/// A line with its owner.
impl FromRow for (MerchantId, LedgerLine) {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok((MerchantId(row.take::<Uuid>("merchant_id")?), LedgerLine::from_row(row)?))
    }
}

impl Store {
    pub async fn search_entries(
        &self,
        filter: &EntryFilter,
        before: Option<Position>,
        limit: u32,
    ) -> Result<Found<(MerchantId, LedgerLine)>> {
        let start = match (before, filter.merchant, filter.window.to) {
            (Some(before), ..) => before,
            (None, Some(merchant), Some(to)) => {
                Position { number: self.number_at(merchant, to).await?, ..filter.window.end() }
            }
            _ => filter.window.end(),
        };
        let mut walk = Walk::new(start, limit);
        while let Some(count) = walk.wants(filter.kind.is_some()) {
            let page = match filter.merchant {
                Some(merchant) => self.page_of_entries(merchant, walk.at.number, count).await?,
                None => self.page_of_all_entries(filter.window.start(), walk.at, count).await?,
            };
            // In one book times never decrease: all entries after the first one that is too old are too old as well.
            let old = |line: &(MerchantId, LedgerLine)| line.1.entry.created_at < filter.window.start();
            let (count, page) = match page.iter().position(old) {
                Some(end) => (u32::MAX, page.into_iter().take(end).collect()),
                None => (count, page),
            };
            let fits = |line: &LedgerLine| {
                filter.window.has(line.entry.created_at) && filter.kind.is_none_or(|kind| kind == line.entry.kind)
            };
            walk.take(page, count, position_of, |(_, line)| fits(line));
        }
        Ok(walk.found())
    }

    /// The number of the book's first entry at `at` or later, or one past its end.
    pub async fn number_at(&self, merchant: MerchantId, at: Timestamp) -> Result<i64> {
        let (mut low, mut high) = (1, self.tip(merchant).await?.seq + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            let entry = self.page_of_entries(merchant, middle + 1, 1).await?;
            match entry.first() {
                Some((_, line)) if line.entry.created_at < at => low = middle + 1,
                _ => high = middle,
            }
        }
        Ok(low)
    }

    /// One merchant's whole book, settlements too, from below number `before` downwards.
    async fn page_of_entries(
        &self,
        merchant: MerchantId,
        before: i64,
        count: u32,
    ) -> Result<Vec<(MerchantId, LedgerLine)>> {
        let sql = format!(
            "SELECT e.merchant_id, {} FROM ledger_entries e \
             WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq < $3 ORDER BY e.seq DESC LIMIT $4 + 0",
            *LINE
        );
        let values = values![merchant.bucket().column(), merchant.0, before, i64::from(count)];
        self.of(merchant).long_read().await?.all(&sql, values).await
    }

    async fn page_of_all_entries(
        &self,
        from: Timestamp,
        before: Position,
        count: u32,
    ) -> Result<Vec<(MerchantId, LedgerLine)>> {
        let sql = format!(
            "SELECT e.merchant_id, {} FROM ledger_entries e \
             WHERE e.created_at >= $1 AND (e.created_at, e.merchant_id, e.seq) < ($2, $3, $4) \
             ORDER BY e.created_at DESC, e.merchant_id DESC, e.seq DESC LIMIT $5 + 0",
            *LINE
        );
        let values = values![from, before.at, before.owner, before.number, i64::from(count)];
        self.first_of_each(Read::Long, &sql, values, count, newest_first(position_of)).await
    }
}

fn position_of((merchant, line): &(MerchantId, LedgerLine)) -> Position {
    Position { owner: merchant.0, number: line.entry.seq, ..Position::newest(line.entry.created_at) }
}
