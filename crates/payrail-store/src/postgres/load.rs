//! Lock and load, in one round trip. LATERAL with a LIMIT pins each look-up to its primary key, whatever the
//! planner believes about the tables' sizes.

use std::collections::BTreeSet;

use futures::future::try_join_all;
use futures::try_join;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::pool::Client;
use super::session::{self, in_force};
use crate::db::{Batch, Columns, FromRow, Row as AnyRow};
use crate::error::{Result, StoreError};
use crate::load;
use crate::needs::{Books, Needs, Rows, books};
use crate::rows::TipRow;

/// In the order of their ids, in every transaction: two lanes cannot deadlock.
const LOCK: &str = "SELECT m.id FROM unnest($1::smallint[], $2::uuid[]) AS n(bucket, id)
    JOIN merchants m ON m.bucket = n.bucket AND m.id = n.id ORDER BY m.id FOR NO KEY UPDATE OF m";

/// Each batch of merchants has the time with it, and whether the transaction is what was asked for: both are found out
/// once, after the locks, and cost no statement of their own.
const TIPS: &str = concat!(
    "SELECT n.merchant_id, e.seq, e.available_after, e.held_after, o.seq AS last_event, e.created_at AS last_at,
        (SELECT clock_timestamp()) AS now, ",
    in_force!(),
    " AS in_force
    FROM unnest($1::smallint[], $2::uuid[]) AS n(bucket, merchant_id)
    LEFT JOIN LATERAL (
        SELECT seq, available_after, held_after, created_at FROM ledger_entries l
        WHERE l.bucket = n.bucket AND l.merchant_id = n.merchant_id ORDER BY seq DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (
        SELECT seq FROM outbox b
        WHERE b.bucket = n.bucket AND b.merchant_id = n.merchant_id ORDER BY seq DESC LIMIT 1) o ON true"
);

/// A merchant's, and what is true of the whole transaction.
struct Locked {
    tip: TipRow,
    now: Timestamp,
    in_force: bool,
}

impl FromRow for Locked {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        Ok(Self { tip: TipRow::from_row(row)?, now: row.take("now")?, in_force: row.take("in_force")? })
    }
}

/// What a transaction has in hand once its merchants are locked.
pub struct Loaded {
    pub books: Books,
    /// The database's time.
    pub now: Timestamp,
}

/// Begins a transaction that has these merchants locked, and gives their books. Lock in one statement, read in
/// the next: a statement that waited for a lock sees the rest of the world as it was before the wait.
pub async fn begin(on: &Client, mark: &str, needs: &Needs) -> Result<Loaded> {
    let merchants = needs.merchants.iter().map(|merchant| (merchant.bucket().column(), merchant.0));
    let (buckets, merchants): (Vec<i16>, Vec<Uuid>) = merchants.unzip();
    let with_mark: [&(dyn ToSql + Sync); 3] = [&buckets, &merchants, &mark];
    let asked = [load::records(needs), load::payouts(needs), load::returns(needs), load::utrs(needs)];
    let (lock, tips) = try_join!(on.prepare_cached(LOCK), on.prepare_cached(TIPS))?;
    let prepared = try_join_all(asked.iter().map(|batch| on.prepare_cached(&batch.sql.postgres))).await?;
    let look_ups = try_join_all(asked.iter().zip(&prepared).map(|(batch, statement)| look_up(on, statement, batch)));
    let ((), locked, tips, found) = try_join!(
        on.batch_execute(session::BEGIN),
        on.query(&lock, &with_mark[..2]),
        on.query(&tips, &with_mark),
        look_ups,
    )?;
    let tips: Vec<Locked> = read(&tips)?;
    let Some(first) = tips.first() else { return Err(StoreError::Corrupt("a batch without a merchant".to_owned())) };
    let now = first.now;
    if !first.in_force {
        session::read(on).await?.check_transaction(mark)?;
    }
    let locked = read::<(Uuid,)>(&locked)?.into_iter().map(|(id,)| id).collect::<BTreeSet<_>>();
    // Who is not there cannot be locked, and has no book.
    let tips = tips.into_iter().map(|row| row.tip).filter(|tip| locked.contains(&tip.merchant_id)).collect();
    let [records, payouts, returns, utrs] = &found[..] else { unreachable!("four look-ups have four answers") };
    let rows =
        Rows { tips, records: read(records)?, payouts: read(payouts)?, returns: read(returns)?, utrs: read(utrs)? };
    Ok(Loaded { books: books(needs, rows)?, now })
}

async fn look_up(on: &Client, statement: &Statement, batch: &Batch<'_>) -> Result<Vec<Row>, tokio_postgres::Error> {
    if batch.values.is_empty() {
        return Ok(Vec::new());
    }
    let columns: Vec<_> = (0..batch.width).map(|index| batch.column(index)).collect();
    let columns: Vec<_> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
    on.query(statement, &columns).await
}

pub fn read<T: FromRow>(rows: &[Row]) -> Result<Vec<T>> {
    rows.iter().map(|row| T::from_row(&mut Columns::new(AnyRow::Postgres(row)))).collect()
}
