//! SQLite: the embedded store. One connection that writes, many that read.

mod copy;
mod error;
mod execute;
pub(crate) mod load;
mod log;
mod opening;
mod pool;
pub(crate) mod session;
mod url;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::Notify;

use crate::connection::{Connection, Transaction};
use crate::error::{Result, StoreError};
use crate::{migrations, private};
use opening::Opening;
use pool::Pool;
use session::Session;

pub use url::file_of;

const DROP_ALL: &str = include_str!("drop_all.sql");

#[derive(Clone, Debug)]
pub struct SqliteStore {
    writer: Pool,
    reader: Pool,
    file: PathBuf,
    /// Notified after a commit.
    written: Arc<Notify>,
}

impl SqliteStore {
    pub async fn open(url: &str, readers: u32) -> Result<Self> {
        let file = file_of(url)?;
        let refused = |error| StoreError::Unavailable(format!("{}: {error}", file.display()));
        private::create(&file).map_err(refused)?;
        let reading = Opening { file: file.clone(), writes: false };
        // Connect now, so that the start fails with a clear error.
        drop(reading.open_patiently().await?);
        private::warn_if_open(&file);
        let writing = Opening { file: file.clone(), writes: true };
        let (writer, reader) = (writing.pool(1)?, reading.pool(readers)?);
        drop(pool::get(&writer).await?);
        let written = Arc::new(Notify::new());
        tokio::spawn(log::keep_short(reader.clone(), written.clone()));
        Ok(Self { writer, reader, file, written })
    }

    /// For look-ups by key.
    pub(crate) async fn short_read(&self) -> Result<Connection> {
        Ok(Connection::Sqlite(Session::short(pool::get(&self.reader).await?)))
    }

    /// For searches.
    pub(crate) async fn long_read(&self) -> Result<Connection> {
        Ok(Connection::Sqlite(Session::long(pool::get(&self.reader).await?)))
    }

    pub(crate) async fn begin(&self) -> Result<Transaction> {
        let mut session = Session::long(pool::get(&self.writer).await?);
        session::begin(&mut session).await?;
        Ok(Transaction::begun(Connection::Sqlite(session)))
    }

    /// A transaction in which every read sees the same moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction> {
        let mut session = Session::long(pool::get(&self.reader).await?);
        session.script("BEGIN")?;
        Ok(Transaction::begun(Connection::Sqlite(session)))
    }

    /// Moves the log into the file. (Parts that readers use may stay.)
    pub(crate) async fn tidy(&self) -> Result<()> {
        let mut session = Session::long(pool::get(&self.writer).await?);
        session.query::<(i64, i64, i64)>("PRAGMA wal_checkpoint(TRUNCATE)", &[]).map(drop)
    }

    /// Holds the write lock from the first read on, so that two processes that start at once do not create the same
    /// tables.
    pub(crate) async fn migrate(&self, born: &[(&str, &str)]) -> Result<()> {
        let mut on = self.begin().await?;
        migrations::run(&mut on, born).await?;
        on.commit().await
    }

    /// The file that processes lock, shared or exclusively. A database has one lock, whichever links lead to it.
    pub(crate) fn lock_file(&self) -> PathBuf {
        let file = self.file.canonicalize().unwrap_or_else(|_| self.file.clone());
        let mut file = file.into_os_string();
        file.push(".lock");
        file.into()
    }

    /// Closes the writer last: SQLite removes the log with the last connection if it may write.
    pub(crate) async fn close(&self) {
        self.reader.close();
        self.written.notify_one();
        drain(&self.reader).await;
        self.writer.close();
        drain(&self.writer).await;
    }

    pub(crate) async fn drop_all(&self) -> Result<()> {
        let mut on = self.begin().await?;
        on.script(DROP_ALL).await?;
        on.commit().await
    }
}

/// Waits for the running statements.
async fn drain(pool: &Pool) {
    while pool.status().size > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}
