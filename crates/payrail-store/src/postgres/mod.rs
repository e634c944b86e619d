//! PostgreSQL. The merchant's row lock and the constraints guarantee correctness; a process's lanes are only for speed.

mod address;
mod citus;
pub(crate) mod connect;
mod error;
mod execute;
mod load;
mod migrate;
pub(crate) mod node;
mod pool;
mod probe;
pub(crate) mod reading;
mod schema;
pub(crate) mod session;
pub(crate) mod split;
mod tls;
mod write;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use scopeguard::ScopeGuard;

use crate::cells::{CellPlace, Cells};
use crate::clock::{ClockDifference, SharedClock};
use crate::connection::{Connection, Transaction};
use crate::error::{Result, StoreError};
use address::CONNECT_TIMEOUT;
use connect::Server;
use node::{Location, Node};
use pool::{Client, Manager, Object, Pool, Shared};
use reading::Session;
use session::{FEW_SESSIONS, Sessions, Terms};

const DROP_ALL: &str = include_str!("drop_all.sql");

#[derive(Clone, Debug)]
pub struct PostgresStore {
    /// For the lanes.
    writer: Pool,
    /// For small writes beside the lanes.
    small: Pool,
    /// For checks of the database itself, which must not wait for other work.
    health: Pool,
    /// For reads that may take long: searches, lists, `verify`.
    searches: Pool,
    /// For look-ups by key.
    shared: Arc<Shared>,
    terms: Arc<Terms>,
    location: Arc<Location>,
    direct: Direct,
    pub(crate) clock: SharedClock,
}

/// PostgreSQL itself, without a pooler, for sessions that outlast a transaction.
#[derive(Clone, Debug)]
struct Direct {
    server: Server,
    /// False if a pooler that shares sessions is in between.
    has_sessions: bool,
    /// The database's identity.
    identity: Arc<str>,
    /// Its schemas may be on other servers.
    is_citus: bool,
}

/// More shared connections do not make reads faster.
const SHARED_MAX: u32 = 3;
/// There are never more small writes at a time.
const SMALL_MAX: u32 = 4;

/// The variables that hold the addresses, for messages.
const DATABASE_URL: &str = "DATABASE_URL";
const MIGRATION_URL: &str = "PAYRAIL_MIGRATION_URL";
const CELL_URLS: &str = "PAYRAIL_CELL_URLS";

const NEEDS_A_SESSION: &str = "this needs a session of its own, and DATABASE_URL leads through a connection pooler that \
    gives each transaction another one: name PostgreSQL itself in PAYRAIL_MIGRATION_URL";

const NEEDS_SESSIONS_FOR_CELLS: &str = "the database has several cells, each a schema of its own, and DATABASE_URL leads \
    through a connection pooler that gives each transaction another session: a session cannot stay in a cell there. Use \
    pool_mode = session, or name PostgreSQL itself";

impl PostgresStore {
    /// `direct`: the address of PostgreSQL itself, if `url` leads through a pooler.
    pub async fn open(url: &str, direct: Option<&str>, writers: u32, readers: u32) -> Result<Self> {
        let server = Server::read(url, DATABASE_URL)?;
        let direct = direct.map(|url| Server::read(url, MIGRATION_URL)).transpose()?;
        // Connect now, so that the start fails with a clear error if the address or the server is wrong.
        let (sessions, place) = within(CONNECT_TIMEOUT, async {
            let sessions = probe::sessions(&server).await?;
            Ok((sessions, schema::look(&server, sessions).await?))
        })
        .await?;
        let direct = Direct {
            has_sessions: direct.is_some() || sessions == Sessions::Own,
            server: direct.unwrap_or_else(|| server.clone()),
            identity: place.identity.into(),
            is_citus: place.is_citus,
        };
        let terms = Terms::new(sessions, place.schema, place.role);
        let location = Arc::new(Location::Fixed(server));
        let store = Self::with(location, direct, terms, SharedClock::from_database(), [writers, readers])?;
        store.begin_first_sessions().await.map_err(|error| match error {
            StoreError::Unavailable(why) => StoreError::Unavailable(format!("{why}{FEW_SESSIONS}")),
            other => other,
        })?;
        Ok(store)
    }

