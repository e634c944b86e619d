//! The auditor's reads: rows with plain texts and numbers, as they are stored. The auditor reports invalid rows, so no
//! parser may fail on them.

use payrail_types::ids::{Bucket, MerchantId};
use uuid::Uuid;

use crate::cells::nobody;
use crate::connection::Transaction;
use crate::database::Read;
use crate::db::{Columns, FromRow, values};
use crate::error::Result;
use crate::store::Store;
use crate::tables::bank_returns::{self, ReturnRow};
use crate::tables::exceptions::{self, ExceptionRow};
use crate::tables::idempotency_records::{self, RecordRow};
use crate::tables::ledger_entries::{self, EntryRow};
use crate::tables::payouts::{self, PayoutRow};

/// The merchant of rows, and their stored bucket, which may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub bucket: i16,
    pub merchant_id: Uuid,
}

impl FromRow for Place {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { bucket: row.take("bucket")?, merchant_id: row.take("merchant_id")? })
    }
}

/// An attempt without its long texts.
#[derive(Debug)]
pub struct AttemptFact {
    pub payout_id: Uuid,
    pub number: i32,
    pub step: String,
    pub outcome: Option<String>,
}

impl FromRow for AttemptFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            payout_id: row.take("payout_id")?,
            number: row.take("number")?,
            step: row.take("step")?,
            outcome: row.take("outcome")?,
        })
    }
}

/// An event, and the ledger entry that it names.
#[derive(Debug)]
pub struct EventFact {
    pub seq: i64,
    pub kind: String,
    pub payout_id: Option<Uuid>,
    /// The number of the ledger entry that the event names.
    pub entry_seq: Option<i64>,
    /// The entry's kind, if there is one of this number.
    pub entry_kind: Option<String>,
    /// Whether the entry names the same payout as the event, or none as well.
    pub is_of_entrys_payout: bool,
}

impl FromRow for EventFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self {
            seq: row.take("seq")?,
            kind: row.take("kind")?,
            payout_id: row.take("payout_id")?,
            entry_seq: row.take("entry_seq")?,
            entry_kind: row.take("entry_kind")?,
            is_of_entrys_payout: row.take("is_of_entrys_payout")?,
        })
    }
}

/// An operator's decision in place of the bank's answer.
#[derive(Debug)]
pub struct DecisionFact {
    /// The payout's id, as text.
    pub subject: Option<String>,
    pub action: String,
}

impl FromRow for DecisionFact {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { subject: row.take("subject")?, action: row.take("action")? })
    }
}

/// Rows of a merchant that does not exist.
#[derive(Debug)]
pub struct Orphan {
    /// The table.
    pub place: String,
    pub bucket: i16,
    pub merchant_id: Uuid,
}

impl FromRow for Orphan {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { place: row.take("place")?, bucket: row.take("bucket")?, merchant_id: row.take("merchant_id")? })
    }
}

/// Finds merchants in a table that do not exist. The nil UUID marks rows that concern no merchant.
fn orphans_of(table: &str, may_concern_no_merchant: bool) -> String {
    let condition = if may_concern_no_merchant { " AND merchant_id <> $4" } else { "" };
    format!(
        "SELECT '{table}' AS place, t.bucket, t.merchant_id FROM (SELECT DISTINCT bucket, merchant_id FROM {table} \
         WHERE bucket BETWEEN $1 AND $2{condition}) t WHERE NOT EXISTS \
         (SELECT 1 FROM merchants m WHERE m.bucket = t.bucket AND m.id = t.merchant_id)"
    )
}

/// A read-only transaction in one cell: every read in it sees the same moment.
#[derive(Debug)]
pub struct Snapshot(pub(crate) Transaction);

impl Store {
    /// A snapshot of where these rows are.
    pub async fn snapshot(&self, of: Place) -> Result<Snapshot> {
        let database = match MerchantId(of.merchant_id) {
            merchant if merchant == nobody() => self.central(),
            // The cell of the stored bucket, right or wrong: that is where the rows were found.
            _ => self.of_bucket(Bucket::new(of.bucket.clamp(0, i16::from(u8::MAX)) as u8)),
        };
        Ok(Snapshot(database.begin_snapshot().await?))
    }

    /// The merchants' places, by bucket and id.
    pub async fn places(&self, after: Place, limit: u32) -> Result<Vec<Place>> {
        let sql = "SELECT bucket, id AS merchant_id FROM merchants WHERE (bucket, id) > ($1, $2) \
                   ORDER BY bucket, id LIMIT $3 + 0";
        let place = |place: &Place| (place.bucket, place.merchant_id);
        let values = values![after.bucket, after.merchant_id, i64::from(limit)];
        self.first_of_each(Read::Long, sql, values, limit, |one, other| place(one).cmp(&place(other))).await
    }

    /// Rows without their merchant in the buckets from `first` to `last`; on Citus, a shard each.
    pub async fn orphans(&self, first: i16, last: i16, limit: u32) -> Result<Vec<Orphan>> {
        let owned = ["ledger_entries", "payouts", "attempts", "idempotency_records", "outbox"];
        let others = ["operator_actions", "bank_returns", "exceptions"];
        let tables =
            owned.map(|table| orphans_of(table, false)).into_iter().chain(others.map(|table| orphans_of(table, true)));
        let sql = tables.collect::<Vec<_>>().join(" UNION ALL ") + " LIMIT $3 + 0";
        self.of_each(Read::Long, &sql, values![first, last, i64::from(limit), Uuid::nil()]).await
    }

