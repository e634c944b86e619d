//! Which processes are at work on a database: each that serves holds a shared lock for as long as it runs, and a
//! reset wants an exclusive one. The system releases it with the process, however that ends.
//!
//! SQLite: a lock on a file beside the database (`payrail.db.lock`; not on the database itself, where some systems
//! would mix it up with SQLite's own locks). PostgreSQL: an advisory lock of a session of its own, which a pooler
//! passes on as long as it gives each client a session (transaction pooling is refused at the start).

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use sqlx::{Connection, PgConnection};

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
    Session(Box<PgConnection>),
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
                let mut session = store.reader.acquire().await?.detach();
                let locked = try_advisory(&mut session, kind).await?;
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

async fn try_advisory(session: &mut PgConnection, kind: Kind) -> Result<bool> {
    let take = match kind {
        Kind::Shared => "SELECT pg_try_advisory_lock_shared($1, $2)",
        Kind::Exclusive => "SELECT pg_try_advisory_lock($1, $2)",
    };
    Ok(sqlx::query_scalar(take).bind(ADVISORY.0).bind(ADVISORY.1).fetch_one(session).await?)
}

impl ProcessLock {
    /// From exclusive to shared, with nobody in between on PostgreSQL.
    pub async fn share(mut self) -> Result<Self> {
        match &mut self.held {
            Held::File(file) => file.lock_shared().map_err(|error| StoreError::Unavailable(error.to_string()))?,
            Held::Session(session) => {
                try_advisory(session, Kind::Shared).await?;
                sqlx::query("SELECT pg_advisory_unlock($1, $2)")
                    .bind(ADVISORY.0)
                    .bind(ADVISORY.1)
                    .execute(&mut **session)
                    .await?;
            }
        }
        Ok(self)
    }

    /// Whether it is still ours: the server gives up a session's locks when it loses the connection.
    pub async fn is_held(&mut self) -> bool {
        match &mut self.held {
            Held::File(_) => true,
            Held::Session(session) => session.ping().await.is_ok(),
        }
    }
}
