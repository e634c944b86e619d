//! The key: its spellings, what it refuses, and whose it is.

use reqwest::header::HeaderValue;
use serde_json::json;
use uuid::Uuid;

use super::{Answer, PAYOUTS, api_only, ask, get, order};
use crate::support::{ACME, FIAZ, Process, TINY, World, key};

on_all_stores!(
    what_is_no_key,
    one_key_has_many_spellings,
    a_key_is_for_one_request,
    a_key_belongs_to_its_merchant,
    a_funding_uses_up_its_key_too
);

async fn what_is_no_key(world: World) {
    let server = api_only(&world);
    for missing in [None, Some(""), Some("   "), Some("\t")] {
        let row = format!("{missing:?}");
        let problem = send(&server, missing.map(str::as_bytes)).await.is_problem(&row, 400, "idempotency_key_missing");
        assert_eq!(problem["error"], "Idempotency-Key header is required", "{row}");
    }
    for bad in [
        &b"abc"[..],
        b"1",
        b"\"\"",
        b"\"",
        b"2edc2490-a9d6-4bdb-805b-670867013dc",
        b"2edc2490-a9d6-4bdb-805b-670867013dcaa",
        b"2edc2490-a9d6-4bdb-805b-670867013dcg",
        b"2edc2490_a9d6_4bdb_805b_670867013dca",
        b"{2edc2490-a9d6-4bdb-805b-670867013dca",
        b"uuid:2edc2490-a9d6-4bdb-805b-670867013dca",
        b"2edc2490-a9d6-4bdb-805b-670867013dca 2edc2490-a9d6-4bdb-805b-670867013dca",
        b"2edc2490-a9d6-4bdb-805b-670867013dca,2edc2490-a9d6-4bdb-805b-670867013dca",
        b"\xff\xfe",
        "２edc2490-a9d6-4bdb-805b-670867013dca".as_bytes(),
    ] {
        let row = String::from_utf8_lossy(bad);
        let problem = send(&server, Some(bad)).await.is_problem(&row, 400, "idempotency_key_invalid");
        assert_eq!(problem["error"], "Idempotency-Key must be a valid UUID", "{row}");
    }
    // Two headers are one with a comma between (RFC 9110 §5.3), so neither may count.
    let two =
        request(&server).header("Idempotency-Key", key().to_string()).header("Idempotency-Key", key().to_string());
    Answer::to(two).await.is_problem("two keys", 400, "idempotency_key_invalid");
    assert_eq!(get(&server, TINY, PAYOUTS).await.text, "[]");
}

fn request(server: &Process) -> reqwest::RequestBuilder {
    server.post(TINY, PAYOUTS).header("Content-Type", "application/json").body(order(100, "demo-bank"))
}

async fn send(server: &Process, key: Option<&[u8]>) -> Answer {
    let mut request = request(server);
    if let Some(key) = key {
        request = request.header("Idempotency-Key", HeaderValue::from_bytes(key).unwrap());
    }
    Answer::to(request).await
}

async fn one_key_has_many_spellings(world: World) {
    let server = api_only(&world);
    // No version is asked for: the nil and the largest one are UUIDs too.
    for key in [key(), Uuid::new_v5(&key(), b"v5"), Uuid::nil(), Uuid::max()] {
        let first = send(&server, Some(key.to_string().as_bytes())).await;
        first.is("the first", 201);
        assert!(!first.replayed());
        for spelling in [
            key.to_string(),
            key.to_string().to_uppercase(),
            key.simple().to_string(),
            key.simple().to_string().to_uppercase(),
            format!("{{{key}}}"),
            format!("urn:uuid:{key}"),
            format!("URN:UUID:{key}").to_uppercase(),
            format!("\"{key}\""),
            format!("\"{}\"", key.to_string().to_uppercase()),
            format!("   {key}  "),
        ] {
            let answer = send(&server, Some(spelling.as_bytes())).await;
            assert!(answer.replayed(), "{spelling}: {answer:?}");
            assert_eq!((answer.status, &answer.text), (201, &first.text), "{spelling}");
        }
    }
    assert_eq!(server.balances(TINY).await, (9_600, 400), "one payout a key");
}

async fn a_key_is_for_one_request(world: World) {
    let server = api_only(&world);
    let (paid, refused) = (key(), key());
    ask(&server, TINY, paid, order(100, "demo-bank")).await.is("paid", 201);
    ask(&server, TINY, refused, order(10_000, "demo-bank")).await.is("refused", 400);
    let before = server.balances(TINY).await;
    for (row, key, body) in [
        ("another amount", paid, order(101, "demo-bank")),
        ("another account", paid, order(100, "demo-bank2")),
        ("both", paid, order(1, "other")),
        ("another case", paid, order(100, "Demo-Bank")),
        ("more than there is", paid, order(1_000_000, "demo-bank")),
        ("after a refusal, an amount that could be paid", refused, order(1, "demo-bank")),
    ] {
        let answer = ask(&server, TINY, key, body).await;
        let problem = answer.is_problem(row, 422, "idempotency_key_reused");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("was used for another request"), "{row}: {detail}");
        assert!(!answer.replayed(), "{row}");
    }
    assert_eq!(server.balances(TINY).await, before, "nothing was executed");
    assert_eq!(get(&server, TINY, PAYOUTS).await.json().as_array().unwrap().len(), 1);
    // The same request in another spelling is the same request.
    for body in [
        r#"{"bank_account_id":"demo-bank","amount_paise":100}"#,
        "{ \"amount_paise\" : 100.0 ,\n \"bank_account_id\" : \"  demo\\u002dbank \", \"more\": 1 }",
    ] {
        assert!(ask(&server, TINY, paid, body).await.replayed(), "{body}");
    }
    world.verify();
}

async fn a_key_belongs_to_its_merchant(world: World) {
    let server = api_only(&world);
    let key = key();
    let mut ids = Vec::new();
    for (api_key, amount) in [(ACME, 100), (FIAZ, 100), (TINY, 200)] {
        let answer = ask(&server, api_key, key, order(amount, "demo-bank")).await;
        assert!(!answer.replayed(), "{api_key}: unrelated");
        ids.push(answer.is(api_key, 201)["id"].clone());
    }
    for (api_key, amount, id) in [(ACME, 100, &ids[0]), (FIAZ, 100, &ids[1]), (TINY, 200, &ids[2])] {
        let answer = ask(&server, api_key, key, order(amount, "demo-bank")).await;
        assert!(answer.replayed(), "{api_key}: its own first answer");
        assert_eq!(&answer.is(api_key, 201)["id"], id);
    }
    world.verify();
}

/// Whatever moved money under a key, the key is used up.
async fn a_funding_uses_up_its_key_too(world: World) {
    let server = api_only(&world);
    let key = key();
    let fund = ["merchant", "fund", "tiny@example.com", "100", "--idempotency-key", &key.to_string(), "--json"];
    assert!(world.run(&fund).status.success());
    let answer = ask(&server, TINY, key, order(100, "demo-bank")).await;
    answer.is_problem("a payout under a funding's key", 422, "idempotency_key_reused");
    assert_eq!(server.json(TINY, PAYOUTS).await, json!([]));
    assert_eq!(server.balances(TINY).await, (10_100, 0));
}