    /// Merchants in a cell that does not hold their bucket, or among what is central: no lane works for them there, and
    /// their books there are not read.
    pub async fn outside_their_cell(&self, limit: u32) -> Result<Vec<Place>> {
        let sql = "SELECT bucket, id AS merchant_id FROM merchants WHERE bucket < $1 OR bucket > $2 LIMIT $3 + 0";
        // What is central holds no bucket: a first one after the last.
        let central = self.has_cells().then(|| (self.central(), (1, 0)));
        let cells = self.numbered_cells().map(|(number, cell)| (cell, self.cells().buckets(number).into_inner()));
        let mut found = Vec::new();
        for (database, (first, last)) in central.into_iter().chain(cells) {
            let values = values![first, last, i64::from(limit)];
            found.extend(database.long_read().await?.all::<Place>(sql, values).await?);
        }
        Ok(found)
    }
}

impl Snapshot {
    /// The merchant's ledger in order.
    pub async fn entry_rows(&mut self, of: Place, after: i64, limit: u32) -> Result<Vec<EntryRow<'static>>> {
        let sql = format!(
            "SELECT {} FROM ledger_entries e WHERE e.bucket = $1 AND e.merchant_id = $2 AND e.seq > $3 \
             ORDER BY e.seq LIMIT $4 + 0",
            *ledger_entries::COLUMNS
        );
        self.0.all(&sql, values![of.bucket, of.merchant_id, after, i64::from(limit)]).await
    }

    /// The merchant's payouts in the order of their ids.
    pub async fn payout_rows(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<PayoutRow<'static>>> {
        let sql = format!(
            "SELECT {} FROM payouts p WHERE p.bucket = $1 AND p.merchant_id = $2 AND p.id >= $3 \
             ORDER BY p.id LIMIT $4 + 0",
            *payouts::COLUMNS
        );
        self.0.all(&sql, values![of.bucket, of.merchant_id, from, i64::from(limit)]).await
    }

    /// The attempts of the payouts from `from` to `through`.
    pub async fn attempt_facts(&mut self, of: Place, from: Uuid, through: Uuid) -> Result<Vec<AttemptFact>> {
        let sql = "SELECT payout_id, number, step, outcome FROM attempts \
                   WHERE bucket = $1 AND merchant_id = $2 AND payout_id >= $3 AND payout_id <= $4 \
                   ORDER BY payout_id, number";
        self.0.all(sql, values![of.bucket, of.merchant_id, from, through]).await
    }

    /// The records that are kept for ever, in the order of their keys.
    pub async fn record_rows(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<RecordRow<'static>>> {
        let sql = format!(
            "SELECT {} FROM idempotency_records i \
             WHERE i.bucket = $1 AND i.merchant_id = $2 AND i.key >= $3 AND i.expires_at IS NULL \
             ORDER BY i.key LIMIT $4 + 0",
            *idempotency_records::COLUMNS
        );
        self.0.all(&sql, values![of.bucket, of.merchant_id, from, i64::from(limit)]).await
    }

    /// The merchant's outbox in order.
    pub async fn event_facts(&mut self, of: Place, after: i64, limit: u32) -> Result<Vec<EventFact>> {
        let sql = "SELECT o.seq, o.kind, o.payout_id, o.entry_seq, e.kind AS entry_kind, \
                   e.payout_id IS NOT DISTINCT FROM o.payout_id AS is_of_entrys_payout FROM outbox o \
                   LEFT JOIN ledger_entries e \
                   ON e.bucket = o.bucket AND e.merchant_id = o.merchant_id AND e.seq = o.entry_seq \
                   WHERE o.bucket = $1 AND o.merchant_id = $2 AND o.seq > $3 ORDER BY o.seq LIMIT $4 + 0";
        self.0.all(sql, values![of.bucket, of.merchant_id, after, i64::from(limit)]).await
    }

    /// Operators' decisions about the merchant's payouts. They are few, because each is manual work.
    pub async fn decision_facts(&mut self, of: Place) -> Result<Vec<DecisionFact>> {
        let sql = "SELECT subject, action FROM operator_actions \
                   WHERE bucket = $1 AND merchant_id = $2 AND action IN ('decided_paid', 'decided_not_paid') \
                   ORDER BY subject";
        self.0.all(sql, values![of.bucket, of.merchant_id]).await
    }

    /// The stored lines of the bank's list of returns, ordered by id.
    pub async fn return_rows(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<ReturnRow<'static>>> {
        let sql = format!(
            "SELECT {} FROM bank_returns r WHERE r.bucket = $1 AND r.merchant_id = $2 AND r.id >= $3 \
             ORDER BY r.id LIMIT $4 + 0",
            *bank_returns::COLUMNS
        );
        self.0.all(&sql, values![of.bucket, of.merchant_id, from, i64::from(limit)]).await
    }

    /// Exceptions, in the order of the ids.
    pub async fn exception_rows(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<ExceptionRow<'static>>> {
        let sql = format!(
            "SELECT {} FROM exceptions x WHERE x.bucket = $1 AND x.merchant_id = $2 AND x.id >= $3 \
             ORDER BY x.id LIMIT $4 + 0",
            *exceptions::COLUMNS
        );
        self.0.all(&sql, values![of.bucket, of.merchant_id, from, i64::from(limit)]).await
    }
}
