//! Payouts that were paid under one UTR by two transactions that did not see each other. A transaction records what it
//! sees (`needs.rs`); these reads find the rest afterwards, among the payouts that were settled lately. Each is a walk
//! along indexes: its cost follows what was settled since the last look, however long the history.

use jiff::Timestamp;
use payrail_core::bank_return::Exception;
use payrail_core::ids::{MerchantId, PayoutId};
use uuid::Uuid;

use crate::Store;
use crate::clock::SharedClock;
use crate::db::{Connection, values};
use crate::error::Result;

/// The time up to which every settlement is visible: nothing that commits later has an entry before it. A transaction
/// reads its time after it has locked a row, and has an id of its own from then on. Sessions of other roles may hide
/// their state from ours: no transaction of PayRail takes a minute.
const VISIBLE: &str = "SELECT least(statement_timestamp(), min(xact_start) FILTER (WHERE backend_xid IS NOT NULL), \
    CASE WHEN bool_or(backend_type IS NULL) THEN statement_timestamp() - interval '1 minute' END) \
    FROM pg_stat_activity WHERE datname = current_database()";

impl Store {
    /// The time up to which every settlement is visible to a read that begins now. (SQLite has one writer, which sees
    /// every other settlement.)
    pub async fn settlements_visible_to(&self) -> Result<Timestamp> {
        match self {
            Self::Sqlite(_) => Ok(SharedClock::Machine.now()),
            Self::Postgres(_) => Ok(self.long_read().await?.one::<(Timestamp,)>(VISIBLE, &[]).await?.0),
        }
    }

    /// The time of the last of the next `limit` entries after one time and up to another; `None` when there are none.
    pub async fn entries_page(&self, after: Timestamp, until: Timestamp, limit: u32) -> Result<Option<Timestamp>> {
        search!(self, shared_utrs::entries_page(after, until, limit))
    }

    /// The UTRs under which a payout was settled after one time and up to another, if that payout and another one under
    /// the same UTR have no exception.
    pub async fn shared_utrs_settled(&self, after: Timestamp, through: Timestamp) -> Result<Vec<String>> {
        search!(self, shared_utrs::shared_utrs_settled(after, through))
    }

    /// The payouts under a UTR that have no exception because of it, in the order of their ids.
    pub async fn unrecorded_under(&self, utr: &str, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
        search!(self, shared_utrs::unrecorded_under(utr, limit))
    }

    /// Records an exception of a merchant's payout; one that is there already stays as it is.
    pub async fn record_exception_of(&self, merchant: MerchantId, exception: &Exception) -> Result<()> {
        write!(self, exceptions::record(merchant, exception))
    }
}

pub(crate) async fn entries_page(
    on: &mut Connection,
    after: Timestamp,
    until: Timestamp,
    limit: u32,
) -> Result<Option<Timestamp>> {
    let row: Option<(Timestamp,)> = on
        .optional(
            "SELECT max(created_at) FROM (SELECT created_at FROM ledger_entries \
         WHERE created_at > $1 AND created_at <= $2 ORDER BY created_at LIMIT $3 + 0) page \
         HAVING max(created_at) IS NOT NULL",
            values![after, until, i64::from(limit)],
        )
        .await?;
    Ok(row.map(|(at,)| at))
}

pub(crate) async fn shared_utrs_settled(
    on: &mut Connection,
    after: Timestamp,
    through: Timestamp,
) -> Result<Vec<String>> {
    let rows: Vec<(String,)> = on
        .all(
            "WITH settled AS MATERIALIZED (SELECT e.bucket, e.merchant_id, e.payout_id, (SELECT p.utr FROM payouts p \
             WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id) AS utr \
           FROM ledger_entries e WHERE e.created_at > $1 AND e.created_at <= $2 AND e.kind = 'settle') \
         SELECT DISTINCT s.utr FROM settled s \
         WHERE (SELECT o.id FROM payouts o WHERE o.utr = s.utr AND o.id <> s.payout_id \
                AND (SELECT x.id FROM exceptions x WHERE x.bucket = o.bucket AND x.merchant_id = o.merchant_id \
                     AND x.payout_id = o.id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL LIMIT 1) IS NOT NULL \
           AND (SELECT x.id FROM exceptions x WHERE x.bucket = s.bucket AND x.merchant_id = s.merchant_id \
                AND x.payout_id = s.payout_id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL",
            values![after, through],
        )
        .await?;
    Ok(rows.into_iter().map(|(utr,)| utr).collect())
}

pub(crate) async fn unrecorded_under(
    on: &mut Connection,
    utr: &str,
    limit: u32,
) -> Result<Vec<(MerchantId, PayoutId)>> {
    let rows: Vec<(Uuid, Uuid)> = on
        .all(
            "SELECT p.merchant_id, p.id FROM payouts p WHERE p.utr = $1 \
           AND (SELECT x.id FROM exceptions x WHERE x.bucket = p.bucket AND x.merchant_id = p.merchant_id \
                AND x.payout_id = p.id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL \
         ORDER BY p.id LIMIT $2 + 0",
            values![utr, i64::from(limit)],
        )
        .await?;
    Ok(rows.into_iter().map(|(merchant, payout)| (MerchantId(merchant), PayoutId(payout))).collect())
}
