//! Write what was decided: one statement of arrays a table, whatever the size of the batch, all of them in one
//! round trip.

use futures::future::{join, try_join_all};
use payrail_core::decide::Writes;
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::pool::Client;
use crate::db::Batch;
use crate::error::{Result, StoreError};
use crate::write::{KnownKeys, batches};

/// Writes it all and commits. A COMMIT after a failure is a rollback: after nothing but INSERTs it goes along with
/// them. What counts its rows must be heard first.
pub async fn commit(on: &Client, writes: &Writes, known: &KnownKeys) -> Result<()> {
    let statements = prepare(on, batches(writes, known)).await?;
    if on.is_closed() {
        return Err(StoreError::Unavailable("the connection broke before anything was written".to_owned()));
    }
    if statements.iter().all(|(batch, _)| !batch.sql.is_counted) {
        let (written, committed) = join(flight(on, &statements), on.batch_execute("COMMIT")).await;
        written.map_err(of_write_with_commit)?;
        return committed.map_err(StoreError::from_commit);
    }
    write_all(on, &statements).await?;
    on.batch_execute("COMMIT").await.map_err(StoreError::from_commit)
}

/// Writes it all in a transaction that goes on.
pub async fn write(on: &Client, batches: Vec<Batch<'_>>) -> Result<()> {
    write_all(on, &prepare(on, batches).await?).await
}

async fn write_all(on: &Client, statements: &[Prepared<'_>]) -> Result<()> {
    for some in statements.chunks(AT_ONCE) {
        let counts = flight(on, some).await?;
        some.iter().zip(counts).try_for_each(|((batch, _), count)| batch.check(count))?;
    }
    Ok(())
}

/// Statements whose answers nobody reads yet: as many as a socket takes in its stride.
const AT_ONCE: usize = 16;

type Prepared<'w> = (Batch<'w>, Statement);

/// Before the first is sent: on a new connection this waits for answers, and what is sent must not be overtaken.
async fn prepare<'w>(on: &Client, batches: Vec<Batch<'w>>) -> Result<Vec<Prepared<'w>>> {
    let mut prepared = Vec::with_capacity(batches.len());
    for batch in batches {
        let statement = on.prepare_cached(&batch.sql.postgres).await?;
        prepared.push((batch, statement));
    }
    Ok(prepared)
}

/// Sent in their order when first polled; then their answers are waited for.
fn flight<'a>(
    on: &'a Client,
    statements: &'a [Prepared<'_>],
) -> impl Future<Output = Result<Vec<u64>, tokio_postgres::Error>> + 'a {
    try_join_all(statements.iter().map(|(batch, statement)| run(on, batch, statement)))
}

async fn run(on: &Client, batch: &Batch<'_>, statement: &Statement) -> Result<u64, tokio_postgres::Error> {
    let columns: Vec<_> = (0..batch.width).map(|index| batch.column(index)).collect();
    on.execute_raw(statement, columns.iter().map(|column| column as &(dyn ToSql + Sync))).await
}

/// What the server refused is rolled back; when the wire broke, the COMMIT may have been on its way.
fn of_write_with_commit(error: tokio_postgres::Error) -> StoreError {
    if error.as_db_error().is_some() { error.into() } else { StoreError::from_commit(error) }
}
