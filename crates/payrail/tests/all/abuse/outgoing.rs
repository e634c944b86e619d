//! The program calls no address that a request names. Its outgoing addresses are settings. (tests/rail/calls.rs checks
//! that the rail follows no redirect.)

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt, stream};
use tokio::net::TcpListener;

use super::place::{Good, Place};
use super::{document, operations};
use crate::support::{TINY, World, until};

#[tokio::test(flavor = "multi_thread")]
async fn no_address_in_a_request_is_called() {
    let world = World::sqlite();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let trap = tokio::spawn(async move {
        while listener.accept().await.is_ok() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    // With the worker, which passes a payout's fields on to the bank.
    let server = world.serve_with(&[("PAYRAIL_BANK_SILENCE_MS", "50")]);
    let good = Good::of(&server).await;
    let document = document();
    let mut shots = Vec::new();
    for text in [format!("http://{address}/x"), format!("//{address}/x"), address.to_string()] {
        for ((method, path), operation) in operations(&document) {
            let names = ["Host", "Origin", "Referer", "X-Forwarded-Host", "X-Callback-Url", "Location", "Link"];
            let headers = names.iter().map(|name| Place::Header((*name).to_owned()));
            let parameters = operation["parameters"].as_array().into_iter().flatten().map(Place::of);
            let body =
                ["bank_account_id", "description", "name", "reason", "utr", "password", "api_key", "callback_url"]
                    .map(|name| format!("\"{name}\":\"{text}\""))
                    .join(",");
            let body = format!("{{\"amount_paise\":1,\"email\":\"a@{address}\",\"outcome\":\"paid\",{body}}}");
            let body = operation.get("requestBody").map(|_| body);
            for place in headers.chain(parameters) {
                shots.push((method.clone(), good.shot(&path, Some((&place, text.as_bytes())), body.clone())));
            }
        }
    }
    assert!(shots.len() > 700, "{}", shots.len());
    let answer = async |(method, shot): (String, _)| assert!(good.fire(&server, &method, &shot).await.0 < 500);
    stream::iter(shots).for_each_concurrent(8, answer).await;
    until("the bank has been told of each payout", async || {
        let payouts = server.json(TINY, "/api/v1/payouts/?limit=200&view=full").await;
        let mut payouts = payouts.as_array().unwrap().iter();
        payouts.all(|payout| {
            !matches!(payout["status"].as_str(), Some("pending" | "processing")) || !payout["in_doubt"].is_null()
        })
    })
    .await;
    assert_eq!(calls.load(Ordering::Relaxed), 0, "somebody called");
    drop(tokio::net::TcpStream::connect(address).await.unwrap());
    until("the trap works", || async { calls.load(Ordering::Relaxed) == 1 }).await;
    trap.abort();
    world.verify();
}

#[test]
fn no_parameter_and_no_field_is_an_address() {
    let text = document().to_string().to_lowercase();
    for word in ["\"uri\"", "\"url\"", "callback", "webhook", "_url", "redirect"] {
        assert!(!text.contains(word), "{word} is in the document: what is called, and by whom?");
    }
}

/// Only two places create clients that could call any address, and no request reaches them.
#[test]
fn only_two_places_make_calls() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut places = Vec::new();
    walk(&source, &mut |path, text| {
        if ["reqwest::{", "reqwest::Client", "TcpStream::connect", "hyper::client", "UdpSocket"]
            .iter()
            .any(|word| text.contains(word))
        {
            places.push(path.strip_prefix(&source).unwrap().to_str().unwrap().to_owned());
        }
    });
    places.retain(|place| {
        !["rail/http/lists.rs", "rail/http/client.rs", "rail/http/identity.rs"].contains(&place.as_str())
    });
    places.sort();
    assert_eq!(places, ["cli/health.rs", "rail/http/call.rs"]);
}

fn walk(folder: &Path, visit: &mut impl FnMut(&Path, &str)) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, visit);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            visit(&path, &std::fs::read_to_string(&path).unwrap());
        }
    }
}
