//! One connection to either database. Every statement that both understand is written once, for this.

mod row;
mod table;
mod value;

use std::ops::{Deref, DerefMut};

pub(crate) use row::{Columns, FromRow, Row};
#[cfg(feature = "testing")]
pub(crate) use table::Sql;
pub(crate) use table::{Batch, Column, Lookup, Write};
pub(crate) use value::{Value, values};

use crate::error::{Result, StoreError};
use crate::{postgres, sqlite};

/// SQL in PostgreSQL's numbered form (`$1`), which SQLite understands as well. A limit is `$n + 0`: whenever the bare
/// parameter of a LIMIT is bound, SQLite prepares the statement anew.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(sqlite::Session),
    Postgres(postgres::Session),
}

impl Connection {
    pub async fn all<T: FromRow>(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>> {
        // Not the values: there are bank accounts among them, and hashes of keys and passwords.
        tracing::trace!(sql, "read");
        match self {
            Self::Sqlite(session) => session.query(sql, values),
            Self::Postgres(session) => session.query(sql, values).await,
        }
    }

    pub async fn optional<T: FromRow>(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Option<T>> {
        Ok(self.all(sql, values).await?.into_iter().next())
    }

    pub async fn one<T: FromRow>(&mut self, sql: &str, values: &[Value<'_>]) -> Result<T> {
        let row = self.optional(sql, values).await?;
        row.ok_or_else(|| StoreError::Corrupt("a statement gave no row where there must be one".to_owned()))
    }

    /// How many rows it changed.
    pub async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        tracing::trace!(sql, "write");
        match self {
            Self::Sqlite(session) => session.execute(sql, values),
            Self::Postgres(session) => session.execute(sql, values).await,
        }
    }

    /// Statements without values, separated by semicolons.
    pub async fn script(&mut self, sql: &str) -> Result<()> {
        match self {
            Self::Sqlite(session) => session.script(sql),
            Self::Postgres(session) => session.script(sql).await,
        }
    }

    /// Rows into tables, in a transaction that has begun.
    pub async fn write(&mut self, batches: Vec<Batch<'_>>) -> Result<()> {
        match self {
            Self::Sqlite(session) => session.write(&batches),
            Self::Postgres(session) => session.write(batches).await,
        }
    }

    pub const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    pub fn discard(self) {
        match self {
            Self::Sqlite(session) => session.discard(),
            Self::Postgres(session) => session.discard(),
        }
    }
}

/// An open transaction. One that is not committed takes its connection with it: the database undoes what was begun,
/// and nothing of a session that failed is used again. (When its disk is full SQLite rolls back by itself.)
#[derive(Debug)]
pub(crate) struct Transaction {
    /// Taken away at the end.
    connection: Option<Connection>,
}

impl Transaction {
    /// Of a connection on which one has begun.
    pub const fn begun(connection: Connection) -> Self {
        Self { connection: Some(connection) }
    }

    pub async fn commit(mut self) -> Result<()> {
        let Some(mut connection) = self.connection.take() else { return Ok(()) };
        let done = connection.script("COMMIT").await.map_err(StoreError::from_commit);
        if done.is_err() {
            connection.discard();
        }
        done
    }
}

impl Deref for Transaction {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection.as_ref().expect("it is there until the end")
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("it is there until the end")
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            connection.discard();
        }
    }
}
