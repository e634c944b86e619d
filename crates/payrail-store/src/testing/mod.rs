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
use crate::postgres::node;
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
    /// On every node, the coordinator first.
    Citus {
        nodes: Vec<String>,
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
        Self::new(named(&admin_url, &name), Place::Server { admin_url, name })
    }

    /// The same, with several cells.
    pub async fn in_cells(count: u16) -> Self {
        let mut database = Self::postgres().await;
        database.cells = Cells::new(count).expect("a number that a database may have");
        database
    }

    /// On the Citus cluster that `make test-citus` starts.
    pub async fn on_citus(count: u16) -> Self {
        let nodes = std::env::var("TEST_CITUS_NODES")
            .expect("TEST_CITUS_NODES names no Citus cluster: run these tests with `make test-citus`");
        Self::on_nodes(nodes.split_whitespace().map(str::to_owned).collect(), count).await
    }

    /// On a Citus cluster of these servers, the coordinator first.
    pub async fn on_nodes(nodes: Vec<String>, count: u16) -> Self {
        let name = fresh_name();
        for node in &nodes {
            execute(node, &format!("CREATE DATABASE {name}")).await.expect("a test database");
            execute(&named(node, &name), "CREATE EXTENSION citus").await.expect("the server has Citus");
        }
        let url = named(&nodes[0], &name);
        let place = |node: &String| {
            let (host, port) = node.rsplit_once('@').and_then(|(_, rest)| rest.split_once('/')?.0.split_once(':'))?;
            Some(format!("'{host}', {port}"))
        };
        for (number, node) in nodes.iter().enumerate() {
            let add = if number == 0 { "citus_set_coordinator_host" } else { "citus_add_node" };
            let place = place(node).expect("an address with a host and a port");
            execute(&url, &format!("SELECT {add}({place})")).await.expect("a cluster of these nodes");
        }
        if nodes.len() == 1 {
            let place = place(&nodes[0]).expect("as above");
            let keep = format!("SELECT citus_set_node_property({place}, 'shouldhaveshards', true)");
            execute(&url, &keep).await.expect("the only node holds the cells");
        }
        let cells = Cells::new(count).expect("a number that a database may have");
        let place = Place::Citus { nodes, name };
        Self { url, place, cells, cell_urls: Vec::new() }
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

    /// The addresses of all its servers.
    pub fn servers(&self) -> Vec<String> {
        match &self.place {
            Place::Folder(_) => Vec::new(),
            Place::Citus { nodes, .. } => nodes.clone(),
            Place::Server { .. } | Place::Elsewhere => vec![self.url.clone()],
        }
    }

    /// The same database, or on Citus the node that holds the first cell.
    ///
    /// # Panics
    /// If Citus knows of no such node.
    pub async fn url_of_first_cell(&self) -> String {
        let Place::Citus { nodes, name } = &self.place else { return self.url.clone() };
        let node = node::of_schema(&self.url, "payrail_cell_00").await.expect("the cell has a node");
        let node = nodes.iter().find(|url| url.contains(&node)).expect("it is one of these");
        named(node, name)
    }

    /// Where tests may put files that belong to this database, when it is a file itself.
    pub fn folder(&self) -> Option<&PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Server { .. } | Place::Citus { .. } | Place::Elsewhere => None,
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
            Place::Server { admin_url, name } => drop_database(vec![admin_url.clone()], name.clone()),
            Place::Citus { nodes, name } => drop_database(nodes.clone(), name.clone()),
        }
    }
}

/// On a thread with a runtime of its own: `drop` cannot wait on the test's.
fn drop_database(servers: Vec<String>, name: String) {
    let dropping = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        runtime.block_on(async {
            for server in servers {
                execute(&server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await.ok()?;
            }
            Some(())
        })
    });
    let _ = dropping.join();
}

/// The address of another database on the same server.
fn named(url: &str, name: &str) -> String {
    let server = url.rsplit_once('/').map_or(url, |(server, _)| server);
    format!("{server}/{name}")
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
