//! What the auditor reads: rows as they lie there, in words and plain numbers. A row that makes no
//! sense is for the auditor to name, not for a parser to stumble over.

use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use crate::Snapshot;
use crate::error::Result;
use crate::types::At;

/// Whose rows: the bucket that they are stored under, right or wrong, and the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromRow)]
pub struct Place {
    pub bucket: i16,
    pub merchant_id: Uuid,
}

#[derive(Debug, FromRow)]
pub struct EntryFact {
    pub seq: i64,
    pub kind: String,
    pub amount_paise: i64,
    pub available_after: i64,
    pub held_after: i64,
    pub payout_id: Option<Uuid>,
}

#[derive(Debug, FromRow)]
pub struct PayoutFact {
    pub id: Uuid,
    pub amount_paise: i64,
    pub bank_account_id: String,
    pub status: String,
    pub attempts: i32,
    pub calls: i32,
    pub step: Option<String>,
    pub is_due: bool,
    /// It is due later than the moment that was asked about.
    pub is_due_later: bool,
    pub is_leased: bool,
    pub is_doubtful: bool,
    pub utr: Option<String>,
    pub reason: Option<String>,
}

#[derive(Debug, FromRow)]
pub struct AttemptFact {
    pub payout_id: Uuid,
    pub number: i32,
    pub step: String,
    pub outcome: Option<String>,
}

#[derive(Debug, FromRow)]
pub struct RecordFact {
    pub key: Uuid,
    pub status: i16,
    pub body: String,
    pub payout_id: Option<Uuid>,
}

#[derive(Debug, FromRow)]
pub struct EventFact {
    pub seq: i64,
    pub kind: String,
    pub payout_id: Option<Uuid>,
}

/// A person's word in place of the bank's.
#[derive(Debug, FromRow)]
pub struct DecisionFact {
    /// The payout's id, as it is written there.
    pub subject: Option<String>,
    pub action: String,
}

/// A line of the bank's list of returns, and what became of it.
#[derive(Debug, FromRow)]
pub struct ReturnFact {
    pub id: Uuid,
    pub number: i64,
    pub payout_id: Option<Uuid>,
    pub amount_paise: i64,
    pub utr: String,
    pub status: String,
}

/// An exception, or no more than that it is there, when it is resolved.
#[derive(Debug, FromRow)]
pub struct ExceptionFact {
    pub id: Uuid,
    pub kind: String,
    pub payout_id: Option<Uuid>,
    pub reference: Option<String>,
    pub detail: String,
    pub is_open: bool,
}

/// A UTR that more than one payout is paid under: one of them each.
#[derive(Debug, FromRow)]
pub struct SharedUtr {
    pub utr: String,
    pub id: Uuid,
    /// An exception says so.
    pub is_recorded: bool,
}

/// Rows of a merchant that does not exist.
#[derive(Debug, FromRow)]
pub struct Stray {
    /// The table.
    pub place: String,
    pub bucket: i16,
    pub merchant_id: Uuid,
}

/// A table's merchants that the table of merchants does not have.
macro_rules! strays_of {
    ($table:literal) => {
        strays_of!($table, "")
    };
    ($table:literal, $condition:literal) => {
        concat!(
            "SELECT '",
            $table,
            "' AS place, t.bucket, t.merchant_id FROM (SELECT DISTINCT bucket, merchant_id FROM ",
            $table,
            " WHERE bucket BETWEEN $1 AND $2",
            $condition,
            ") t WHERE NOT EXISTS \
             (SELECT 1 FROM merchants m WHERE m.bucket = t.bucket AND m.id = t.merchant_id)"
        )
    };
}

