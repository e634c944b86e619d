//! SQL past the store, as any program with a connection could send it: to hold a lock, to plant a fault, to look.

use std::fmt::{self, Display, Formatter};

use jiff::Timestamp;
use payrail_types::ids::{MerchantId, PayoutId};
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, OpenFlags};
use tokio_postgres::{NoTls, SimpleQueryMessage};
use uuid::Uuid;

use super::wait::DEADLINE;

/// A connection to either database.
pub enum Sql {
    Sqlite(rusqlite::Connection),
    Postgres(tokio_postgres::Client),
}

/// What the database answered instead.
#[derive(Debug)]
pub struct SqlError {
    /// SQLSTATE on PostgreSQL, the extended result code on SQLite.
    pub code: Option<String>,
    text: String,
}

impl Display for SqlError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for SqlError {}

impl From<rusqlite::Error> for SqlError {
    fn from(error: rusqlite::Error) -> Self {
        let code = error.sqlite_error().map(|error| error.extended_code.to_string());
        Self { code, text: error.to_string() }
    }
}

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = error.as_db_error().map_or_else(|| error.to_string(), ToString::to_string);
        Self { code: error.code().map(|code| code.code().to_owned()), text }
    }
}

impl SqlError {
    /// Whether a constraint or a trigger refused it: SQLSTATE class 23 and "out of range" on PostgreSQL,
    /// SQLITE_CONSTRAINT on SQLite.
    pub fn is_refusal(&self) -> bool {
        let Some(code) = &self.code else { return false };
        match code.parse::<u32>() {
            Ok(number) if code.len() < 5 => number & 0xff == 19,
            _ => code.starts_with("23") || code == "22003",
        }
    }
}

impl Sql {
    /// # Panics
    /// If there is no such database.
    pub async fn connect(url: &str) -> Self {
        Self::try_connect(url).await.unwrap_or_else(|error| panic!("{url}: {error}"))
    }

    /// On SQLite without `recursive_triggers`, the default of every other program. A missing file is not created, and what
    /// these statements write need not survive a power cut.
    pub async fn try_connect(url: &str) -> Result<Self, SqlError> {
        let Some(path) = url.strip_prefix("sqlite://") else {
            let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
            tokio::spawn(connection);
            return Ok(Self::Postgres(client));
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = rusqlite::Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(DEADLINE)?;
        connection.execute_batch("PRAGMA synchronous = OFF")?;
        Ok(Self::Sqlite(connection))
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Runs statements, separated by semicolons, and tells how many rows they changed (or, on PostgreSQL, found).
    pub async fn try_exec(&mut self, sql: &str) -> Result<u64, SqlError> {
        match self {
            Self::Sqlite(connection) => Ok(exec_all(connection, sql)?),
            Self::Postgres(client) => {
                let messages = client.simple_query(sql).await?;
                Ok(messages
                    .iter()
                    .map(|message| if let SimpleQueryMessage::CommandComplete(rows) = message { *rows } else { 0 })
                    .sum())
            }
        }
    }

    /// # Panics
    /// If the database refuses it.
    pub async fn exec(&mut self, sql: &str) -> u64 {
        self.try_exec(sql).await.unwrap_or_else(|error| panic!("{error} in {sql}"))
    }

    /// The statement must fail, and because of a constraint or a trigger: a mistyped one proves nothing.
    ///
    /// # Panics
    /// If it does not.
    pub async fn refuses(&mut self, sql: &str) {
        match self.try_exec(sql).await {
            Ok(rows) => panic!("{rows} rows were accepted: {sql}"),
            Err(error) => assert!(error.is_refusal(), "failed for another reason, {error}: {sql}"),
        }
    }

    /// The first column of every row, which must be text.
    pub async fn try_texts(&mut self, sql: &str) -> Result<Vec<String>, SqlError> {
        self.column(sql, 0).await
    }

    /// # Panics
    /// If the database refuses it.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        self.try_texts(sql).await.unwrap_or_else(|error| panic!("{error} in {sql}"))
    }

    async fn column(&mut self, sql: &str, column: usize) -> Result<Vec<String>, SqlError> {
        match self {
            Self::Sqlite(connection) => {
                let mut statement = connection.prepare(sql)?;
                let texts = statement.query_map([], |row| row.get(column))?;
                Ok(texts.collect::<Result<_, _>>()?)
            }
            Self::Postgres(client) => {
                let messages = client.simple_query(sql).await?;
                let rows = messages.iter().filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(row.get(column).expect("no NULL").to_owned()),
                    _ => None,
                });
                Ok(rows.collect())
            }
        }
    }

    /// How the database would go about it, line by line.
    pub async fn plan(&mut self, sql: &str) -> Vec<String> {
        let lines = match self {
            Self::Sqlite(_) => self.column(&format!("EXPLAIN QUERY PLAN {sql}"), 3).await,
            Self::Postgres(_) => self.column(&format!("EXPLAIN {sql}"), 0).await,
        };
        lines.unwrap_or_else(|error| panic!("{error} in {sql}"))
    }

    pub async fn count(&mut self, table: &str) -> usize {
        self.texts(&format!("SELECT cast(count(*) AS text) FROM {table}")).await[0].parse().expect("a number")
    }

    pub fn id(&self, id: Uuid) -> String {
        match self {
            Self::Sqlite(_) => format!("x'{}'", id.simple()),
            Self::Postgres(_) => format!("'{id}'::uuid"),
        }
    }

    pub fn at(&self, at: Timestamp) -> String {
        match self {
            Self::Sqlite(_) => at.as_microsecond().to_string(),
            Self::Postgres(_) => format!("'{at}'::timestamptz"),
        }
    }

    /// The condition that finds the merchant's rows.
    pub fn of(&self, merchant: MerchantId) -> String {
        format!("bucket = {} AND merchant_id = {}", merchant.bucket().get(), self.id(merchant.0))
    }

    /// The condition that finds the payout's row.
    pub fn payout(&self, merchant: MerchantId, id: PayoutId) -> String {
        format!("{} AND id = {}", self.of(merchant), self.id(id.0))
    }

    /// Keeps the engine from writing the merchant's books until [`Self::release`]: by a lock on the merchant's row or, on
    /// SQLite, by the one lock that there is.
    pub async fn lock(&mut self, email: &str) {
        if self.is_postgres() {
            self.exec("BEGIN").await;
            let locked = self.exec(&format!("SELECT id FROM merchants WHERE email = '{email}' FOR UPDATE")).await;
            assert_eq!(locked, 1, "{email} is locked");
        } else {
            self.exec("BEGIN IMMEDIATE").await;
        }
    }

    pub async fn release(&mut self) {
        self.exec("ROLLBACK").await;
    }
}

fn exec_all(connection: &rusqlite::Connection, sql: &str) -> rusqlite::Result<u64> {
    let mut changed = 0;
    let mut statements = Batch::new(connection, sql);
    while let Some(mut statement) = statements.next()? {
        let before = connection.total_changes();
        let mut rows = statement.raw_query();
        while rows.next()?.is_some() {}
        // What triggers changed counts in the total, but not in the statement's own changes.
        if connection.total_changes() > before {
            changed += connection.changes();
        }
    }
    Ok(changed)
}
