//! For tests: databases, a fresh one each, real ones both, gone with the test; SQL past the store; programs of this
//! workspace; waiting for a condition.

mod cluster;
mod pgbouncer;
mod reads;
mod sql;
mod wait;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::cells::Cells;
use crate::error::Result;
use crate::postgres::connect::Server;
use crate::store::Store;
use crate::store::opening::Opening;
pub use cluster::TestServer;
pub use pgbouncer::{PgBouncer, PgBouncerSettings};
pub use sql::{Sql, SqlError};
pub use wait::{DEADLINE, until};

/// A program that the same build made, for tests and benchmarks of another crate: those of its own crate Cargo names.
///
/// # Panics
/// If it was not built.
pub fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().expect("this program's own path");
    // target/debug/deps/test-0123 and target/debug/program.
    let found = own.parent().and_then(|deps| deps.parent()).expect("a target folder").join(name);
    assert!(
        found.exists(),
        "{} is missing: build the whole workspace (cargo build --workspace) first",
        found.display()
    );
    found
}

/// Names an empty database of its own; dropped with the value.
#[derive(Debug)]
pub struct TestDatabase {
    pub url: String,
    place: Place,
    /// How many it gets when its tables are made.
    cells: Cells,
    /// Where its cells are, if elsewhere.
    cell_urls: Vec<String>,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Server {
        admin_url: String,
        name: String,
    },
    /// It goes with whatever made it.
    Elsewhere,
}

static COUNTER: AtomicU32 = AtomicU32::new(0);

fn fresh_name() -> String {
    format!("payrail_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

impl TestDatabase {
    fn new(url: String, place: Place) -> Self {
        Self { url, place, cells: Cells::ONE, cell_urls: Vec::new() }
    }

    /// A file in a folder of its own.
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(fresh_name());
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let url = format!("sqlite://{}", folder.join("payrail.db").display());
        Self::new(url, Place::Folder(folder))
    }

    /// A database on the private server that `make test` starts.
    pub async fn postgres() -> Self {
        let admin_url = std::env::var("TEST_DATABASE_URL").expect(
            "TEST_DATABASE_URL names no PostgreSQL server: run the tests with `make test`, \
             or one of them with `scripts/with-postgres cargo test NAME`",
        );
        let name = fresh_name();
        execute(&admin_url, &format!("CREATE DATABASE {name}")).await.expect("a test database");
        let server = admin_url.rsplit_once('/').map_or(admin_url.as_str(), |(server, _)| server);
        let url = format!("{server}/{name}");
        Self::new(url, Place::Server { admin_url, name })
    }

    /// The same, with several cells.
    pub async fn in_cells(count: u16) -> Self {
        let mut database = Self::postgres().await;
        database.cells = Cells::new(count).expect("a number that a database may have");
        database
    }

    /// The same, with its cells in databases of their own.
    pub async fn with_cells_at(cell_urls: Vec<String>) -> Self {
        let mut database = Self::postgres().await;
        database.cell_urls = cell_urls;
        database
    }

    /// On a server of the test's own.
    pub fn at(url: String) -> Self {
        Self::new(url, Place::Elsewhere)
    }

    /// Opened and migrated.
    pub async fn store(&self) -> Store {
        let cells = (self.cells != Cells::ONE).then_some(self.cells);
        let opening =
            Opening { url: &self.url, direct: None, writers: 4, readers: 4, cells, cell_urls: &self.cell_urls };
        let store = Store::open_with(opening).await.expect("the store opens");
        store.migrate().await.expect("the migrations run");
        store
    }

    /// Where tests may put files that belong to this database, when it is a file itself.
    pub fn folder(&self) -> Option<&PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Server { .. } | Place::Elsewhere => None,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.place {
            Place::Folder(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
            Place::Elsewhere => {}
            Place::Server { admin_url, name } => drop_database(admin_url.clone(), name.clone()),
        }
    }
}

/// On a thread with a runtime of its own: `drop` cannot wait on the test's.
fn drop_database(admin_url: String, name: String) {
    let dropping = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime
            .block_on(async { execute(&admin_url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.ok() })
    });
    let _ = dropping.join();
}

/// One statement on a connection of its own.
async fn execute(url: &str, sql: &str) -> Result<()> {
    let (client, _) = Server::read(url, "TEST_DATABASE_URL")?.connect().await?;
    Ok(client.batch_execute(sql).await?)
}

/// The statements by which a batch finds what it needs on SQLite, and what it changes.
pub fn sqlite_look_ups() -> Vec<String> {
    let look_ups = crate::load::all().into_iter().chain(crate::write::updates());
    look_ups.map(|sql| sql.sqlite.clone()).chain([crate::sqlite::load::TIP.to_owned()]).collect()
}

/// The statement by which the entries of a payout are read.
pub fn entries_of_payout() -> String {
    crate::tables::ledger_entries::of_payout()
}

/// A migration's statements, as PostgreSQL gets them: each with the comments before it.
pub fn statements(migration: &str) -> Vec<&str> {
    crate::postgres::split::statements(migration)
}
