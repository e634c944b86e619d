//! A bank on a free port with a book of its own, and plain HTTP to talk to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use payrail::bank::{self, Odds, Running, Settings};
use payrail::rail::lists::Row;
use payrail::rail::{Exchange, Instruction, Rail};
use payrail_core::money::Amount;
use payrail_core::payout::BankAnswer;
use payrail_store::testing::DEADLINE;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A folder that goes when the test ends.
pub struct Scratch(PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("payrail-bank-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn book(&self) -> PathBuf {
        self.0.join("book.db")
    }

    /// Quick, and certain to pay unless an account says otherwise.
    pub fn settings(&self) -> Settings {
        Settings {
            addr: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            book: self.book(),
            odds: Odds { paid_percent: 100, refused_percent: 0 },
            delay: Duration::ZERO,
            random_delay: Duration::ZERO,
            silence: Duration::from_millis(200),
            returns_after: Duration::from_millis(50),
            seed: 7,
            // A stop that waits for what it should not wait for never ends.
            grace: Duration::from_secs(3_600),
            can_be_reset: false,
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub struct Bank {
    pub running: Running,
    pub rail: Rail,
    http: reqwest::Client,
}

impl Bank {
    pub async fn start(settings: Settings) -> Self {
        let running = bank::start(settings).await.unwrap();
        let rail = Rail::http(&format!("http://{}", running.addr()), DEADLINE).unwrap();
        Self { running, rail, http: reqwest::Client::new() }
    }

    pub async fn submit(&self, reference: &str, account: &str) -> BankAnswer {
        self.exchange(reference, account).await.answer
    }

    pub async fn exchange(&self, reference: &str, account: &str) -> Exchange {
        self.rail.submit(of(reference, 100, account)).await
    }

    pub async fn enquire(&self, reference: &str) -> BankAnswer {
        self.rail.enquire(self.as_known(reference).await.about(reference)).await.answer
    }

    pub async fn close(&self, reference: &str) -> BankAnswer {
        self.rail.close(self.as_known(reference).await.about(reference)).await.answer
    }

    /// To which account the reference was submitted, so that an enquiry can name it.
    async fn as_known(&self, reference: &str) -> Account {
        let (_, said) = self.get(&format!("/v1/transfers/{reference}")).await;
        Account(said["bank_account_id"].as_str().unwrap_or_default().to_owned())
    }

    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        Self::json(self.http.post(self.url(path)).body(body)).await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        Self::json(self.http.get(self.url(path))).await
    }

    /// Every answer of the bank is JSON, errors too.
    async fn json(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.running.addr())
    }

    /// How often money moved.
    pub async fn paid(&self) -> usize {
        self.rail.paid(0, 1_000).await.unwrap().len()
    }
}

/// The rows of a list that makes sense.
pub fn all<T>(rows: Vec<Row<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.unwrap_or_else(|unreadable| panic!("{unreadable:?}"))).collect()
}

struct Account(String);

impl Account {
    fn about<'a>(&'a self, reference: &'a str) -> Instruction<'a> {
        of(reference, 100, &self.0)
    }
}

pub fn of<'a>(reference: &'a str, amount: i64, bank_account_id: &'a str) -> Instruction<'a> {
    Instruction { reference, amount: Amount::new(amount).unwrap(), bank_account_id }
}

pub fn transfer(reference: &str, amount: i64, account: &str) -> String {
    json!({ "reference": reference, "amount_paise": amount, "bank_account_id": account }).to_string()
}

pub fn paid(number: i64) -> BankAnswer {
    BankAnswer::Paid { utr: format!("SIMB{number:012}") }
}

pub fn is_refused(answer: &BankAnswer) -> bool {
    matches!(answer, BankAnswer::Refused { .. })
}

pub fn is_no_answer(answer: &BankAnswer) -> bool {
    matches!(answer, BankAnswer::NoAnswer { .. })
}
