//! PostgreSQL: the authority for concurrency. The merchant's row lock and the constraints are the
//! truth; a process's lanes are only for speed.

mod config;
mod load;
mod pool;
mod probe;
mod reading;
pub(crate) mod session;
mod write;

use std::sync::Arc;
use std::time::{Duration, Instant};

use deadpool_postgres::Object;
use jiff::Timestamp;
use payrail_core::command::Command;
use payrail_core::decide::{Rules, decide_all};
use scopeguard::ScopeGuard;
use tokio_postgres::Config;

use crate::clock::{ClockDifference, Now, SharedClock};
use crate::db::{Connection, Transaction};
use crate::error::{Result, StoreError};
use crate::needs::{Books, Needs};
use crate::write::known_keys;
use crate::{Replies, migrations};
use load::Loaded;
use pool::{Pool, Shared};

pub(crate) use reading::Session;

const DROP_ALL: &str = include_str!("drop_all.sql");

#[derive(Clone, Debug)]
pub struct PostgresStore {
    /// The lanes'.
    writer: Pool,
    /// For whatever else needs a connection to itself.
    others: Pool,
    /// For look-ups by key.
    shared: Arc<Shared>,
    config: Arc<Config>,
    pub(crate) clock: SharedClock,
    /// By which a session is known to be the one that was set up.
    mark: Arc<str>,
}

const PATIENT: &str = "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0";
const FEW_SESSIONS: &str = ". If a connection pooler stands before PostgreSQL, it must have a session for every \
    connection of every process (PgBouncer's default_pool_size)";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// More shared connections than these serve reads no sooner.
const SHARED_MAX: u32 = 3;

impl PostgresStore {
    pub async fn open(url: &str, writers: u32, readers: u32) -> Result<Self> {
        let config = config::read(url)?;
        // Whoever starts hears at once what is wrong with the address, or with what answers there.
        within(CONNECT_TIMEOUT, probe::sessions_are_ours(&config)).await?;
        let mark: Arc<str> = session::mark().into();
        let shared = (readers / 4).clamp(1, SHARED_MAX);
        let store = Self {
            writer: Pool::new(config.clone(), &mark, writers)?,
            others: Pool::new(config.clone(), &mark, readers.saturating_sub(shared).max(1))?,
            shared: Arc::new(Shared::new(config.clone(), &mark, shared)),
            config: config.into(),
            clock: SharedClock::of_database(),
            mark,
        };
        store.begin_first_sessions().await.map_err(|error| match error {
            StoreError::Unavailable(why) => StoreError::Unavailable(format!("{why}{FEW_SESSIONS}")),
            other => other,
        })?;
        Ok(store)
    }

    /// One of each kind. (A connection belongs to the threads that made it: the lanes make their own.)
    async fn begin_first_sessions(&self) -> Result<()> {
        drop(Object::take(self.writer.get().await?));
        drop(self.shared.get().await?);
        self.compare_clocks().await?;
        Ok(())
    }

    /// For look-ups by key, on a connection that others use at the same time.
    pub(crate) async fn short_read(&self) -> Result<Connection> {
        Ok(Connection::Postgres(Session::Shared(self.shared.get().await?, self.shared.clone())))
    }

    /// For searches, so that one long statement delays nobody.
    pub(crate) async fn long_read(&self) -> Result<Connection> {
        Ok(Connection::Postgres(Session::Own(self.others.get().await?, self.others.clone())))
    }

    /// A connection that stays with whoever asked for it, and closes in the end.
    pub(crate) async fn detached(&self) -> Result<pool::Client> {
        Ok(Object::take(self.others.get().await?))
    }

    pub(crate) async fn flush_warnings(&self) -> Result<Vec<String>> {
        let client = self.others.get().await?;
        Ok(session::read(&client).await?.warnings())
    }

