//! A bank whose answers the test chooses.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

pub struct FakeBank {
    pub url: String,
    /// `POST /v1/transfers`, …
    calls: Arc<Mutex<Vec<String>>>,
    server: tokio::task::JoinHandle<()>,
}

/// Status, content type, body. In the body `$reference` stands for the request's reference, and `"$amount"` for its
/// submitted amount.
pub type Said = (u16, &'static str, String);

pub fn says(body: &Value) -> Said {
    (200, "application/json", body.to_string())
}

/// For the request's reference.
pub fn paid(utr: &str) -> Said {
    says(&json!({ "status": "paid", "utr": utr, "reference": "$reference", "amount_paise": "$amount" }))
}

/// As the bank's list has it.
pub fn transfer(number: i64, reference: &str, amount: i64, utr: &str) -> Value {
    json!({ "number": number, "reference": reference, "amount_paise": amount, "bank_account_id": "demo-success",
            "utr": utr, "paid_at": "2026-01-01T00:00:00Z", "returned": false })
}

pub fn returned(number: i64, reference: &str, amount: i64, utr: &str) -> Value {
    json!({ "number": number, "reference": reference, "amount_paise": amount, "utr": utr, "reason": "came back",
            "returned_at": "2026-01-01T00:00:00Z" })
}

/// The rows of one of the bank's lists after the number that the query names.
pub fn page(name: &str, query: &str, rows: &[Value]) -> Said {
    let after = query.split('&').find_map(|pair| pair.strip_prefix("after=")).map_or(0, |text| text.parse().unwrap());
    let rows: Vec<_> = rows.iter().filter(|row| row["number"].as_i64().unwrap() > after).collect();
    says(&json!({ name: rows }))
}

impl FakeBank {
    /// `answer` gets the method, the path and the query.
    pub async fn open(answer: impl Fn(&str, &str, &str) -> Said + Clone + Send + Sync + 'static) -> Self {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let log = calls.clone();
        // What was submitted here, by reference.
        let amounts: Arc<Mutex<HashMap<String, String>>> = Arc::default();
        let handler = move |request: Request| async move {
            let (head, body) = request.into_parts();
            let (method, path) = (head.method.as_str(), head.uri.path());
            // Like many real banks it states no identity, so its address identifies it.
            if path == "/v1/identity" {
                return respond((404, "application/json", "{}".to_owned()));
            }
            log.lock().unwrap().push(format!("{method} {path}"));
            let body = to_bytes(body, usize::MAX).await.unwrap();
            let reference = match serde_json::from_slice::<Value>(&body) {
                Ok(order) => {
                    let reference = order["reference"].as_str().unwrap().to_owned();
                    amounts.lock().unwrap().insert(reference.clone(), order["amount_paise"].to_string());
                    reference
                }
                Err(_) => path.split('/').nth(3).unwrap_or_default().to_owned(),
            };
            let (status, content_type, body) = answer(method, path, head.uri.query().unwrap_or_default());
            let amount = amounts.lock().unwrap().get(&reference).cloned().unwrap_or("null".to_owned());
            let body = body.replace("$reference", &reference).replace("\"$amount\"", &amount);
            respond((status, content_type, body))
        };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(handler)).await.unwrap();
        });
        Self { url, calls, server }
    }

    /// How many calls began with this.
    pub fn count(&self, start: &str) -> usize {
        self.calls.lock().unwrap().iter().filter(|call| call.starts_with(start)).count()
    }
}

impl Drop for FakeBank {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn respond((status, content_type, body): Said) -> Response {
    (StatusCode::from_u16(status).unwrap(), [(header::CONTENT_TYPE, content_type)], body).into_response()
}
