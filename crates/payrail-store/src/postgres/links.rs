//! The lanes' connections. What need not wait for an answer goes out together and is answered together
//! (pipelining, which sqlx does not do): a batch takes two or three round trips and not a dozen.

use std::str::FromStr;
use std::sync::Arc;

use deadpool_postgres::{Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime, Timeouts};
use sqlx::postgres::PgConnectOptions;
use tokio_postgres::{Config, NoTls};

use super::{CONNECT_TIMEOUT, session};
use crate::error::{Result, StoreError};

/// Statements on it are sent in the order in which their futures are first polled.
pub type Link = Object;

#[derive(Clone, Debug)]
pub struct Links(Pool);

impl Links {
    /// Each connection begins with the settings of [`session`], under this mark.
    pub fn new(config: Config, mark: &str, most: u32) -> Result<Self> {
        // A lane notices a dead connection by itself and tries again; a ping a batch would cost a round trip.
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let timeout = Some(CONNECT_TIMEOUT);
        let mark: Arc<str> = mark.into();
        let begin = Hook::async_fn(move |client: &mut deadpool_postgres::ClientWrapper, _| {
            let mark = mark.clone();
            Box::pin(async move {
                let begun = session::begin(client, &mark).await;
                begun.map(drop).map_err(|error| HookError::message(error.to_string()))
            })
        });
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(most as usize)
            .post_create(begin)
            .timeouts(Timeouts { wait: timeout, create: timeout, recycle: timeout })
            .runtime(Runtime::Tokio1)
            .build();
        Ok(Self(pool.map_err(|error| StoreError::Unavailable(error.to_string()))?))
    }

    pub async fn get(&self) -> Result<Link> {
        Ok(self.0.get().await?)
    }

    pub fn close(&self) {
        self.0.close();
    }
}

/// To the same server as `beside`, which has read the same address. What that leaves out comes from the environment, as libpq has it: sqlx looks there, this driver does not.
pub fn config(url: &str, beside: &PgConnectOptions) -> Result<Config> {
    let bad_url = |error| StoreError::Unavailable(format!("DATABASE_URL cannot be used: {error}"));
    let mut config = Config::from_str(url).map_err(bad_url)?;
    if config.get_hosts().is_empty() {
        config.host(beside.get_host()).port(beside.get_port());
    }
    if config.get_user().is_none() {
        config.user(beside.get_username());
    }
    if let (None, Ok(password)) = (config.get_password(), std::env::var("PGPASSWORD")) {
        config.password(password);
    }
    config.application_name("payrail").connect_timeout(CONNECT_TIMEOUT);
    Ok(config)
}
