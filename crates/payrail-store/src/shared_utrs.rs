//! Payouts that one bank settled under one UTR. A transaction records the duplicates that it sees in its cell
//! (`needs.rs`). The reads here find those of concurrent transactions and of other cells: the worker asks for recently
//! settled payouts, at a cost that depends on the settlements since the last check and not on the history, and the
//! auditor walks through all UTRs in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::rail::BankId;
use uuid::Uuid;

use crate::database::Read;
use crate::db::{Columns, FromRow, values};
use crate::error::{Result, StoreError};
use crate::store::Store;
use crate::tables::payouts::bank_of;

/// The time up to which every settlement is visible: nothing that commits later has an entry before it. A transaction
/// reads its time after it has locked a row, and has an id of its own from then on. Sessions of other roles may hide
/// their state from ours: no transaction of PayRail takes a minute.
const VISIBLE: &str = "SELECT least(statement_timestamp(), min(xact_start) FILTER (WHERE backend_xid IS NOT NULL), \
    CASE WHEN bool_or(backend_type IS NULL) THEN statement_timestamp() - interval '1 minute' END) \
    FROM pg_stat_activity WHERE datname = current_database()";

/// What was settled in a time, and shares its UTR with another payout of its bank. (The sub-queries are pinned to their
/// indexes.)
static SETTLED: LazyLock<String> = LazyLock::new(|| {
    format!(
        "WITH settled AS MATERIALIZED ( \
             SELECT e.bucket, e.merchant_id, e.payout_id, \
                 (SELECT p.utr FROM payouts p WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id \
                  AND p.id = e.payout_id) AS utr, \
                 (SELECT {} FROM payouts p WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id \
                  AND p.id = e.payout_id) AS bank \
             FROM ledger_entries e WHERE e.created_at > $1 AND e.created_at <= $2 AND e.kind = 'settle') \
         SELECT DISTINCT s.bank, s.utr FROM settled s \
         WHERE (SELECT o.id FROM payouts o WHERE o.utr = s.utr AND o.id <> s.payout_id AND {} = s.bank \
                AND (SELECT x.id FROM exceptions x WHERE x.bucket = o.bucket \
                     AND x.merchant_id = o.merchant_id AND x.payout_id = o.id \
                     AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL LIMIT 1) IS NOT NULL \
           AND (SELECT x.id FROM exceptions x WHERE x.bucket = s.bucket AND x.merchant_id = s.merchant_id \
                AND x.payout_id = s.payout_id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL",
        bank_of("p"),
        bank_of("o")
    )
});

/// The UTRs of what was settled in a time.
const SETTLED_UTRS: &str = "SELECT p.utr FROM ledger_entries e \
    JOIN payouts p ON p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id \
    WHERE e.created_at > $1 AND e.created_at <= $2 AND e.kind = 'settle' AND p.utr IS NOT NULL";

/// All payouts under these UTRs, a line each.
static UNDER: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT {} AS bank, p.utr, p.id, {} AS is_recorded FROM unnest(string_to_array($1, chr(10))) AS n(line) \
         JOIN payouts p ON p.utr = n.line",
        bank_of("p"),
        is_recorded("p")
    )
});
/// In one statement.
const UTRS_MAX: usize = 500;

/// Whether there is an exception about the payout `alias`.
fn is_recorded(alias: &str) -> String {
    format!(
        "EXISTS (SELECT 1 FROM exceptions e WHERE e.bucket = {alias}.bucket AND e.merchant_id = {alias}.merchant_id \
         AND e.payout_id = {alias}.id AND e.kind = 'duplicate_utr')"
    )
}

/// One of several payouts that one bank paid under the same UTR.
#[derive(Debug)]
pub struct SharedUtr {
    pub bank: String,
    pub utr: String,
    pub id: Uuid,
    /// Whether there is an exception about it.
    pub is_recorded: bool,
}

impl FromRow for SharedUtr {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            bank: row.take("bank")?,
            utr: row.take("utr")?,
            id: row.take("id")?,
            is_recorded: row.take("is_recorded")?,
        })
    }
}

/// The payouts of each bank under each UTR, where they are more than one.
fn groups(payouts: Vec<SharedUtr>) -> impl Iterator<Item = Vec<SharedUtr>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for payout in payouts {
        groups.entry((payout.utr.clone(), payout.bank.clone())).or_default().push(payout);
    }
    groups.into_values().filter(|group| group.len() > 1).map(|mut group| {
        group.sort_by_key(|payout| payout.id);
        group
    })
}

impl Store {
    /// The time up to which every settlement is visible to a read that begins now. (SQLite has one writer, which sees
    /// every other settlement.)
    pub async fn settlements_visible_to(&self) -> Result<Timestamp> {
        if self.is_sqlite() {
            return Ok(self.clock().now());
        }
        let visible: Vec<(Timestamp,)> = self.of_each(Read::Long, VISIBLE, &[]).await?;
        let first = visible.into_iter().min().map(|(at,)| at);
        first.ok_or_else(|| StoreError::Corrupt("no database tells the time".to_owned()))
    }

    /// The time of the last of the next `limit` entries after one time and up to another; `None` when there are none.
    /// With several cells, the earliest of their last ones.
    pub async fn entries_page(&self, after: Timestamp, until: Timestamp, limit: u32) -> Result<Option<Timestamp>> {
        let sql = "SELECT max(created_at) FROM (SELECT created_at FROM ledger_entries \
                   WHERE created_at > $1 AND created_at <= $2 ORDER BY created_at LIMIT $3 + 0) page \
                   HAVING max(created_at) IS NOT NULL";
        let ends: Vec<(Timestamp,)> = self.of_each(Read::Long, sql, values![after, until, i64::from(limit)]).await?;
        Ok(ends.into_iter().min().map(|(at,)| at))
    }