/// The same text on both stores. What is ordered by an id is read from one on, that one included: a
/// client's key may be any UUID, the first of all too.
macro_rules! reads {
    ($connection:ty) => {
        use super::*;

        pub async fn places(on: &mut $connection, after: Place, limit: u32) -> Result<Vec<Place>> {
            Ok(sqlx::query_as(
                "SELECT bucket, id AS merchant_id FROM merchants WHERE (bucket, id) > ($1, $2) \
                 ORDER BY bucket, id LIMIT $3 + 0",
            )
            .bind(after.bucket)
            .bind(after.merchant_id)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?)
        }

        pub async fn entry_facts(on: &mut $connection, of: Place, after: i64, limit: u32) -> Result<Vec<EntryFact>> {
            Ok(sqlx::query_as(
                "SELECT seq, kind, amount_paise, available_after, held_after, payout_id FROM ledger_entries \
                 WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?)
        }

        pub async fn payout_facts(
            on: &mut $connection,
            of: Place,
            from: Uuid,
            limit: u32,
            later_than: Timestamp,
        ) -> Result<Vec<PayoutFact>> {
            Ok(sqlx::query_as(
                "SELECT id, amount_paise, bank_account_id, status, attempts, calls, step, utr, reason, \
                        due_at IS NOT NULL AS is_due, coalesce(due_at > $5, false) AS is_due_later, \
                        leased_by IS NOT NULL AS is_leased, \
                        doubt_since IS NOT NULL AS is_doubtful FROM payouts \
                 WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id LIMIT $4 + 0",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .bind(from)
            .bind(i64::from(limit))
            .bind(At(later_than))
            .fetch_all(on)
            .await?)
        }

        pub async fn attempt_facts(
            on: &mut $connection,
            of: Place,
            from: Uuid,
            through: Uuid,
        ) -> Result<Vec<AttemptFact>> {
            Ok(sqlx::query_as(
                "SELECT payout_id, number, step, outcome FROM attempts \
                 WHERE bucket = $1 AND merchant_id = $2 AND payout_id >= $3 AND payout_id <= $4 \
                 ORDER BY payout_id, number",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .bind(from)
            .bind(through)
            .fetch_all(on)
            .await?)
        }

        pub async fn record_facts(on: &mut $connection, of: Place, from: Uuid, limit: u32) -> Result<Vec<RecordFact>> {
            Ok(sqlx::query_as(
                "SELECT key, status, body, payout_id FROM idempotency_records \
                 WHERE bucket = $1 AND merchant_id = $2 AND key >= $3 AND expires_at IS NULL ORDER BY key LIMIT $4 + 0",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .bind(from)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?)
        }

        pub async fn event_facts(on: &mut $connection, of: Place, after: i64, limit: u32) -> Result<Vec<EventFact>> {
            Ok(sqlx::query_as(
                "SELECT seq, kind, payout_id FROM outbox \
                 WHERE bucket = $1 AND merchant_id = $2 AND seq > $3 ORDER BY seq LIMIT $4 + 0",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?)
        }

        pub async fn decision_facts(on: &mut $connection, of: Place) -> Result<Vec<DecisionFact>> {
            Ok(sqlx::query_as(
                "SELECT subject, action FROM operator_actions \
                 WHERE bucket = $1 AND merchant_id = $2 AND action IN ('decided_paid', 'decided_not_paid') \
                 ORDER BY subject",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .fetch_all(on)
            .await?)
        }

        pub async fn return_facts(on: &mut $connection, of: Place, from: Uuid, limit: u32) -> Result<Vec<ReturnFact>> {
            Ok(sqlx::query_as(
                "SELECT id, number, payout_id, amount_paise, utr, status FROM bank_returns \
                 WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id LIMIT $4 + 0",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .bind(from)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?)
        }

        pub async fn exception_facts(
            on: &mut $connection,
            of: Place,
            from: Uuid,
            limit: u32,
        ) -> Result<Vec<ExceptionFact>> {
            Ok(sqlx::query_as(
                "SELECT id, kind, payout_id, reference, detail, resolved_at IS NULL AS is_open FROM exceptions \
                 WHERE bucket = $1 AND merchant_id = $2 AND id >= $3 ORDER BY id LIMIT $4 + 0",
            )
            .bind(of.bucket)
            .bind(of.merchant_id)
            .bind(from)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?)
        }

        /// A page of UTRs, in order, that have another payout as well: a walk along their index. Its end is told apart
        /// from its emptiness by the last UTR that was looked at.
        pub async fn utr_page(on: &mut $connection, after: &str, limit: u32) -> Result<Option<String>> {
            let row: Option<(String,)> = sqlx::query_as(
                "SELECT max(utr) FROM (SELECT utr FROM payouts WHERE utr > $1 ORDER BY utr LIMIT $2 + 0) page \
                 HAVING max(utr) IS NOT NULL",
            )
            .bind(after)
            .bind(i64::from(limit))
            .fetch_optional(on)
            .await?;
            Ok(row.map(|(utr,)| utr))
        }

        pub async fn shared_utrs(
            on: &mut $connection,
            after: &str,
            through: &str,
            limit: u32,
        ) -> Result<Vec<SharedUtr>> {
            Ok(sqlx::query_as(
                "SELECT p.utr, p.id, EXISTS (SELECT 1 FROM exceptions e \
                    WHERE e.bucket = p.bucket AND e.merchant_id = p.merchant_id AND e.payout_id = p.id \
                      AND e.kind = 'duplicate_utr') AS is_recorded FROM payouts p \
                 JOIN (SELECT utr FROM payouts WHERE utr > $1 AND utr <= $2 GROUP BY utr HAVING count(*) > 1) d \
                 ON d.utr = p.utr ORDER BY p.utr, p.id LIMIT $3 + 0",
            )
            .bind(after)
            .bind(through)
            .bind(i64::from(limit))
            .fetch_all(on)
            .await?)
        }

        pub async fn strays(on: &mut $connection, first: i16, last: i16, limit: u32) -> Result<Vec<Stray>> {
            Ok(sqlx::query_as(concat!(
                strays_of!("ledger_entries"),
                " UNION ALL ",
                strays_of!("payouts"),
                " UNION ALL ",
                strays_of!("attempts"),
                " UNION ALL ",
                strays_of!("idempotency_records"),
                " UNION ALL ",
                strays_of!("outbox"),
                " UNION ALL ",
                // What an operator did that concerns no merchant lies under the nil UUID.
                strays_of!("operator_actions", " AND merchant_id <> $4"),
                " UNION ALL ",
                strays_of!("bank_returns", " AND merchant_id <> $4"),
                " UNION ALL ",
                strays_of!("exceptions", " AND merchant_id <> $4"),
                " LIMIT $3 + 0"
            ))
            .bind(first)
            .bind(last)
            .bind(i64::from(limit))
            .bind(Uuid::nil())
            .fetch_all(on)
            .await?)
        }
    };
}

mod sqlite {
    reads!(sqlx::SqliteConnection);
}

mod postgres {
    reads!(sqlx::PgConnection);
}

macro_rules! read {
    ($snapshot:expr, $name:ident($($argument:expr),*)) => {
        match $snapshot {
            Snapshot::Sqlite(tx) => sqlite::$name(tx, $($argument),*).await,
            Snapshot::Postgres(tx) => postgres::$name(tx, $($argument),*).await,
        }
    };
}

impl Snapshot {
    /// Where the merchants' rows lie, by bucket and id.
    pub async fn places(&mut self, after: Place, limit: u32) -> Result<Vec<Place>> {
        read!(self, places(after, limit))
    }

    /// The merchant's ledger in order.
    pub async fn entry_facts(&mut self, of: Place, after: i64, limit: u32) -> Result<Vec<EntryFact>> {
        read!(self, entry_facts(of, after, limit))
    }

    /// The merchant's payouts in the order of their ids.
    pub async fn payout_facts(
        &mut self,
        of: Place,
        from: Uuid,
        limit: u32,
        later_than: Timestamp,
    ) -> Result<Vec<PayoutFact>> {
        read!(self, payout_facts(of, from, limit, later_than))
    }

    /// The attempts of the payouts from `from` to `through`.
    pub async fn attempt_facts(&mut self, of: Place, from: Uuid, through: Uuid) -> Result<Vec<AttemptFact>> {
        read!(self, attempt_facts(of, from, through))
    }

    /// The records that are kept for ever, in the order of their keys.
    pub async fn record_facts(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<RecordFact>> {
        read!(self, record_facts(of, from, limit))
    }

    /// The merchant's outbox in order.
    pub async fn event_facts(&mut self, of: Place, after: i64, limit: u32) -> Result<Vec<EventFact>> {
        read!(self, event_facts(of, after, limit))
    }

    /// The doubts of the merchant's payouts that operators ended: few, as each is one person's work.
    pub async fn decision_facts(&mut self, of: Place) -> Result<Vec<DecisionFact>> {
        read!(self, decision_facts(of))
    }

    /// What is kept of the bank's list of returns, in the order of the ids.
    pub async fn return_facts(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<ReturnFact>> {
        read!(self, return_facts(of, from, limit))
    }

    /// Exceptions, in the order of the ids.
    pub async fn exception_facts(&mut self, of: Place, from: Uuid, limit: u32) -> Result<Vec<ExceptionFact>> {
        read!(self, exception_facts(of, from, limit))
    }

    /// The last of the next `limit` payouts' UTRs, in their order; `None` at the end.
    pub async fn utr_page(&mut self, after: &str, limit: u32) -> Result<Option<String>> {
        read!(self, utr_page(after, limit))
    }

    /// The payouts that share a UTR, over all merchants.
    pub async fn shared_utrs(&mut self, after: &str, through: &str, limit: u32) -> Result<Vec<SharedUtr>> {
        read!(self, shared_utrs(after, through, limit))
    }

    /// Rows without their merchant in the buckets from `first` to `last`; on Citus, a shard each.
    pub async fn strays(&mut self, first: i16, last: i16, limit: u32) -> Result<Vec<Stray>> {
        read!(self, strays(first, last, limit))
    }
}
