//! Promises 7 to 10 under fire: two thousand payouts with the default odds, while the API, the worker
//! and the bank are killed (SIGKILL) and started again, over and over.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ACME, FIAZ, Process, TINY, World, key};

on_both_stores!(two_thousand_payouts_survive_the_death_of_every_process);

const PAYOUTS: usize = 2_000;
const CLIENTS: usize = 16;
const DEATHS: usize = 12;
/// What the three merchants were funded with.
const FUNDED: i64 = 1_000_000 + 500_000 + 10_000;

/// Waits of seconds instead of minutes; what they are waits for is the same.
const HASTE: [(&str, &str); 6] = [
    ("PAYRAIL_RETRY_BASE_MS", "150"),
    ("PAYRAIL_BANK_TIMEOUT_MS", "400"),
    ("PAYRAIL_BANK_SILENCE_MS", "1000"),
    ("PAYRAIL_LEASE_MS", "1000"),
    ("PAYRAIL_POLL_MS", "50"),
    ("PAYRAIL_WORKER_CONCURRENCY", "128"),
];

async fn two_thousand_payouts_survive_the_death_of_every_process(world: World) {
    let mut town = Town::build(&world);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let clients = tokio::spawn(all_clients(town.api_url.clone(), acknowledged.clone()));
    for death in 0..DEATHS {
        // Spread over the whole run, however fast it is.
        let due = (death + 1) * PAYOUTS / (DEATHS + 2);
        while acknowledged.load(Ordering::SeqCst) < due {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        town.kill_one_and_start_it_again(death);
    }
    let answers = clients.await.unwrap();
    settled(&town).await;
    check_answers(&town, answers).await;
    check_money(&town).await;
    check_that_death_was_felt(&world).await;
    world.verify();
}

/// Three processes, each on a port that it keeps.
struct Town<'a> {
    world: &'a World,
    api: Option<Process>,
    worker: Option<Process>,
    bank: Option<Process>,
    api_url: String,
    bank_url: String,
}

impl<'a> Town<'a> {
    fn build(world: &'a World) -> Self {
        let bank = world.start(&["bank"], &HASTE);
        let api = world.start(&["serve"], &[("PAYRAIL_ROLE", "api")]);
        let (api_url, bank_url) = (api.url.clone(), bank.url.clone());
        let mut town = Self { world, api: Some(api), worker: None, bank: Some(bank), api_url, bank_url };
        town.start_worker();
        town
    }

    fn start_worker(&mut self) {
        let mut command = self.world.command(&["serve"]);
        command.env("PAYRAIL_ROLE", "worker").env("PAYRAIL_BANK_URL", &self.bank_url).envs(HASTE);
        self.worker = Some(Process::silent(command));
    }

    fn kill_one_and_start_it_again(&mut self, death: usize) {
        match death % 3 {
            0 => {
                self.worker.take().into_iter().for_each(Process::kill);
                self.start_worker();
            }
            1 => {
                self.bank.take().into_iter().for_each(Process::kill);
                let addr = self.bank_url.replace("http://", "");
                let settings: Vec<_> = HASTE.into_iter().chain([("PAYRAIL_BANK_ADDR", addr.as_str())]).collect();
                self.bank = Some(self.world.start(&["bank"], &settings));
            }
            _ => {
                self.api.take().into_iter().for_each(Process::kill);
                let addr = self.api_url.replace("http://", "");
                let settings = [("PAYRAIL_ROLE", "api"), ("PAYRAIL_ADDR", addr.as_str())];
                self.api = Some(self.world.start(&["serve"], &settings));
            }
        }
    }

    fn api(&self) -> &Process {
        self.api.as_ref().unwrap()
    }
}

