//! What the ill-meaning and the broken do: slowly, in crowds, with bytes that are no request, with values that no
//! form has. Nothing of it moves a paisa, and the others are served meanwhile. One file a subject.

mod crowds;
mod doors;
mod heads;
mod hostile;
mod others;
mod outgoing;
mod place;
mod secrets;
mod slow;
mod smuggling;
mod strangers;
mod sums;
mod values;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Process, World};

/// How long a head, a body, or an answer that nobody takes may last.
const LIMIT: Duration = Duration::from_secs(4);
/// How long a connection may be idle.
const IDLE: Duration = Duration::from_secs(6);

/// The API without a worker, its limits so short that a test can wait for them, and so long that a busy machine is not
/// taken for a slow client.
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

/// The kept OpenAPI document, which another test holds to be what the program says.
fn document() -> Value {
    serde_json::from_str(include_str!("../../../../../docs/openapi.json")).unwrap()
}

/// Every operation of the document: method, path, and what is said of it.
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
