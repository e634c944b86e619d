//! Locks and loads in one round trip. LATERAL with a LIMIT makes each look-up use its primary key, whatever the planner
//! assumes about the tables' sizes.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use futures::future::try_join_all;
use futures::try_join;
use jiff::Timestamp;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::pool::Client;
use super::reading::read;
use super::session::{self, Terms};
use crate::db::{Batch, Columns, FromRow};
use crate::error::{Result, StoreError};
use crate::load;
use crate::needs::{Books, Needs, Rows, books};
use crate::tables::ledger_entries::TipRow;

/// Every transaction locks in the order of the ids, so two lanes cannot deadlock.
const LOCK: &str = "SELECT m.id FROM unnest($1::smallint[], $2::uuid[]) AS n(bucket, id)
    JOIN merchants m ON m.bucket = n.bucket AND m.id = n.id ORDER BY m.id FOR NO KEY UPDATE OF m";

/// The statement also returns the time, and whether the transaction has the required settings. Both are read once,
/// after the locks, and need no extra statement.
static TIPS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT n.merchant_id, e.seq, e.available_after, e.held_after, o.seq AS last_event, e.created_at AS last_at,
        (SELECT clock_timestamp()) AS now, {} AS in_force
    FROM unnest($1::smallint[], $2::uuid[]) AS n(bucket, merchant_id)
    LEFT JOIN LATERAL (
        SELECT seq, available_after, held_after, created_at FROM ledger_entries l
        WHERE l.bucket = n.bucket AND l.merchant_id = n.merchant_id ORDER BY seq DESC LIMIT 1) e ON true
    LEFT JOIN LATERAL (
        SELECT seq FROM outbox b
        WHERE b.bucket = n.bucket AND b.merchant_id = n.merchant_id ORDER BY seq DESC LIMIT 1) o ON true",
        *session::IN_FORCE
    )
});

/// A merchant's newest entry, and facts about the whole transaction.
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

/// The result of locking and loading.
pub struct Loaded {
    pub books: Books,
    /// The database's time.
    pub now: Timestamp,
}

/// Begins a transaction, locks these merchants and loads their books. One statement locks and the next one reads,
/// because a statement that waited for a lock reads the other tables as they were before the wait.
pub async fn begin(on: &Client, terms: &Terms, needs: &Needs) -> Result<Loaded> {
    let merchants = needs.merchants.iter().map(|merchant| (merchant.bucket().column(), merchant.0));
    let (buckets, merchants): (Vec<i16>, Vec<Uuid>) = merchants.unzip();
    let (mark, schema) = (terms.mark(), terms.schema());
    let with_terms: [&(dyn ToSql + Sync); 4] = [&buckets, &merchants, &mark, &schema];
    let asked = [load::records(needs), load::payouts(needs), load::returns(needs), load::utrs(needs)];
    let (lock, tips) = try_join!(on.prepare_cached(LOCK), on.prepare_cached(&TIPS))?;
    let prepared = try_join_all(asked.iter().map(|batch| on.prepare_cached(&batch.sql.postgres))).await?;
    let look_ups = try_join_all(asked.iter().zip(&prepared).map(|(batch, statement)| look_up(on, statement, batch)));
    let ((), locked, tips, found) = try_join!(
        on.batch_execute(session::BEGIN),
        on.query(&lock, &with_terms[..2]),
        on.query(&tips, &with_terms),
        look_ups,
    )?;
    let tips: Vec<Locked> = read(&tips)?;
    let Some(first) = tips.first() else { return Err(StoreError::Corrupt("a batch without a merchant".to_owned())) };
    let now = first.now;
    if !first.in_force {
        session::read(on).await?.check_transaction(terms)?;
    }
    let locked = read::<(Uuid,)>(&locked)?.into_iter().map(|(id,)| id).collect::<BTreeSet<_>>();
    // A merchant that does not exist cannot be locked and has no book.
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
