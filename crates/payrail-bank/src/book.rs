//! The bank's book: opening it, asking it, and handing orders to its writer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteRow,
    SqliteSynchronous,
};
use sqlx::{Connection, FromRow, Row};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::entry::{Answer, Entry, House, Order, utr};
use super::writer::{self, Job};
use super::{Error, identity, private};

/// As the schema sets it.
const APPLICATION_ID: i64 = 1_348_026_955;
const SCHEMA_VERSION: i64 = 2;

/// Orders that may wait for the writer; whoever comes later waits for a place.
const QUEUE: usize = 1024;

const READERS: u32 = 4;

pub struct Book {
    path: PathBuf,
    identity: RwLock<Arc<str>>,
    readers: SqlitePool,
    orders: mpsc::Sender<Job>,
}

/// Part of a list: what comes after row `after`, at most `limit` rows.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub after: i64,
    pub limit: i64,
}

impl Book {
    /// Opens the book, or begins a new one. The writer ends when the book is dropped.
    pub async fn open(path: &Path, house: House) -> Result<(Book, JoinHandle<()>), Error> {
        let unreadable = |source| Error::Book { path: path.to_owned(), source };
        let mut connection = open_to_write(path).await?;
        let identity = identity::read(&mut connection).await.map_err(unreadable)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .connect_with(options(path).read_only(true))
            .await
            .map_err(unreadable)?;
        let (orders, jobs) = mpsc::channel(QUEUE);
        let book = Book { path: path.to_owned(), identity: RwLock::new(identity.into()), readers, orders };
        Ok((book, tokio::spawn(writer::run(connection, path.to_owned(), house, jobs))))
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

    pub async fn enquire(&self, reference: &str) -> sqlx::Result<Answer> {
        let entry: Option<Entry> = sqlx::query_as("SELECT * FROM transfers WHERE reference = ?")
            .bind(reference)
            .fetch_optional(&self.readers)
            .await?;
        Ok(entry.map_or(Answer::NeverReceived, |entry| entry.told()))
    }

    pub async fn paid(&self, page: Page) -> sqlx::Result<Vec<Paid>> {
        sqlx::query_as(
            "SELECT t.*, EXISTS (SELECT 1 FROM returns r WHERE r.reference = t.reference) AS returned
             FROM transfers t WHERE t.number > ? ORDER BY t.number LIMIT ?",
        )
        .bind(page.after)
        .bind(page.limit)
        .fetch_all(&self.readers)
        .await
    }

    pub async fn returns(&self, page: Page) -> sqlx::Result<Vec<Returned>> {
        sqlx::query_as(
            "SELECT r.*, t.amount_paise, t.number AS paid_number FROM returns r JOIN transfers t USING (reference)
             WHERE r.number > ? ORDER BY r.number LIMIT ?",
        )
        .bind(page.after)
        .bind(page.limit)
        .fetch_all(&self.readers)
        .await
    }

    /// The lines between two moments, from the payer's side: a payment is a debit, a return a credit.
    pub async fn statement(&self, from: i64, to: i64, page: Page) -> sqlx::Result<Vec<Line>> {
        sqlx::query_as(
            "SELECT 'debit' AS kind, reference, amount_paise, number, decided_at AS at
             FROM transfers WHERE status = 'paid' AND decided_at >= ?1 AND decided_at < ?2
             UNION ALL
             SELECT 'credit', r.reference, t.amount_paise, t.number, r.returned_at
             FROM returns r JOIN transfers t USING (reference) WHERE r.returned_at >= ?1 AND r.returned_at < ?2
             ORDER BY at, number, kind DESC LIMIT ?4 OFFSET ?3",
        )
        .bind(from)
        .bind(to)
        .bind(page.after)
        .bind(page.limit)
        .fetch_all(&self.readers)
        .await
    }

    pub async fn is_readable(&self) -> bool {
        sqlx::query("SELECT 1 FROM transfers LIMIT 1").execute(&self.readers).await.is_ok()
    }
}

fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new().filename(path).busy_timeout(Duration::from_secs(5))
}

