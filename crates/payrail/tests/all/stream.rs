//! Live events: in order, without gaps, from every process, for as long as the session is valid.

use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{ACME, DEADLINE, FIAZ, Process, TINY, World, key, until};
use payrail_store::testing::Sql;

on_all_stores!(
    events_are_streamed_in_order,
    a_resumed_stream_misses_nothing,
    a_new_stream_starts_with_new_events,
    events_of_another_process_are_streamed,
    a_stream_has_one_merchants_events_only,
    a_stop_ends_every_stream_at_once,
    a_stream_ends_with_its_session,
    a_refused_stream_says_why,
    one_merchant_leaves_places_for_the_others,
);

const STREAM: &str = "/api/v1/events/stream";

/// A parsed stream.
struct Listener {
    response: Response,
    text: String,
}

#[derive(Debug, PartialEq, Eq)]
struct Message {
    id: i64,
    kind: String,
    data: Value,
}

impl Listener {
    async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next message; none when the stream ends.
    async fn next(&mut self) -> Option<Message> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let message = parsed(block);
                self.text = rest.to_owned();
                match message {
                    Some(message) => return Some(message),
                    None => continue, // a comment
                }
            }
            let chunk = tokio::time::timeout(DEADLINE, self.response.chunk()).await;
            let chunk = chunk.expect("the stream goes on or ends").unwrap_or_default()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn kinds(&mut self, count: usize) -> Vec<(i64, String)> {
        let mut kinds = Vec::new();
        for _ in 0..count {
            let message = self.next().await.expect("the stream goes on");
            assert_eq!((&message.data["number"], &message.data["kind"]), (&json!(message.id), &json!(message.kind)));
            kinds.push((message.id, message.kind));
        }
        kinds
    }
}

fn parsed(block: &str) -> Option<Message> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).unwrap();
    Some(Message { id: field("id")?.parse().unwrap(), kind: field("event")?.to_owned(), data })
}

fn numbered(kinds: &[&str], from: i64) -> Vec<(i64, String)> {
    (from..).zip(kinds.iter().map(ToString::to_string)).collect()
}

async fn pay(server: &Process, api_key: &str) -> Uuid {
    let (status, payout) = server.pay(api_key, key(), 100, "demo-bank").await;
    assert_eq!(status.as_u16(), 201, "{payout}");
    payout["id"].as_str().unwrap().parse().unwrap()
}

async fn cancel(server: &Process, api_key: &str, payout: Uuid) {
    let answer = server.post(api_key, &format!("/api/v1/payouts/{payout}/cancel/")).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
}

/// Without a worker, so that only the test causes events.
fn api_only(world: &World) -> Process {
    world.serve_with(&[("PAYRAIL_ROLE", "api")])
}

/// The number of the newest event; the demonstration has events of its own.
async fn newest(server: &Process, api_key: &str) -> i64 {
    let events = server.json(api_key, "/api/v1/events/?limit=200").await;
    events.as_array().unwrap().last().map_or(0, |event| event["number"].as_i64().unwrap())
}

async fn events_are_streamed_in_order(world: World) {
    let server = api_only(&world);
    let start = newest(&server, TINY).await;
    let mut listener = Listener::to(server.get(TINY, STREAM)).await;
    let ready = listener.next().await.unwrap();
    assert_eq!(ready, Message { id: start, kind: "ready".to_owned(), data: json!({ "number": start }) });
    for round in 0..3 {
        let payout = pay(&server, TINY).await;
        let message = listener.next().await.unwrap();
        let expected = server.json(TINY, &format!("/api/v1/events/?after={}&limit=1", start + 2 * round)).await;
        assert_eq!((message.id, &message.data), (start + 2 * round + 1, &expected[0]));
        assert_eq!((message.kind.as_str(), &message.data["payout_id"]), ("payout.pending", &json!(payout)));
        cancel(&server, TINY, payout).await;
        assert_eq!(listener.kinds(1).await, numbered(&["payout.cancelled"], start + 2 * round + 2));
    }
}

async fn a_resumed_stream_misses_nothing(world: World) {
    let server = api_only(&world);
    let start = newest(&server, TINY).await;
    let mut listener = Listener::to(server.get(TINY, STREAM)).await;
    let ready = listener.next().await.unwrap();
    // Cut before the first event, it continues from the number in `ready`.
    drop(listener);
    let first = pay(&server, TINY).await;
    let again = |after: i64| server.get(TINY, STREAM).header("Last-Event-ID", after.to_string());
    let mut listener = Listener::to(again(ready.id)).await;
    assert_eq!(listener.kinds(1).await, numbered(&["payout.pending"], start + 1));
    drop(listener);
    cancel(&server, TINY, first).await;
    pay(&server, TINY).await;
    let mut listener = Listener::to(again(start + 1)).await;
    assert_eq!(listener.kinds(2).await, numbered(&["payout.cancelled", "payout.pending"], start + 2));
    // The browser sends the header on a reconnect, so it is newer than the query.
    let both = server.get(TINY, &format!("{STREAM}?after=0")).header("Last-Event-ID", (start + 2).to_string());
    assert_eq!(Listener::to(both).await.kinds(1).await, numbered(&["payout.pending"], start + 3));
    // More than one read's worth, from the beginning.
    for _ in 0..150 {
        let payout = pay(&server, ACME).await;
        cancel(&server, ACME, payout).await;
    }
    let last = newest_of_all(&server, ACME).await;
    assert!(last >= 300);
    let mut listener = Listener::to(server.get(ACME, &format!("{STREAM}?after=0"))).await;
    let numbers: Vec<_> = listener.kinds(last as usize).await.into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
}