    /// A cell of this database: the same tables in a schema of their own. No connection is made yet.
    pub(crate) fn cell(&self, number: u16, writers: u32, readers: u32) -> Result<Self> {
        if self.terms.is_pooled() {
            return Err(StoreError::Session(NEEDS_SESSIONS_FOR_CELLS.to_owned()));
        }
        let schema = schema::of_cell(number);
        let location = match self.is_citus() {
            true => Arc::new(Location::OnCitus(Node::new(self.direct.server.clone(), schema.clone()))),
            false => self.location.clone(),
        };
        let terms = Terms::new(Sessions::Own, schema, String::new());
        Self::with(location, self.direct.clone(), terms, self.clock.clone(), [writers, readers])
    }

    /// A cell that is a database of its own. No connection is made yet, so that a cell that cannot be reached keeps nobody
    /// else from starting.
    pub(crate) fn cell_elsewhere(&self, url: &str, place: CellPlace, writers: u32, readers: u32) -> Result<Self> {
        let server = Server::read(url, CELL_URLS)?;
        let direct = Direct { server: server.clone(), has_sessions: true, identity: "".into(), is_citus: false };
        let terms = Terms::new(Sessions::Own, "public".to_owned(), String::new()).with_place(place);
        let location = Arc::new(Location::Fixed(server));
        Self::with(location, direct, terms, self.clock.clone(), [writers, readers])
    }

    fn with(
        location: Arc<Location>,
        direct: Direct,
        terms: Terms,
        clock: SharedClock,
        [writers, readers]: [u32; 2],
    ) -> Result<Self> {
        let terms = Arc::new(terms);
        let manager = Manager::new(location.clone(), terms.clone());
        let (shared, small) = ((readers / 4).clamp(1, SHARED_MAX), (readers / 4).clamp(1, SMALL_MAX));
        Ok(Self {
            writer: Pool::new(manager.clone(), writers)?,
            small: Pool::new(manager.clone(), small)?,
            health: Pool::new(manager.clone(), 1)?,
            searches: Pool::new(manager.clone(), readers.saturating_sub(shared + small + 1).max(1))?,
            shared: Arc::new(Shared::new(manager, shared)),
            terms,
            location,
            direct,
            clock,
        })
    }

    /// Whether its schemas may be on other servers.
    pub(crate) const fn is_citus(&self) -> bool {
        self.direct.is_citus
    }

    /// Opens a connection of each kind. (A connection belongs to the threads that made it, so the lanes make their
    /// own.)
    async fn begin_first_sessions(&self) -> Result<()> {
        drop(Object::take(self.writer.get().await?));
        drop(self.shared.get().await?);
        self.compare_clocks().await?;
        Ok(())
    }

    /// For look-ups by key, on a shared connection.
    pub(crate) async fn short_read(&self) -> Result<Connection> {
        Ok(Connection::Postgres(Session::Shared(self.shared.get().await?, self.shared.clone())))
    }

    /// For searches, on an exclusive connection, so that a long statement delays no other read.
    pub(crate) async fn long_read(&self) -> Result<Connection> {
        Ok(Connection::Postgres(Session::Own(Some(self.searches.get().await?), self.searches.clone())))
    }

    /// A session for the caller alone. Dropping it ends it. `None` behind a pooler that shares sessions.
    pub(crate) async fn own_session(&self) -> Result<Option<Client>> {
        if !self.direct.has_sessions {
            return Ok(None);
        }
        let client = self.direct_client().await?;
        let terms = Terms::new(Sessions::Own, self.terms.schema().to_owned(), String::new());
        session::begin(&client, &terms).await?;
        Ok(Some(client))
    }

