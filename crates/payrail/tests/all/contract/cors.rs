//! Pages of other sites: nothing by default, and what the settings name.

use reqwest::Method;

use super::{Answer, ME, PAYOUTS};
use crate::support::{Process, TINY, World};

on_both_stores!(off_by_default, on_for_the_dev_server_in_a_demonstration, on_for_the_origins_that_are_set);

const DEV: &str = "http://localhost:5173";
const OTHER: &str = "https://dash.example.com";

async fn off_by_default(world: World) {
    let server = world.serve_with(&[
        ("PAYRAIL_ROLE", "api"),
        ("DEBUG", "0"),
        ("SECRET_KEY", "a secret of thirty-two characters"),
        ("PAYRAIL_DEMO", "1"),
    ]);
    for answer in [from(&server, DEV).await, preflight(&server, DEV).await] {
        for name in answer.headers.keys() {
            assert!(!name.as_str().starts_with("access-control-"), "{answer:?}");
        }
    }
    assert_eq!(from(&server, DEV).await.status, 200, "who is no browser does not care");
    let answer = preflight(&server, DEV).await;
    answer.is_problem("a method like any other, and without a key", 401, "not_authenticated");
}

async fn on_for_the_dev_server_in_a_demonstration(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("DEBUG", "1")]);
    for origin in [DEV, "http://127.0.0.1:5173"] {
        allows(&from(&server, origin).await, Some(origin));
        the_preflight(&preflight(&server, origin).await, origin);
    }
    allows(&from(&server, OTHER).await, None);
}

async fn on_for_the_origins_that_are_set(world: World) {
    let origins = format!("{DEV}, {OTHER}/");
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_CORS_ORIGINS", &origins)]);
    for origin in [DEV, OTHER] {
        let answer = from(&server, origin).await;
        assert_eq!(answer.status, 200);
        allows(&answer, Some(origin));
        let exposed = answer.header("access-control-expose-headers").unwrap().to_lowercase();
        for name in ["link", "retry-after", "idempotent-replayed", "x-request-id"] {
            assert!(exposed.split(',').any(|exposed| exposed.trim() == name), "{name} in {exposed}");
        }
        the_preflight(&preflight(&server, origin).await, origin);
    }
    for stranger in ["http://localhost:5174", "https://dash.example.com.evil.example", "null"] {
        allows(&from(&server, stranger).await, None);
        allows(&preflight(&server, stranger).await, None);
    }
    // A page must be able to read why it was refused.
    let request = server.client.get(format!("{}{ME}", server.url)).header("Origin", DEV);
    let refused = Answer::to(request).await;
    refused.is_problem("no key", 401, "not_authenticated");
    allows(&refused, Some(DEV));
}

fn allows(answer: &Answer, origin: Option<&str>) {
    assert_eq!(answer.header("access-control-allow-origin"), origin, "{answer:?}");
    let varies = answer.header("vary").unwrap_or_default().to_lowercase();
    assert!(varies.contains("origin"), "a cache must not give one site's answer to another: {answer:?}");
}

fn the_preflight(answer: &Answer, origin: &str) {
    assert_eq!(answer.status, 200);
    allows(answer, Some(origin));
    assert_eq!(answer.header("access-control-max-age"), Some("86400"), "as in the original");
    for (name, expected) in [
        ("access-control-allow-methods", ["get", "post"].as_slice()),
        (
            "access-control-allow-headers",
            &["authorization", "content-type", "idempotency-key", "x-request-id", "last-event-id"],
        ),
    ] {
        let value = answer.header(name).unwrap_or_default().to_lowercase();
        for word in expected {
            assert!(value.split(',').any(|given| given.trim() == *word), "{word} in {name}: {value}");
        }
    }
}

async fn from(server: &Process, origin: &str) -> Answer {
    Answer::to(server.get(TINY, ME).header("Origin", origin)).await
}

/// As a browser asks before the dashboard's POST.
async fn preflight(server: &Process, origin: &str) -> Answer {
    let request = server.client.request(Method::OPTIONS, format!("{}{PAYOUTS}", server.url)).header("Origin", origin);
    let request = request.header("Access-Control-Request-Method", "POST");
    Answer::to(request.header("Access-Control-Request-Headers", "authorization,content-type,idempotency-key")).await
}
