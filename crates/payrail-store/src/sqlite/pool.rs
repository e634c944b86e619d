//! Connections to the file. Statements run on the thread that asks: SQLite answers a look-up by key sooner than another
//! thread would be awake.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use deadpool::Runtime;
use deadpool::managed::{self, Metrics, Object, PoolError, RecycleResult, Timeouts};
use rusqlite::{Connection, OpenFlags};

use super::session::{self, Session};
use crate::error::{Result, StoreError};

/// How long another process (a second `payrail` on the same file) may keep the write lock.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Between two looks whether it is free.
const LONGEST_WAIT: Duration = Duration::from_millis(25);
/// Pages in the log before they are moved into the file: larger than the default 1,000, because
/// moving them is what a batch of inserts otherwise spends most of its time on.
const WAL_AUTOCHECKPOINT_PAGES: i64 = 10_000;
/// What a batch touches must fit (in KiB, negative; the default is 2,000): pages that do not are written to the log
/// and read again before the batch is over.
const WRITER_CACHE: i64 = -16_000;
/// More statements than this program has, so that each is prepared once a connection.
const STATEMENTS: usize = 256;
/// For a connection that another task uses.
const PATIENCE: Duration = Duration::from_secs(30);

/// How a connection is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    pub file: PathBuf,
    pub writes: bool,
}

impl Opening {
    /// Sets a connection up and looks at what is in force.
    pub fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(self.patience())?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        // Lets INSERT OR REPLACE fire the triggers that refuse a DELETE.
        connection.pragma_update(None, "recursive_triggers", "ON")?;
        connection.pragma_update(None, "wal_autocheckpoint", WAL_AUTOCHECKPOINT_PAGES)?;
        if self.writes {
            connection.pragma_update(None, "cache_size", WRITER_CACHE)?;
            connection.pragma_update(None, "temp_store", "MEMORY")?;
        }
        session::check(&connection, self.patience())?;
        Ok(connection)
    }

    /// A writer waits for the lock where it begins, and there without its thread: see [`begin`].
    const fn patience(&self) -> Duration {
        if self.writes { Duration::ZERO } else { BUSY_TIMEOUT }
    }

    /// Of two processes that open a new file at once, SQLite tells the one that comes late with its change
    /// to WAL "locked" at once, whatever the busy timeout. A moment later there is nothing left to change.
    pub async fn open_first(&self) -> Result<Connection> {
        let begun = Instant::now();
        loop {
            match self.open() {
                Err(StoreError::Busy(_)) if begun.elapsed() < BUSY_TIMEOUT => {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                done => return done,
            }
        }
    }

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
        self.open()
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

/// IMMEDIATE takes the write lock now: a transaction that reads first and writes later could be refused half way. It
/// is also every merchant's lock. Whoever stops waiting for it leaves nothing behind.
pub async fn begin(session: &mut Session) -> Result<()> {
    let begun = Instant::now();
    let mut wait = Duration::from_millis(1);
    loop {
        match session.script("BEGIN IMMEDIATE") {
            Err(StoreError::Busy(_)) if begun.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            done => return done,
        }
    }
}
