//! SQLite: the embedded store. One connection that writes, many that read.

mod copy;
mod load;
mod log;
mod pool;
mod session;
mod url;

use std::path::PathBuf;
use std::sync::Arc;

use payrail_core::command::Command;
use payrail_core::decide::{Rules, decide_all};
use scopeguard::ScopeGuard;
use tokio::sync::Notify;

use crate::clock::{Now, SharedClock};
use crate::db::{Connection, Transaction};
use crate::error::{Result, StoreError};
use crate::needs::{Books, Needs};
use crate::{Replies, migrations, private, write};
use pool::{Opening, Pool};

#[cfg(feature = "testing")]
pub(crate) use load::TIP;
pub(crate) use session::Session;
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
        // Whoever starts hears at once what is wrong.
        drop(reading.open_first().await?);
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
        pool::begin(&mut session).await?;
        Ok(Transaction::begun(Connection::Sqlite(session)))
    }

    /// In which every read sees the same moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction> {
        let mut session = Session::long(pool::get(&self.reader).await?);
        session.script("BEGIN")?;
        Ok(Transaction::begun(Connection::Sqlite(session)))
    }

    pub(crate) async fn begin_with_books(&self, needs: &Needs) -> Result<(Transaction, Books)> {
        let mut session = Session::long(pool::get(&self.writer).await?);
        pool::begin(&mut session).await?;
        let mut session = scopeguard::guard(session, Session::discard);
        let books = session.run(|connection| load::books(connection, needs))?;
        Ok((Transaction::begun(Connection::Sqlite(ScopeGuard::into_inner(session))), books))
    }

    /// Moves the log into the file. (Beside readers it may stay: they read it as well.)
    pub(crate) async fn tidy(&self) -> Result<()> {
        let mut session = Session::long(pool::get(&self.writer).await?);
        session.query::<(i64, i64, i64)>("PRAGMA wal_checkpoint(TRUNCATE)", &[]).map(drop)
    }

    pub(crate) async fn execute(&self, commands: &[Command], rules: &Rules, now: Now<'_>) -> Result<Replies> {
        let needs = Needs::of(commands);
        let mut session = Session::long(pool::get(&self.writer).await?);
        pool::begin(&mut session).await?;
        // Whatever ends this early closes the connection, and with that SQLite undoes what was begun.
        let mut session = scopeguard::guard(session, Session::discard);
        let replies = session.run(|connection| transact(connection, &needs, commands, rules, now))?;
        drop(ScopeGuard::into_inner(session));
        self.written.notify_one();
        Ok(replies)
    }

    /// Under the write lock from the first look on: two processes that start at once do not make the same tables.
    pub(crate) async fn migrate(&self, born: &[(&str, &str)]) -> Result<()> {
        let mut on = self.begin().await?;
        migrations::run(&mut on, born).await?;
        on.commit().await
    }

    /// What processes lock to be alone on the database, or beside others of their kind.
    pub(crate) fn lock_file(&self) -> PathBuf {
        let mut file = self.file.clone().into_os_string();
        file.push(".lock");
        file.into()
    }

    /// The writer last: SQLite tidies its log away with the last connection, if it may write.
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

/// Waits for what is under way.
async fn drain(pool: &Pool) {
    while pool.status().size > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
}

/// In a transaction that has begun.
fn transact(
    on: &mut rusqlite::Connection,
    needs: &Needs,
    commands: &[Command],
    rules: &Rules,
    now: Now<'_>,
) -> Result<Replies> {
    let mut books = load::books(on, needs)?;
    let known = write::known_keys(&books);
    let writes = decide_all(&mut books, commands, rules, now.or(|| SharedClock::Machine.now()))?;
    if writes.is_empty() {
        on.execute_batch("ROLLBACK")?;
    } else {
        for batch in write::batches(&writes, &known) {
            session::write(on, &batch)?;
        }
        on.execute_batch("COMMIT").map_err(StoreError::from_commit)?;
    }
    Ok(writes.replies)
}
