//! A database with merchants in it, and a build of the program at work on it. Everything goes through the program's
//! command line and HTTP, so that a build with another schema can be measured, too.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use payrail_store::testing::{Sql, TestDatabase};
use serde_json::Value;
use uuid::Uuid;

use super::cpu;
use super::server::{Build, Server, command};

const MERCHANTS: usize = 100;
const API: [(&str, &str); 1] = [("PAYRAIL_ROLE", "api")];
const BALANCE_PAISE: &str = "1000000000000";

pub struct Scene {
    pub store_name: &'static str,
    pub build: Build,
    pub server: Server,
    /// The keys of a hundred merchants.
    pub many: Vec<String>,
    /// The key of one more.
    pub hot: Vec<String>,
    program: PathBuf,
    /// The database servers' processes, if there are any.
    database_processes: Vec<u32>,
    book: PathBuf,
    database: TestDatabase,
}

impl Scene {
    /// The API alone: what it accepts stays pending. `None` if this build is not to be measured.
    pub async fn open(store_name: &'static str, build: Build) -> Option<Self> {
        Self::start(store_name, build, &API, 1, database(store_name).await).await
    }

    /// The same on PostgreSQL with several cells.
    pub async fn open_in_cells(cells: u16) -> Option<Self> {
        Self::start("PostgreSQL", Build::This, &API, cells, TestDatabase::postgres().await).await
    }

    /// The same on a Citus cluster of these servers.
    pub async fn open_on_nodes(nodes: Vec<String>, cells: u16) -> Option<Self> {
        let name = match nodes.len() {
            1 => "Citus, 1 node",
            2 => "Citus, 2 nodes",
            _ => "Citus, 3 nodes",
        };
        Self::start(name, Build::This, &API, cells, TestDatabase::on_nodes(nodes, cells).await).await
    }

    /// Everything, with a bank that pays at once.
    pub async fn open_with_bank(store_name: &'static str, build: Build) -> Option<Self> {
        let bank = [
            ("PAYRAIL_BANK_ADDR", "127.0.0.1:0"),
            ("PAYRAIL_BANK_PAID_PERCENT", "100"),
            ("PAYRAIL_BANK_REFUSED_PERCENT", "0"),
        ];
        Self::start(store_name, build, &bank, 1, database(store_name).await).await
    }

    async fn start(
        store_name: &'static str,
        build: Build,
        settings: &[(&str, &str)],
        cells: u16,
        database: TestDatabase,
    ) -> Option<Self> {
        let program = build.program()?;
        let keys = merchants(&program, &database.url, cells);
        let (hot, many) = keys.split_at(1);
        let book = std::env::temp_dir().join(format!("payrail-bench-bank-{}.db", Uuid::new_v4()));
        let mut serve = command(&program, &database.url, &["serve"]);
        serve.env("PAYRAIL_BANK_BOOK", &book).envs(settings.iter().copied());
        let server = Server::start(serve);
        let database_processes = database.servers().iter().map(|url| postmaster(url)).collect();
        let (many, hot) = (many.to_vec(), hot.to_vec());
        Some(Self { store_name, build, server, many, hot, program, database_processes, book, database })
    }

    /// In hundredths of a second.
    pub fn database_cpu(&self) -> u64 {
        self.database_processes.iter().copied().map(cpu::hundredths).sum()
    }

    /// Commands and transactions of the lanes so far.
    pub async fn batches(&self) -> Batches {
        let url = format!("http://{}/metrics", self.server.addr);
        let text = reqwest::get(url).await.expect("the server answers").text().await.expect("a text");
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.and_then(|value| value.parse().ok()).unwrap_or(0)
        };
        Batches { commands: value("payrail_lane_commands_total"), count: value("payrail_lane_batches_total") }
    }

    /// Waits until every payout has come to its end.
    pub async fn drained(&self) {
        let mut sql = Sql::connect(&self.database.url).await;
        let open = "SELECT 'open' FROM payouts WHERE due_at IS NOT NULL LIMIT 1";
        while !sql.texts(open).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The auditor, as an operator would run it; `with_bank` also against the bank's book.
    pub fn verify(&self, with_bank: bool) {
        let mut verify = command(&self.program, &self.database.url, &["verify", "--json"]);
        match with_bank {
            true => verify.env("PAYRAIL_BANK_BOOK", &self.book),
            false => verify.arg("--no-bank"),
        };
        let done = verify.output().expect("the auditor runs");
        assert!(done.status.success(), "verify: {}", String::from_utf8_lossy(&done.stdout));
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(format!("{}{end}", self.book.display()));
        }
    }
}

async fn database(store_name: &str) -> TestDatabase {
    if store_name == "SQLite" { TestDatabase::sqlite() } else { TestDatabase::postgres().await }
}

#[derive(Clone, Copy, Debug)]
pub struct Batches {
    commands: u64,
    count: u64,
}

impl Batches {
    /// Commands in a transaction, on average, since `before`.
    pub fn since(self, before: Self) -> u64 {
        (self.commands - before.commands).checked_div(self.count - before.count).unwrap_or(0)
    }
}

/// The keys of new merchants with more money than any load will ask for, and of one more.
fn merchants(program: &Path, database_url: &str, cells: u16) -> Vec<String> {
    match cells {
        // Older builds know no cells.
        1 => run(command(program, database_url, &["migrate"])),
        cells => run(command(program, database_url, &["migrate", "--cells", &cells.to_string()])),
    };
    let merchant = |number: usize| {
        let (name, email) = (format!("Merchant {number}"), format!("merchant-{number}@example.com"));
        let created = run(command(program, database_url, &["merchant", "create", &name, &email, "--json"]));
        run(command(program, database_url, &["merchant", "fund", &email, BALANCE_PAISE]));
        let created: Value = serde_json::from_str(&created).expect("JSON");
        created["api_key"].as_str().expect("the key is shown").to_owned()
    };
    (0..=MERCHANTS).map(merchant).collect()
}

fn run(mut command: Command) -> String {
    let done = command.stderr(Stdio::inherit()).output().expect("the program runs");
    assert!(done.status.success(), "{command:?}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// The parent of the process that answers us.
fn postmaster(url: &str) -> u32 {
    let sql = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
    let psql = Command::new("psql").args([url, "-qAtXc", sql]).output().expect("psql is on PATH");
    String::from_utf8_lossy(&psql.stdout).trim().parse().expect("a process")
}
