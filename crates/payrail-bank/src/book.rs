//! The bank's book: opening it, reading it, and handing orders to its writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags, OptionalExtension, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::entry::{Answer, Entry, Order, Rules};
use crate::lists::{Line, Page, Paid, Returned};
use crate::writer::{Job, Writer};
use crate::{Error, Failure, identity, private};

/// As the schema sets them.
const APPLICATION_ID: i64 = 1_348_026_955;
const SCHEMA_VERSION: i64 = 2;

/// Orders that may wait for the writer; whoever comes later waits for a place.
const QUEUE: usize = 1024;

const READERS: usize = 2;

/// How often a file that another bank is creating at this moment is tried again, and the wait between.
const OPEN_TRIES: usize = 100;
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(20);

const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub struct Book {
    path: PathBuf,
    identity: RwLock<Arc<str>>,
    // The readers close before the writer, which ends when `orders` closes: the last connection takes the
    // write-ahead log into the file and removes it.
    /// For reads by key, which take microseconds and run on the caller's thread.
    keyed: Readers,
    /// For lists, which run on threads that may block.
    lists: Arc<Readers>,
    orders: mpsc::Sender<Job>,
}

impl Book {
    /// Opens the book, or creates a new one. The writer ends when the book is dropped; then the receiver hears of it.
    pub async fn open(path: &Path, rules: Rules) -> Result<(Book, oneshot::Receiver<()>), Error> {
        let path = path.to_owned();
        blocking(move || {
            let opened = open_to_write(&path)?;
            let failed = |source: Failure| Error::Book { path: path.clone(), source };
            let identity = identity::read(&opened).map_err(|error| failed(error.into()))?;
            let (keyed, lists) = Readers::open(&path)
                .and_then(|keyed| Ok((keyed, Readers::open(&path)?)))
                .map_err(|error| failed(error.into()))?;
            let (orders, jobs) = mpsc::channel(QUEUE);
            let ended = Writer::new(opened, rules).start(jobs).map_err(|error| failed(error.into()))?;
            let identity = RwLock::new(identity.into());
            Ok((Book { path, identity, keyed, lists: Arc::new(lists), orders }, ended))
        })
        .await
    }

    pub fn identity(&self) -> Arc<str> {
        self.identity.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Empties the book, and gives it a new identity.
    pub async fn reset(&self) -> Result<String, Error> {
        let identity = identity::reset(&self.path).await?;
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = identity.as_str().into();
        Ok(identity)
    }

    /// `None` when the book could not be written: what became of the order is not known.
    pub async fn carry_out(&self, order: Order) -> Option<Answer> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Job { order, reply }).await.ok()?;
        answer.await.ok()
    }

    pub fn enquire(&self, reference: &str) -> Result<Answer, Failure> {
        let entry = self.keyed.with(|book| Entry::find(book, reference))?;
        Ok(entry.map_or(Answer::NeverReceived, |entry| entry.answer()))
    }

    pub async fn paid(&self, page: Page) -> Result<Vec<Paid>, Failure> {
        self.list(move |book| Paid::list(book, page)).await
    }

    pub async fn returns(&self, page: Page) -> Result<Vec<Returned>, Failure> {
        self.list(move |book| Returned::list(book, page)).await
    }

    /// The lines between two moments, from the payer's side: a payment is a debit, a return a credit.
    pub async fn statement(&self, from: i64, to: i64, page: Page) -> Result<Vec<Line>, Failure> {
        self.list(move |book| Line::list(book, from, to, page)).await
    }

    async fn list<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Failure> {
        let lists = Arc::clone(&self.lists);
        Ok(spawn_blocking(move || lists.with(read)).await??)
    }

    pub fn is_readable(&self) -> bool {
        let look = |book: &Connection| {
            book.prepare_cached("SELECT 1 FROM transfers LIMIT 1")?.query_row([], |_| Ok(())).optional()
        };
        self.keyed.with(look).is_ok()
    }
}

/// A few connections that only read.
struct Readers([Mutex<Connection>; READERS]);

impl Readers {
    fn open(path: &Path) -> rusqlite::Result<Self> {
        let open = || -> rusqlite::Result<_> {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let book = Connection::open_with_flags(path, flags)?;
            book.busy_timeout(BUSY_TIMEOUT)?;
            Ok(Mutex::new(book))
        };
        Ok(Self([open()?, open()?]))
    }

    /// On a connection that is free, if there is one.
    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let free = self.0.iter().find_map(|reader| reader.try_lock().ok());
        read(&free.unwrap_or_else(|| self.0[0].lock().unwrap_or_else(PoisonError::into_inner)))
    }
}

/// Runs what may wait for the disk or for a lock where it delays no other task.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    spawn_blocking(work).await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// A connection that writes to the book, or to a new one.
pub(crate) fn open_to_write(path: &Path) -> Result<Connection, Error> {
    let unreadable = |source: Failure| Error::Book { path: path.to_owned(), source };
    private::create(path).map_err(|error| unreadable(error.into()))?;
    let mut book = connect(path).map_err(|error| unreadable(error.into()))?;
    match is_book(&mut book).map_err(|error| unreadable(error.into()))? {
        true => {
            private::warn_if_open(path);
            Ok(book)
        }
        false => Err(Error::NotABook(path.to_owned())),
    }
}

/// Of two banks that open a new file at once, SQLite tells the one that comes late with its change to
/// WAL "locked" at once, whatever the busy timeout. A moment later there is nothing left to change.
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

/// Creates the book in an empty file; accepts any other only if it is a book that we know.
fn is_book(book: &mut Connection) -> rusqlite::Result<bool> {
    // Under the write lock, so that of two banks that start at once only one creates the book.
    let tx = book.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tables: i64 = tx.query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))?;
    if tables == 0 {
        identity::create(&tx)?;
    }
    if mark(&tx)? == (APPLICATION_ID, 1) {
        identity::add(&tx)?;
    }
    let mark = mark(&tx)?;
    tx.commit()?;
    Ok(mark == (APPLICATION_ID, SCHEMA_VERSION))
}

/// What kind of file it is, and of which version.
fn mark(book: &Connection) -> rusqlite::Result<(i64, i64)> {
    let id = book.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    Ok((id, book.query_row("PRAGMA user_version", [], |row| row.get(0))?))
}
