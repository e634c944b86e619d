//! For tests: databases, a fresh one each, real ones both, gone with the test; and waiting for a condition.

mod pgbouncer;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio_postgres::NoTls;

use crate::Store;
pub use pgbouncer::{PgBouncer, PgBouncerSettings};

/// How long a test waits for anything. It is far longer than the busiest machine needs, so that only a hang uses it up.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// Asks until the answer is yes. A test waits in this way, and never for a length of time.
///
/// # Panics
/// After [`DEADLINE`].
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, asking).await.is_ok(), "{what}: not within {DEADLINE:?}");
}

/// Names an empty database of its own; dropped with the value.
#[derive(Debug)]
pub struct TestDatabase {
    pub url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Folder(PathBuf),
    Server { admin_url: String, name: String },
}

static COUNTER: AtomicU32 = AtomicU32::new(0);

fn fresh_name() -> String {
    format!("payrail_test_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}

impl TestDatabase {
    /// A file in a folder of its own.
    pub fn sqlite() -> Self {
        let folder = std::env::temp_dir().join(fresh_name());
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let url = format!("sqlite://{}", folder.join("payrail.db").display());
        Self { url, place: Place::Folder(folder) }
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
        Self { url, place: Place::Server { admin_url, name } }
    }

    /// Opened and migrated.
    pub async fn store(&self) -> Store {
        let store = Store::open(&self.url, 4, 4).await.expect("the store opens");
        store.migrate().await.expect("the migrations run");
        store
    }

    /// Where tests may put files that belong to this database, when it is a file itself.
    pub fn folder(&self) -> Option<&PathBuf> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Server { .. } => None,
        }
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        match &self.place {
            Place::Folder(folder) => {
                let _ = std::fs::remove_dir_all(folder);
            }
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
async fn execute(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    client.batch_execute(sql).await
}

/// The statements by which a batch finds what it needs on SQLite, and what it changes.
pub fn sqlite_look_ups() -> Vec<String> {
    let look_ups = crate::load::all().into_iter().chain(crate::write::updates());
    look_ups.map(|sql| sql.sqlite.clone()).chain([crate::sqlite::TIP.to_owned()]).collect()
}
