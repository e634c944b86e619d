//! A connection for statements that both databases understand.

use std::sync::Arc;

use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::pool::{Client, Object, Pool, Shared};
use super::{session, write};
use crate::db::{Batch, Columns, FromRow, Row as AnyRow, Value};
use crate::error::{Result, StoreError};

/// The number of connections that look-ups share.
const REPEATS: u32 = 3;

#[derive(Debug)]
pub(crate) enum Session {
    /// For look-ups by key. These are single reads, so they may be repeated.
    Shared(Arc<Client>, Arc<Shared>),
    /// For searches. `None`: the connection broke and could not be replaced.
    Own(Option<Object>, Pool),
    /// For a transaction, which is lost with its connection.
    Transaction(Object),
}

impl Session {
    fn client(&self) -> Result<&Client> {
        match self {
            Self::Shared(client, _) => Ok(client),
            Self::Own(Some(client), _) | Self::Transaction(client) => Ok(client),
            Self::Own(None, _) => Err(StoreError::Unavailable("the connection broke".to_owned())),
        }
    }

    /// Replaces a broken connection. False if the statement may not be repeated.
    async fn renew(&mut self) -> Result<bool> {
        match self {
            Self::Shared(client, shared) => {
                shared.discard(client);
                *client = shared.get().await?;
            }
            Self::Own(client, pool) => {
                // Drop the old one first, because the pool may have no other.
                drop(client.take().map(Object::take));
                *client = Some(pool.get().await?);
            }
            Self::Transaction(_) => return Ok(false),
        }
        Ok(true)
    }

    /// Repeats a read whose connection broke, because it changed nothing. When a server dies, the next connections may
    /// be broken too.
    pub async fn query<T: FromRow>(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>> {
        for _ in 0..REPEATS {
            match rows(self.client()?, sql, values).await {
                Err(error) if has_broken(&error) && self.renew().await? => {}
                rows => return read(&rows?),
            }
        }
        read(&rows(self.client()?, sql, values).await?)
    }

    pub async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        let client = self.client()?;
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute_raw(&statement, values).await?)
    }

    pub async fn script(&mut self, sql: &str) -> Result<()> {
        Ok(self.client()?.batch_execute(sql).await?)
    }

    pub async fn commit(&mut self) -> Result<()> {
        Ok(self.client()?.batch_execute(session::COMMIT).await?)
    }

    pub async fn write(&mut self, batches: Vec<Batch<'_>>) -> Result<()> {
        write::write(self.client()?, batches).await
    }

    pub async fn write_some(&mut self, batch: &Batch<'_>) -> Result<u64> {
        write::write_some(self.client()?, batch).await
    }

    /// Closes an exclusive connection.
    pub fn discard(self) {
        match self {
            Self::Own(Some(client), _) | Self::Transaction(client) => drop(Object::take(client)),
            Self::Own(None, _) | Self::Shared(..) => {}
        }
    }
}

async fn rows(client: &Client, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = client.prepare_cached(sql).await?;
    let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
    client.query(&statement, &values).await
}

/// Whether the connection is lost, and not only this statement.
fn has_broken(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none() || StoreError::ends_session(error)
}

pub fn read<T: FromRow>(rows: &[Row]) -> Result<Vec<T>> {
    rows.iter().map(|row| T::from_row(&mut Columns::new(AnyRow::Postgres(row)))).collect()
}
