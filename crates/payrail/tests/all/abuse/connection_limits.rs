//! More connections than the limit. Clients that send a request get through.

use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::impatient_with;
use super::wire::{Told, Wire, get, order, payouts};
use crate::support::{DEADLINE, Process, TINY, World, key};

/// `wanted`, or as many as the test may open.
fn most(wanted: usize) -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    wanted.min(usize::try_from(files / 2).unwrap())
}

/// Retries like a patient client.
async fn asked_until_answered(server: &Process, request: &str) -> Told {
    let asking = async {
        loop {
            let mut wire = Wire::to(server).await;
            if wire.say(request).await {
                let told = wire.answer().await;
                if !matches!(told.status(), 0 | 503) {
                    return told;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.expect("it is answered")
}

#[tokio::test(flavor = "multi_thread")]
async fn thousands_of_idle_connections_delay_nobody() {
    let world = World::sqlite();
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let mut idle = Vec::new();
    for number in 0..most(2_000) {
        let mut wire = Wire::to(&server).await;
        match number % 3 {
            0 => drop(wire.say("").await),
            1 => drop(wire.say("POST /api/v1/payouts/ HTTP/1.1\r\nHost: pay").await),
            _ => drop(wire.say(get("/healthz")).await),
        }
        idle.push(wire);
        if number % 500 == 0 {
            assert_eq!(server.pay(TINY, key(), 1, "demo-bank").await.0, 201, "among {number}");
        }
    }
    assert_eq!(server.pay(TINY, key(), 1, "demo-bank").await.0, 201, "among {}", idle.len());
    drop(idle);
    world.verify();
    assert!(server.stop().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_make_room_for_requests() {
    let world = World::sqlite();
    let server = impatient_with(&world, &[("PAYRAIL_CONNECTIONS", "100"), ("PAYRAIL_IDLE_MS", "3600000")]);
    let mut idle = Vec::new();
    for _ in 0..300 {
        let mut wire = Wire::to(&server).await;
        wire.say(get("/healthz")).await;
        idle.push(wire);
    }
    let before = payouts_when_answered(&server).await;
    assert_eq!(asked_until_answered(&server, &order()).await.status(), 201);
    assert_eq!(payouts_when_answered(&server).await, before + 1);
}

async fn payouts_when_answered(server: &Process) -> usize {
    let told = asked_until_answered(server, &get("/api/v1/payouts/")).await;
    told.0.matches("\"bank_account_id\":").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_answers_503() {
    const PLACES: usize = 8;
    let world = World::sqlite();
    let server = impatient_with(&world, &[("PAYRAIL_CONNECTIONS", "8")]);
    let mut streams = Vec::new();
    for _ in 0..PLACES {
        streams.push(listening(&server).await);
    }
    for request in [get("/healthz"), order(), String::new()] {
        let mut late = Wire::to(&server).await;
        late.say(&request).await;
        let told = late.heard_out().await;
        told.is_problem(503, "overloaded");
        let head = told.0.to_lowercase();
        assert!(head.contains("\r\nretry-after: 1\r\n") && head.contains("\r\nconnection: close\r\n"), "{head}");
    }
    // Event streams are not idle connections: a full server does not end them.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(asked(&server, &get("/healthz")).await.status(), 503);
    streams.pop();
    assert_eq!(asked_until_answered(&server, &order()).await.status(), 201);
    drop(streams);
    assert_eq!(asked_until_answered(&server, &get("/healthz")).await.status(), 200);
    assert_eq!(payouts(&server).await, 1, "what was refused was not done");
    world.verify();
}

/// Opens an event stream, and retries if the server was full.
async fn listening(server: &Process) -> Wire {
    let asking = async {
        loop {
            let mut wire = Wire::to(server).await;
            wire.say(get("/api/v1/events/stream")).await;
            let mut first = [0; 12];
            if wire.0.read_exact(&mut first).await.is_ok() {
                assert_eq!(&first, b"HTTP/1.1 200");
                return wire;
            }
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.expect("it is heard")
}

async fn asked(server: &Process, request: &str) -> Told {
    let mut wire = Wire::to(server).await;
    wire.say(request).await;
    wire.answer().await
}

/// Most of the burst is closed without an answer.
#[tokio::test(flavor = "multi_thread")]
async fn a_burst_beyond_the_limit_does_no_harm() {
    let world = World::sqlite();
    let server = impatient_with(&world, &[("PAYRAIL_CONNECTIONS", "16")]);
    let rush = (0..most(600)).map(|_| async { asked(&server, &order()).await.status() });
    let answers = futures::future::join_all(rush).await;
    let done = answers.iter().filter(|status| **status == 201).count();
    assert!(answers.iter().all(|status| matches!(status, 0 | 201 | 503)), "{answers:?}");
    assert_eq!(asked_until_answered(&server, &get("/healthz")).await.status(), 200);
    let (available, held) = server.balances(TINY).await;
    assert_eq!(available + held, 10_000);
    assert!(held as usize >= done, "what was acknowledged was done: {done}, {held}");
    world.verify();
}
