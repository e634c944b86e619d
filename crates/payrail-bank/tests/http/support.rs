//! A bank on a free port with a book of its own, and plain HTTP to talk to it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use payrail_bank::{self as bank, Odds, Running, Settings};
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

/// How long a test waits for anything. Only a hang uses it up.
pub const DEADLINE: Duration = Duration::from_secs(180);

/// Asks until the answer is yes. A test waits in this way, and never for a length of time.
pub async fn until<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let asking = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, asking).await.is_ok(), "{what}: not within {DEADLINE:?}");
}

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

/// What the bank answers about a transfer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum Answer {
    Paid {
        utr: String,
    },
    Refused {
        reason: String,
    },
    Closed,
    NeverReceived,
    /// An error: the bank says that it cannot say.
    #[serde(skip)]
    None(StatusCode),
}

impl Answer {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Paid { .. } => "paid",
            Self::Refused { .. } => "refused",
            Self::Closed => "closed",
            Self::NeverReceived => "never_received",
            Self::None(_) => "none",
        }
    }
}

/// A line of the list of what was paid.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PaidLine {
    pub number: i64,
    pub reference: String,
    pub amount_paise: i64,
    pub bank_account_id: String,
    pub utr: String,
    pub paid_at: String,
    pub returned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReturnedLine {
    pub number: i64,
    pub reference: String,
    pub utr: String,
    pub amount_paise: i64,
    pub reason: String,
    pub returned_at: String,
}

/// Speaks to a bank at an address.
#[derive(Clone)]
pub struct Client {
    url: String,
    http: reqwest::Client,
}

impl Client {
    pub fn to(addr: impl std::fmt::Display) -> Self {
        let http = reqwest::Client::builder().timeout(DEADLINE).build().unwrap();
        Self { url: format!("http://{addr}"), http }
    }

    /// `None` when the bank cannot be reached, or is gone before it has answered.
    pub async fn try_submit(&self, reference: &str, account: &str) -> Option<Answer> {
        let body = transfer(reference, 100, account);
        let response = self.http.post(format!("{}/v1/transfers", self.url)).body(body).send().await.ok()?;
        let status = response.status();
        Some(answer(status, response.json().await.ok()?, reference))
    }

    pub async fn submit(&self, reference: &str, account: &str) -> Answer {
        self.try_submit(reference, account).await.expect("the bank answers")
    }

    pub async fn enquire(&self, reference: &str) -> Answer {
        let (status, said) = self.get(&format!("/v1/transfers/{reference}")).await;
        answer(status, said, reference)
    }

    pub async fn close(&self, reference: &str) -> Answer {
        let (status, said) = self.post(&format!("/v1/transfers/{reference}/close"), "").await;
        answer(status, said, reference)
    }

    pub async fn paid_after(&self, number: i64, limit: usize) -> Vec<PaidLine> {
        let (_, mut page) = self.get(&format!("/v1/transfers?after={number}&limit={limit}")).await;
        serde_json::from_value(page["transfers"].take()).unwrap()
    }

    pub async fn returns_after(&self, number: i64) -> Vec<ReturnedLine> {
        let (_, mut page) = self.get(&format!("/v1/returns?after={number}&limit=100")).await;
        serde_json::from_value(page["returns"].take()).unwrap()
    }

    pub async fn identity(&self) -> String {
        let (_, stated) = self.get("/v1/identity").await;
        stated["identity"].as_str().unwrap().to_owned()
    }

    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        Self::json(self.http.post(format!("{}{path}", self.url)).body(body)).await
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        Self::json(self.http.get(format!("{}{path}", self.url))).await
    }

    /// Every answer of the bank is JSON, errors too.
    async fn json(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    /// How often money moved.
    pub async fn paid(&self) -> usize {
        self.paid_after(0, 1_000).await.len()
    }
}

/// An answer names the reference that was asked about; one with a transfer names its terms, too.
fn answer(status: StatusCode, said: Value, reference: &str) -> Answer {
    if status != StatusCode::OK {
        assert!(said["error"].is_string(), "{status}: {said}");
        return Answer::None(status);
    }
    assert_eq!(said["reference"], reference);
    let has_terms = said["amount_paise"].is_i64() && said["bank_account_id"].is_string();
    let answer = serde_json::from_value(said).unwrap();
    assert_eq!(has_terms, matches!(answer, Answer::Paid { .. } | Answer::Refused { .. }), "{answer:?}");
    answer
}

pub struct Bank {
    pub running: Running,
    client: Client,
}

impl Bank {
    pub async fn start(settings: Settings) -> Self {
        let running = bank::start(settings).await.unwrap();
        let client = Client::to(running.addr());
        Self { running, client }
    }
}

impl std::ops::Deref for Bank {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

pub fn transfer(reference: &str, amount: i64, account: &str) -> String {
    json!({ "reference": reference, "amount_paise": amount, "bank_account_id": account }).to_string()
}

pub fn paid(number: i64) -> Answer {
    Answer::Paid { utr: format!("SIMB{number:012}") }
}

pub fn is_refused(answer: &Answer) -> bool {
    matches!(answer, Answer::Refused { .. })
}

/// The bank let the time pass in which it could have answered.
pub fn is_silence(answer: &Answer) -> bool {
    *answer == Answer::None(StatusCode::GATEWAY_TIMEOUT)
}
