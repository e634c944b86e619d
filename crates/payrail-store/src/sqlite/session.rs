//! A connection at work, and what it must be like before money moves in it. That is read back after it was asked for: a
//! file system without shared memory has no WAL, and a library built otherwise may know no foreign keys.

use std::time::Duration;

use deadpool::managed::Object;
use rusqlite::{CachedStatement, Connection};
use tokio::runtime::{Handle, RuntimeFlavor};

use super::pool::Pooled;
use crate::db::{Batch, Columns, FromRow, Row, Value};
use crate::error::{Result, StoreError};

/// Runs on the thread of whoever asks.
#[derive(Debug)]
pub(crate) struct Session {
    connection: Pooled,
    /// Its statements may take longer than a look-up by key: the runtime hands this thread's other tasks on meanwhile.
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
        self.run(|connection| batches.iter().try_for_each(|batch| write(connection, batch)))
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
    // A runtime of one thread has nobody to hand its tasks to.
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

pub fn write(on: &Connection, batch: &Batch<'_>) -> Result<()> {
    let mut statement = on.prepare_cached(&batch.sql.sqlite)?;
    let mut written = 0;
    for row in batch.values.chunks(batch.width) {
        bind(&mut statement, row)?;
        written += statement.raw_execute()? as u64;
    }
    batch.check(written)
}

/// SQLite takes `$3` for a name, and counts names by their first appearance.
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

/// `patience`: how long its statements wait for a lock.
pub fn check(on: &Connection, patience: Duration) -> Result<()> {
    let patience = patience.as_millis().to_string();
    for (pragma, wanted) in [
        ("journal_mode", "wal"),
        // FULL, as SQLite's number for it; EXTRA (3) is never set here.
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("busy_timeout", patience.as_str()),
    ] {
        let read = format!("SELECT cast({} AS TEXT) FROM pragma_{pragma}", column(pragma));
        let found: String = on.query_row(&read, (), |row| row.get(0))?;
        if found != wanted {
            return Err(StoreError::Session(format!(
                "SQLite has {pragma} = {found} where {wanted} is needed, although payrail set it. Most likely the file \
                 system cannot share memory between processes (a network drive): put the file that DATABASE_URL names \
                 on a local disk"
            )));
        }
    }
    Ok(())
}

fn column(pragma: &str) -> &str {
    if pragma == "busy_timeout" { "timeout" } else { pragma }
}

#[cfg(test)]
mod tests {
    use super::super::pool::{BUSY_TIMEOUT, Opening};
    use super::*;

    fn refusal(connection: &Connection) -> String {
        check(connection, BUSY_TIMEOUT).unwrap_err().to_string()
    }

    /// A database in memory has no WAL: it stands for a file system that cannot have one.
    #[test]
    fn each_setting_that_differs_is_named() {
        let memory = Connection::open_in_memory().unwrap();
        assert!(refusal(&memory).contains("journal_mode = memory where wal is needed"));
        let folder = std::env::temp_dir().join(format!("payrail_session_{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let opening = Opening { file: folder.join("a.db"), writes: false };
        for (pragma, wrong) in
            [("synchronous", "1"), ("foreign_keys", "0"), ("recursive_triggers", "0"), ("busy_timeout", "1")]
        {
            let file = opening.open().unwrap();
            file.execute_batch(&format!("PRAGMA {pragma} = {wrong}")).unwrap();
            assert!(refusal(&file).contains(&format!("{pragma} = {wrong} where")), "{pragma}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
