//! Which processes are at work on a database: each that serves holds a shared lock for as long as it runs, and a
//! reset wants an exclusive one. The system releases it with the process, however that ends.
//!
//! SQLite: a lock on a file beside the database (`payrail.db.lock`; not on the database itself, where some systems
//! would mix it up with SQLite's own locks). PostgreSQL: an advisory lock of a session of its own, which a pooler
//! passes on as long as it gives each client a session (transaction pooling is refused at the start).

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use deadpool_postgres::ClientWrapper;

use crate::Store;
use crate::error::{Result, StoreError};

/// "PAYR", and the number of the lock.
const ADVISORY: (i32, i32) = (0x5041_5952, 1);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Shared,
    Exclusive,
}

/// Released when it is dropped, and when the process ends.
#[derive(Debug)]
pub struct ProcessLock {
    held: Held,
}

#[derive(Debug)]
enum Held {
    File(File),
    Session(Box<ClientWrapper>),
}

impl Store {
    /// For a process that serves. `None` while a reset is under way.
    pub async fn lock_shared(&self) -> Result<Option<ProcessLock>> {
        self.try_lock(Kind::Shared).await
    }

    /// For what no other process may be beside. `None` while one serves.
    pub async fn lock_exclusive(&self) -> Result<Option<ProcessLock>> {
        self.try_lock(Kind::Exclusive).await
    }

    async fn try_lock(&self, kind: Kind) -> Result<Option<ProcessLock>> {
        match self {
            Self::Sqlite(store) => lock_file(store.lock_file(), kind),
            Self::Postgres(store) => {
                let session = store.detached().await?;
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
    /// From exclusive to shared, with nobody in between on PostgreSQL.
    pub async fn share(self) -> Result<Self> {
        match &self.held {
            Held::File(file) => file.lock_shared().map_err(|error| StoreError::Unavailable(error.to_string()))?,
            Held::Session(session) => {
                try_advisory(session, Kind::Shared).await?;
                session.query_one("SELECT pg_advisory_unlock($1, $2)", &[&ADVISORY.0, &ADVISORY.1]).await?;
            }
        }
        Ok(self)
    }

    /// Whether it is still ours: the server gives up a session's locks when it loses the connection.
    pub async fn is_held(&mut self) -> bool {
        match &self.held {
            Held::File(_) => true,
            Held::Session(session) => session.simple_query("").await.is_ok(),
        }
    }
}
