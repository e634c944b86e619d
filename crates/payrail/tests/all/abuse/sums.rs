//! A sum over merchants can exceed 64 bits although no balance does. A mistyped funding must not break the overview for
//! ever.

use reqwest::header::COOKIE;
use serde_json::{Value, json};

use super::place::Good;
use crate::support::{World, key};

on_both_stores!(a_sum_may_be_larger_than_any_balance);

async fn a_sum_may_be_larger_than_any_balance(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let good = Good::of(&server).await;
    let funding = json!({ "amount_paise": i64::MAX, "description": "too many digits" });
    let fund = server.client.post(format!("{}/admin/api/v1/merchants/{}/fund", server.url, good.sink));
    let fund = fund.header(COOKIE, &good.cookie).header("Idempotency-Key", key().to_string()).json(&funding);
    assert_eq!(fund.send().await.unwrap().status(), 201);
    let overview = server.client.get(format!("{}/admin/api/v1/overview", server.url)).header(COOKIE, &good.cookie);
    let answer = overview.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let text = answer.text().await.unwrap();
    // The demonstration's three merchants' balances, less what one of them has held.
    let available = i128::from(i64::MAX) + 1_510_000 - 100;
    assert!(text.contains(&format!("\"available_paise\":{available},\"held_paise\":100,")), "{text}");
    assert!(text.contains(&format!("\"bank_paise\":-{},\"difference_paise\":0", available + 100)), "{text}");
    assert!(serde_json::from_str::<Value>(&text).is_ok());
    world.verify();
}
