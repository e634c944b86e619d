//! The requests of the scenarios, as bytes.

use std::sync::Arc;

use uuid::Uuid;

use super::load::Requests;

/// A payout of one paisa, each under a key of its own, of each merchant in turn.
pub fn payouts(keys: &[String]) -> Requests {
    each_in_turn(keys, |key| pay(key, &Uuid::new_v4(), 1))
}

/// The same payout over and over: answered from its record.
pub fn replays(keys: &[String]) -> Requests {
    let once = Uuid::new_v4();
    each_in_turn(keys, move |key| pay(key, &once, 1))
}

/// More than there is: refused, and the refusal remembered.
pub fn refusals(keys: &[String]) -> Requests {
    each_in_turn(keys, |key| pay(key, &Uuid::new_v4(), 4_000_000_000_000_000))
}

pub fn reads(keys: &[String], path: &'static str) -> Requests {
    each_in_turn(keys, move |key| {
        format!("GET /api/v1/{path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Api-Key {key}\r\n\r\n").into_bytes()
    })
}

fn each_in_turn(keys: &[String], request: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Requests {
    let keys = keys.to_vec();
    Arc::new(move |turn| request(&keys[turn % keys.len()]))
}

fn pay(key: &str, idempotency_key: &Uuid, amount: i64) -> Vec<u8> {
    let body = format!(r#"{{"amount_paise":{amount},"bank_account_id":"demo-success"}}"#);
    format!(
        "POST /api/v1/payouts/ HTTP/1.1\r\nhost: localhost\r\nauthorization: Api-Key {key}\r\n\
         idempotency-key: {idempotency_key}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
