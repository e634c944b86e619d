//! SQLite: the embedded store. One writer connection on a thread of its own, many readers.

mod batch;
mod copy;
mod load;
mod log;
mod session;
pub(crate) mod turn;
mod write;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use payrail_core::command::Command;
use payrail_core::decide::{Rules, decide_all};
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::Notify;

use crate::clock::{Now, SharedClock};
use crate::error::{Result, StoreError};
use crate::needs::Needs;
use crate::settings::BORN;
use crate::{Replies, private};

pub(crate) mod refusals {
    crate::refusals::refusals!(sqlx::SqliteConnection);
}
pub(crate) mod sessions {
    crate::sessions::sessions!(sqlx::SqliteConnection);
}
pub(crate) mod settings {
    crate::settings::settings!(sqlx::SqliteConnection);
}
pub(crate) mod shared_utrs {
    crate::shared_utrs::shared_utrs!(sqlx::SqliteConnection);
}
pub(crate) mod statements {
    crate::statements::statements!(sqlx::SqliteConnection);
}
pub(crate) mod find {
    crate::find::find!(sqlx::SqliteConnection, "lower(hex(substr(id, 13, 4)))");
}
pub(crate) mod exceptions {
    crate::exceptions::exceptions!(sqlx::SqliteConnection);
}
pub(crate) mod keys {
    crate::keys::keys!(sqlx::SqliteConnection);
}
pub(crate) mod lists {
    crate::lists::lists!(sqlx::SqliteConnection);
}
pub(crate) mod operators {
    crate::operators::operators!(sqlx::SqliteConnection);
}
pub(crate) mod totals {
    crate::totals::totals!(sqlx::SqliteConnection);
}
pub(crate) mod workers {
    crate::workers::workers!(sqlx::SqliteConnection);
}

pub(crate) mod views {
    crate::views::views!(sqlx::SqliteConnection);
}

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");
const DROP_ALL: &str = include_str!("drop_all.sql");

#[derive(Clone, Debug)]
pub struct SqliteStore {
    pub(crate) writer: SqlitePool,
    pub(crate) reader: SqlitePool,
    file: PathBuf,
    /// Rings after a commit.
    written: Arc<Notify>,
}

/// How long another process (a second `payrail` on the same file) may keep the write lock.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Pages in the log before they are moved into the file: larger than the default 1,000, because
/// moving them is what a batch of inserts otherwise spends most of its time on.
const WAL_AUTOCHECKPOINT_PAGES: &str = "10000";
/// What a batch touches must fit (in KiB, negative; the default is 2,000): pages that do not are written to the log
/// and read again before the batch is over.
const WRITER_CACHE: &str = "-16000";
/// Rows by which a connection's thread may be ahead of their reader: it need not stop within a page of a list.
const ROWS_ON_THE_WAY: usize = 512;

/// What every connection is told.
fn options(url: &str) -> Result<SqliteConnectOptions> {
    let bad_url = |error: sqlx::Error| StoreError::Unavailable(format!("DATABASE_URL cannot be used: {error}"));
    Ok(SqliteConnectOptions::from_str(url)
        .map_err(bad_url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(true)
        // Lets INSERT OR REPLACE fire the triggers that refuse a DELETE.
        .pragma("recursive_triggers", "ON")
        .pragma("wal_autocheckpoint", WAL_AUTOCHECKPOINT_PAGES)
        .row_buffer_size(ROWS_ON_THE_WAY))
}

/// Of two processes that open a new file at once, SQLite tells the one that comes late with its change
/// to WAL "locked" at once, whatever the busy timeout. A moment later there is nothing left to change.
async fn connect_first(options: &SqliteConnectOptions) -> Result<SqliteConnection> {
    let begun = Instant::now();
    loop {
        match options.connect().await.map_err(StoreError::from) {
            Err(StoreError::Busy(_)) if begun.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

/// Each connection is looked at before it is used.
fn pool(options: SqliteConnectOptions, most: u32) -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(most).after_connect(|connection, _| {
        Box::pin(
            async move { session::check(connection).await.map_err(|error| sqlx::Error::Configuration(error.into())) },
        )
    });
    pool.connect_lazy_with(options)
}

async fn is_new(on: &mut sqlx::SqliteConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'settings')").fetch_one(on).await
}

/// There is no file then.
fn is_in_memory(url: &str) -> bool {
    url.contains(":memory:") || url.contains("mode=memory")
}

impl SqliteStore {
    pub async fn open(url: &str, readers: u32) -> Result<Self> {
        let options = options(url)?;
        if !is_in_memory(url) {
            let refused = |error| StoreError::Unavailable(format!("{}: {error}", options.get_filename().display()));
            private::create(options.get_filename()).map_err(refused)?;
        }
        // Whoever starts hears at once what is wrong; a pool would only try again.
        let mut first = connect_first(&options).await?;
        session::check(&mut first).await?;
        let file = options.get_filename().to_owned();
        private::warn_if_open(options.get_filename());
        let writing = options.clone().pragma("cache_size", WRITER_CACHE).pragma("temp_store", "MEMORY");
        let (writer, reader) = (pool(writing, 1), pool(options, readers));
        drop(writer.acquire().await?);
        first.close().await?;
        let written = Arc::new(Notify::new());
        tokio::spawn(log::keep_short(reader.clone(), written.clone()));
        Ok(Self { writer, reader, file, written })
    }

    pub(crate) async fn execute(&self, commands: &[Command], rules: &Rules, now: Now<'_>) -> Result<Replies> {
        let needs = Needs::of(commands);
        // IMMEDIATE takes the write lock now: a transaction that reads first and writes later could be
        // refused half way. It is also every merchant's lock.
        let mut turn = self.turn().await?;
        let mut tx = turn.begin_with("BEGIN IMMEDIATE").await?;
        let mut books = load::books(&mut tx, &needs).await?;
        let writes = decide_all(&mut books, commands, rules, now.or(|| SharedClock::Machine.now()))?;
        if writes.is_empty() {
            tx.rollback().await?;
        } else {
            write::all(&mut tx, &writes).await?;
            tx.commit().await.map_err(StoreError::of_commit)?;
            self.written.notify_one();
        }
        turn::done(turn);
        Ok(writes.replies)
    }

    /// Under the write lock from the first look on: sqlx itself takes none here, and two processes that
    /// start at once would make the same tables.
    pub(crate) async fn migrate(&self, born: &[(&str, &str)]) -> std::result::Result<(), MigrateError> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let is_new = is_new(&mut tx).await?;
        MIGRATIONS.run_direct(None, &mut *tx, false).await?;
        if is_new {
            for (name, value) in born {
                sqlx::query(BORN).bind(name).bind(value).execute(&mut *tx).await?;
            }
        }
        Ok(tx.commit().await?)
    }

    pub(crate) async fn is_new(&self) -> Result<bool> {
        Ok(is_new(&mut *self.reader.acquire().await?).await?)
    }

    /// What processes lock to be alone on the database, or beside others of their kind.
    pub(crate) fn lock_file(&self) -> PathBuf {
        let mut file = self.file.clone().into_os_string();
        file.push(".lock");
        file.into()
    }

    /// The writer last: SQLite tidies its log away with the last connection, if it may write.
    pub(crate) async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    pub(crate) async fn drop_all(&self) -> Result<()> {
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(DROP_ALL).execute(&mut *tx).await?;
        tx.commit().await.map_err(StoreError::of_commit)
    }
}
