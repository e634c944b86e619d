//! The outbox: events for the outside, written in the transaction of the change.

use std::borrow::Cow;
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::event::{Event, EventKind};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::word::Word;
use uuid::Uuid;

use super::owned::Owned;
use super::parse::word;
use crate::db::{Columns, FromRow, TableRow, Visitor, Write, columns_of, values};
use crate::error::Result;
use crate::store::Store;

/// An outbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventLine {
    pub seq: i64,
    pub kind: EventKind,
    pub payout: Option<PayoutId>,
    pub created_at: Timestamp,
}

#[derive(Debug, Default)]
pub struct EventRow<'a> {
    pub seq: i64,
    pub kind: Cow<'a, str>,
    pub payout_id: Option<Uuid>,
    pub created_at: Timestamp,
    /// The event's ledger entry, if money moved.
    pub entry_seq: Option<i64>,
}

impl<'a> TableRow<'a> for EventRow<'a> {
    const TABLE: &'static str = "outbox";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("seq", &mut self.seq)?;
        visitor.column("kind", &mut self.kind)?;
        visitor.column("payout_id", &mut self.payout_id)?;
        visitor.column("created_at", &mut self.created_at)?;
        visitor.column("entry_seq", &mut self.entry_seq)
    }
}

impl From<&Event> for EventRow<'_> {
    fn from(event: &Event) -> Self {
        Self {
            seq: event.seq,
            kind: event.kind.as_str().into(),
            payout_id: event.payout.map(|id| id.0),
            created_at: event.created_at,
            entry_seq: event.entry,
        }
    }
}

impl FromRow for EventLine {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let EventRow { seq, kind, payout_id, created_at, .. } = EventRow::from_row(row)?;
        let kind = word(EventKind::parse(&kind), "kind of event", &kind)?;
        Ok(Self { seq, kind, payout: payout_id.map(PayoutId), created_at })
    }
}

/// Columns of an event `b`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<EventRow>("b"));

pub(crate) static INSERT: LazyLock<Write> = LazyLock::new(Write::insert::<Owned<EventRow>>);

impl Store {
    /// The merchant's outbox after number `after`, in order.
    pub async fn events(&self, merchant: MerchantId, after: i64, limit: u32) -> Result<Vec<EventLine>> {
        let sql = format!(
            "SELECT {} FROM outbox b WHERE b.bucket = $1 AND b.merchant_id = $2 AND b.seq > $3 \
             ORDER BY b.seq LIMIT $4 + 0",
            *COLUMNS
        );
        let values = values![merchant.bucket().column(), merchant.0, after, i64::from(limit)];
        self.of(merchant).short_read().await?.all(&sql, values).await
    }

    /// The number of the newest event, 0 if there is none.
    pub async fn newest_event(&self, merchant: MerchantId) -> Result<i64> {
        let sql = "SELECT seq FROM outbox WHERE bucket = $1 AND merchant_id = $2 ORDER BY seq DESC LIMIT 1";
        let values = values![merchant.bucket().column(), merchant.0];
        let row: Option<(i64,)> = self.of(merchant).short_read().await?.optional(sql, values).await?;
        Ok(row.map_or(0, |(seq,)| seq))
    }
}
