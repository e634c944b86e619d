//! The bank's lists: what it paid, what came back, and the statement of a day.

use jiff::Timestamp;
use rusqlite::{Connection, Params, Row};
use serde::Serialize;

use crate::entry::utr;

/// Part of a list: what comes after row `after`, at most `limit` rows.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub after: i64,
    pub limit: i64,
}

#[derive(Debug, Serialize)]
pub struct Paid {
    number: i64,
    reference: String,
    amount_paise: i64,
    bank_account_id: String,
    utr: String,
    paid_at: String,
    returned: bool,
}

#[derive(Debug, Serialize)]
pub struct Returned {
    number: i64,
    reference: String,
    utr: String,
    amount_paise: i64,
    reason: String,
    returned_at: String,
}

/// A line of a statement.
#[derive(Debug, Serialize)]
pub struct Line {
    kind: String,
    reference: String,
    utr: String,
    amount_paise: i64,
    at: String,
}

impl Paid {
    pub fn list(book: &Connection, page: Page) -> rusqlite::Result<Vec<Self>> {
        let sql = "SELECT number, reference, amount_paise, bank_account_id, decided_at,
                          EXISTS (SELECT 1 FROM returns r WHERE r.reference = t.reference)
                   FROM transfers t WHERE number > ? ORDER BY number LIMIT ?";
        rows(book, sql, (page.after, page.limit), |row| {
            let number = row.get(0)?;
            Ok(Self {
                number,
                reference: row.get(1)?,
                amount_paise: row.get(2)?,
                bank_account_id: row.get(3)?,
                utr: utr(number),
                paid_at: time(row.get(4)?),
                returned: row.get(5)?,
            })
        })
    }
}

impl Returned {
    pub fn list(book: &Connection, page: Page) -> rusqlite::Result<Vec<Self>> {
        let sql = "SELECT r.number, r.reference, t.number, t.amount_paise, r.reason, r.returned_at
                   FROM returns r JOIN transfers t USING (reference)
                   WHERE r.number > ? ORDER BY r.number LIMIT ?";
        rows(book, sql, (page.after, page.limit), |row| {
            Ok(Self {
                number: row.get(0)?,
                reference: row.get(1)?,
                utr: utr(row.get(2)?),
                amount_paise: row.get(3)?,
                reason: row.get(4)?,
                returned_at: time(row.get(5)?),
            })
        })
    }
}

impl Line {
    pub fn list(book: &Connection, from: i64, to: i64, page: Page) -> rusqlite::Result<Vec<Self>> {
        let sql = "SELECT 'debit' AS kind, reference, number, amount_paise, decided_at AS at
                   FROM transfers WHERE status = 'paid' AND decided_at >= ?1 AND decided_at < ?2
                   UNION ALL
                   SELECT 'credit', r.reference, t.number, t.amount_paise, r.returned_at
                   FROM returns r JOIN transfers t USING (reference) WHERE r.returned_at >= ?1 AND r.returned_at < ?2
                   ORDER BY at, number, kind DESC LIMIT ?4 OFFSET ?3";
        rows(book, sql, (from, to, page.after, page.limit), |row| {
            Ok(Self {
                kind: row.get(0)?,
                reference: row.get(1)?,
                utr: utr(row.get(2)?),
                amount_paise: row.get(3)?,
                at: time(row.get(4)?),
            })
        })
    }
}

fn rows<T>(
    book: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    book.prepare_cached(sql)?.query_map(params, read)?.collect()
}

/// RFC 3339, UTC, six decimals.
fn time(micros: i64) -> String {
    let at = Timestamp::from_microsecond(micros).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
