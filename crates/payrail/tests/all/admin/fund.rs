//! Money comes in by an operator's hand, once per key, and the audit log says by whose.

use serde_json::json;

use super::{ADMIN, Desk, api_only, text, texts};
use crate::support::{TINY, World, key};

on_both_stores!(a_funding_counts_once, an_invalid_funding_is_refused);

async fn a_funding_counts_once(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let tiny = desk.merchant("tiny").await;
    let (name, body) = (key(), json!({ "amount_paise": 2_500, "description": "NEFT of 22 November" }));
    let first = desk.fund(&tiny, name, body.clone()).await;
    assert!(!first.headers.contains_key("idempotent-replayed"));
    let first = first.is(201);
    assert_eq!((&first["amount_paise"], &first["available_balance_paise"]), (&json!(2_500), &json!(12_500)));
    let again = desk.fund(&tiny, name, body).await;
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(again.is(201), first);
    let other = json!({ "amount_paise": 2_501, "description": "NEFT of 22 November" });
    desk.fund(&tiny, name, other).await.is_problem(422, "idempotency_key_reused");
    assert_eq!(server.balances(TINY).await, (12_500, 0));

    let done = desk.walk(&format!("/actions?merchant={tiny}")).await;
    assert_eq!(texts(&done, "action"), ["funded"], "once, and by name");
    assert_eq!((&done[0]["operator"], &done[0]["subject"]), (&json!("admin"), &first["entry_id"]));
    assert_eq!(text(&done[0]["reason"]), "NEFT of 22 November");
    let entries = desk.walk(&format!("/ledger?merchant={tiny}&kind=fund")).await;
    assert_eq!((&entries[0]["id"], &entries[0]["description"]), (&first["entry_id"], &json!("NEFT of 22 November")));
    world.verify();
}

async fn an_invalid_funding_is_refused(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let tiny = desk.merchant("tiny").await;
    let good = json!({ "amount_paise": 1, "description": "x" });
    for (body, member) in [
        (json!({ "description": "x" }), "amount_paise"),
        (json!({ "amount_paise": 0, "description": "x" }), "amount_paise"),
        (json!({ "amount_paise": -1, "description": "x" }), "amount_paise"),
        (json!({ "amount_paise": 1.5, "description": "x" }), "amount_paise"),
        (json!({ "amount_paise": "1", "description": "x" }), "amount_paise"),
        (json!({ "amount_paise": 1 }), "description"),
        (json!({ "amount_paise": 1, "description": " " }), "description"),
        (json!({ "amount_paise": 1, "description": "x".repeat(256) }), "description"),
        (json!({ "amount_paise": 1, "description": "NEFT\u{202e}" }), "description"),
        (json!({ "amount_paise": 1, "description": "two\nlines" }), "description"),
    ] {
        let problem = desk.fund(&tiny, key(), body.clone()).await.is_problem(400, "invalid");
        assert!(problem[member][0].is_string(), "{body}: {problem}");
    }
    desk.post(&format!("/merchants/{tiny}/fund"), good.clone()).await.is_problem(400, "idempotency_key_missing");
    desk.fund(&key().to_string(), key(), good).await.is_problem(404, "not_found");
    let too_much = json!({ "amount_paise": i64::MAX, "description": "x" });
    desk.fund(&tiny, key(), too_much).await.is_problem(400, "balance_too_large");
    assert_eq!(server.balances(TINY).await, (10_000, 0));
    assert!(desk.walk(&format!("/actions?merchant={tiny}")).await.is_empty());
}
