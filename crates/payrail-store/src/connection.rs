//! One connection to either database, and an open transaction on one.

use std::ops::{Deref, DerefMut};

use crate::db::{Batch, FromRow, Value};
use crate::error::{Result, StoreError};
use crate::postgres::reading::Session as PostgresSession;
use crate::sqlite::session::Session as SqliteSession;

/// SQL in PostgreSQL's numbered form (`$1`), which SQLite also understands. A limit is `$n + 0`, because SQLite
/// prepares a statement again whenever the bare parameter of a LIMIT is bound.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(SqliteSession),
    Postgres(PostgresSession),
}

impl Connection {
    pub async fn all<T: FromRow>(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>> {
        // Values are not shown: some are bank accounts, or hashes of keys and passwords.
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

    /// Returns the number of changed rows.
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

    /// Ends the open transaction.
    pub async fn commit(&mut self) -> Result<()> {
        match self {
            Self::Sqlite(session) => session.script("COMMIT"),
            Self::Postgres(session) => session.commit().await,
        }
    }

    /// Writes rows into tables, in an open transaction.
    pub async fn write(&mut self, batches: Vec<Batch<'_>>) -> Result<()> {
        match self {
            Self::Sqlite(session) => session.write(&batches),
            Self::Postgres(session) => session.write(batches).await,
        }
    }

    /// Writes rows into a table, in an open transaction. Returns the number of written rows, because a statement may
    /// skip some.
    pub async fn write_some(&mut self, batch: Batch<'_>) -> Result<u64> {
        match self {
            Self::Sqlite(session) => session.write_some(&batch),
            Self::Postgres(session) => session.write_some(&batch).await,
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

/// An open transaction. Dropping it without a commit closes its connection: the database rolls back, and a failed
/// session is not used again. (On a full disk SQLite rolls back by itself.)
#[derive(Debug)]
pub(crate) struct Transaction {
    /// `None` after the end.
    connection: Option<Connection>,
}

impl Transaction {
    /// The connection must have an open transaction.
    pub const fn begun(connection: Connection) -> Self {
        Self { connection: Some(connection) }
    }

    pub async fn commit(mut self) -> Result<()> {
        let Some(mut connection) = self.connection.take() else { return Ok(()) };
        let done = connection.commit().await.map_err(StoreError::from_commit);
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
