//! Every row of the HTTP contract, over real HTTP, on both stores. A table's rows are sent to one
//! server, and each assertion names its row.

mod auth;
mod balance;
mod bodies;
mod cancel;
mod cors;
mod fields;
mod idempotency;
mod life;
mod order;
mod paging;
mod paths;
mod poison;
mod pressure;
mod reading;
mod replays;
mod tenants;
mod waiting;
mod wire;

use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Process, World, key};

const ME: &str = "/api/v1/me/";
const LEDGER: &str = "/api/v1/ledger/";
const PAYOUTS: &str = "/api/v1/payouts/";
const EVENTS: &str = "/api/v1/events/";

/// What came back, whole.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = String::from_utf8(response.bytes().await.unwrap().to_vec()).unwrap();
        Self { status, headers, text }
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    fn replayed(&self) -> bool {
        self.header("idempotent-replayed") == Some("true")
    }

    fn is(&self, row: &str, status: u16) -> Value {
        assert_eq!(self.status, status, "{row}: {self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"), "{row}");
        assert!(self.headers.contains_key("x-request-id"), "{row}");
        self.json()
    }

    /// An error: JSON, with the members of RFC 9457 and this `code`.
    fn is_problem(&self, row: &str, status: u16, code: &str) -> Value {
        let problem = self.is(row, status);
        assert_eq!(problem["type"], "about:blank", "{row}");
        assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{row}: {problem}");
        assert_eq!(problem["status"], status, "{row}");
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{row}: {problem}");
        assert_eq!(problem["code"], code, "{row}: {problem}");
        problem
    }

    /// Refused for its form: these members and no other fields' say why.
    fn is_field_error(&self, row: &str, fields: &[(&str, &[&str])]) {
        let problem = self.is_problem(row, 400, "invalid");
        for field in ["amount_paise", "bank_account_id", "non_field_errors"] {
            let expected = fields.iter().find(|(name, _)| *name == field).map(|(_, texts)| json!(texts));
            assert_eq!(problem.get(field), expected.as_ref(), "{row}: {field}");
        }
    }
}

async fn get(server: &Process, api_key: &str, path: &str) -> Answer {
    Answer::to(server.get(api_key, path)).await
}

/// Asks for a payout with a body as it stands.
async fn ask(server: &Process, api_key: &str, key: Uuid, body: impl Into<String>) -> Answer {
    let request = server.post(api_key, PAYOUTS).header("Idempotency-Key", key.to_string());
    Answer::to(request.header("Content-Type", "application/json").body(body.into())).await
}

/// Asks for a payout under a new key.
async fn pay(server: &Process, api_key: &str, amount: i64, account: &str) -> Answer {
    ask(server, api_key, key(), order(amount, account)).await
}

fn order(amount: i64, account: &str) -> String {
    json!({ "amount_paise": amount, "bank_account_id": account }).to_string()
}

/// The API without a worker: what is pending stays so.
fn api_only(world: &World) -> Process {
    world.serve_with(&[("PAYRAIL_ROLE", "api")])
}

fn id_of(payout: &Value) -> Uuid {
    payout["id"].as_str().unwrap().parse().unwrap()
}

/// RFC 3339, UTC, six decimals, `Z`.
fn is_timestamp(value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    let pattern = "0000-00-00T00:00:00.000000Z";
    text.len() == pattern.len()
        && text.chars().zip(pattern.chars()).all(|(c, p)| if p == '0' { c.is_ascii_digit() } else { c == p })
}
