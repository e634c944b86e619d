//! One database of either kind, and its connections for each use: a cell, or what is central.

use crate::clock::{ClockDifference, SharedClock};
use crate::connection::{Connection, Transaction};
use crate::error::Result;
use crate::postgres::PostgresStore;
use crate::sqlite::SqliteStore;

#[derive(Clone, Debug)]
pub(crate) enum Database {
    Sqlite(SqliteStore),
    Postgres(PostgresStore),
}

/// What a read is expected to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A look-up by key.
    Short,
    /// It may take long, so it must delay no other read.
    Long,
}

impl Database {
    /// Waits for the running statements and closes every connection.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }

    pub const fn is_sqlite(&self) -> bool {
        matches!(self, Self::Sqlite(_))
    }

    /// Whether it is a cluster, whose schemas may be on other servers.
    pub const fn is_citus(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(store) => store.is_citus(),
        }
    }

    /// The clock that all processes of this database share.
    pub fn clock(&self) -> SharedClock {
        match self {
            Self::Sqlite(_) => SharedClock::Machine,
            Self::Postgres(store) => store.clock.clone(),
        }
    }

    /// Reads the shared clock and compares this process's own with it. On SQLite there is only one clock.
    pub async fn compare_clocks(&self) -> Result<ClockDifference> {
        match self {
            Self::Sqlite(_) => Ok(ClockDifference::default()),
            Self::Postgres(store) => store.compare_clocks().await,
        }
    }

    /// Whether the pool's sessions have the required settings, and whether the database accepts writes.
    pub async fn check_session(&self) -> Result<()> {
        match self {
            // SQLite's connections are checked when they are opened, and nothing is in between.
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(store) => store.check_session().await,
        }
    }

    /// A warning about a server that does not flush to disk.
    pub async fn flush_warnings(&self) -> Result<Vec<String>> {
        match self {
            Self::Sqlite(_) => Ok(Vec::new()),
            Self::Postgres(store) => store.flush_warnings().await,
        }
    }

    /// A transaction in which every read sees the same moment.
    pub async fn begin_snapshot(&self) -> Result<Transaction> {
        match self {
            Self::Sqlite(store) => store.begin_snapshot().await,
            Self::Postgres(store) => store.begin_snapshot().await,
        }
    }

    pub async fn read(&self, read: Read) -> Result<Connection> {
        match read {
            Read::Short => self.short_read().await,
            Read::Long => self.long_read().await,
        }
    }

    /// For look-ups by key.
    pub async fn short_read(&self) -> Result<Connection> {
        match self {
            Self::Sqlite(store) => store.short_read().await,
            Self::Postgres(store) => store.short_read().await,
        }
    }

    /// For reads that may take long.
    pub async fn long_read(&self) -> Result<Connection> {
        match self {
            Self::Sqlite(store) => store.long_read().await,
            Self::Postgres(store) => store.long_read().await,
        }
    }

    /// For small writes beside the lanes.
    pub async fn begin(&self) -> Result<Transaction> {
        match self {
            Self::Sqlite(store) => store.begin().await,
            Self::Postgres(store) => store.begin().await,
        }
    }

    #[cfg_attr(not(feature = "fill"), expect(dead_code, reason = "only histories are written so"))]
    pub async fn tidy(&self) -> Result<()> {
        match self {
            Self::Sqlite(store) => store.tidy().await,
            Self::Postgres(store) => store.tidy().await,
        }
    }
}