    /// The UTRs under which a payout was settled after one time and up to another, each with its bank, if that payout and
    /// another one that the bank paid under the UTR have no exception.
    pub async fn shared_utrs_settled(&self, after: Timestamp, through: Timestamp) -> Result<Vec<(BankId, Utr)>> {
        let shared: BTreeSet<(String, String)> = if self.has_cells() {
            let settled: Vec<(String,)> = self.of_each(Read::Long, SETTLED_UTRS, values![after, through]).await?;
            let mut under = self.under(&settled.into_iter().map(|(utr,)| utr).collect::<BTreeSet<_>>()).await?;
            under.retain(|payout| !payout.is_recorded);
            groups(under).map(|group| (group[0].bank.clone(), group[0].utr.clone())).collect()
        } else {
            self.of_each(Read::Long, &SETTLED, values![after, through]).await?.into_iter().collect()
        };
        Ok(shared.into_iter().map(|(bank, utr)| (BankId::new(&bank), Utr::from_stored(utr))).collect())
    }

    /// With several cells: each looks for each of the UTRs in its index.
    async fn under(&self, utrs: &BTreeSet<String>) -> Result<Vec<SharedUtr>> {
        let mut found = Vec::new();
        for some in utrs.iter().map(String::as_str).collect::<Vec<_>>().chunks(UTRS_MAX) {
            let lines = some.join("\n");
            found.extend(self.of_each(Read::Long, &UNDER, values![lines.as_str()]).await?);
        }
        Ok(found)
    }

    /// The last of the next `limit` payouts' UTRs, in their order; `None` at the end. A walk along their index. With several
    /// cells, the first of their last ones.
    pub async fn utr_page(&self, after: &str, limit: u32) -> Result<Option<String>> {
        let sql = "SELECT max(utr) FROM (SELECT utr FROM payouts WHERE utr > $1 ORDER BY utr LIMIT $2 + 0) page \
                   HAVING max(utr) IS NOT NULL";
        let ends: Vec<(String,)> = self.of_each(Read::Long, sql, values![after, i64::from(limit)]).await?;
        Ok(ends.into_iter().min().map(|(utr,)| utr))
    }

    /// The payouts that share a UTR of their bank, over all merchants. (In one database, the UTRs that occur twice come
    /// from the index alone; of those the banks are looked at.)
    pub async fn shared_utrs(&self, after: &str, through: &str, limit: u32) -> Result<Vec<SharedUtr>> {
        if self.has_cells() {
            return self.shared_between_cells(after, through, limit).await;
        }
        let sql = format!(
            "SELECT bank, utr, id, is_recorded FROM (SELECT s.*, count(*) OVER (PARTITION BY bank, utr) AS sharers FROM \
                 (SELECT {} AS bank, p.utr, p.id, {} AS is_recorded FROM payouts p \
                  JOIN (SELECT utr FROM payouts WHERE utr > $1 AND utr <= $2 GROUP BY utr HAVING count(*) > 1) d \
                  ON d.utr = p.utr) s) t \
             WHERE sharers > 1 ORDER BY utr, bank, id LIMIT $3 + 0",
            bank_of("p"),
            is_recorded("p")
        );
        self.of_each(Read::Long, &sql, values![after, through, i64::from(limit)]).await
    }

    /// All UTRs of the range are compared here. Only of those that occur twice are the payouts read.
    async fn shared_between_cells(&self, after: &str, through: &str, limit: u32) -> Result<Vec<SharedUtr>> {
        let sql = "SELECT utr FROM payouts WHERE utr > $1 AND utr <= $2 ORDER BY utr";
        let mut utrs: Vec<(String,)> = self.of_each(Read::Long, sql, values![after, through]).await?;
        utrs.sort();
        let mut shared = Vec::new();
        for same in utrs.chunk_by(|one, other| one == other).filter(|same| same.len() > 1) {
            shared.extend(groups(self.under(&BTreeSet::from([same[0].0.clone()])).await?).flatten());
            if shared.len() >= limit as usize {
                break;
            }
        }
        Ok(shared)
    }

    /// The payouts that a bank paid under a UTR and that have no exception because of it, in the order of their ids.
    pub async fn unrecorded_under(&self, bank: &BankId, utr: &Utr, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
        let sql = format!(
            "SELECT p.merchant_id, p.id FROM payouts p WHERE p.utr = $1 AND {} = $2 \
               AND (SELECT x.id FROM exceptions x WHERE x.bucket = p.bucket \
                    AND x.merchant_id = p.merchant_id AND x.payout_id = p.id \
                    AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL \
             ORDER BY p.id LIMIT $3 + 0",
            bank_of("p")
        );
        let values = values![utr.as_str(), bank.as_str(), i64::from(limit)];
        let rows: Vec<(Uuid, Uuid)> = self
            .first_of_each(Read::Long, &sql, values, limit, |one: &(Uuid, Uuid), other| one.1.cmp(&other.1))
            .await?;
        Ok(rows.into_iter().map(|(merchant, payout)| (MerchantId(merchant), PayoutId(payout))).collect())
    }
}