/// A connection that writes to the book, or to a new one.
pub(super) async fn open_to_write(path: &Path) -> Result<SqliteConnection, Error> {
    let unreadable = |source| Error::Book { path: path.to_owned(), source };
    private::create(path).map_err(|error| unreadable(sqlx::Error::Io(error)))?;
    let writing = options(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .pragma("wal_autocheckpoint", "10000");
    let mut connection = connect(&writing).await.map_err(unreadable)?;
    match is_book(&mut connection).await.map_err(unreadable)? {
        true => {
            private::warn_if_open(path);
            Ok(connection)
        }
        false => Err(Error::NotABook(path.to_owned())),
    }
}

/// Of two banks that open a new file at once, SQLite tells the one that comes late with its change to
/// WAL "locked" at once, whatever the busy timeout. A moment later there is nothing left to change.
async fn connect(options: &SqliteConnectOptions) -> sqlx::Result<SqliteConnection> {
    let mut tries = 0;
    loop {
        match SqliteConnection::connect_with(options).await {
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("5") && tries < 100 => {
                tries += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            done => return done,
        }
    }
}

/// Begins the book in an empty file; takes any other only if it is a book that we know.
async fn is_book(connection: &mut SqliteConnection) -> sqlx::Result<bool> {
    // Under the write lock, so that of two banks that start at once only one begins the book.
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master").fetch_one(&mut *tx).await?;
    if tables == 0 {
        identity::begin(&mut tx).await?;
    }
    if mark(&mut tx).await? == (APPLICATION_ID, 1) {
        identity::add(&mut tx).await?;
    }
    let mark = mark(&mut tx).await?;
    tx.commit().await?;
    Ok(mark == (APPLICATION_ID, SCHEMA_VERSION))
}

/// What kind of file it is, and of which version.
async fn mark(on: &mut SqliteConnection) -> sqlx::Result<(i64, i64)> {
    let id = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *on).await?;
    Ok((id, sqlx::query_scalar("PRAGMA user_version").fetch_one(on).await?))
}

#[derive(Debug, Serialize)]
pub struct Paid {
    number: i64,
    reference: String,
    amount_paise: i64,
    bank_account_id: String,
    utr: String,
    paid_at: String,
    returned: bool,
}

#[derive(Debug, Serialize)]
pub struct Returned {
    number: i64,
    reference: String,
    utr: String,
    amount_paise: i64,
    reason: String,
    returned_at: String,
}

#[derive(Debug, Serialize)]
pub struct Line {
    kind: String,
    reference: String,
    utr: String,
    amount_paise: i64,
    at: String,
}

impl FromRow<'_, SqliteRow> for Paid {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let number = row.try_get("number")?;
        Ok(Self {
            number,
            reference: row.try_get("reference")?,
            amount_paise: row.try_get("amount_paise")?,
            bank_account_id: row.try_get("bank_account_id")?,
            utr: utr(number),
            paid_at: time(row.try_get("decided_at")?),
            returned: row.try_get("returned")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for Returned {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            number: row.try_get("number")?,
            reference: row.try_get("reference")?,
            utr: utr(row.try_get("paid_number")?),
            amount_paise: row.try_get("amount_paise")?,
            reason: row.try_get("reason")?,
            returned_at: time(row.try_get("returned_at")?),
        })
    }
}

impl FromRow<'_, SqliteRow> for Line {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            kind: row.try_get("kind")?,
            reference: row.try_get("reference")?,
            utr: utr(row.try_get("number")?),
            amount_paise: row.try_get("amount_paise")?,
            at: time(row.try_get("at")?),
        })
    }
}

/// RFC 3339, UTC, six decimals.
fn time(micros: i64) -> String {
    let at = Timestamp::from_microsecond(micros).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
