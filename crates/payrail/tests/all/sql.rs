//! A connection of the test's own to the server's database: to hold a lock, to plant a fault, to look.

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

use crate::support::World;

pub enum Sql {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Sql {
    pub async fn connect(world: &World) -> Self {
        let url = &world.database.url;
        if url.starts_with("sqlite") {
            Self::Sqlite(SqliteConnection::connect(url).await.unwrap())
        } else {
            Self::Postgres(PgConnection::connect(url).await.unwrap())
        }
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
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

    /// The first column of every row, which must be text.
    pub async fn texts(&mut self, sql: &str) -> Vec<String> {
        let query = AssertSqlSafe(sql.to_owned());
        let found = match self {
            Self::Sqlite(connection) => sqlx::query_scalar(query).fetch_all(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(query).fetch_all(connection).await,
        };
        found.unwrap_or_else(|error| panic!("{error} in {sql}"))
    }

    /// Keeps the door shut for the merchant until [`Sql::release`]: by the row's lock, or, on SQLite,
    /// by the one lock that there is.
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
