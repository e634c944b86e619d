//! Moves the log into the file, beside the writer. SQLite lets the commit that makes the log too long do that, and
//! whoever waits for that commit waits for the disk to take tens of megabytes; what has been moved already, that
//! commit need not move. This is the same move, made earlier by another connection, and just as durable.

use std::sync::Arc;
use std::time::Duration;

use sqlx::SqlitePool;
use tokio::sync::Notify;

/// Between two moves while there are writes: often enough that little is left for the writer.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs until the pool is closed. `written` rings after a commit.
pub async fn keep_short(reader: SqlitePool, written: Arc<Notify>) {
    loop {
        tokio::select! {
            () = written.notified() => {}
            () = reader.close_event() => return,
        }
        tokio::time::sleep(PAUSE).await;
        // PASSIVE waits for nobody and makes nobody wait. What it could not do, the next one does, or the writer.
        if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&reader).await {
            tracing::debug!(%error, "the log was not moved into the file; the writer will do it");
        }
    }
}
