//! A database with merchants in it, and the program at work on it.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use jiff::SignedDuration;
use payrail::clock::Clock;
use payrail::http::answers::usual_rules;
use payrail::ids;
use payrail::keys::{self, KeyHasher};
use payrail_core::command::{Action, Command as DoorCommand};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::money::Amount;
use payrail_store::testing::TestDatabase;
use payrail_store::{Merchant, Store};
use uuid::Uuid;

use super::cpu;
use super::server::{SECRET, Server};

const MERCHANTS: usize = 100;
const BALANCE_PAISE: i64 = 1_000_000_000_000;

pub struct Scene {
    pub store_name: &'static str,
    pub server: Server,
    /// The keys of a hundred merchants.
    pub many: Vec<String>,
    /// The key of one more.
    pub hot: Vec<String>,
    store: Store,
    /// The database server's process, if there is one.
    database_process: Option<u32>,
    book: PathBuf,
    database: TestDatabase,
}

impl Scene {
    /// The API alone: what it accepts stays pending.
    pub async fn open(store_name: &'static str, database: TestDatabase) -> Self {
        Self::start(store_name, database, &[("PAYRAIL_ROLE", "api")]).await
    }

    /// Everything, with a bank that pays at once.
    pub async fn open_with_bank(store_name: &'static str, database: TestDatabase) -> Self {
        let bank = [
            ("PAYRAIL_BANK_ADDR", "127.0.0.1:0"),
            ("PAYRAIL_BANK_PAID_PERCENT", "100"),
            ("PAYRAIL_BANK_REFUSED_PERCENT", "0"),
        ];
        Self::start(store_name, database, &bank).await
    }

    async fn start(store_name: &'static str, database: TestDatabase, settings: &[(&str, &str)]) -> Self {
        let store = database.store().await;
        let many = merchants(&store, MERCHANTS).await;
        let hot = merchants(&store, 1).await;
        let book = std::env::temp_dir().join(format!("payrail-bench-bank-{}.db", Uuid::new_v4()));
        let mut settings = settings.to_vec();
        let path = book.display().to_string();
        settings.extend([("DATABASE_URL", database.url.as_str()), ("PAYRAIL_BANK_BOOK", &path)]);
        let server = Server::start(&settings);
        let database_process = database.folder().is_none().then(|| postmaster(&database.url));
        Self { store_name, server, many, hot, store, database_process, book, database }
    }

    /// In hundredths of a second.
    pub fn database_cpu(&self) -> u64 {
        self.database_process.map_or(0, cpu::hundredths)
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
        let far = Clock::System.now() + SignedDuration::from_hours(24);
        while !self.store.due(far, 1).await.expect("the store answers").is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The auditor, as an operator would run it; `with_bank` also against the bank's book.
    pub fn verify(&self, with_bank: bool) {
        let mut verify = Command::new(env!("CARGO_BIN_EXE_payrail"));
        verify.args(["verify", "--json"]).env("DATABASE_URL", &self.database.url).env("SECRET_KEY", SECRET);
        verify.env("PAYRAIL_LOG", "warn").stdout(Stdio::piped());
        if with_bank {
            verify.env("PAYRAIL_BANK_BOOK", &self.book);
        }
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

/// Merchants with more money than any load will ask for; their keys.
async fn merchants(store: &Store, count: usize) -> Vec<String> {
    let hasher = KeyHasher::new(SECRET);
    let now = Clock::System.now();
    let amount = Amount::new(BALANCE_PAISE).expect("an amount");
    let mut added = Vec::with_capacity(count);
    for number in 0..count {
        let id = ids::merchant_id();
        let (name, email) = (format!("Merchant {number}"), format!("{id}@example.com"));
        let key = keys::generate();
        let merchant = Merchant { id, name, email, created_at: now };
        store.add_merchant(&merchant).await.expect("a merchant");
        store.add_key(id, &hasher.hash(&key), &keys::prefix(&key), now).await.expect("a key");
        let description = "Funds received".to_owned();
        let action = Action::Fund { key: IdempotencyKey(Uuid::now_v7()), amount, description, by: None };
        let command = DoorCommand { merchant: id, action };
        let replies = store.execute(&[command], &usual_rules(), &|| now).await.expect("a funding");
        assert!(replies.iter().all(Result::is_ok), "funded");
        added.push(key);
    }
    added
}

/// The parent of the process that answers us.
fn postmaster(url: &str) -> u32 {
    let sql = "SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)";
    let psql = Command::new("psql").args([url, "-qAtXc", sql]).output().expect("psql is on PATH");
    String::from_utf8_lossy(&psql.stdout).trim().parse().expect("a process")
}
