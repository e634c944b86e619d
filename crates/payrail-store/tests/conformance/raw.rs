//! Past the store: SQL as anybody with a connection could send it, in either dialect.

use jiff::Timestamp;
use payrail_core::ids::{MerchantId, PayoutId};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, SqliteConnection};
use uuid::Uuid;

pub enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    /// On SQLite without `recursive_triggers`, the default of every other program.
    pub async fn connect(url: &str) -> Self {
        if url.starts_with("sqlite") {
            // What these statements write need not outlive the power.
            let options: SqliteConnectOptions = url.parse().unwrap();
            Self::Sqlite(options.pragma("synchronous", "OFF").connect().await.unwrap())
        } else {
            Self::Postgres(PgConnection::connect(url).await.unwrap())
        }
    }

    pub async fn try_exec(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        let statement = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        Ok(match self {
            Self::Sqlite(connection) => statement.execute(connection).await?.rows_affected(),
            Self::Postgres(connection) => statement.execute(connection).await?.rows_affected(),
        })
    }

    pub async fn exec(&mut self, sql: &str) -> u64 {
        self.try_exec(sql).await.unwrap_or_else(|error| panic!("{error} in {sql}"))
    }

    /// The statement must fail, and because of a constraint or a trigger: a mistyped one proves nothing.
    pub async fn refuses(&mut self, sql: &str) {
        match self.try_exec(sql).await {
            Ok(rows) => panic!("{rows} rows were accepted: {sql}"),
            Err(error) => assert!(is_refusal(&error), "failed for another reason, {error}: {sql}"),
        }
    }

    /// The first column of every row, which must be text.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        let found = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_all(connection).await,
        };
        found.unwrap()
    }

    /// How the database would go about it, line by line.
    pub async fn plan(&mut self, sql: &str) -> Vec<String> {
        match self {
            Self::Sqlite(connection) => {
                let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}"));
                let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(connection).await.unwrap();
                rows.into_iter().map(|row| row.3).collect()
            }
            Self::Postgres(_) => self.texts(&format!("EXPLAIN {sql}")).await,
        }
    }

    pub async fn count(&mut self, table: &str) -> usize {
        self.texts(&format!("SELECT cast(count(*) AS text) FROM {table}")).await[0].parse().unwrap()
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
}

/// SQLSTATE class 23 and "out of range" on PostgreSQL, SQLITE_CONSTRAINT on SQLite.
pub fn is_refusal(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(|refusal| refusal.code()) else { return false };
    match code.parse::<u32>() {
        Ok(number) if code.len() < 5 => number & 0xff == 19,
        _ => code.starts_with("23") || code == "22003",
    }
}
