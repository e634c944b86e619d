//! PostgreSQL: the authority for concurrency. The merchant's row lock and the constraints are the
//! truth; a process's lanes are only for speed.

mod load;
mod write;

use std::str::FromStr;
use std::time::Duration;

use payrail_core::backoff::Policy;
use payrail_core::command::Command;
use payrail_core::decide::decide_all;
use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::error::{Result, StoreError};
use crate::needs::Needs;
use crate::{Now, Replies};

pub(crate) mod sessions {
    crate::sessions::sessions!(sqlx::PgConnection);
}
pub(crate) mod statements {
    crate::statements::statements!(sqlx::PgConnection);
}
pub(crate) mod keys {
    crate::keys::keys!(sqlx::PgConnection);
}
pub(crate) mod lists {
    crate::lists::lists!(sqlx::PgConnection);
}
pub(crate) mod operators {
    crate::operators::operators!(sqlx::PgConnection);
}
pub(crate) mod totals {
    crate::totals::totals!(sqlx::PgConnection);
}

pub(crate) mod views {
    crate::views::views!(sqlx::PgConnection);
}

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");
const DROP_ALL: &str = include_str!("drop_all.sql");

#[derive(Clone, Debug)]
pub struct PostgresStore {
    pub(crate) writer: PgPool,
    pub(crate) reader: PgPool,
}

/// How long a command waits for a merchant's lock before its client is told to come back.
const LOCK_TIMEOUT: &str = "5s";
/// No statement of ours takes longer; one that does is stuck.
const STATEMENT_TIMEOUT: &str = "60s";
/// A process that dies between two statements must not keep its locks.
const IDLE_IN_TRANSACTION_TIMEOUT: &str = "30s";

impl PostgresStore {
    pub async fn open(url: &str, writers: u32, readers: u32) -> Result<Self> {
        let bad_url = |error: sqlx::Error| StoreError::Unavailable(format!("DATABASE_URL cannot be used: {error}"));
        let options = PgConnectOptions::from_str(url).map_err(bad_url)?.application_name("payrail").options([
            ("lock_timeout", LOCK_TIMEOUT),
            ("statement_timeout", STATEMENT_TIMEOUT),
            ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT),
            ("synchronous_commit", "on"),
            // We read and write by key. Without these the planner, on tables that it has not yet
            // analyzed, may make and keep a plan that scans them whole.
            ("enable_seqscan", "off"),
            ("enable_hashjoin", "off"),
            ("enable_mergejoin", "off"),
        ]);
        let pool =
            |connections| PgPoolOptions::new().max_connections(connections).acquire_timeout(Duration::from_secs(5));
        // A lane notices a dead connection by itself and tries again; a ping a batch would cost a round trip.
        let writer = pool(writers).test_before_acquire(false).connect_lazy_with(options.clone());
        let reader = pool(readers).connect_lazy_with(options);
        reader.acquire().await?;
        Ok(Self { writer, reader })
    }

    pub(crate) async fn execute(&self, commands: &[Command], policy: &Policy, now: Now<'_>) -> Result<Replies> {
        let needs = Needs::of(commands);
        let mut tx = self.writer.begin().await?;
        // Lock in one statement, read in the next: a statement that waited for a lock sees the rest of
        // the world as it was before the wait.
        load::lock(&mut tx, &needs).await?;
        let mut books = load::books(&mut tx, &needs).await?;
        let writes = decide_all(&mut books, commands, policy, now());
        if writes.is_empty() {
            tx.rollback().await?;
        } else {
            write::all(&mut tx, &writes).await?;
            tx.commit().await.map_err(StoreError::of_commit)?;
        }
        Ok(writes.replies)
    }

    /// Under sqlx's advisory lock, on a connection that ends with it: when sqlx refuses a schema, it
    /// does not unlock. A migration takes as long as it takes.
    pub(crate) async fn migrate(&self) -> std::result::Result<(), MigrateError> {
        let mut connection = self.reader.acquire().await?.detach();
        sqlx::raw_sql("SET statement_timeout = 0").execute(&mut connection).await?;
        let done = MIGRATIONS.run_direct(None, &mut connection, false).await;
        let _ = connection.close().await;
        done
    }

    pub(crate) async fn close(&self) {
        self.writer.close().await;
        self.reader.close().await;
    }

    pub(crate) async fn drop_all(&self) -> Result<()> {
        sqlx::raw_sql(DROP_ALL).execute(&self.reader).await?;
        Ok(())
    }
}
