//! The bank's book: reads of it, and the queue of orders for its writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rusqlite::{Connection, OpenFlags, OptionalExtension};
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;

use crate::entry::{Answer, Entry, Order, Rules};
use crate::error::{Error, Failure};
use crate::file::{self, BUSY_TIMEOUT, blocking};
use crate::lists::{Line, Page, Paid, Returned};
use crate::writer::{Job, Writer};

/// How many orders may wait for the writer. Further callers wait until the queue has space.
const QUEUE: usize = 1024;

const READERS: usize = 2;

pub struct Book {
    path: PathBuf,
    identity: RwLock<Arc<str>>,
    // Fields drop in order: the readers close before the writer, which ends when `orders` closes. So the writer has the
    // last connection, which moves the write-ahead log into the file.
    /// For reads by key. They take microseconds and run on the caller's thread.
    keyed: Readers,
    /// For lists. They run on threads that may block.
    lists: Arc<Readers>,
    orders: mpsc::Sender<Job>,
}

impl Book {
    /// Opens the book, or creates a new one. Dropping the book ends the writer, which closes the receiver's channel.
    pub async fn open(path: &Path, rules: Rules) -> Result<(Book, oneshot::Receiver<()>), Error> {
        let path = path.to_owned();
        blocking(move || {
            let opened = file::open_to_write(&path)?;
            let failed = |source: Failure| Error::Book { path: path.clone(), source };
            let identity = file::read_identity(&opened).map_err(|error| failed(error.into()))?;
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
        let identity = file::reset(&self.path).await?;
        *self.identity.write().unwrap_or_else(PoisonError::into_inner) = identity.as_str().into();
        Ok(identity)
    }

    /// `None` if the book could not be written. The order may or may not have been carried out.
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

/// Read-only connections.
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

    /// Prefers a free connection.
    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        let free = self.0.iter().find_map(|reader| reader.try_lock().ok());
        read(&free.unwrap_or_else(|| self.0[0].lock().unwrap_or_else(PoisonError::into_inner)))
    }
}
