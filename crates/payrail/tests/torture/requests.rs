//! A client's requests: with a timeout, retries after a growing pause, and another server if the first does not answer.
//! It notes all of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::notes::Notes;

#[derive(Clone, Debug)]
pub struct Merchant {
    pub id: Uuid,
    pub api_key: String,
}

#[derive(Clone, Debug)]
pub enum Ask {
    Create { key: Uuid, amount: i64, account: String },
    Fund { key: Uuid, amount: i64, description: String },
    Cancel(Uuid),
    Show(Uuid),
    List,
    Me,
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

impl Answer {
    /// The payout in the answer.
    pub fn payout(&self) -> Option<Uuid> {
        let body: Value = serde_json::from_str(&self.body).ok()?;
        (self.status == 201).then(|| body["id"].as_str()?.parse().ok()).flatten()
    }

    /// An answer that invites a retry is not definite.
    fn is_final(&self) -> bool {
        match self.status {
            409 => !self.body.contains("\"in_progress\""),
            429 => false,
            status => status < 500,
        }
    }
}

/// State that all clients share.
pub struct Shared {
    pub notes: Notes,
    /// The servers' ports.
    pub ports: Vec<u16>,
    /// An operator's session.
    pub cookie: String,
    /// Send no new requests.
    pub is_closing: AtomicBool,
    /// Send no retries either.
    pub is_closed: AtomicBool,
}

pub struct Caller {
    pub name: String,
    pub chance: StdRng,
    shared: Arc<Shared>,
    http: Client,
    server: usize,
}

impl Caller {
    pub fn new(name: &str, seed: u64, shared: &Arc<Shared>) -> Self {
        let mut chance = StdRng::seed_from_u64(seed);
        let patience = Duration::from_millis(chance.random_range(1_500..4_000));
        let http = Client::builder().timeout(patience).no_proxy().build().unwrap();
        let server = chance.random_range(0..shared.ports.len());
        Self { name: name.to_owned(), chance, shared: shared.clone(), http, server }
    }

    /// Another task of the same client.
    pub fn twin(&mut self) -> Self {
        Self::new(&format!("{}-twin", self.name), self.chance.random(), &self.shared)
    }

    pub fn is_closing(&self) -> bool {
        self.shared.is_closing.load(Ordering::SeqCst)
    }

    pub async fn rest(&mut self, least: u64, most: u64) {
        let pause = self.chance.random_range(least..most);
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }

    /// Retries until there is a definite answer; `None` if retries are over.
    pub async fn ask(&mut self, merchant: &Merchant, ask: &Ask) -> Option<Answer> {
        let mut pause = 40;
        while !self.shared.is_closed.load(Ordering::SeqCst) {
            if let Some(answer) = self.once(merchant, ask).await {
                return Some(answer);
            }
            self.server += 1;
            self.rest(pause / 2, pause).await;
            pause = (pause * 2).min(1_000);
        }
        None
    }

    /// One try, for requests that may fail.
    pub async fn once(&mut self, merchant: &Merchant, ask: &Ask) -> Option<Answer> {
        let request = self.request(merchant, ask);
        let notes = &self.shared.notes;
        let call = notes.sent(&self.name, merchant.id, &ask.note());
        let answer = async {
            let response = request.send().await?;
            let (status, replayed) =
                (response.status().as_u16(), response.headers().contains_key("idempotent-replayed"));
            Ok::<_, reqwest::Error>((status, replayed, response.bytes().await?))
        };
        match answer.await {
            Ok((status, replayed, body)) => {
                let answer = Answer { status, body: String::from_utf8_lossy(&body).into_owned() };
                notes.answered(call, status, replayed, &answer.body);
                if status == 201 && matches!(ask, Ask::Create { .. }) {
                    notes.acknowledged();
                }
                answer.is_final().then_some(answer)
            }
            Err(error) => {
                notes.unanswered(call, &error.to_string());
                None
            }
        }
    }

    fn request(&self, merchant: &Merchant, ask: &Ask) -> RequestBuilder {
        let port = self.shared.ports[self.server % self.shared.ports.len()];
        let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
        let payouts = "/api/v1/payouts/";
        let request = match ask {
            Ask::Create { key, amount, account } => {
                let form = json!({ "amount_paise": amount, "bank_account_id": account });
                self.http.post(url(payouts)).header("Idempotency-Key", key.to_string()).json(&form)
            }
            Ask::Fund { key, amount, description } => {
                let form = json!({ "amount_paise": amount, "description": description });
                let request = self.http.post(url(&format!("/admin/api/v1/merchants/{}/fund", merchant.id)));
                return request
                    .header("Idempotency-Key", key.to_string())
                    .header("Cookie", &self.shared.cookie)
                    .json(&form);
            }
            Ask::Cancel(payout) => self.http.post(url(&format!("{payouts}{payout}/cancel/"))),
            Ask::Show(payout) => self.http.get(url(&format!("{payouts}{payout}/"))),
            Ask::List => self.http.get(url(&format!("{payouts}?view=full&limit=20"))),
            Ask::Me => self.http.get(url("/api/v1/me/")),
        };
        request.header("Authorization", format!("Api-Key {}", merchant.api_key))
    }
}

impl Ask {
    fn note(&self) -> Value {
        match self {
            Self::Create { key, amount, account } => {
                json!({ "op": "create", "key": key, "amount": amount, "account": account })
            }
            Self::Fund { key, amount, description } => {
                json!({ "op": "fund", "key": key, "amount": amount, "account": description })
            }
            Self::Cancel(payout) => json!({ "op": "cancel", "payout": payout }),
            Self::Show(payout) => json!({ "op": "show", "payout": payout }),
            Self::List => json!({ "op": "list" }),
            Self::Me => json!({ "op": "me" }),
        }
    }
}