async fn newest_of_all(server: &Process, api_key: &str) -> i64 {
    let mut listener = Listener::to(server.get(api_key, STREAM)).await;
    listener.next().await.unwrap().id
}

async fn a_new_stream_starts_with_new_events(world: World) {
    let server = api_only(&world);
    let first = pay(&server, TINY).await;
    let start = newest(&server, TINY).await;
    let mut listener = Listener::to(server.get(TINY, STREAM)).await;
    assert_eq!(listener.next().await.unwrap().kind, "ready");
    cancel(&server, TINY, first).await;
    assert_eq!(listener.kinds(1).await, numbered(&["payout.cancelled"], start + 1));
}

/// No notification crosses processes here; polling once a second suffices.
async fn events_of_another_process_are_streamed(world: World) {
    let (here, elsewhere) = (api_only(&world), api_only(&world));
    let start = newest(&here, TINY).await;
    let mut listener = Listener::to(here.get(TINY, STREAM)).await;
    assert_eq!(listener.next().await.unwrap().kind, "ready");
    let payout = pay(&elsewhere, TINY).await;
    cancel(&elsewhere, TINY, payout).await;
    assert_eq!(listener.kinds(2).await, numbered(&["payout.pending", "payout.cancelled"], start + 1));
}

async fn a_stream_has_one_merchants_events_only(world: World) {
    let server = api_only(&world);
    let mut listener = Listener::to(server.get(TINY, STREAM)).await;
    assert_eq!(listener.next().await.unwrap().kind, "ready");
    pay(&server, ACME).await;
    let ours = pay(&server, TINY).await;
    let message = listener.next().await.unwrap();
    assert_eq!(message.data["payout_id"], json!(ours));
}

async fn a_stop_ends_every_stream_at_once(world: World) {
    let server = api_only(&world);
    let mut listeners = Vec::new();
    for api_key in [TINY, ACME, TINY] {
        let mut listener = Listener::to(server.get(api_key, STREAM)).await;
        assert_eq!(listener.next().await.unwrap().kind, "ready");
        listeners.push(listener);
    }
    let status = tokio::task::spawn_blocking(move || server.stop()).await.unwrap();
    assert!(status.success());
    for mut listener in listeners {
        assert_eq!(listener.next().await, None);
    }
}

/// The session is first checked again after half a minute.
async fn a_stream_ends_with_its_session(world: World) {
    let server = api_only(&world);
    let began = Instant::now();
    let mut by_key = Listener::to(server.get(TINY, STREAM)).await;
    assert_eq!(by_key.next().await.unwrap().kind, "ready");
    let mut sql = Sql::connect(&world.database.url).await;
    let now = if sql.is_postgres() { "now()" } else { "1" };
    sql.exec(&format!("UPDATE api_keys SET revoked_at = {now} WHERE prefix = 'api-key-tiny'")).await;
    let mut rest = String::new();
    while let Ok(Some(chunk)) = by_key.response.chunk().await {
        rest.push_str(std::str::from_utf8(&chunk).unwrap());
        assert!(began.elapsed() < DEADLINE, "it goes on: {rest}");
    }
    assert!(began.elapsed() > Duration::from_secs(20), "it broke off");
    assert!(rest.starts_with("event: alive\ndata: {}\n\n"), "signs of life kept it up meanwhile: {rest:?}");
}

async fn a_refused_stream_says_why(world: World) {
    let server = api_only(&world);
    let told = async |request: RequestBuilder| {
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap()["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(told(server.get("nobody", STREAM)).await, (401, "invalid_api_key".to_owned()));
    assert_eq!(told(server.client.get(format!("{}{STREAM}", server.url))).await, (401, "not_authenticated".to_owned()));
    let bad = (400, "invalid_parameter".to_owned());
    assert_eq!(told(server.get(TINY, STREAM).header("Last-Event-ID", "x")).await, bad);
    assert_eq!(told(server.get(TINY, &format!("{STREAM}?after=x"))).await, bad);
}

async fn one_merchant_leaves_places_for_the_others(world: World) {
    let bounds = [("PAYRAIL_ROLE", "api"), ("PAYRAIL_STREAMS_PER_MERCHANT", "2"), ("PAYRAIL_STREAMS", "3")];
    let server = world.serve_with(&bounds);
    let open = async |api_key| {
        let mut listener = Listener::to(server.get(api_key, STREAM)).await;
        assert_eq!(listener.next().await.unwrap().kind, "ready");
        listener
    };
    let refused = async |api_key: &str| {
        let answer = server.get(api_key, STREAM).send().await.unwrap();
        let (status, wait) = (answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap().to_owned());
        let problem: Value = answer.json().await.unwrap();
        assert!(problem["detail"].as_str().unwrap().contains("/api/v1/events/"), "it says what to do: {problem}");
        (status, problem["code"].as_str().unwrap().to_owned(), wait)
    };
    let [first, _second] = [open(TINY).await, open(TINY).await];
    assert_eq!(refused(TINY).await, (429, "too_many_streams".to_owned(), "10".to_owned()));
    let _others = open(ACME).await;
    assert_eq!(refused(FIAZ).await, (503, "overloaded".to_owned(), "10".to_owned()), "the process has its bound, too");
    assert_eq!(server.get(TINY, "/api/v1/events/?after=0").send().await.unwrap().status(), 200);
    drop(first);
    until("the place is free again", async || server.get(FIAZ, STREAM).send().await.unwrap().status() == 200).await;
}