    /// A new direct connection. It fails if it leads to another database.
    async fn direct_client(&self) -> Result<Client> {
        let (client, task) = within(CONNECT_TIMEOUT, self.direct.server.connect()).await?;
        let client = Client::new(client, task);
        if !self.direct.identity.is_empty() && schema::identity(&client).await? != *self.direct.identity {
            return Err(StoreError::Address(format!("{MIGRATION_URL} names another database than {DATABASE_URL}")));
        }
        Ok(client)
    }

    /// A session that receives announcements. `None` behind a pooler that shares sessions.
    pub(crate) fn listening_server(&self) -> Option<&Server> {
        self.direct.has_sessions.then_some(&self.direct.server)
    }

    pub(crate) async fn flush_warnings(&self) -> Result<Vec<String>> {
        let client = self.health.get().await?;
        Ok(session::read(&client).await?.warnings())
    }

    /// For writes outside of the lanes: a transaction with the same guarantees.
    pub(crate) async fn begin(&self) -> Result<Transaction> {
        let client = scopeguard::guard(self.small.get().await?, |client| drop(Object::take(client)));
        client.batch_execute(session::BEGIN).await?;
        session::read(&client).await?.check_write(&self.terms)?;
        let client = ScopeGuard::into_inner(client);
        Ok(Transaction::begun(Connection::Postgres(Session::Transaction(client))))
    }

    /// A transaction in which every read sees the same moment.
    pub(crate) async fn begin_snapshot(&self) -> Result<Transaction> {
        let client = scopeguard::guard(self.searches.get().await?, |client| drop(Object::take(client)));
        client.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let client = ScopeGuard::into_inner(client);
        Ok(Transaction::begun(Connection::Postgres(Session::Transaction(client))))
    }

    pub(crate) async fn tidy(&self) -> Result<()> {
        let client = self.own_session().await?.ok_or_else(Self::no_session)?;
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
        let client = self.health.get().await?;
        session::read(&client).await?.check_write(&self.terms)
    }

    pub(crate) async fn compare_clocks(&self) -> Result<ClockDifference> {
        let client = self.health.get().await?;
        let asked = Instant::now();
        // As a simple query: it needs no round trip to prepare the statement.
        let found = session::text(&client, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint").await?;
        let time = found.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
        let time = time.ok_or_else(|| StoreError::Corrupt(format!("PostgreSQL's clock shows {found:?}")))?;
        Ok(self.clock.take(time, asked))
    }

    /// Migrates on a separate direct connection. Other processes that start meanwhile wait.
    pub(crate) async fn migrate(&self, initial: &[(&str, &str)]) -> Result<()> {
        let client = self.direct_client().await?;
        let Some(place) = self.terms.place() else {
            return migrate::run(&client, self.terms.schema(), initial).await;
        };
        let schema = self.terms.schema();
        // Never migrate what is not the cell.
        if let Some(found) = schema::cell_setting(&client, schema).await? {
            place.check(found.as_deref())?;
        }
        migrate::run(&client, schema, &[(CellPlace::SETTING, &place.expected()?)]).await?;
        place.check(schema::cell_setting(&client, schema).await?.flatten().as_deref())
    }

    pub(crate) async fn close(&self) {
        [&self.writer, &self.small, &self.health, &self.searches].into_iter().for_each(Pool::close);
        self.shared.close();
    }

    /// Drops the cells too, in the same transaction.
    pub(crate) async fn drop_all(&self, cells: Cells) -> Result<()> {
        let client = self.small.get().await?;
        let cells = (0..cells.get()).filter(|_| cells != Cells::ONE).map(schema::of_cell);
        let cells = cells.map(|schema| format!("DROP SCHEMA IF EXISTS {schema} CASCADE;\n"));
        Ok(client.batch_execute(&(cells.collect::<String>() + DROP_ALL)).await?)
    }

    /// Why there is no lock that outlasts a transaction.
    pub(crate) fn no_session() -> StoreError {
        StoreError::Session(NEEDS_A_SESSION.to_owned())
    }
}

async fn within<T>(limit: Duration, done: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, done).await.unwrap_or_else(|_| {
        Err(StoreError::Unavailable(format!("no session within {} s{FEW_SESSIONS}", limit.as_secs())))
    })
}
