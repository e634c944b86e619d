//! Connections to the server. Independent statements are sent and answered together (pipelining): a batch takes two or
//! three round trips instead of a dozen.
//!
//! Lanes, small writes, searches and `verify` use exclusive connections. Look-ups by key share a few connections: one
//! packet carries many of them, and none waits for a free connection.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, RecycleError, RecycleResult, Timeouts};
use deadpool_postgres::ClientWrapper;

use super::address::CONNECT_TIMEOUT;
use super::node::Location;
use super::schema;
use super::session::{self, Terms};
use crate::error::{Result, StoreError};

/// Statements on it are sent in the order in which their futures are first polled.
pub type Client = ClientWrapper;
pub type Object = managed::Object<Manager>;

/// Makes connections whose sessions fulfil the terms.
#[derive(Clone, Debug)]
pub struct Manager {
    location: Arc<Location>,
    terms: Arc<Terms>,
}

impl Manager {
    pub const fn new(location: Arc<Location>, terms: Arc<Terms>) -> Self {
        Self { location, terms }
    }
}

impl managed::Manager for Manager {
    type Type = Client;
    type Error = StoreError;

    async fn create(&self) -> Result<Client> {
        // On the heap: the compiler follows futures within futures only so deep.
        let (client, task) = Box::pin(async { self.location.server().await?.connect().await }).await?;
        let client = Client::new(client, task);
        session::begin(&client, &self.terms).await?;
        if let Some(place) = self.terms.place() {
            place.check(schema::cell_setting(&client, self.terms.schema()).await?.flatten().as_deref())?;
            schema::check_version(&client, self.terms.schema(), place.version).await?;
        }
        Ok(client)
    }

    /// A user of a broken connection retries on another. A ping before each use would cost a round trip.
    async fn recycle(&self, client: &mut Client, metrics: &Metrics) -> RecycleResult<StoreError> {
        if client.is_closed() {
            return Err(RecycleError::message("it is closed"));
        }
        if self.location.has_moved_since(metrics.created) {
            return Err(RecycleError::message("the cell is on another node now"));
        }
        Ok(())
    }
}

#[derive(Clone, Debug)]
pub struct Pool(managed::Pool<Manager>);

impl Pool {
    pub fn new(manager: Manager, most: u32) -> Result<Self> {
        let timeout = Some(CONNECT_TIMEOUT);
        let pool = managed::Pool::builder(manager)
            .max_size(most as usize)
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

/// A few connections that many tasks share.
#[derive(Debug)]
pub struct Shared {
    manager: Manager,
    slots: Vec<Slot>,
    is_closed: AtomicBool,
}

/// Empty until its first use, and after its connection broke.
#[derive(Debug, Default)]
struct Slot {
    client: RwLock<Option<Made>>,
    connecting: tokio::sync::Mutex<()>,
}

/// A connection, and when it was made.
#[derive(Clone, Debug)]
struct Made(Arc<Client>, Instant);

impl Slot {
    /// Its connection, if it is alive and leads to where the cell is.
    fn client(&self, location: &Location) -> Option<Arc<Client>> {
        let made = self.client.read().unwrap_or_else(PoisonError::into_inner).clone();
        made.filter(|Made(client, when)| !client.is_closed() && !location.has_moved_since(*when)).map(|made| made.0)
    }

    fn put(&self, made: Option<Made>) {
        *self.client.write().unwrap_or_else(PoisonError::into_inner) = made;
    }

    /// The number of current users.
    fn load(&self) -> usize {
        let made = self.client.read().unwrap_or_else(PoisonError::into_inner);
        made.as_ref().map_or(0, |Made(client, _)| Arc::strong_count(client))
    }
}

impl Shared {
    pub fn new(manager: Manager, count: u32) -> Self {
        let slots = (0..count).map(|_| Slot::default()).collect();
        Self { manager, slots, is_closed: AtomicBool::new(false) }
    }

    /// The connection with the fewest users.
    pub async fn get(&self) -> Result<Arc<Client>> {
        if self.is_closed.load(Ordering::Relaxed) {
            return Err(StoreError::Unavailable("the store is closed".to_owned()));
        }
        let least = self.slots.iter().min_by_key(|slot| slot.load());
        let slot = least.ok_or_else(|| StoreError::Unavailable("no connection for reads".to_owned()))?;
        if let Some(client) = slot.client(&self.manager.location) {
            return Ok(client);
        }
        // One task connects; the others wait for its connection.
        let _one = slot.connecting.lock().await;
        if let Some(client) = slot.client(&self.manager.location) {
            return Ok(client);
        }
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, managed::Manager::create(&self.manager));
        let late = |_| StoreError::Unavailable(format!("no session within {} s", CONNECT_TIMEOUT.as_secs()));
        let client = Arc::new(connecting.await.map_err(late)??);
        slot.put(Some(Made(client.clone(), Instant::now())));
        Ok(client)
    }

    /// Removes a broken connection, even if it does not know yet that it is broken.
    pub fn discard(&self, client: &Arc<Client>) {
        for slot in &self.slots {
            let mut kept = slot.client.write().unwrap_or_else(PoisonError::into_inner);
            if kept.as_ref().is_some_and(|Made(kept, _)| Arc::ptr_eq(kept, client)) {
                *kept = None;
            }
        }
    }

    pub fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        self.slots.iter().for_each(|slot| slot.put(None));
    }
}
