//! Writes a decision: one statement of arrays per table, whatever the size of the batch, all in one round trip.

use futures::future::{join, try_join_all};
use tokio_postgres::Statement;
use tokio_postgres::types::ToSql;

use super::pool::Client;
use super::session;
use crate::db::Batch;
use crate::error::{Result, StoreError};

/// Writes everything and commits. A COMMIT after a failure is a rollback, so after plain INSERTs it is sent with them.
/// The answer of a statement that counts its rows must be read first.
pub async fn commit(on: &Client, batches: Vec<Batch<'_>>) -> Result<()> {
    let statements = prepare(on, batches).await?;
    if on.is_closed() {
        return Err(StoreError::Unavailable("the connection broke before anything was written".to_owned()));
    }
    if statements.iter().all(|(batch, _)| !batch.sql.is_counted) {
        let (written, committed) = join(flight(on, &statements), on.batch_execute(session::COMMIT)).await;
        written.map_err(from_write_with_commit)?;
        return committed.map_err(StoreError::from_commit);
    }
    write_all(on, &statements).await?;
    on.batch_execute(session::COMMIT).await.map_err(StoreError::from_commit)
}

/// Writes everything, without a commit.
pub async fn write(on: &Client, batches: Vec<Batch<'_>>) -> Result<()> {
    write_all(on, &prepare(on, batches).await?).await
}

/// Executes one statement, without a commit. Returns the number of rows.
pub async fn write_some(on: &Client, batch: &Batch<'_>) -> Result<u64> {
    let statement = on.prepare_cached(&batch.sql.postgres).await?;
    Ok(run(on, batch, &statement).await?)
}

async fn write_all(on: &Client, statements: &[Prepared<'_>]) -> Result<()> {
    for some in statements.chunks(AT_ONCE) {
        let counts = flight(on, some).await?;
        some.iter().zip(counts).try_for_each(|((batch, _), count)| batch.check(count))?;
    }
    Ok(())
}

/// The number of statements with unread answers, which the sockets' buffers can hold.
const AT_ONCE: usize = 16;

type Prepared<'w> = (Batch<'w>, Statement);

/// Prepares all statements before the first is sent. On a new connection this waits for answers, and a COMMIT must not
/// overtake the INSERTs.
async fn prepare<'w>(on: &Client, batches: Vec<Batch<'w>>) -> Result<Vec<Prepared<'w>>> {
    let mut prepared = Vec::with_capacity(batches.len());
    for batch in batches {
        let statement = on.prepare_cached(&batch.sql.postgres).await?;
        prepared.push((batch, statement));
    }
    Ok(prepared)
}

/// Sends the statements in order when first polled, then waits for the answers.
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

/// An error of the server is a rollback. After a broken connection the outcome is unknown.
fn from_write_with_commit(error: tokio_postgres::Error) -> StoreError {
    if error.as_db_error().is_some() { error.into() } else { StoreError::from_commit(error) }
}
