//! The file that holds the bank's book: opening, creating and emptying it. A new book is given a random id, the bank's
//! identity. An emptied book gets a new id, because it knows nothing of the earlier payments, as another bank would.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::error::{Error, Failure};
use crate::private;

const SCHEMA: &str = include_str!("schema.sql");

/// As the schema sets them.
const APPLICATION_ID: i64 = 1_348_026_955;
const SCHEMA_VERSION: i64 = 2;

/// Retries while another process creates the same file, and the wait between them.
const OPEN_TRIES: usize = 100;
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(20);

pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The state of a book before anything is removed from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub identity: String,
    /// The bank has not paid, refused or closed anything.
    pub is_empty: bool,
}

/// Opens the book, or creates a new one, and reads its identity.
pub async fn inspect(path: &Path) -> Result<Found, Error> {
    with_book(path, |book| {
        let identity = read_identity(book)?;
        let is_empty = book.query_row("SELECT NOT EXISTS (SELECT 1 FROM transfers)", [], |row| row.get(0))?;
        Ok(Found { identity, is_empty })
    })
    .await
}

/// Empties the book and gives it a new identity.
pub async fn reset(path: &Path) -> Result<String, Error> {
    with_book(path, recreate).await
}

/// Opens the book, runs `work` and closes the book.
async fn with_book<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T, Error> {
    let path = path.to_owned();
    blocking(move || {
        let mut book = open_to_write(&path)?;
        let done = work(&mut book).and_then(|done| book.close().map(|()| done).map_err(|(_, error)| error));
        done.map_err(|error| Error::Book { path, source: error.into() })
    })
    .await
}

/// Runs `work` on a thread that may wait for the disk or for a lock.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// A connection that may write to the book. Creates the book if there is none.
pub(crate) fn open_to_write(path: &Path) -> Result<Connection, Error> {
    let unreadable = |source: Failure| Error::Book { path: path.to_owned(), source };
    private::create(path).map_err(|error| unreadable(error.into()))?;
    let mut book = connect(path).map_err(|error| unreadable(error.into()))?;
    match prepare(&mut book).map_err(|error| unreadable(error.into()))? {
        true => {
            private::warn_if_open(path);
            Ok(book)
        }
        false => Err(Error::NotABook(path.to_owned())),
    }
}

/// When two processes open a new file at once, SQLite answers "locked" to the second change to WAL without waiting for
/// the busy timeout. A retry finds the change already made.
fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let mut tries = 0;
    loop {
        match connect_once(path) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && tries < OPEN_TRIES => {
                tries += 1;
                std::thread::sleep(OPEN_AGAIN_AFTER);
            }
            done => return done,
        }
    }
}

fn connect_once(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let book = Connection::open_with_flags(path, flags)?;
    book.busy_timeout(BUSY_TIMEOUT)?;
    book.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA wal_autocheckpoint = 10000;",
    )?;
    Ok(book)
}

/// Creates the book in an empty file and upgrades a book of the first version. False if the file is anything else.
fn prepare(book: &mut Connection) -> rusqlite::Result<bool> {
    // The write lock makes sure that only one of two processes creates the book.
    let tx = book.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables == 0 {
        create(&tx)?;
    }
    if version(&tx)? == (APPLICATION_ID, 1) {
        add_identity(&tx)?;
    }
    let version = version(&tx)?;
    tx.commit()?;
    Ok(version == (APPLICATION_ID, SCHEMA_VERSION))
}

/// The kind of file, and the version of its schema.
fn version(book: &Connection) -> rusqlite::Result<(i64, i64)> {
    let id = book.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok((id, book.query_row("PRAGMA user_version", [], |row| row.get(0))?))
}

/// Creates the tables and the identity of a new book.
fn create(book: &Connection) -> rusqlite::Result<()> {
    book.execute_batch(SCHEMA)?;
    new_identity(book)
}

/// A book of the first version had no identity.
fn add_identity(book: &Connection) -> rusqlite::Result<()> {
    let table = "CREATE TABLE identity (only INTEGER PRIMARY KEY CHECK (only = 1), id TEXT NOT NULL) STRICT;
                 PRAGMA user_version = 2;";
    book.execute_batch(table)?;
    new_identity(book)
}

fn new_identity(book: &Connection) -> rusqlite::Result<()> {
    book.execute("INSERT INTO identity (only, id) VALUES (1, ?)", [Uuid::new_v4().to_string()])?;
    Ok(())
}

pub(crate) fn read_identity(book: &Connection) -> rusqlite::Result<String> {
    book.query_row("SELECT id FROM identity", [], |row| row.get(0))
}

/// The triggers go first: with foreign keys DROP TABLE deletes the rows through them.
fn recreate(book: &mut Connection) -> rusqlite::Result<String> {
    let tx = book.transaction_with_behavior(TransactionBehavior::Immediate)?;
    tx.execute_batch(
        "DROP TRIGGER transfers_final; DROP TRIGGER transfers_kept; DROP TRIGGER returns_final;
         DROP TRIGGER returns_kept; DROP TABLE returns; DROP TABLE transfers; DROP TABLE identity;",
    )?;
    create(&tx)?;
    let identity = read_identity(&tx)?;
    tx.commit()?;
    Ok(identity)
}
