//! Is reading and paying as fast with a ledger of 100,000 entries as with one of 10? Two merchants in one
//! database, asked in turn over real HTTP, so that whatever else the machine does falls on both.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use payrail::ids;
use payrail::keys::{self, KeyHasher};
use payrail_core::backoff::Policy;
use payrail_core::command::{Action, Command as DoorCommand};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::ids::MerchantId;
use payrail_core::money::Amount;
use payrail_store::testing::TestDatabase;
use payrail_store::{Merchant, Store};
use reqwest::{Client, RequestBuilder};
use serde_json::json;
use uuid::Uuid;

const SHORT: i64 = 10;
const LONG: i64 = 100_000;
const ROUNDS: usize = 1_500;
const SECRET: &str = "the secret of a benchmark, not of a service";
const BATCH: i64 = 500;

#[tokio::main]
async fn main() {
    println!("median of {ROUNDS} requests each, taken in turn; a ledger of {LONG} entries against one of {SHORT}\n");
    measure("SQLite", TestDatabase::sqlite()).await;
    if std::env::var_os("TEST_DATABASE_URL").is_some() {
        measure("PostgreSQL", TestDatabase::postgres().await).await;
    } else {
        println!("PostgreSQL: left out, TEST_DATABASE_URL is not set (`make bench` sets it)");
    }
}

async fn measure(name: &str, database: TestDatabase) {
    let store = database.store().await;
    let short = merchant(&store, "short", SHORT).await;
    let long = merchant(&store, "long", LONG).await;
    let server = Server::start(&database.url);
    for (what, path) in [("GET /me/", "me/"), ("GET /ledger/", "ledger/?limit=10"), ("GET /payouts/", "payouts/")] {
        compare(name, what, || server.get(&short, path), || server.get(&long, path)).await;
    }
    compare(name, "POST /payouts/", || server.pay(&short), || server.pay(&long)).await;
}

/// A merchant with a book of so many entries, and its key.
async fn merchant(store: &Store, name: &str, entries: i64) -> String {
    let now = payrail::clock::Clock::System.now();
    let merchant = Merchant {
        id: ids::merchant_id(),
        name: name.to_owned(),
        email: format!("{name}@example.com"),
        created_at: now,
    };
    store.add_merchant(&merchant).await.expect("a merchant");
    let key = keys::generate();
    let hash = KeyHasher::new(SECRET).hash(&key);
    store.add_key(merchant.id, &hash, &keys::prefix(&key), now).await.expect("a key");
    for begin in (0..entries).step_by(BATCH as usize) {
        let fundings: Vec<_> = (begin..entries.min(begin + BATCH)).map(|_| funding(merchant.id)).collect();
        store.execute(&fundings, &Policy::default(), &|| now).await.expect("a batch");
    }
    key
}

fn funding(merchant: MerchantId) -> DoorCommand {
    let amount = Amount::new(1_000_000).expect("an amount");
    let key = IdempotencyKey(Uuid::now_v7());
    let action = Action::Fund { key, amount, description: "Funds received".to_owned(), by: None };
    DoorCommand { merchant, action }
}

/// The two in turn, and the ratio of their medians.
async fn compare(store: &str, what: &str, short: impl Fn() -> RequestBuilder, long: impl Fn() -> RequestBuilder) {
    let (mut shorts, mut longs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        shorts.push(time(short()).await);
        longs.push(time(long()).await);
    }
    let (short, long) = (median(shorts), median(longs));
    let percent = long.as_nanos() * 100 / short.as_nanos();
    println!(
        "{store:<10} {what:<15} {SHORT}: {short:>9.1?}   {LONG}: {long:>9.1?}   ratio {}.{:02}",
        percent / 100,
        percent % 100
    );
}

async fn time(request: RequestBuilder) -> Duration {
    let begin = Instant::now();
    let response = request.send().await.expect("an answer");
    assert!(response.status().is_success(), "{}", response.status());
    response.bytes().await.expect("a body");
    begin.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// The program itself, in its own process, as it is run.
struct Server {
    child: Child,
    url: String,
    client: Client,
}

impl Server {
    fn start(database: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_payrail"))
            .env("DATABASE_URL", database)
            .env("SECRET_KEY", SECRET)
            .env("PAYRAIL_ROLE", "api")
            .env("PAYRAIL_DEMO", "0")
            .env("PAYRAIL_ADDR", "127.0.0.1:0")
            .env("PAYRAIL_LOG", "warn")
            .stdout(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let url = listening_at(&mut child);
        Self { child, url, client: Client::new() }
    }

    fn get(&self, key: &str, path: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/{path}", self.url);
        self.client.get(url).header("Authorization", format!("Api-Key {key}"))
    }

    fn pay(&self, key: &str) -> RequestBuilder {
        let url = format!("{}/api/v1/payouts/", self.url);
        let request = self.client.post(url).header("Authorization", format!("Api-Key {key}"));
        let body = json!({ "amount_paise": 1, "bank_account_id": "demo-bank-account" });
        request.header("Idempotency-Key", Uuid::new_v4().to_string()).json(&body)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn listening_at(child: &mut Child) -> String {
    use std::io::{BufRead, BufReader};
    let lines = BufReader::new(child.stdout.take().expect("its output")).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("listening on ")).expect("it listens");
    let url = line.split("listening on ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
    url.replace("localhost", "127.0.0.1")
}
