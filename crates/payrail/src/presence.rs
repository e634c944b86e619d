//! A process that serves holds a shared lock on its database, so that nobody resets it meanwhile.

use std::time::Duration;

use payrail_store::{ProcessLock, Store, names};

use crate::settings::BadSetting;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// How long a start waits for a reset to end.
const RESET_TAKES_AT_MOST: Duration = Duration::from_secs(60);
/// How often it is made sure that the lock is still held.
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

/// Keeps the lock for ever. It goes with the connection when the server restarts, and whoever resets in that moment
/// takes the database from under this process: which then must end, with nothing of the old one in its memory. Ends
/// with the reason.
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
