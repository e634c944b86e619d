//! A filled database and the program on it.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jiff::SignedDuration;
use payrail::clock::Clock;
use payrail::keys::KeyHasher;
use payrail_bench::{Plan, api_key, fill, prepare};
use payrail_store::Store;
use payrail_store::testing::{self, TestDatabase};
use payrail_types::money::Amount;
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

const SECRET: &str = "the secret of a benchmark, not of a service";

/// The database as a store, ready to be filled.
pub async fn demonstration(database: &TestDatabase) -> Store {
    let store = Store::open(&database.url, 4, 4).await.expect("the store opens");
    prepare(&store).await.expect("the migrations run");
    store
}

/// Adds merchants with these many payouts each; the n-th has the key `key(seed, n)`.
pub async fn filled(name: &str, store: &Store, seed: &str, books: Vec<u64>, is_completed: bool) {
    let (merchants, payouts) = (books.len(), books.iter().sum::<u64>());
    let until = Clock::System.now();
    let plan = Plan {
        books,
        is_completed,
        amount: Amount::new(10_000).expect("an amount"),
        keys_seed: seed.to_owned(),
        from: until - SignedDuration::from_hours(24 * 365),
        until,
    };
    let begun = Instant::now();
    let done = fill(store, &KeyHasher::new(SECRET), &plan, None, |_| {}).await.expect("it is filled");
    let took = begun.elapsed();
    let rate = u128::from(done.ledger_entries) * 1_000 / took.as_millis().max(1);
    println!("{name:<11} filled: {merchants} merchants, {payouts} payouts in {took:.1?} ({rate} entries a second)");
}

pub fn key(seed: &str, number: u64) -> String {
    api_key(seed, number)
}

/// The program itself, in its own process, as it is run: the API alone.
pub struct Server {
    child: Child,
    url: String,
    client: Client,
}

impl Server {
    pub fn start(database: &TestDatabase) -> Self {
        let mut child = program(&database.url)
            .env("PAYRAIL_ROLE", "api")
            .env("PAYRAIL_DEMO", "0")
            .env("PAYRAIL_ADDR", "127.0.0.1:0")
            .env("PAYRAIL_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let line = lines.map_while(Result::ok).find(|line| line.contains("listening on ")).expect("it listens");
        let url = line.split("listening on ").nth(1).and_then(|rest| rest.split_whitespace().next());
        let url = url.unwrap_or_default().replace("localhost", "127.0.0.1");
        Self { child, url, client: Client::new() }
    }

    pub fn get(&self, key: &str, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/{path}", self.url);
        self.client.get(url).header("Authorization", format!("Api-Key {key}"))
    }

    pub fn pay(&self, key: &str, idempotency_key: Uuid) -> RequestBuilder {
        let url = format!("{}/api/v1/payouts/", self.url);
        let request = self.client.post(url).header("Authorization", format!("Api-Key {key}"));
        let body = json!({ "amount_paise": 1, "bank_account_id": "demo-bank-account" });
        request.header("Idempotency-Key", idempotency_key.to_string()).json(&body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(url: &str) -> Command {
    let mut command = Command::new(testing::program("payrail"));
    command.env("DATABASE_URL", url).env("SECRET_KEY", SECRET).env("DEBUG", "0");
    command
}

/// The auditor, as an operator would run it. No bank took part.
pub fn verify(database: &TestDatabase) {
    let done = program(&database.url).args(["verify", "--no-bank"]).env("PAYRAIL_LOG", "warn").output();
    let done = done.expect("the auditor runs");
    assert!(done.status.success(), "verify: {}", String::from_utf8_lossy(&done.stdout));
}

pub async fn time(request: RequestBuilder) -> Duration {
    let begin = Instant::now();
    let response = request.send().await.expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
    response.bytes().await.expect("a body");
    begin.elapsed()
}
