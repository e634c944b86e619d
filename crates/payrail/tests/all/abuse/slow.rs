//! Slow clients: heads and bodies byte by byte, idle connections, unread answers. Each is disconnected in time. Event
//! streams are not.

use std::time::{Duration, Instant};

use tokio::io::AsyncReadExt;

use super::wire::{ORDER, Wire, get, order, order_head, payouts};
use super::{IDLE, LIMIT, document, impatient, impatient_with, operations};
use crate::support::{ACME, DEADLINE, Process, TINY, World, key};

const DRIP: Duration = Duration::from_millis(60);

#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_head_ends_the_connection() {
    let world = World::sqlite();
    let server = impatient(&world);
    let head = order_head("Content-Length: 43\r\n");
    // Nothing; half a head; a byte at a time; empty lines; half a head after a complete request.
    let begun = Instant::now();
    let mut silent = Wire::to(&server).await;
    let mut stuck = Wire::to(&server).await;
    let mut slow = Wire::to(&server).await;
    let mut empty = Wire::to(&server).await;
    let mut second = Wire::to(&server).await;
    silent.say("").await;
    stuck.say(&head[..40]).await;
    second.say(format!("{}GET /healthz", get("/healthz"))).await;
    let lines = "\r\n".repeat(200);
    let (slow_ended, empty_ended) = tokio::join!(slow.drip(&head, DRIP), empty.drip(&lines, DRIP));
    assert!(!slow_ended && !empty_ended, "neither could send it all");
    assert!(begun.elapsed() >= LIMIT, "not at once: {:?}", begun.elapsed());
    for (what, wire) in [("silent", silent), ("stuck", stuck), ("slow", slow), ("empty", empty)] {
        assert!(!matches!(wire.heard_out().await.status(), 200..=299), "{what}");
    }
    assert_eq!(second.heard_out().await.statuses(), [200], "the first was answered, the second never was one");
    assert_eq!(payouts(&server).await, 0);
}

/// For every documented body.
#[tokio::test(flavor = "multi_thread")]
async fn an_unfinished_body_is_answered_408() {
    let world = World::sqlite();
    let server = impatient(&world);
    let cookie = operator(&server).await;
    let merchant = merchant(&server).await;
    let document = document();
    let mut trials = Vec::new();
    for ((method, path), operation) in operations(&document) {
        // These need a payout or an exception, and there is none.
        let needs_more = ["/decide", "/bring-forward", "/resolve"].iter().any(|end| path.ends_with(end));
        if operation.get("requestBody").is_none() || needs_more {
            continue;
        }
        let path = path.replace("{id}", &merchant);
        assert!(operation["responses"].get("408").is_some(), "{method} {path} does not say so");
        trials.push(takes_a_body_for_a_while(&server, format!("{method} {path}"), &cookie));
    }
    assert_eq!(trials.len(), 8);
    futures::future::join_all(trials).await;
    assert_eq!((payouts(&server).await, server.balances(TINY).await), (0, (10_000, 0)), "nothing was done");
    world.verify();
}

async fn takes_a_body_for_a_while(server: &Process, line: String, cookie: &str) {
    let head = |lines: &str| {
        let key = key();
        format!(
            "{line} HTTP/1.1\r\nHost: payrail\r\nAuthorization: Api-Key {TINY}\r\nCookie: {cookie}\r\n\
             Idempotency-Key: {key}\r\nContent-Type: application/json\r\n{lines}\r\n"
        )
    };
    let begun = Instant::now();
    let begin = async |text: String| {
        let mut wire = Wire::to(server).await;
        wire.say(text).await;
        wire
    };
    let stopped = begin(format!("{}{}", head("Content-Length: 43\r\n"), &ORDER[..20])).await;
    let chunked = begin(format!("{}2b\r\n{ORDER}\r\n", head("Transfer-Encoding: chunked\r\n"))).await;
    let none = begin(head("Content-Length: 43\r\n")).await;
    let mut dripping = begin(head("Content-Length: 60000\r\n")).await;
    dripping.drip(&" ".repeat(200), DRIP).await;
    for (what, wire) in [("stopped", stopped), ("chunked", chunked), ("none", none), ("dripping", dripping)] {
        let told = wire.heard_out().await;
        assert_eq!(told.status(), 408, "{what} at {line}: {}", told.0);
        told.is_problem(408, "body_too_slow");
    }
    assert!(begun.elapsed() >= LIMIT);
}

