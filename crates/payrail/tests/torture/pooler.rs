//! PgBouncer in front of PostgreSQL, in session mode, as in docs/operations.md. After a kill it starts on another port,
//! and the wires of the processes that use it follow.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use payrail_store::testing::{PgBouncer, PgBouncerSettings};
use tokio::sync::Mutex as Turn;
use tokio::time::sleep;

use crate::wire::Upstream;

pub struct Pooler {
    /// Its address while it listens.
    pub address: Upstream,
    /// One fault at a time.
    pub turn: Turn<()>,
    database_url: String,
    running: Mutex<Option<PgBouncer>>,
}

/// After a failed login PgBouncer waits, by default 15 seconds, before it tries PostgreSQL again.
const TRIES_AGAIN: &str = "server_login_retry = 1\n";

impl Pooler {
    pub fn before(database_url: &str) -> Self {
        let pooler = Self {
            address: Arc::default(),
            turn: Turn::new(()),
            database_url: database_url.to_owned(),
            running: Mutex::default(),
        };
        pooler.start();
        pooler
    }

    fn start(&self) {
        let settings = PgBouncerSettings { more: TRIES_AGAIN, ..PgBouncerSettings::default() };
        let bouncer = PgBouncer::before(&self.database_url, &settings);
        *self.address.lock().unwrap() = Some(server(&bouncer.url(&self.database_url)).parse().unwrap());
        *self.running.lock().unwrap() = Some(bouncer);
    }

    /// SIGKILL: all its connections are cut.
    pub async fn kill(&self, down: Duration) {
        *self.address.lock().unwrap() = None;
        drop(self.running.lock().unwrap().take());
        sleep(down).await;
        self.start();
    }
}

/// `127.0.0.1:5432`
pub fn server(database_url: &str) -> &str {
    database_url.split(['@', '/']).nth(3).unwrap()
}
