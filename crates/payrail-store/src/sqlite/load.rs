//! Loads a batch's rows by primary key.

use crate::db::values;
use crate::db::{Batch, Columns, FromRow, Row};
use crate::error::Result;
use crate::load;
use crate::needs::{Books, Needs, Rows, books as assemble};

use super::session::{self, query};

pub fn books(on: &rusqlite::Connection, needs: &Needs) -> Result<Books> {
    let mut tips = Vec::with_capacity(needs.merchants.len());
    for merchant in &needs.merchants {
        tips.append(&mut query(on, TIP, values![merchant.bucket().column(), merchant.0])?);
    }
    let rows = Rows {
        tips,
        records: look_up(on, &load::records(needs))?,
        payouts: look_up(on, &load::payouts(needs))?,
        returns: look_up(on, &load::returns(needs))?,
        utrs: look_up(on, &load::utrs(needs))?,
    };
    assemble(needs, rows)
}

/// Sub-queries on one row. The newest entry's page is read once and then cached.
pub const TIP: &str = "SELECT m.id AS merchant_id, e.seq, e.available_after, e.held_after,
        (SELECT max(seq) FROM outbox WHERE bucket = m.bucket AND merchant_id = m.id) AS last_event,
        e.created_at AS last_at
    FROM merchants m
    LEFT JOIN ledger_entries e ON e.bucket = m.bucket AND e.merchant_id = m.id
        AND e.seq = (SELECT max(seq) FROM ledger_entries WHERE bucket = m.bucket AND merchant_id = m.id)
    WHERE m.bucket = ?1 AND m.id = ?2";

fn look_up<T: FromRow>(on: &rusqlite::Connection, batch: &Batch<'_>) -> Result<Vec<T>> {
    let mut statement = on.prepare_cached(&batch.sql.sqlite)?;
    let mut found = Vec::with_capacity(batch.rows());
    for key in batch.values.chunks(batch.width) {
        session::bind(&mut statement, key)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            found.push(T::from_row(&mut Columns::new(Row::Sqlite(row)))?);
        }
    }
    Ok(found)
}
