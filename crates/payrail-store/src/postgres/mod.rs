//! PostgreSQL: the authority for concurrency. The merchant's row lock and the constraints are the
//! truth; a process's lanes are only for speed.

mod links;
mod load;
mod write;

use std::str::FromStr;
use std::time::Duration;

use payrail_core::backoff::Policy;
use payrail_core::command::Command;
use payrail_core::decide::decide_all;
use scopeguard::ScopeGuard;
use sqlx::Connection;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};

use crate::error::{Result, StoreError};
use crate::needs::Needs;
use crate::{Now, Replies};
use links::{Link, Links};

pub(crate) mod sessions {
    crate::sessions::sessions!(sqlx::PgConnection);
}
pub(crate) mod statements {
    crate::statements::statements!(sqlx::PgConnection);
}
pub(crate) mod find {
    crate::find::find!(sqlx::PgConnection, "right(CAST(id AS text), 8)");
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
pub(crate) mod workers {
    crate::workers::workers!(sqlx::PgConnection);
}

pub(crate) mod views {
    crate::views::views!(sqlx::PgConnection);
}

pub(crate) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");
const DROP_ALL: &str = include_str!("drop_all.sql");

#[derive(Clone, Debug)]
pub struct PostgresStore {
    writer: Links,
    pub(crate) reader: PgPool,
}

/// What every session of ours is told.
const SESSION: [(&str, &str); 9] = [
    // How long a command waits for a merchant's lock before its client is told to come back.
    ("lock_timeout", "5s"),
    // No statement of ours takes longer; one that does is stuck.
    ("statement_timeout", "60s"),
    // A process that dies between two statements must not keep its locks; nor one that the network has swallowed.
    // We think between two statements for some milliseconds.
    ("idle_in_transaction_session_timeout", "10s"),
    ("synchronous_commit", "on"),
    // We read and write by key. Without these the planner, on tables that it has not yet analyzed, may
    // make and keep a plan that scans them whole.
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    // Our plans are the same for all values: to make them anew for each batch costs as much as to run them.
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
];
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

impl PostgresStore {
    pub async fn open(url: &str, writers: u32, readers: u32) -> Result<Self> {
        let bad_url = |error: sqlx::Error| StoreError::Unavailable(format!("DATABASE_URL cannot be used: {error}"));
        let options = PgConnectOptions::from_str(url).map_err(bad_url)?.application_name("payrail").options(SESSION);
        let writer = Links::new(url, &options, writers)?;
        let pool = PgPoolOptions::new().max_connections(readers).acquire_timeout(CONNECT_TIMEOUT);
        let reader = pool.connect_lazy_with(options);
        // Whoever starts hears at once what is wrong with the address. (A link belongs to the threads that made it:
        // the lanes make their own.)
        reader.acquire().await?;
        drop(Link::take(writer.get().await?));
        Ok(Self { writer, reader })
    }

    pub(crate) async fn execute(&self, commands: &[Command], policy: &Policy, now: Now<'_>) -> Result<Replies> {
        let needs = Needs::of(commands);
        // Whatever ends this early closes the connection, and with that the server undoes what was begun.
        let link = scopeguard::guard(self.writer.get().await?, |link| drop(Link::take(link)));
        let mut books = load::begin(&link, &needs).await?;
        let known = books.values().flat_map(|book| book.records.keys().map(|key| (book.merchant, *key))).collect();
        let writes = decide_all(&mut books, commands, policy, now());
        if writes.is_empty() {
            link.batch_execute("ROLLBACK").await?;
        } else {
            write::commit(&link, &writes, &known).await?;
        }
        drop(ScopeGuard::into_inner(link));
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
        self.writer.close();
        self.reader.close().await;
    }

    pub(crate) async fn drop_all(&self) -> Result<()> {
        sqlx::raw_sql(DROP_ALL).execute(&self.reader).await?;
        Ok(())
    }
}
