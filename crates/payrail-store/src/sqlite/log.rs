//! Moves the log into the file, beside the writer. SQLite lets the commit that makes the log too long do that, and
//! whoever waits for that commit waits for the disk to take tens of megabytes; what has been moved already, that
//! commit need not move. This is the same move, made earlier by another connection, and just as durable.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::pool::{self, Pool};
use super::session::Session;
use crate::error::Result;

/// Between two moves while there are writes: often enough that little is left for the writer.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until the pool is closed. `written` is notified after a commit, and when the pool closes.
pub async fn keep_short(reader: Pool, written: Arc<Notify>) {
    loop {
        written.notified().await;
        if reader.is_closed() {
            return;
        }
        tokio::time::sleep(PAUSE).await;
        // PASSIVE waits for nobody and makes nobody wait. What it could not do, the next one does, or the writer.
        if let Err(error) = move_into_file(&reader).await {
            tracing::debug!(%error, "the log was not moved into the file; the writer will do it");
        }
    }
}

async fn move_into_file(reader: &Pool) -> Result<()> {
    let mut session = Session::long(pool::get(reader).await?);
    session.query::<(i64, i64, i64)>("PRAGMA wal_checkpoint(PASSIVE)", &[]).map(drop)
}
