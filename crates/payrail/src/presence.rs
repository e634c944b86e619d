//! A serving process holds a shared lock on its database, which prevents a reset.

use std::time::Duration;

use payrail_store::{ProcessLock, Store, names};

use crate::bad_setting::BadSetting;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long a start waits for a reset to end.
const RESET_TAKES_AT_MOST: Duration = Duration::from_secs(60);
/// How often the lock is checked.
const LOOK: Duration = Duration::from_secs(2);

/// Takes the lock.
pub async fn begin(store: &Store) -> Result<ProcessLock, Error> {
    let begun = tokio::time::Instant::now();
    loop {
        if let Some(lock) = store.lock_shared().await? {
            return Ok(lock);
        }
        if begun.elapsed() > RESET_TAKES_AT_MOST {
            return Err(BadSetting(
                "another process has reserved this database for a reset or another exclusive command. Start again when \
                 it has ended"
                    .to_owned(),
            )
            .into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Keeps the lock, and takes it again after its connection broke. If the database was reset in between, the process
/// must end, because it has the old database's data in memory. Returns the reason.
pub async fn keep(mut lock: ProcessLock, store: Store) -> Error {
    let mut known = None;
    loop {
        if known.is_none() {
            known = store.setting(names::DATABASE_ID).await.ok();
        }
        tokio::time::sleep(LOOK).await;
        if lock.is_held().await {
            continue;
        }
        let Ok(Some(again)) = store.lock_shared().await else { continue };
        lock = again;
        if let (Some(known), Ok(now)) = (&known, store.setting(names::DATABASE_ID).await)
            && *known != now
        {
            return "the database was reset while this process was at work on it; start it again".into();
        }
    }
}
