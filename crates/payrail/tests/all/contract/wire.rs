//! Bytes that no decent client sends: bodies cut short, lengths that lie, lines that are none. Whatever
//! it is answered, nothing is executed of a request that did not arrive whole.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{PAYOUTS, api_only, get, order};
use crate::support::{DEADLINE, Process, TINY, World, key};

on_all_stores!(
    a_body_that_is_cut_is_not_executed,
    lengths_that_lie,
    bodies_in_chunks,
    lines_that_are_none,
    two_requests_in_one_breath
);

/// Sends these bytes. What comes back until the server hangs up, which it must.
async fn send(server: &Process, bytes: &[u8], hang_up: bool) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap();
    // The server may have hung up before it has read everything.
    let _ = stream.write_all(bytes).await;
    if hang_up {
        let _ = stream.shutdown().await;
    }
    let mut answer = Vec::new();
    let heard_out = tokio::time::timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    assert!(heard_out.is_ok(), "the connection is still open: {}", String::from_utf8_lossy(bytes));
    String::from_utf8_lossy(&answer).into_owned()
}

fn head(headers: &str) -> String {
    format!(
        "POST {PAYOUTS} HTTP/1.1\r\nHost: payrail\r\nAuthorization: Api-Key {TINY}\r\nIdempotency-Key: {}\r\n\
         Content-Type: application/json\r\nConnection: close\r\n{headers}\r\n",
        key()
    )
}

fn status(answer: &str) -> &str {
    answer.strip_prefix("HTTP/1.1 ").map_or("", |rest| &rest[..3])
}

fn problem(answer: &str) -> Value {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

async fn payouts(server: &Process) -> usize {
    get(server, TINY, PAYOUTS).await.json().as_array().unwrap().len()
}

async fn a_body_that_is_cut_is_not_executed(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_BODY_MS", "1000")]);
    let body = order(100, "demo-bank");
    // Each of these holds a whole order, and says that there is more to come.
    for more in ["Content-Length: 1000\r\n", "Content-Length: 60000\r\n"] {
        for hang_up in [true, false] {
            let answer = send(&server, format!("{}{body}", head(more)).as_bytes(), hang_up).await;
            assert_ne!(status(&answer), "201", "{more}: {answer}");
            if status(&answer) == "400" {
                assert_eq!(problem(&answer)["code"], "body_incomplete", "{answer}");
            }
        }
    }
    let chunk = format!("{:x}\r\n{body}\r\n", body.len());
    for unfinished in [chunk.clone(), format!("{chunk}40\r\nxx"), format!("{chunk}zz\r\n\r\n"), format!("{chunk}0\r\n")]
    {
        let bytes = format!("{}{unfinished}", head("Transfer-Encoding: chunked\r\n"));
        let answer = send(&server, bytes.as_bytes(), true).await;
        assert_ne!(status(&answer), "201", "{unfinished}: {answer}");
    }
    assert_eq!(payouts(&server).await, 0, "nothing was executed");
    assert_eq!(server.balances(TINY).await, (10_000, 0));
}

async fn lengths_that_lie(world: World) {
    let server = api_only(&world);
    let body = order(100, "demo-bank");
    let short = format!("{}{body}", head(&format!("Content-Length: {}\r\n", body.len() - 1)));
    let answer = send(&server, short.as_bytes(), false).await;
    assert_eq!(problem(&answer)["code"], "parse_error", "one byte too few: {answer}");
    let length = body.len();
    for lie in [
        format!("Content-Length: {length}\r\nContent-Length: {}\r\n", length + 5),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: 5x\r\n".to_owned(),
        "Content-Length: 99999999999999999999999\r\n".to_owned(),
        "Transfer-Encoding: gzip\r\n".to_owned(),
    ] {
        let answer = send(&server, format!("{}{body}", head(&lie)).as_bytes(), false).await;
        assert_eq!(status(&answer), "400", "{lie}: {answer}");
    }
    // Announced or not, what is too large is refused, and in words.
    for bytes in [65_537, 5_000_000] {
        let announced = format!("{}{}", head(&format!("Content-Length: {bytes}\r\n")), " ".repeat(bytes));
        let answer = send(&server, announced.as_bytes(), false).await;
        assert_eq!((status(&answer), problem(&answer)["code"].as_str()), ("413", Some("body_too_large")), "{bytes}");
    }
    assert_eq!(payouts(&server).await, 0, "nothing was executed");
}

async fn bodies_in_chunks(world: World) {
    let server = api_only(&world);
    let chunked = head("Transfer-Encoding: chunked\r\n");
    let large = format!("{chunked}{}0\r\n\r\n", format!("1000\r\n{}\r\n", "x".repeat(0x1000)).repeat(40));
    let answer = send(&server, large.as_bytes(), false).await;
    assert_eq!((status(&answer), problem(&answer)["code"].as_str()), ("413", Some("body_too_large")), "{answer}");
    assert_eq!(payouts(&server).await, 0);

    let body = order(100, "demo-bank");
    let (first, rest) = body.split_at(7);
    let whole = format!("{chunked}{:x}\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n", first.len(), rest.len());
    let answer = send(&server, whole.as_bytes(), false).await;
    assert_eq!(status(&answer), "201", "a body in chunks is as good: {answer}");
    let patient = head(&format!("Content-Length: {}\r\nExpect: 100-continue\r\n", body.len()));
    let answer = send(&server, format!("{patient}{body}").as_bytes(), false).await;
    assert!(answer.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 "), "{answer}");
    assert_eq!(payouts(&server).await, 2);
}

async fn lines_that_are_none(world: World) {
    let server = api_only(&world);
    let body = order(100, "demo-bank");
    let length = format!("Content-Length: {}\r\n", body.len());
    for bad in ["No colon here\r\n", "Bad\0Name: x\r\n", "X-Value: a\0b\r\n", " : x\r\n"] {
        let answer = send(&server, format!("{}{body}", head(&format!("{length}{bad}"))).as_bytes(), false).await;
        assert_eq!(status(&answer), "400", "{bad:?}: {answer}");
    }
    let huge = head(&format!("{length}X-Huge: {}\r\n", "x".repeat(1_000_000)));
    let answer = send(&server, format!("{huge}{body}").as_bytes(), false).await;
    assert!(matches!(status(&answer), "431" | "400" | ""), "{answer}");
    for garbage in
        [&b"\r\n\r\n\r\n\r\n"[..], b"\0\0\0\0\0\0\0\0\0\0", b"GET\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let answer = send(&server, garbage, true).await;
        assert!(!answer.contains(" 200 ") && !answer.contains(" 201 "), "{answer}");
    }
    assert_eq!(payouts(&server).await, 0, "nothing was executed");
    get(&server, TINY, super::ME).await.is("and it serves on", 200);
}

async fn two_requests_in_one_breath(world: World) {
    let server = api_only(&world);
    let body = order(100, "demo-bank");
    let one = head(&format!("Content-Length: {}\r\n", body.len()));
    let open = one.replace("Connection: close\r\n", "");
    let answer = send(&server, format!("{open}{body}{one}{body}").as_bytes(), false).await;
    let (first, second) = answer.rsplit_once("HTTP/1.1 201 Created").unwrap();
    assert!(first.starts_with("HTTP/1.1 201 Created"), "{answer}");
    assert!(!first.contains("idempotent-replayed: true") && second.contains("idempotent-replayed: true"), "{answer}");
    assert_eq!(first.split_once("\r\n\r\n").unwrap().1, second.split_once("\r\n\r\n").unwrap().1, "to the byte");
    assert_eq!(payouts(&server).await, 1);
}
