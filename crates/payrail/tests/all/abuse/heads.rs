//! Oversized heads and bodies, half-closed connections, pipelined requests.

use std::time::Duration;

use tokio::io::AsyncWriteExt;

use super::impatient;
use super::wire::{ORDER, Told, Wire, get, order, order_head, payouts};
use crate::support::{Process, TINY, World};

async fn told(server: &Process, bytes: impl AsRef<[u8]>) -> Told {
    let mut wire = Wire::to(server).await;
    wire.say(bytes).await;
    wire.heard_out().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_oversized_head_is_refused() {
    let world = World::sqlite();
    let server = impatient(&world);
    let length = format!("Content-Length: {}\r\n", ORDER.len());
    let many = |count: usize| (0..count).map(|number| format!("X-{number}: x\r\n")).collect::<String>();
    let same = |count: usize| "X-Same: x\r\n".repeat(count);
    for (what, lines, statuses) in [
        ("10,000 headers", many(10_000), &[431][..]),
        ("10,000 times one header", same(10_000), &[431]),
        ("101 headers", many(101), &[431]),
        ("a value of 1 MB", format!("X-Huge: {}\r\n", "x".repeat(1_000_000)), &[431]),
        ("a name of 100 KB", format!("{}: x\r\n", "x".repeat(100_000)), &[431, 400]),
        ("large ones", format!("X-Large: {}\r\n", "x".repeat(1_000)).repeat(40), &[431]),
    ] {
        let answer = told(&server, format!("{}{ORDER}", order_head(&format!("{lines}{length}")))).await;
        assert!(statuses.contains(&answer.status()), "{what}: {:?}", answer.0);
    }
    for (what, target, statuses) in [
        ("a path of 100 KB", format!("/{}", "x".repeat(100_000)), &[414, 431][..]),
        ("a query of 100 KB", format!("/api/v1/me/?{}", "x".repeat(100_000)), &[414, 431]),
        ("a path of 30 KB", format!("/api/v1/{}", "x/".repeat(15_000)), &[404]),
        ("5,000 parameters", format!("/api/v1/events/?{}", "a=1&".repeat(5_000)), &[200]),
    ] {
        let request = get(&target).replace("Host:", "Connection: close\r\nHost:");
        let answer = told(&server, request).await;
        assert!(statuses.contains(&answer.status()), "{what}: {}", answer.0);
    }
    // A key of 16 KB is within the limit, and unknown.
    let long = get("/api/v1/me/").replace(TINY, &"k".repeat(16_000)).replace("Host:", "Connection: close\r\nHost:");
    told(&server, long).await.is_problem(401, "invalid_api_key");
    assert_eq!(payouts(&server).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_body_is_refused() {
    let world = World::sqlite();
    let server = impatient(&world);
    let chunked = order_head("Transfer-Encoding: chunked\r\n");
    // As fast as possible, until the server refuses more.
    let mut endless = Wire::to(&server).await;
    endless.say(&chunked).await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let mut sent = 0;
    while endless.say(&chunk).await {
        sent += chunk.len();
        assert!(sent < 1_000_000_000, "it takes everything");
    }
    for (what, body, statuses) in [
        // The server also reads a body that is too large only up to a limit.
        ("a size without end", "0".repeat(200_000), &[400, 408][..]),
        ("a size beyond 64 bits", "fffffffffffffffff\r\n".to_owned(), &[400]),
        ("an extension without end", format!("5;{}", "x".repeat(200_000)), &[400, 408]),
        ("extensions in each", "1;xxxxxxxxxxxxxxxxxxxxxxxxxx\r\n \r\n".repeat(10_000), &[400, 408]),
        ("trailers without end", format!("0\r\n{}", "X-Trailer: x\r\n".repeat(20_000)), &[400, 408]),
        ("a chunk that is longer than it says", format!("5\r\n{ORDER}\r\n0\r\n\r\n"), &[400]),
        ("a negative size", "-5\r\nhello\r\n0\r\n\r\n".to_owned(), &[400]),
        ("a size with a prefix", format!("0x{:x}\r\n{ORDER}\r\n0\r\n\r\n", ORDER.len()), &[400]),
        ("bare line feeds", format!("{:x}\n{ORDER}\n0\n\n", ORDER.len()), &[400, 408]),
    ] {
        let answer = told(&server, format!("{chunked}{body}")).await;
        assert!(statuses.contains(&answer.status()), "{what}: {:?}", answer.0);
    }
    assert_eq!(payouts(&server).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_requests_are_answered_in_order() {
    let world = World::sqlite();
    let server = impatient(&world);
    let five = || [get("/healthz"), get("/api/v1/nothing"), order(), get("/api/v1/me"), get("/metrics")].concat();
    let last = get("/nothing").replace("Host:", "Connection: close\r\nHost:");
    let answers = told(&server, (0..20).map(|_| five()).chain([last]).collect::<String>()).await;
    assert_eq!(answers.statuses(), [[200, 404, 201, 200, 200].repeat(20), vec![404]].concat());
    assert_eq!(payouts(&server).await, 20);
    // A malformed request ends the pipeline.
    let answers = told(&server, format!("{}{}{}", get("/healthz"), "no request\r\n\r\n", order())).await;
    assert_eq!(answers.statuses(), [200, 400]);
    // So does a wrong Content-Length: the rest of the body is not a request.
    let hidden = format!("{}{}", order_head("Content-Length: 5\r\n"), order());
    assert_eq!(told(&server, hidden).await.statuses(), [400, 400]);
    assert_eq!(payouts(&server).await, 20);
    world.verify();
}

/// A half-closed connection looks closed to an HTTP/1.1 server. An accepted request takes effect all the same, and a
/// retry with its key gets the outcome.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_takes_effect_although_its_client_hangs_up() {
    let world = World::sqlite();
    let server = impatient(&world);
    for _ in 0..20 {
        let request = order();
        let mut gone = Wire::to(&server).await;
        gone.say(&request).await;
        gone.0.shutdown().await.unwrap();
        let first = gone.heard_out().await;
        assert!(matches!(first.status(), 0 | 201), "{}", first.0);
        tokio::time::sleep(Duration::from_millis(20)).await;
        let again = told(&server, request.replace("Host:", "Connection: close\r\nHost:")).await;
        assert_eq!(again.status(), 201);
    }
    assert_eq!(payouts(&server).await, 20, "each once");
    world.verify();
}
