//! A world for a test: a database of its own, a folder of its own, and real processes in it.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

pub use payrail_store::testing::{DEADLINE, until};
use payrail_store::testing::{TestDatabase, program};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

pub const ACME: &str = "api-key-acme-agency";
pub const FIAZ: &str = "api-key-freelancer-fiaz";
pub const TINY: &str = "api-key-tiny-studio";

/// Runs each named test on SQLite and on PostgreSQL.
macro_rules! on_both_stores {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name($crate::support::World::sqlite()).await })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name($crate::support::World::postgres().await).await })*
        }
    };
}

/// The same on PostgreSQL with four cells.
#[allow(unused_macros)] // The tests of `payrail-bench` share this file.
macro_rules! on_all_stores {
    ($($name:ident),* $(,)?) => {
        on_both_stores!($($name),*);
        on_cells!($($name),*);
    };
}

/// On four cells, of one server and of a Citus cluster.
#[allow(unused_macros)] // The tests of `payrail-bench` share this file.
macro_rules! on_cells {
    ($($name:ident),* $(,)?) => {
        mod cells {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $name() { super::$name($crate::support::World::cells().await).await })*
        }
        mod citus {
            $(#[tokio::test(flavor = "multi_thread")]
            #[ignore = "needs Citus: make test-citus"]
            async fn $name() { super::$name($crate::support::World::citus().await).await })*
        }
    };
}

/// Limits that a busy machine does not come near. Tests of a limit set their own.
const PATIENT: [(&str, &str); 7] = [
    ("PAYRAIL_HEAD_MS", "3600000"),
    ("PAYRAIL_BODY_MS", "3600000"),
    ("PAYRAIL_IDLE_MS", "3600000"),
    ("PAYRAIL_STALL_MS", "3600000"),
    ("PAYRAIL_QUEUE_MS", "3600000"),
    ("PAYRAIL_PATIENCE_MS", "3600000"),
    // A stop that waits for what it should not wait for never ends.
    ("PAYRAIL_GRACE_MS", "3600000"),
];

pub struct World {
    pub database: TestDatabase,
    pub folder: PathBuf,
    /// Of every command in this world.
    pub settings: Vec<(String, String)>,
}

static COUNTER: AtomicU32 = AtomicU32::new(0);

impl World {
    pub fn sqlite() -> Self {
        Self::on(TestDatabase::sqlite())
    }

    pub async fn postgres() -> Self {
        Self::on(TestDatabase::postgres().await)
    }

    /// On PostgreSQL, with the demo merchants in different cells of four.
    pub async fn cells() -> Self {
        Self::in_four_cells(TestDatabase::postgres().await)
    }

    /// The same on Citus.
    #[allow(dead_code)] // The tests of `payrail-bench` share this file.
    pub async fn citus() -> Self {
        Self::in_four_cells(TestDatabase::on_citus(4).await)
    }

    pub fn in_four_cells(database: TestDatabase) -> Self {
        let world = Self::on(database);
        let made = world.run(&["migrate", "--cells", "4", "--demo", "1"]);
        assert!(made.status.success(), "{made:?}");
        world
    }

