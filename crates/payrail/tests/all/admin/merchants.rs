//! Merchants are found and founded.

use serde_json::json;

use super::{ADMIN, Desk, VIEWER, api_only, text, texts};
use crate::support::{TINY, World, key};

on_both_stores!(
    a_merchant_is_found,
    a_new_merchants_key_opens_the_api,
    an_invalid_merchant_is_refused,
    how_things_stand
);

async fn a_merchant_is_found(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, VIEWER).await;
    let all = desk.walk("/merchants?limit=1").await;
    assert_eq!(all.len(), 3);
    for (search, expected) in [("TINY", &["tiny@example.com"][..]), ("fiaz@", &["fiaz@example.com"]), ("zzz", &[])] {
        let found = desk.walk(&format!("/merchants?limit=2&search={search}")).await;
        assert_eq!(texts(&found, "email"), expected, "{search}");
    }
    let some = desk.walk("/merchants?limit=1&search=example.com").await;
    assert_eq!(some, all, "the search goes on from page to page");
    let tiny = &desk.walk("/merchants?search=tiny").await[0];
    assert_eq!((&tiny["available_paise"], &tiny["held_paise"]), (&json!(10_000), &json!(0)));
    let id = text(&tiny["id"]);
    assert_eq!(desk.walk(&format!("/merchants?search={id}")).await, std::slice::from_ref(tiny));
    let detail = desk.get(&format!("/merchants/{id}")).await.is(200);
    assert_eq!((&detail["email"], &detail["keys"][0]["prefix"]), (&tiny["email"], &json!("api-key-tiny")));
    assert!(!detail.to_string().contains(TINY));
    for nowhere in [key().to_string(), "abc".to_owned()] {
        desk.get(&format!("/merchants/{nowhere}")).await.is_problem(404, "not_found");
    }
    desk.get("/merchants?limit=0").await.is_problem(400, "invalid_parameter");
    desk.get("/merchants?after=abc").await.is_problem(400, "invalid_parameter");
}

async fn a_new_merchants_key_opens_the_api(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let made = desk.post("/merchants", json!({ "name": " Chai Stall ", "email": "Chai@Example.com" })).await.is(201);
    let me = server.json(made["api_key"].as_str().unwrap(), "/api/v1/me/").await;
    assert_eq!((&me["name"], &me["email"]), (&json!("Chai Stall"), &json!("chai@example.com")));
    assert_eq!(me["id"], made["merchant"]["id"]);
    desk.post("/merchants", json!({ "name": "Another", "email": "chai@example.com" }))
        .await
        .is_problem(409, "email_taken");
    let done = desk.walk(&format!("/actions?merchant={}", text(&me["id"]))).await;
    assert_eq!(texts(&done, "action"), ["key_issued", "merchant_created"]);
    assert!(done.iter().all(|done| done["operator"] == "admin" && done["merchant"]["name"] == "Chai Stall"));
    world.verify();
}

async fn an_invalid_merchant_is_refused(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    for (body, member) in [
        (json!({ "email": "a@example.com" }), "name"),
        (json!({ "name": " ", "email": "a@example.com" }), "name"),
        (json!({ "name": "x".repeat(256), "email": "a@example.com" }), "name"),
        (json!({ "name": "A" }), "email"),
        (json!({ "name": "A", "email": "example.com" }), "email"),
        (json!({ "name": "A", "email": "@example.com" }), "email"),
        (json!({ "name": "A", "email": "a b@example.com" }), "email"),
        (json!({ "name": "A", "email": "a\u{0}@example.com" }), "email"),
        (json!({ "name": "A", "email": "a\u{200d}@example.com" }), "email"),
        (json!({ "name": "A\u{202e}", "email": "a@example.com" }), "name"),
        (json!({ "name": "A\nB", "email": "a@example.com" }), "name"),
    ] {
        let problem = desk.post("/merchants", body.clone()).await.is_problem(400, "invalid");
        assert!(problem[member][0].is_string(), "{body}: {problem}");
    }
    assert_eq!(desk.walk("/merchants").await.len(), 3);
}

async fn how_things_stand(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, VIEWER).await;
    server.pay(TINY, key(), 6_000, "demo-success").await;
    let overview = desk.get("/overview").await.is(200);
    let balance = json!({ "merchants": 3, "available_paise": 1_504_000, "held_paise": 6_000, "bank_paise": -1_510_000,
        "difference_paise": 0 });
    assert_eq!((&overview["merchants"], &overview["trial_balance"]), (&json!(3), &balance));
    assert_eq!(overview["in_doubt"], json!({ "count": 0, "is_capped": false, "oldest_since": null }));
    assert_eq!((&overview["due"]["count"], &overview["last_verify"]), (&json!(1), &json!(null)));
}
