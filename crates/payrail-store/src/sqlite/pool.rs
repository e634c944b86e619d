//! Connections to the file. Statements run on the caller's thread, because a look-up by key is faster than waking
//! another thread.

use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleResult, Timeouts};
use rusqlite::Connection;

use super::opening::Opening;
use crate::error::{Result, StoreError};

/// How long to wait for a connection that another task uses.
const PATIENCE: Duration = Duration::from_secs(30);

impl Opening {
    pub fn pool(self, most: u32) -> Result<Pool> {
        let timeouts = Timeouts { wait: Some(PATIENCE), create: None, recycle: None };
        let pool = Pool::builder(self).max_size(most as usize).timeouts(timeouts).runtime(Runtime::Tokio1).build();
        pool.map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

pub type Pool = managed::Pool<Opening>;
pub type Pooled = Object<Opening>;

impl managed::Manager for Opening {
    type Type = Connection;
    type Error = StoreError;

    async fn create(&self) -> Result<Connection> {
        self.open_patiently().await
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<StoreError> {
        Ok(())
    }
}

pub async fn get(pool: &Pool) -> Result<Pooled> {
    pool.get().await.map_err(|error| match error {
        PoolError::Backend(error) => error,
        other => StoreError::Unavailable(format!("no connection to the file: {other}")),
    })
}
