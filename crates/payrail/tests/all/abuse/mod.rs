//! Malicious and broken clients: slow requests, many connections, malformed bytes, hostile values. None of it moves
//! money, and other clients are served meanwhile. One file per subject.

mod connection_limits;
mod credentials;
mod heads;
mod hostile;
mod other_merchants;
mod outgoing;
mod place;
mod secrets;
mod sign_in_attacks;
mod slow;
mod smuggling;
mod sums;
mod values;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Process, World};

/// The limit for a head, for a body, and for an answer that the client does not read.
const LIMIT: Duration = Duration::from_secs(4);
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(6);

/// The API without a worker. Its limits are short enough for a test to wait for, and long enough that a busy machine
/// does not look like a slow client.
fn impatient(world: &World) -> Process {
    impatient_with(world, &[])
}

fn impatient_with(world: &World, more: &[(&str, &str)]) -> Process {
    let short = [
        ("PAYRAIL_ROLE", "api"),
        ("PAYRAIL_CORS_ORIGINS", ""),
        ("PAYRAIL_HEAD_MS", "4000"),
        ("PAYRAIL_BODY_MS", "4000"),
        ("PAYRAIL_IDLE_MS", "6000"),
        ("PAYRAIL_STALL_MS", "4000"),
    ];
    world.serve_with(&short.iter().chain(more).copied().collect::<Vec<_>>())
}

/// The committed OpenAPI document. Another test checks that it is current.
fn document() -> Value {
    serde_json::from_str(include_str!("../../../../../docs/openapi.json")).unwrap()
}

/// Every operation of the document, by method and path.
fn operations(document: &Value) -> BTreeMap<(String, String), &Value> {
    let mut all = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            all.insert((method.to_uppercase(), path.clone()), operation);
        }
    }
    assert!(all.len() >= 34, "{}", all.len());
    all
}