    pub(crate) async fn execute(&self, commands: &[Command], rules: &Rules, now: Now<'_>) -> Result<Replies> {
        if commands.is_empty() {
            return Ok(Replies::new());
        }
        let needs = Needs::of(commands);
        // Whatever ends this early closes the connection, and with that the server undoes what was begun.
        let client = scopeguard::guard(self.writer.get().await?, |client| drop(Object::take(client)));
        let Loaded { mut books, now: shared } = load::begin(&client, &self.mark, &needs).await?;
        let known = known_keys(&books);
        let writes = decide_all(&mut books, commands, rules, now.or(|| shared))?;
        if writes.is_empty() {
            client.batch_execute("ROLLBACK").await?;
        } else {
            write::commit(&client, &writes, &known).await?;
        }
        drop(ScopeGuard::into_inner(client));
        Ok(writes.replies)
    }

    /// For what is written beside the lanes: a transaction that is what a lane's would be.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        let client = scopeguard::guard(self.others.get().await?, |client| drop(Object::take(client)));
        client.batch_execute(session::BEGIN).await?;
        session::read(&client).await?.check_write(&self.mark)?;
        let client = ScopeGuard::into_inner(client);
        Ok(Transaction::begun(Connection::Postgres(Session::Transaction(client))))
    }

    /// In which every read sees the same moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction> {
        let client = scopeguard::guard(self.others.get().await?, |client| drop(Object::take(client)));
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let client = ScopeGuard::into_inner(client);
        Ok(Transaction::begun(Connection::Postgres(Session::Transaction(client))))
    }

    pub(crate) async fn begin_with_books(&self, needs: &Needs) -> Result<(Transaction, Books)> {
        let client = scopeguard::guard(self.others.get().await?, |client| drop(Object::take(client)));
        let books = load::begin(&client, &self.mark, needs).await?.books;
        let client = ScopeGuard::into_inner(client);
        Ok((Transaction::begun(Connection::Postgres(Session::Transaction(client))), books))
    }

    pub(crate) async fn tidy(&self) -> Result<()> {
        let client = self.detached().await?;
        client.batch_execute("SET statement_timeout = 0").await?;
        for table in [
            "merchants",
            "merchant_directory",
            "api_keys",
            "ledger_entries",
            "payouts",
            "attempts",
            "idempotency_records",
            "outbox",
        ] {
            client.batch_execute(&format!("VACUUM (ANALYZE) {table}")).await?;
        }
        Ok(())
    }

    pub(crate) async fn check_session(&self) -> Result<()> {
        let client = self.others.get().await?;
        session::read(&client).await?.check_write(&self.mark)
    }

    pub(crate) async fn compare_clocks(&self) -> Result<ClockDifference> {
        let client = self.others.get().await?;
        let asked = Instant::now();
        // In text: this needs no second question for the statement to be prepared.
        let found = session::text(&client, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").await?;
        let time = found.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let time = time.ok_or_else(|| StoreError::Corrupt(format!("PostgreSQL's clock shows {found:?}")))?;
        Ok(self.clock.take(time, asked))
    }

    /// Under a lock of ours, on a connection that ends with it. A migration takes as long as it takes, and whoever
    /// starts beside it waits for it.
    pub(crate) async fn migrate(&self, born: &[(&str, &str)]) -> Result<()> {
        let client = scopeguard::guard(self.others.get().await?, |client| drop(Object::take(client)));
        client.batch_execute(PATIENT).await?;
        client.batch_execute(migrations::LOCK).await?;
        let client = ScopeGuard::into_inner(client);
        let mut on = Connection::Postgres(Session::Transaction(client));
        let done = migrations::run_each(&mut on, born).await;
        on.discard();
        done
    }

    pub(crate) async fn close(&self) {
        self.writer.close();
        self.shared.close();
        self.others.close();
    }

    pub(crate) async fn drop_all(&self) -> Result<()> {
        let client = self.others.get().await?;
        Ok(client.batch_execute(DROP_ALL).await?)
    }

    /// The address, for a connection of another kind.
    pub(crate) fn config(&self) -> &Config {
        &self.config
    }
}

async fn within<T>(patience: Duration, done: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(patience, done).await.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("no session within {} s{FEW_SESSIONS}", patience.as_secs())))
    })
}
