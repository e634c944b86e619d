//! A connection in use.

use std::time::{Duration, Instant};

use deadpool::managed::Object;
use rusqlite::{CachedStatement, Connection};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::opening::BUSY_TIMEOUT;
use super::pool::Pooled;
use crate::db::{Batch, Columns, FromRow, Row, Value};
use crate::error::{Result, StoreError};

/// Runs on the caller's thread.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Pooled,
    /// Its statements may take longer than a look-up by key. The runtime moves this thread's other tasks meanwhile.
    is_long: bool,
}

impl Session {
    /// For look-ups by key.
    pub const fn short(connection: Pooled) -> Self {
        Self { connection, is_long: false }
    }

    /// For searches and transactions.
    pub const fn long(connection: Pooled) -> Self {
        Self { connection, is_long: true }
    }

    pub fn query<T: FromRow>(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>> {
        self.run(|connection| query(connection, sql, values))
    }

    pub fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        self.run(|connection| execute(connection, sql, values))
    }

    pub fn script(&mut self, sql: &str) -> Result<()> {
        self.run(|connection| Ok(connection.execute_batch(sql)?))
    }

    pub fn write(&mut self, batches: &[Batch<'_>]) -> Result<()> {
        self.run(|connection| batches.iter().try_for_each(|batch| batch.check(write(connection, batch)?)))
    }

    pub fn write_some(&mut self, batch: &Batch<'_>) -> Result<u64> {
        self.run(|connection| write(connection, batch))
    }

    pub fn run<T>(&mut self, work: impl FnOnce(&mut Connection) -> T) -> T {
        let connection = &mut *self.connection;
        if self.is_long { in_place(|| work(connection)) } else { work(connection) }
    }

    /// Closes it.
    pub fn discard(self) {
        drop(Object::take(self.connection));
    }
}

/// Work that may block this thread.
pub fn in_place<T>(work: impl FnOnce() -> T) -> T {
    // A runtime with one thread cannot move its tasks.
    match Handle::try_current().map(|runtime| runtime.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}

pub fn query<T: FromRow>(on: &Connection, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>> {
    let mut statement = on.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(T::from_row(&mut Columns::new(Row::Sqlite(row)))?);
    }
    Ok(found)
}

pub fn execute(on: &Connection, sql: &str, values: &[Value<'_>]) -> Result<u64> {
    let mut statement = on.prepare_cached(sql)?;
    bind(&mut statement, values)?;
    Ok(statement.raw_execute()? as u64)
}

/// Returns the number of rows written.
pub fn write(on: &Connection, batch: &Batch<'_>) -> Result<u64> {
    let mut statement = on.prepare_cached(&batch.sql.sqlite)?;
    let mut written = 0;
    for row in batch.values.chunks(batch.width) {
        bind(&mut statement, row)?;
        written += statement.raw_execute()? as u64;
    }
    Ok(written)
}

/// SQLite reads `$3` as a name, and numbers names by their first appearance.
pub fn bind(statement: &mut CachedStatement<'_>, values: &[Value<'_>]) -> Result<()> {
    if values.iter().any(Value::has_nul) {
        return Err(StoreError::Refused("a text holds a NUL character".to_owned()));
    }
    for index in 1..=statement.parameter_count() {
        let number = statement.parameter_name(index).and_then(|name| name.get(1..)?.parse().ok());
        let value = values.get(number.unwrap_or(index) - 1);
        let missing = || StoreError::Corrupt(format!("a statement has no value for its parameter {index}"));
        statement.raw_bind_parameter(index, value.ok_or_else(missing)?)?;
    }
    Ok(())
}

/// The interval between two attempts to get the lock.
const LONGEST_WAIT: Duration = Duration::from_millis(25);

/// IMMEDIATE takes the write lock now. Otherwise a transaction that reads first could be refused at its first write.
/// The write lock is also every merchant's lock. Cancelling the wait has no effect on the connection.
pub async fn begin(session: &mut Session) -> Result<()> {
    let begun = Instant::now();
    let mut wait = Duration::from_millis(1);
    loop {
        match session.script("BEGIN IMMEDIATE") {
            Err(StoreError::Busy(_)) if begun.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            done => return done,
        }
    }
}
