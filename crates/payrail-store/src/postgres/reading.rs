//! A connection at work for statements that both databases understand.

use std::sync::Arc;

use deadpool_postgres::Object;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::load::read;
use super::pool::{Client, Pool, Shared};
use super::write;
use crate::db::{Batch, FromRow, Value};
use crate::error::{Result, StoreError};

#[derive(Debug)]
pub(crate) enum Session {
    /// For look-ups by key. Reads only: a statement stands for itself, and may be repeated.
    Shared(Arc<Client>, Arc<Shared>),
    /// For searches.
    Own(Object, Pool),
    /// In a transaction, which dies with its connection.
    Transaction(Object),
}

impl Session {
    fn client(&self) -> &Client {
        match self {
            Self::Shared(client, _) => client,
            Self::Own(client, _) | Self::Transaction(client) => client,
        }
    }

    /// Another connection in the place of one that broke; false where nothing may be repeated.
    async fn renew(&mut self) -> Result<bool> {
        match self {
            Self::Shared(client, shared) => *client = shared.get().await?,
            Self::Own(client, pool) => *client = pool.get().await?,
            Self::Transaction(_) => return Ok(false),
        }
        Ok(true)
    }

    /// A read that found its connection broken is repeated on another one: it changed nothing.
    pub async fn query<T: FromRow>(&mut self, sql: &str, values: &[Value<'_>]) -> Result<Vec<T>> {
        match self.rows(sql, values).await {
            Err(error) if has_broken(&error) && self.renew().await? => read(&self.rows(sql, values).await?),
            rows => read(&rows?),
        }
    }

    async fn rows(&self, sql: &str, values: &[Value<'_>]) -> Result<Vec<Row>, tokio_postgres::Error> {
        let client = self.client();
        let statement = client.prepare_cached(sql).await?;
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        client.query(&statement, &values).await
    }

    pub async fn execute(&mut self, sql: &str, values: &[Value<'_>]) -> Result<u64> {
        let client = self.client();
        let statement = client.prepare_cached(sql).await?;
        Ok(client.execute_raw(&statement, values).await?)
    }

    pub async fn script(&mut self, sql: &str) -> Result<()> {
        Ok(self.client().batch_execute(sql).await?)
    }

    pub async fn write(&mut self, batches: Vec<Batch<'_>>) -> Result<()> {
        write::write(self.client(), batches).await
    }

    /// Closes a connection that is nobody else's.
    pub fn discard(self) {
        match self {
            Self::Own(client, _) | Self::Transaction(client) => drop(Object::take(client)),
            Self::Shared(..) => {}
        }
    }
}

/// The connection is lost, and not only this statement.
fn has_broken(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none() || StoreError::ends_session(error)
}