    pub fn on(database: TestDatabase) -> Self {
        let name = format!("payrail_world_{}_{}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self { database, folder, settings: Vec::new() }
    }

    /// `payrail` with these arguments, in this world, and no setting of the outer one.
    pub fn command(&self, arguments: &[&str]) -> Command {
        // Cargo names it to the tests of its own crate only.
        let own = option_env!("CARGO_BIN_EXE_payrail").map(PathBuf::from);
        let mut command = Command::new(own.unwrap_or_else(|| program("payrail")));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PAYRAIL_")) {
            command.env_remove(name);
        }
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env_remove("SECRET_KEY")
            .env_remove("DEBUG")
            .env_remove("RESET_DATA")
            .env("DATABASE_URL", &self.database.url)
            // The test server need not survive a power cut.
            .env("PAYRAIL_ALLOW_UNSAFE_FSYNC", "1")
            .env("PAYRAIL_ADDR", "127.0.0.1:0")
            .env("PAYRAIL_BANK_ADDR", "127.0.0.1:0")
            .env("PAYRAIL_LOG", "warn")
            .envs(PATIENT)
            .envs(self.settings.iter().cloned());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The all-in-one program.
    pub fn serve(&self) -> Process {
        self.serve_with(&[])
    }

    pub fn serve_with(&self, settings: &[(&str, &str)]) -> Process {
        self.start(&["serve"], settings)
    }

    /// Starts a process that says where it listens.
    pub fn start<V: AsRef<OsStr>>(&self, arguments: &[&str], settings: &[(&str, V)]) -> Process {
        let mut command = self.command(arguments);
        for (name, value) in settings {
            command.env(name, value);
        }
        Process::start(command)
    }

    /// Ends with exit status 0, or tells what it found.
    pub fn verify(&self) {
        let output = self.run(&["verify"]);
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "verify: {}", String::from_utf8_lossy(&said));
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A process of ours; killed with the value.
pub struct Process {
    child: Child,
    /// Where it listens: `http://127.0.0.1:PORT`.
    pub url: String,
    pub client: Client,
}

impl Process {
    /// Starts a command that says where it listens.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (said, heard) = mpsc::channel();
        // Also keeps the pipe open and empty: the process may say more.
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some((_, rest)) = line.split_once("listening on ") {
                    let _ = said.send(rest.split_whitespace().next().unwrap_or_default().to_owned());
                }
            }
        });
        let url = heard.recv_timeout(DEADLINE).expect("the process says where it listens");
        let url = url.replace("localhost", "127.0.0.1");
        let client = Client::builder().timeout(DEADLINE).build().unwrap();
        Self { child, url, client }
    }

    pub fn get(&self, key: &str, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.url)).header("Authorization", format!("Api-Key {key}"))
    }

    pub fn post(&self, key: &str, path: &str) -> RequestBuilder {
        self.client.post(format!("{}{path}", self.url)).header("Authorization", format!("Api-Key {key}"))
    }

    pub async fn json(&self, key: &str, path: &str) -> Value {
        self.get(key, path).send().await.unwrap().json().await.unwrap()
    }

    /// Asks for a payout and gives the whole answer.
    pub async fn pay_raw(&self, key: &str, idempotency_key: Uuid, amount: i64, account: &str) -> Response {
        self.post(key, "/api/v1/payouts/")
            .header("Idempotency-Key", idempotency_key.to_string())
            .json(&json!({ "amount_paise": amount, "bank_account_id": account }))
            .send()
            .await
            .unwrap()
    }

    pub async fn pay(&self, key: &str, idempotency_key: Uuid, amount: i64, account: &str) -> (StatusCode, Value) {
        let response = self.pay_raw(key, idempotency_key, amount, account).await;
        (response.status(), response.json().await.unwrap())
    }

    pub async fn balances(&self, key: &str) -> (i64, i64) {
        let me = self.json(key, "/api/v1/me/").await;
        let paise = |name: &str| me[name].as_i64().unwrap_or_else(|| panic!("no {name}: {me}"));
        (paise("available_balance_paise"), paise("held_balance_paise"))
    }

    /// How many of its commands wait for their decision.
    pub async fn waiting(&self) -> usize {
        let text = self.client.get(format!("{}/metrics", self.url)).send().await.unwrap().text().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("payrail_lane_waiting "));
        line.expect("the gauge is there").parse().unwrap()
    }

    /// SIGKILL: no chance to say goodbye.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and its exit status.
    pub fn stop(self) -> ExitStatus {
        self.terminate();
        self.ended()
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        let sent = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Its exit status, once it has ended.
    pub fn ended(mut self) -> ExitStatus {
        ended(&mut self.child).expect("the process ends")
    }
}

/// Its exit status; none when it goes on for ever.
pub fn ended(child: &mut Child) -> Option<ExitStatus> {
    let begun = Instant::now();
    while begun.elapsed() < DEADLINE {
        if let Some(status) = child.try_wait().unwrap() {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn key() -> Uuid {
    Uuid::now_v7()
}

/// A limit on attempts refuses the right secret, too, while its wait lasts: `right` is tried at once after a refused
/// `wrong`. On a machine so slow that the wait is over by then, both are tried again.
pub async fn must_wait(wrong: impl AsyncFn() -> Response, right: impl AsyncFn() -> Response) {
    until("the right secret is tried while the wait lasts", async || {
        let begun = Instant::now();
        let refused = wrong().await;
        if refused.status() != StatusCode::TOO_MANY_REQUESTS {
            return false;
        }
        let wait: u64 = refused.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        let answered = right().await.status();
        // Retry-After is rounded up to a whole second.
        let is_in_time = begun.elapsed() < Duration::from_secs(wait - 1);
        assert!(!is_in_time || answered == StatusCode::TOO_MANY_REQUESTS, "{answered}");
        is_in_time
    })
    .await;
}
