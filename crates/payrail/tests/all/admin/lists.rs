//! Lists over all merchants: filters, times and pages.

use serde_json::{Value, json};

use super::{Desk, VIEWER, api_only, text, texts};
use crate::support::{ACME, FIAZ, Process, TINY, World, key};

on_both_stores!(payouts_are_found, entries_are_found, records_are_found, bad_parameters_are_named);

async fn pay(server: &Process, api_key: &str, amount: i64, account: &str) -> Value {
    let (status, payout) = server.pay(api_key, key(), amount, account).await;
    assert_eq!(status, 201, "{payout}");
    payout
}

async fn payouts_are_found(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, VIEWER).await;
    let mut made = Vec::new();
    for number in 0..4 {
        for api_key in [ACME, FIAZ, TINY] {
            made.push(text(&pay(&server, api_key, 100 + number, &format!("Bank-{number}")).await["id"]));
        }
    }
    made.reverse();
    for limit in [1, 5, 12, 200] {
        let all = desk.walk(&format!("/payouts?limit={limit}")).await;
        assert_eq!(texts(&all, "id"), made, "newest first, by {limit}");
    }
    let tiny = desk.merchant("tiny").await;
    let of_tiny = desk.walk(&format!("/payouts?merchant={tiny}&limit=3")).await;
    assert_eq!(of_tiny.len(), 4);
    assert!(of_tiny.iter().all(|payout| payout["merchant"]["email"] == "tiny@example.com"));
    for (query, count) in [
        ("search=bANK-2", 3),
        ("search=nowhere", 0),
        ("status=pending", 12),
        ("status=completed", 0),
        ("status=in_doubt", 0),
        ("from=2020-01-01", 12),
        ("from=2100-01-01", 0),
        ("to=2020-01-01", 0),
        ("to=2100-01-01T00:00:00Z", 12),
    ] {
        assert_eq!(desk.walk(&format!("/payouts?limit=5&{query}")).await.len(), count, "{query}");
        let expected = desk.walk(&format!("/payouts?{query}")).await;
        let expected = expected.iter().filter(|payout| payout["merchant"]["id"] == tiny.as_str()).count();
        let narrowed = desk.walk(&format!("/payouts?limit=5&merchant={tiny}&{query}")).await;
        assert_eq!(narrowed.len(), expected, "{query} of one merchant");
    }
    let middle = &desk.walk("/payouts").await[5];
    let at = text(&middle["created_at"]);
    let (after, before) = (format!("/payouts?from={at}"), format!("/payouts?to={at}"));
    assert_eq!(
        (desk.walk(&after).await.len(), desk.walk(&before).await.len()),
        (6, 6),
        "from that moment, and before it"
    );
    for name in [text(&middle["id"]), text(&middle["reference"])] {
        assert_eq!(desk.walk(&format!("/payouts?search={name}")).await, std::slice::from_ref(middle));
        assert!(desk.walk(&format!("/payouts?search={name}&status=failed")).await.is_empty());
    }
    let owner = text(&middle["merchant"]["id"]);
    let timeline = desk.get(&format!("/merchants/{owner}/payouts/{}", text(&middle["id"]))).await.is(200);
    assert_eq!(
        (&timeline["id"], &timeline["merchant"], &timeline["actions"]),
        (&middle["id"], &middle["merchant"], &json!([]))
    );
    assert_eq!((&timeline["movements"][0]["kind"], &timeline["calls"]), (&json!("hold"), &json!([])));
    let elsewhere =
        desk.walk("/merchants").await.into_iter().find(|merchant| merchant["id"] != owner.as_str()).unwrap();
    let path = format!("/merchants/{}/payouts/{}", text(&elsewhere["id"]), text(&middle["id"]));
    desk.get(&path).await.is_problem(404, "not_found");
}

async fn entries_are_found(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, VIEWER).await;
    for (api_key, amount) in [(TINY, 1), (ACME, 2), (TINY, 3)] {
        pay(&server, api_key, amount, "bank").await;
    }
    let all = desk.walk("/ledger?limit=2").await;
    let amounts: Vec<_> = all.iter().take(3).map(|entry| entry["amount_paise"].as_i64().unwrap()).collect();
    assert_eq!((all.len(), amounts), (6, vec![3, 2, 1]));
    assert_eq!((&all[0]["number"], &all[0]["held_after_paise"]), (&json!(3), &json!(4)));
    let tiny = desk.merchant("tiny").await;
    let at = text(&all[2]["created_at"]);
    for (query, count) in [
        (format!("merchant={tiny}"), 3),
        ("kind=fund".to_owned(), 3),
        (format!("kind=hold&merchant={tiny}"), 2),
        ("kind=settle".to_owned(), 0),
        (format!("from={at}"), 3),
        (format!("to={at}"), 3),
        (format!("merchant={tiny}&from={at}"), 2),
        (format!("merchant={tiny}&to={at}"), 1),
    ] {
        assert_eq!(desk.walk(&format!("/ledger?limit=1&{query}")).await.len(), count, "{query}");
    }
}

async fn records_are_found(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, VIEWER).await;
    let name = key();
    let (_, payout) = server.pay(TINY, name, 6_000, "bank").await;
    server.pay(TINY, key(), 6_000, "bank").await;
    let all = desk.walk("/records?limit=1").await;
    assert_eq!(all.len(), 5);
    assert_eq!((&all[0]["status"], &all[0]["payout_id"]), (&json!(400), &json!(null)), "the refusal, the newest");
    assert!(all[0]["expires_at"].is_string());
    let tiny = desk.merchant("tiny").await;
    for query in [format!("key={name}"), format!("key={}&merchant={tiny}", name.simple().to_string().to_uppercase())] {
        let found = desk.walk(&format!("/records?{query}")).await;
        assert_eq!((found.len(), &found[0]["payout_id"], &found[0]["expires_at"]), (1, &payout["id"], &json!(null)));
        let kept: Value = serde_json::from_str(found[0]["body"].as_str().unwrap()).unwrap();
        assert_eq!(kept, payout, "what was answered");
    }
    assert_eq!(desk.walk(&format!("/records?merchant={tiny}")).await.len(), 3);
    let acme = desk.merchant("acme").await;
    assert!(desk.walk(&format!("/records?merchant={acme}&key={name}")).await.is_empty());
}

async fn bad_parameters_are_named(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, VIEWER).await;
    for list in ["payouts", "ledger", "records"] {
        for query in [
            "limit=0",
            "limit=201",
            "before=abc",
            "merchant=abc",
            "from=yesterday",
            "to=2026-02-30",
            "from=",
            "to=5",
            "zone=Nowhere",
            "from=2026-10-10&to=2026-10-09",
        ] {
            desk.get(&format!("/{list}?{query}")).await.is_problem(400, "invalid_parameter");
        }
    }
    for path in [
        "/payouts?status=lost",
        "/ledger?kind=gift",
        "/records?key=abc",
        "/actions?before=1.2",
        "/actions?limit=x",
        "/doubtful?limit=0",
    ] {
        desk.get(path).await.is_problem(400, "invalid_parameter");
    }
}
