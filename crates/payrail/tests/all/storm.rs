//! A load of payouts by clients that retry correctly, and what must hold afterwards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ACME, DEADLINE, FIAZ, Process, TINY, key, until};

/// The number of payouts, divided among the clients.
pub const CLIENTS: usize = 16;
/// The three merchants' funds.
const FUNDED: i64 = 1_000_000 + 500_000 + 10_000;

/// Shortens the program's waits from minutes to seconds.
pub const HASTE: [(&str, &str); 6] = [
    ("PAYRAIL_RETRY_BASE_MS", "150"),
    // The bank itself ends calls that it does not answer. The timeout allows for a busy machine.
    ("PAYRAIL_BANK_TIMEOUT_MS", "2000"),
    ("PAYRAIL_BANK_SILENCE_MS", "400"),
    ("PAYRAIL_LEASE_MS", "3000"),
    ("PAYRAIL_POLL_MS", "50"),
    ("PAYRAIL_WORKER_CONCURRENCY", "128"),
];

/// A key, its merchant, and its only answer.
pub type Answer = (Uuid, &'static str, StatusCode, Value);

pub async fn all_clients(url: String, payouts: usize, acknowledged: Arc<AtomicUsize>) -> Vec<Answer> {
    let clients = (0..CLIENTS).map(|client| one_client(client, payouts / CLIENTS, url.clone(), acknowledged.clone()));
    join_all(clients).await.into_iter().flatten().collect()
}

async fn one_client(client: usize, payouts: usize, url: String, acknowledged: Arc<AtomicUsize>) -> Vec<Answer> {
    let http = Client::builder().timeout(DEADLINE).build().unwrap();
    let mut answers = Vec::new();
    for number in 0..payouts {
        let (merchant, amount) = [(ACME, 701), (FIAZ, 523), (TINY, 13)][(client + number) % 3];
        let key = key();
        let (status, body) = ask_until_answered(&http, &url, merchant, key, amount).await;
        acknowledged.fetch_add(1, Ordering::SeqCst);
        answers.push((key, merchant, status, body));
    }
    answers
}

/// Like a correct client: retries with the same key until there is a definite answer.
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

/// Waits until no work is left.
pub async fn settled(api: &Process) {
    until("every payout is completed or failed", async || {
        let mut held = 0;
        for merchant in [ACME, FIAZ, TINY] {
            held += api.balances(merchant).await.1;
        }
        held == 0
    })
    .await;
}

/// Every key has one payout, and the first answer is still its answer.
pub async fn check_answers(api: &Process, answers: Vec<Answer>) {
    let mut statuses = BTreeMap::new();
    for merchant in [ACME, FIAZ, TINY] {
        for payout in all_payouts(api, merchant).await {
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
        let again = api.pay(merchant, *key, amount, "demo-bank-account").await;
        assert_eq!((&again.0, &again.1), (status, body));
    }
}

pub async fn all_payouts(api: &Process, merchant: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut path = "/api/v1/payouts/?limit=200".to_owned();
    loop {
        let response = api.get(merchant, &path).send().await.unwrap();
        let link = response.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        let page: Vec<Value> = response.json().await.unwrap();
        all.extend(page);
        match link {
            Some(link) => path = link.trim_start_matches('<').split('>').next().unwrap().to_owned(),
            None => return all,
        }
    }
}

/// available + held + paid out = funded.
pub async fn check_money(api: &Process) {
    let mut sum = 0;
    for merchant in [ACME, FIAZ, TINY] {
        let (available, held) = api.balances(merchant).await;
        let paid = all_payouts(api, merchant).await.into_iter().filter(|payout| payout["status"] == "completed");
        sum += available + held + paid.map(|payout| payout["amount_paise"].as_i64().unwrap()).sum::<i64>();
    }
    assert_eq!(sum, FUNDED);
}
