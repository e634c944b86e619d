//! Connections to the server. What need not wait for an answer goes out together and is answered together
//! (pipelining): a batch takes two or three round trips and not a dozen.
//!
//! Lanes, searches and `verify` have a connection to themselves. Look-ups by key share a few: many of them travel in
//! one packet, and none waits for a connection to be free.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use deadpool::managed::Manager as _;
use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, RecyclingMethod, Runtime, Timeouts,
};
use tokio_postgres::{Config, NoTls};

use super::{CONNECT_TIMEOUT, session};
use crate::error::{Result, StoreError};

/// Statements on it are sent in the order in which their futures are first polled.
pub type Client = ClientWrapper;

#[derive(Clone, Debug)]
pub struct Pool(deadpool_postgres::Pool);

fn manager(config: Config) -> Manager {
    // Who finds a connection dead tries again on another; a ping before each use would cost a round trip.
    Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast })
}

impl Pool {
    /// Each connection begins with the settings of [`session`], under this mark.
    pub fn new(config: Config, mark: &Arc<str>, most: u32) -> Result<Self> {
        let timeout = Some(CONNECT_TIMEOUT);
        let mark = mark.clone();
        let begin = Hook::async_fn(move |client: &mut Client, _| {
            let mark = mark.clone();
            Box::pin(async move {
                let begun = session::begin(client, &mark).await;
                begun.map(drop).map_err(|error| HookError::message(error.to_string()))
            })
        });
        let pool = deadpool_postgres::Pool::builder(manager(config))
            .max_size(most as usize)
            .post_create(begin)
            .timeouts(Timeouts { wait: timeout, create: timeout, recycle: timeout })
            .runtime(Runtime::Tokio1)
            .build();
        Ok(Self(pool.map_err(|error| StoreError::Unavailable(error.to_string()))?))
    }

    pub async fn get(&self) -> Result<Object> {
        Ok(self.0.get().await?)
    }

    pub fn close(&self) {
        self.0.close();
    }
}

/// A few connections, each of which many tasks use at a time.
#[derive(Debug)]
pub struct Shared {
    manager: Manager,
    mark: Arc<str>,
    slots: Vec<Slot>,
    is_closed: AtomicBool,
}

/// Empty until it is used, and again when its connection broke.
#[derive(Debug, Default)]
struct Slot {
    client: RwLock<Option<Arc<Client>>>,
    connecting: tokio::sync::Mutex<()>,
}

impl Slot {
    /// Its connection, if it is alive.
    fn client(&self) -> Option<Arc<Client>> {
        let client = self.client.read().unwrap_or_else(PoisonError::into_inner).clone();
        client.filter(|client| !client.is_closed())
    }

    fn put(&self, client: Option<Arc<Client>>) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = client;
    }

    /// How many use it at this moment.
    fn load(&self) -> usize {
        self.client.read().unwrap_or_else(PoisonError::into_inner).as_ref().map_or(0, Arc::strong_count)
    }
}

impl Shared {
    pub fn new(config: Config, mark: &Arc<str>, count: u32) -> Self {
        let slots = (0..count).map(|_| Slot::default()).collect();
        Self { manager: manager(config), mark: mark.clone(), slots, is_closed: AtomicBool::new(false) }
    }

    /// The connection that the fewest use.
    pub async fn get(&self) -> Result<Arc<Client>> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the store is closed".to_owned()));
        }
        let least = self.slots.iter().min_by_key(|slot| slot.load());
        let slot = least.ok_or_else(|| StoreError::Unavailable("no connection for reads".to_owned()))?;
        if let Some(client) = slot.client() {
            return Ok(client);
        }
        // One connects; the others wait for what it gets.
        let _one = slot.connecting.lock().await;
        if let Some(client) = slot.client() {
            return Ok(client);
        }
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, self.connect());
        let late = |_| StoreError::Unavailable(format!("no session within {} s", CONNECT_TIMEOUT.as_secs()));
        let client = Arc::new(connecting.await.map_err(late)??);
        slot.put(Some(client.clone()));
        Ok(client)
    }

    async fn connect(&self) -> Result<Client> {
        let client = self.manager.create().await?;
        session::begin(&client, &self.mark).await?;
        Ok(client)
    }

    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.slots.iter().for_each(|slot| slot.put(None));
    }
}
