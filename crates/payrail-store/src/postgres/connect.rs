//! Makes every connection to PostgreSQL. An address may name several hosts; the one that answered last is tried first.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{AsyncMessage, Client, Config, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{self, Address, Target};
use super::tls;
use crate::error::{Result, StoreError};

/// The connection's other half. The client only works while it is polled.
pub type Wire = tokio_postgres::Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// PostgreSQL's hosts, and the settings of connections to them.
#[derive(Clone)]
pub struct Server {
    address: Arc<Address>,
    tls: MakeRustlsConnect,
    /// The host that answered last.
    last_good: Arc<AtomicUsize>,
}

impl fmt::Debug for Server {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.address.targets.iter().map(|target| &target.name)).finish()
    }
}

impl Server {
    /// `variable` is the address's source, for messages.
    pub fn read(url: &str, variable: &str) -> Result<Self> {
        let address = address::read(url, variable)?;
        let tls = tls::connector(&address.tls)
            .map_err(|why| StoreError::Address(format!("{variable} cannot be used: {why}")))?;
        Ok(Self { address: Arc::new(address), tls, last_good: Arc::default() })
    }

    /// The same user and database on another host.
    pub fn at(&self, host: &str, port: u16) -> Self {
        Self { address: Arc::new(self.address.at(host, port)), tls: self.tls.clone(), last_good: Arc::default() }
    }

    /// A new session, and the task that drives its connection. Both end when the client is dropped.
    pub async fn connect(&self) -> Result<(Client, JoinHandle<()>)> {
        let (client, wire) = self.connect_wire().await?;
        Ok((client, tokio::spawn(carry(wire))))
    }

    /// As above, with the connection itself.
    pub async fn connect_wire(&self) -> Result<(Client, Wire)> {
        let targets = &self.address.targets;
        let first = self.last_good.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for index in (0..targets.len()).map(|step| (first + step) % targets.len()) {
            match self.connect_to(&targets[index]).await {
                Ok(connected) => {
                    self.last_good.store(index, Ordering::Relaxed);
                    return Ok(connected);
                }
                Err(error) => failures.push((targets[index].name.as_str(), error)),
            }
        }
        Err(together(failures))
    }

    /// Bounds the time for one host, so that the others are tried too.
    async fn connect_to(&self, target: &Target) -> Result<(Client, Wire)> {
        let limit = self.address.timeout;
        let late = |_| StoreError::Unavailable(format!("no answer within {} ms", limit.as_millis()));
        timeout(limit, self.negotiate(target)).await.map_err(late)?
    }

    async fn negotiate(&self, target: &Target) -> Result<(Client, Wire)> {
        let error = match target.config.connect(self.tls.clone()).await {
            Ok(connected) => return Ok(connected),
            Err(error) => error,
        };
        if !is_about_tls(&error) {
            return Err(error.into());
        }
        if target.config.get_ssl_mode() == SslMode::Prefer {
            return Ok(without_tls(&target.config).connect(self.tls.clone()).await?);
        }
        let error = StoreError::from(error);
        match target.is_tls_implied {
            true => Err(StoreError::Address(format!("{error}. {TLS_IS_IMPLIED}"))),
            false => Err(error),
        }
    }
}

const TLS_IS_IMPLIED: &str = "PayRail sends nothing unencrypted to another machine unless it is told to. Turn TLS on in \
    PostgreSQL (ssl = on), or, if you trust the network in between, add sslmode=disable to the address";

fn without_tls(config: &Config) -> Config {
    let mut config = config.clone();
    config.ssl_mode(SslMode::Disable);
    config
}

/// The driver reports it only as a text.
fn is_about_tls(error: &tokio_postgres::Error) -> bool {
    error.as_db_error().is_none() && error.to_string().starts_with("error performing TLS")
}

fn together(mut failures: Vec<(&str, StoreError)>) -> StoreError {
    if failures.len() == 1 {
        return failures.remove(0).1;
    }
    let texts: Vec<_> = failures.iter().map(|(name, error)| format!("{name}: {error}")).collect();
    StoreError::Unavailable(texts.join("; "))
}

/// The wait of a COMMIT for a synchronous standby.
const WAIT_FOR_STANDBY: &str = "SyncRepWaitForLSN";

/// Runs until either end closes. A server that gives up waiting for its synchronous standby sends a warning, and then
/// confirms the COMMIT. That answer must not reach the client, because the transaction would be lost with the primary.
async fn carry(mut wire: Wire) {
    while let Some(message) = poll_fn(|context| wire.poll_message(context)).await {
        match message {
            Ok(AsyncMessage::Notice(notice)) if notice.routine() == Some(WAIT_FOR_STANDBY) => {
                tracing::error!("PostgreSQL committed without its synchronous standby: {}", notice.message());
                return;
            }
            Ok(AsyncMessage::Notice(notice)) => tracing::debug!("PostgreSQL says: {}", notice.message()),
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(%error, "a connection to PostgreSQL broke");
                return;
            }
        }
    }
}
