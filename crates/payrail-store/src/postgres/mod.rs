//! PostgreSQL: the authority for concurrency. The merchant's row lock and the constraints are the
//! truth; a process's lanes are only for speed.

mod links;
mod load;
mod probe;
pub(crate) mod session;
mod write;

use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use payrail_core::command::Command;
use payrail_core::decide::{Rules, decide_all};
use scopeguard::ScopeGuard;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::{Connection, Row};

use crate::Replies;
use crate::clock::{ClockDifference, Now, SharedClock};
use crate::error::{Result, StoreError};
use crate::needs::Needs;
use crate::settings::BORN;
use links::{Link, Links};
use load::Loaded;

pub(crate) mod refusals {
    crate::refusals::refusals!(sqlx::PgConnection);
}
pub(crate) mod sessions {
    crate::sessions::sessions!(sqlx::PgConnection);
}
pub(crate) mod settings {
    crate::settings::settings!(sqlx::PgConnection);
}
pub(crate) mod shared_utrs {
    crate::shared_utrs::shared_utrs!(sqlx::PgConnection);
}
pub(crate) mod statements {
    crate::statements::statements!(sqlx::PgConnection);
}
pub(crate) mod find {
    crate::find::find!(sqlx::PgConnection, "right(CAST(id AS text), 8)");
}
pub(crate) mod exceptions {
    crate::exceptions::exceptions!(sqlx::PgConnection);
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
    pub(crate) clock: SharedClock,
    /// By which a session is known to be the one that was set up.
    mark: Arc<str>,
}

const PATIENT: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0";
const FEW_SESSIONS: &str = ". If a connection pooler stands before PostgreSQL, it must have a session for every \
    connection of every process (PgBouncer's default_pool_size)";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

async fn is_new(on: &mut sqlx::PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar("SELECT to_regclass('settings') IS NULL").fetch_one(on).await
}

/// Of two processes that create it at once, each believes that it did; what the first wrote of itself stays. Who
/// dies between the tables and these rows leaves a database that is nothing but a ledger.
async fn create_or_update(on: &mut sqlx::PgConnection, born: &[(&str, &str)]) -> std::result::Result<(), MigrateError> {
    let is_new = is_new(on).await?;
    MIGRATIONS.run_direct(None, on, false).await?;
    if is_new {
        let mut tx = on.begin().await?;
        for (name, value) in born {
            sqlx::query(BORN).bind(name).bind(value).execute(&mut *tx).await?;
        }
        tx.commit().await?;
    }
    Ok(())
}

impl PostgresStore {
    pub async fn open(url: &str, writers: u32, readers: u32) -> Result<Self> {
        let bad_url = |error: sqlx::Error| StoreError::Unavailable(format!("DATABASE_URL cannot be used: {error}"));
        let options = PgConnectOptions::from_str(url).map_err(bad_url)?.application_name("payrail");
        // (Poolers refuse startup parameters that they do not know, and we read no floats.)
        let options = options.extra_float_digits(None);
        let config = links::config(url, &options)?;
        // Whoever starts hears at once what is wrong with the address, or with what answers there.
        within(CONNECT_TIMEOUT, probe::sessions_are_ours(&config)).await?;
        let mark: Arc<str> = session::mark().into();
        let writer = Links::new(config, &mark, writers)?;
        let store = Self { writer, reader: reader(options, &mark, readers), clock: SharedClock::of_database(), mark };
        store.begin_first_sessions().await.map_err(|error| match error {
            StoreError::Unavailable(why) => StoreError::Unavailable(format!("{why}{FEW_SESSIONS}")),
            other => other,
        })?;
        Ok(store)
    }

    /// One of each kind. (A link belongs to the threads that made it: the lanes make their own.)
    async fn begin_first_sessions(&self) -> Result<()> {
        drop(Link::take(self.writer.get().await?));
        self.compare_clocks().await?;
        Ok(())
    }

    pub(crate) async fn flush_warnings(&self) -> Result<Vec<String>> {
        Ok(session::read_reader(&mut *self.reader.acquire().await?).await?.warnings())
    }

    pub(crate) async fn execute(&self, commands: &[Command], rules: &Rules, now: Now<'_>) -> Result<Replies> {
        if commands.is_empty() {
            return Ok(Replies::new());
        }
        let needs = Needs::of(commands);
        // Whatever ends this early closes the connection, and with that the server undoes what was begun.
        let link = scopeguard::guard(self.writer.get().await?, |link| drop(Link::take(link)));
        let Loaded { mut books, now: shared } = load::begin(&link, &self.mark, &needs).await?;
        let known = books.values().flat_map(|book| book.records.keys().map(|key| (book.merchant, *key))).collect();
        let writes = decide_all(&mut books, commands, rules, now.or(|| shared))?;
        if writes.is_empty() {
            link.batch_execute("ROLLBACK").await?;
        } else {
            write::commit(&link, &writes, &known).await?;
        }
        drop(ScopeGuard::into_inner(link));
        Ok(writes.replies)
    }

    /// For what is written beside the lanes: a transaction that is what a lane's would be.
    pub(crate) async fn begin(&self) -> Result<sqlx::Transaction<'static, sqlx::Postgres>> {
        let mut tx = self.reader.begin_with(session::BEGIN).await?;
        session::read_reader(&mut tx).await?.check_write(&self.mark)?;
        Ok(tx)
    }

    pub(crate) async fn check_session(&self) -> Result<()> {
        session::read_reader(&mut *self.reader.acquire().await?).await?.check_write(&self.mark)
    }

    pub(crate) async fn compare_clocks(&self) -> Result<ClockDifference> {
        let mut connection = self.reader.acquire().await?;
        let asked = Instant::now();
        // In text: this needs no second question for the statement to be prepared.
        let row = sqlx::raw_sql("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint")
            .fetch_one(&mut *connection)
            .await?;
        let time =
            Timestamp::from_microsecond(row.try_get(0)?).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(self.clock.take(time, asked))
    }

    /// Under sqlx's advisory lock, on a connection that ends with it: when sqlx refuses a schema, it
    /// does not unlock. A migration takes as long as it takes, and whoever starts beside it waits for it.
    pub(crate) async fn migrate(&self, born: &[(&str, &str)]) -> std::result::Result<(), MigrateError> {
        let mut connection = self.reader.acquire().await?.detach();
        sqlx::raw_sql(PATIENT).execute(&mut connection).await?;
        let done = create_or_update(&mut connection, born).await;
        let _ = connection.close().await;
        done
    }

    pub(crate) async fn is_new(&self) -> Result<bool> {
        Ok(is_new(&mut *self.reader.acquire().await?).await?)
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

/// The pool for everything else. Its connections are set up as the lanes' are.
fn reader(options: PgConnectOptions, mark: &Arc<str>, most: u32) -> PgPool {
    let mark = mark.clone();
    let pool = PgPoolOptions::new().max_connections(most).acquire_timeout(CONNECT_TIMEOUT);
    let pool = pool.after_connect(move |connection, _| {
        let mark = mark.clone();
        Box::pin(async move {
            let begun = session::begin_reader(connection, &mark).await;
            begun.map_err(|error| sqlx::Error::Configuration(error.into()))
        })
    });
    pool.connect_lazy_with(options)
}

async fn within<T>(patience: Duration, done: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(patience, done).await.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("no session within {} s{FEW_SESSIONS}", patience.as_secs())))
    })
}
