//! Checkpoints in the background: moves the log into the file beside the writer. By default SQLite lets the commit that
//! makes the log too long do that, and that commit then waits for tens of megabytes. An earlier checkpoint by another
//! connection leaves less work, and is just as durable.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::pool::{self, Pool};
use super::session::Session;
use crate::error::Result;

/// The interval of checkpoints while there are writes. It is short, so that little is left for the writer.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until the pool is closed. `written` is notified after a commit, and when the pool closes.
pub async fn keep_short(reader: Pool, written: Arc<Notify>) {
    loop {
        written.notified().await;
        if reader.is_closed() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        // PASSIVE neither waits nor blocks. The next checkpoint, or the writer, does what it could not.
        if let Err(error) = move_into_file(&reader).await {
            tracing::debug!(%error, "the log was not moved into the file; the writer will do it");
        }
    }
}

async fn move_into_file(reader: &Pool) -> Result<()> {
    let mut session = Session::long(pool::get(reader).await?);
    session.query::<(i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)", &[]).map(drop)
}
