//! Opens connections to the file, sets their required settings and reads them back: a file system without shared memory
//! has no WAL, and a library with other build options may lack foreign keys.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, StoreError};

/// How long another process (a second `payrail` on the same file) may hold the write lock.
pub const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages in the log before a checkpoint. It is more than the default 1,000, because batches of inserts would otherwise
/// spend most of their time on checkpoints.
const WAL_AUTOCHECKPOINT_PAGES: i64 = 10_000;
/// The page cache must hold all pages of a batch (in KiB, negative; the default is 2,000). Other pages would be written
/// to the log and read again within the batch.
const WRITER_CACHE: i64 = -16_000;
/// More than the number of statements in this program, so that each is prepared once per connection.
const STATEMENTS: usize = 256;

/// How a connection is opened.
#[derive(Clone, Debug)]
pub struct Opening {
    pub file: PathBuf,
    pub writes: bool,
}

impl Opening {
    /// Sets up a connection and reads the settings back.
    pub fn open(&self) -> Result<Connection> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX
            | OpenFlags::SQLITE_OPEN_EXRESCODE;
        let connection = Connection::open_with_flags(&self.file, flags)?;
        connection.busy_timeout(self.lock_timeout())?;
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
        check(&connection, self.lock_timeout())?;
        Ok(connection)
    }

    /// A writer waits for the lock in [`begin`], without blocking its thread.
    const fn lock_timeout(&self) -> Duration {
        if self.writes { Duration::ZERO } else { BUSY_TIMEOUT }
    }

    /// While another process creates the file, or opens or closes it alone, SQLite answers "locked", to some statements
    /// without waiting for the busy timeout. That is over in a moment.
    pub async fn open_patiently(&self) -> Result<Connection> {
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
}

/// `lock_timeout`: how long statements wait for a lock.
fn check(on: &Connection, lock_timeout: Duration) -> Result<()> {
    let lock_timeout = lock_timeout.as_millis().to_string();
    for (pragma, wanted) in [
        ("journal_mode", "wal"),
        // 2 is SQLite's number for FULL. EXTRA (3) is never set here.
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("busy_timeout", lock_timeout.as_str()),
    ] {
        let read = format!("SELECT cast({} AS TEXT) FROM pragma_{pragma}", column(pragma));
        let found: String = on.query_row(&read, (), |row| row.get(0))?;
        if found != wanted {
            return Err(StoreError::Session(format!(
                "SQLite has {pragma} = {found} where {wanted} is needed, although payrail set it. Most likely the file \
                 system cannot share memory between processes (a network drive): put the file that DATABASE_URL names \
                 on a local disk"
            )));
        }
    }
    Ok(())
}

fn column(pragma: &str) -> &str {
    if pragma == "busy_timeout" { "timeout" } else { pragma }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(connection: &Connection) -> String {
        check(connection, BUSY_TIMEOUT).unwrap_err().to_string()
    }

    /// A database in memory has no WAL, like a file system without shared memory.
    #[test]
    fn each_setting_that_differs_is_named() {
        let memory = Connection::open_in_memory().unwrap();
        assert!(refusal(&memory).contains("journal_mode = memory where wal is needed"));
        let folder = std::env::temp_dir().join(format!("payrail_session_{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let opening = Opening { file: folder.join("a.db"), writes: false };
        for (pragma, wrong) in
            [("synchronous", "1"), ("foreign_keys", "0"), ("recursive_triggers", "0"), ("busy_timeout", "1")]
        {
            let file = opening.open().unwrap();
            file.execute_batch(&format!("PRAGMA {pragma} = {wrong}")).unwrap();
            assert!(refusal(&file).contains(&format!("{pragma} = {wrong} where")), "{pragma}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