/// A key, the merchant it was used by, and the one answer that it ever got.
type Answer = (Uuid, &'static str, StatusCode, Value);

async fn all_clients(url: String, acknowledged: Arc<AtomicUsize>) -> Vec<Answer> {
    let clients = (0..CLIENTS).map(|client| one_client(client, url.clone(), acknowledged.clone()));
    join_all(clients).await.into_iter().flatten().collect()
}

async fn one_client(client: usize, url: String, acknowledged: Arc<AtomicUsize>) -> Vec<Answer> {
    let http = Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
    let mut answers = Vec::new();
    for number in 0..PAYOUTS / CLIENTS {
        let (merchant, amount) = [(ACME, 701), (FIAZ, 523), (TINY, 13)][(client + number) % 3];
        let key = key();
        let (status, body) = ask_until_answered(&http, &url, merchant, key, amount).await;
        acknowledged.fetch_add(1, Ordering::SeqCst);
        answers.push((key, merchant, status, body));
    }
    answers
}

/// As a good client does: the same key until there is an answer that is one.
async fn ask_until_answered(http: &Client, url: &str, merchant: &str, key: Uuid, amount: i64) -> (StatusCode, Value) {
    loop {
        let sent = http
            .post(format!("{url}/api/v1/payouts/"))
            .header("Authorization", format!("Api-Key {merchant}"))
            .header("Idempotency-Key", key.to_string())
            .json(&json!({ "amount_paise": amount, "bank_account_id": "demo-bank-account" }))
            .send()
            .await;
        if let Ok(response) = sent {
            let status = response.status();
            match response.json().await {
                Ok(body) if !status.is_server_error() && status != StatusCode::CONFLICT => return (status, body),
                _ => {}
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Until nothing is under way any more.
async fn settled(town: &Town<'_>) {
    let done = AtomicBool::new(false);
    for _ in 0..600 {
        let mut held = 0;
        for merchant in [ACME, FIAZ, TINY] {
            held += town.api().balances(merchant).await.1;
        }
        if held == 0 {
            done.store(true, Ordering::SeqCst);
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(done.into_inner(), "after 60 seconds there are payouts that are neither completed nor failed");
}

/// Every key has one payout, and the first answer is still its answer.
async fn check_answers(town: &Town<'_>, answers: Vec<Answer>) {
    assert_eq!(answers.len(), PAYOUTS / CLIENTS * CLIENTS);
    let mut statuses = BTreeMap::new();
    for merchant in [ACME, FIAZ, TINY] {
        for payout in all_payouts(town, merchant).await {
            let id = payout["id"].as_str().unwrap().to_owned();
            statuses.insert(id, payout["status"].as_str().unwrap().to_owned());
        }
    }
    let created: Vec<&Answer> = answers.iter().filter(|answer| answer.2 == StatusCode::CREATED).collect();
    assert_eq!(created.len(), answers.len(), "there were funds for all of them");
    assert_eq!(statuses.len(), created.len(), "as many payouts as keys");
    for (_, _, _, body) in &created {
        let status = &statuses[body["id"].as_str().unwrap()];
        assert!(status == "completed" || status == "failed", "{status}");
    }
    for (key, merchant, status, body) in answers.iter().step_by(97) {
        let amount = body["amount_paise"].as_i64().unwrap();
        let again = town.api().pay(merchant, *key, amount, "demo-bank-account").await;
        assert_eq!((&again.0, &again.1), (status, body));
    }
}

async fn all_payouts(town: &Town<'_>, merchant: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = "/api/v1/payouts/?limit=200".to_owned();
    loop {
        let response = town.api().get(merchant, &path).send().await.unwrap();
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: Vec<Value> = response.json().await.unwrap();
        all.extend(page);
        match link {
            Some(link) => path = link.trim_start_matches('<').split('>').next().unwrap().to_owned(),
            None => return all,
        }
    }
}

/// Attempts that nobody ever reported on: their workers died in the middle of the call.
async fn check_that_death_was_felt(world: &World) {
    let store = world.database.store().await;
    let (mut calls, mut orphans) = (0, 0);
    for merchant in store.merchants(None, 10).await.unwrap() {
        let mut before = None;
        loop {
            let page = store.payouts(merchant.id, before, 200).await.unwrap();
            for payout in &page {
                let attempts = store.attempts(merchant.id, payout.id).await.unwrap();
                calls += attempts.len();
                orphans += attempts.iter().filter(|attempt| attempt.outcome.is_none()).count();
            }
            match page.last() {
                Some(last) => before = Some(last.id),
                None => break,
            }
        }
    }
    println!("{calls} calls to the bank, {orphans} of them by workers that died before they could report");
    assert!(orphans > 0, "the deaths came at moments when nothing was under way: the test proved nothing");
}

/// available + held + paid out = what was funded.
async fn check_money(town: &Town<'_>) {
    let mut sum = 0;
    for merchant in [ACME, FIAZ, TINY] {
        let (available, held) = town.api().balances(merchant).await;
        let paid = all_payouts(town, merchant).await.into_iter().filter(|payout| payout["status"] == "completed");
        sum += available + held + paid.map(|payout| payout["amount_paise"].as_i64().unwrap()).sum::<i64>();
    }
    assert_eq!(sum, FUNDED);
}
