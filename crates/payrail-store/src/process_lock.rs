//! A lock on the whole database. Each serving process holds it shared while it runs, and a reset needs it exclusively.
//! The system releases it when the process ends, for any reason.
//!
//! SQLite: a lock on a file beside the database (`payrail.db.lock`; on the database itself some systems would confuse
//! it with SQLite's own locks). PostgreSQL: an advisory lock of a separate session. Behind a pooler that shares
//! sessions there is no lock: processes serve without it, and exclusive work is refused.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use deadpool_postgres::ClientWrapper;

use crate::database::Database;
use crate::error::{Result, StoreError};
use crate::postgres::PostgresStore;
use crate::store::Store;

/// "PAYR", and the number of the lock.
const ADVISORY: (i32, i32) = (0x5041_5952, 1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Shared,
    Exclusive,
}

/// Dropping it, or the end of the process, releases the lock.
#[derive(Debug)]
pub struct ProcessLock {
    held: Held,
}

#[derive(Debug)]
enum Held {
    File(File),
    Session(Box<ClientWrapper>),
    /// There is no lock here.
    Nothing,
}

impl Store {
    /// For a serving process. `None` during a reset.
    pub async fn lock_shared(&self) -> Result<Option<ProcessLock>> {
        self.try_lock(Kind::Shared).await
    }

    /// For exclusive work. `None` while a process serves.
    pub async fn lock_exclusive(&self) -> Result<Option<ProcessLock>> {
        self.try_lock(Kind::Exclusive).await
    }

    async fn try_lock(&self, kind: Kind) -> Result<Option<ProcessLock>> {
        match self.central() {
            Database::Sqlite(store) => lock_file(store.lock_file(), kind),
            Database::Postgres(store) => {
                let Some(session) = store.own_session().await? else {
                    return match kind {
                        Kind::Shared => Ok(Some(ProcessLock { held: Held::Nothing })),
                        Kind::Exclusive => Err(PostgresStore::no_session()),
                    };
                };
                let locked = try_advisory(&session, kind).await?;
                Ok(locked.then(|| ProcessLock { held: Held::Session(Box::new(session)) }))
            }
        }
    }
}

fn lock_file(path: PathBuf, kind: Kind) -> Result<Option<ProcessLock>> {
    let unusable = |error: std::io::Error| {
        StoreError::Unavailable(format!("the lock file {} cannot be used: {error}", path.display()))
    };
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path).map_err(unusable)?;
    let locked = match kind {
        Kind::Shared => file.try_lock_shared(),
        Kind::Exclusive => file.try_lock(),
    };
    match locked {
        Ok(()) => Ok(Some(ProcessLock { held: Held::File(file) })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}

async fn try_advisory(session: &ClientWrapper, kind: Kind) -> Result<bool> {
    let take = match kind {
        Kind::Shared => "SELECT pg_try_advisory_lock_shared($1, $2)",
        Kind::Exclusive => "SELECT pg_try_advisory_lock($1, $2)",
    };
    Ok(session.query_one(take, &[&ADVISORY.0, &ADVISORY.1]).await?.try_get(0)?)
}

impl ProcessLock {
    /// Changes from exclusive to shared, on PostgreSQL without a gap.
    pub async fn share(self) -> Result<Self> {
        match &self.held {
            Held::Nothing => {}
            Held::File(file) => file.lock_shared().map_err(|error| StoreError::Unavailable(error.to_string()))?,
            Held::Session(session) => {
                try_advisory(session, Kind::Shared).await?;
                session.query_one("SELECT pg_advisory_unlock($1, $2)", &[&ADVISORY.0, &ADVISORY.1]).await?;
            }
        }
        Ok(self)
    }

    /// Whether the lock is still held: the server releases a session's locks when the connection is lost.
    pub async fn is_held(&mut self) -> bool {
        match &self.held {
            Held::File(_) | Held::Nothing => true,
            Held::Session(session) => session.simple_query("").await.is_ok(),
        }
    }
}