async fn operator(server: &Process) -> String {
    let form = serde_json::json!({ "name": "admin", "password": "payrail-demo-admin" });
    let answer = server.client.post(format!("{}/admin/api/v1/session", server.url)).json(&form).send().await.unwrap();
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

async fn merchant(server: &Process) -> String {
    server.json(TINY, "/api/v1/me/").await["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed_after_its_limit() {
    let world = World::sqlite();
    let server = impatient(&world);
    let (mut idle, mut busy) = (Wire::to(&server).await, Wire::to(&server).await);
    let begun = Instant::now();
    idle.say(get("/healthz")).await;
    assert_eq!(idle.hear().await.status(), 200);
    let mut used = begun;
    while begun.elapsed() < IDLE + Duration::from_secs(1) {
        // If the machine paused this test for long, the busy connection became an idle one.
        if used.elapsed() > IDLE / 2 {
            busy = Wire::to(&server).await;
        }
        busy.say(order()).await;
        assert_eq!(busy.hear().await.status(), 201);
        used = Instant::now();
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    assert_eq!(idle.heard_out().await.0, "", "without a word");
    assert!(begun.elapsed() >= IDLE);
}

/// A stream lasts longer than every limit, with hardly a byte.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_has_no_time_limit() {
    let world = World::sqlite();
    let server = impatient(&world);
    let (mut quiet, mut early) = (Wire::to(&server).await, Wire::to(&server).await);
    quiet.say(get("/api/v1/events/stream")).await;
    // Even if the client sends the next request early.
    early.say(format!("{}GET /heal", get("/api/v1/events/stream"))).await;
    tokio::time::sleep(IDLE + Duration::from_secs(1)).await;
    let (status, payout) = server.pay(TINY, key(), 100, "demo-bank").await;
    assert_eq!(status, 201);
    let id = payout["id"].as_str().unwrap();
    hears(&mut quiet, id).await;
    hears(&mut early, id).await;
}

async fn hears(stream: &mut Wire, id: &str) {
    let mut heard = String::new();
    while !heard.contains(id) {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(DEADLINE, stream.0.read(&mut bytes)).await.unwrap().unwrap();
        assert!(read > 0, "the stream was cut: {heard}");
        heard.push_str(&String::from_utf8_lossy(&bytes[..read]));
    }
}

/// The answers are larger than the socket buffers.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_is_disconnected() {
    const ASKED: usize = 1_000;
    let world = World::sqlite();
    let server = impatient(&world);
    let mut deaf = Wire::to(&server).await;
    deaf.say(get("/api/v1/openapi.json").repeat(ASKED)).await;
    let given_up = async {
        while deaf.say("x").await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, given_up).await.expect("it is given up");
    // It can only read what was already sent.
    let mut heard = Vec::new();
    let _ = deaf.0.read_to_end(&mut heard).await;
    let answers = String::from_utf8_lossy(&heard).matches("HTTP/1.1 200 OK").count();
    assert!((1..ASKED).contains(&answers), "{answers}");
    assert_eq!(server.balances(ACME).await, (1_000_000, 0), "others are served");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_does_not_wait_for_silent_clients() {
    let world = World::sqlite();
    let server = impatient_with(&world, &[("PAYRAIL_BODY_MS", "3600000")]);
    let (mut half, mut idle, mut asking) = (Wire::to(&server).await, Wire::to(&server).await, Wire::to(&server).await);
    half.say("GET /healthz HTTP/1.1\r\nHost").await;
    idle.say(get("/healthz")).await;
    assert_eq!(idle.hear().await.status(), 200);
    // A request whose body is being sent at the stop still gets its answer.
    asking.say(order_head(&format!("Content-Length: {}\r\nExpect: 100-continue\r\n", ORDER.len()))).await;
    assert_eq!(asking.hear().await.status(), 100);
    let stopping = tokio::task::spawn_blocking(move || server.stop());
    assert_eq!(idle.heard_out().await.0, "");
    asking.say(ORDER).await;
    assert_eq!(asking.heard_out().await.status(), 201);
    assert!(stopping.await.unwrap().success());
    world.verify();
}
