//! The order of checks: authentication, the key's header, the body, the key's record, the balance.
//! Each request below is wrong in every later way too.

use serde_json::json;

use super::{Answer, PAYOUTS, api_only, ask, get, order};
use crate::support::{Process, TINY, World, key};

on_all_stores!(each_check_comes_before_the_next, a_refused_form_is_not_remembered);

async fn each_check_comes_before_the_next(world: World) {
    let server = api_only(&world);
    let used = key();
    ask(&server, TINY, used, order(1_000, "first")).await.is("the first request", 201);

    let answer = send(&server, "nobody", "not-a-uuid", "text/plain", "oops").await;
    answer.is_problem("authentication first", 401, "invalid_api_key");
    let answer = send(&server, TINY, "", "text/plain", "oops").await;
    answer.is_problem("then the key's header", 400, "idempotency_key_missing");
    let answer = send(&server, TINY, "not-a-uuid", "text/plain", "oops").await;
    answer.is_problem("then its form", 400, "idempotency_key_invalid");
    let answer = send(&server, TINY, &used.to_string(), "text/plain", "oops").await;
    answer.is_problem("then the content type", 415, "unsupported_media_type");
    let answer = send(&server, TINY, &used.to_string(), "application/json", "oops").await;
    answer.is_problem("then the syntax", 400, "parse_error");
    let answer = send(&server, TINY, &used.to_string(), "application/json", r#"{"amount_paise":0}"#).await;
    answer.is_field_error(
        "then the fields",
        &[
            ("amount_paise", &["Ensure this value is greater than or equal to 1."]),
            ("bank_account_id", &["This field is required."]),
        ],
    );
    let answer = send(&server, TINY, &used.to_string(), "application/json", &order(99_999_999, "other")).await;
    answer.is_problem("then the key's record", 422, "idempotency_key_reused");
    let answer = send(&server, TINY, &key().to_string(), "application/json", &order(99_999_999, "other")).await;
    answer.is_problem("then the balance", 400, "insufficient_balance");
    assert_eq!(get(&server, TINY, PAYOUTS).await.json().as_array().unwrap().len(), 1, "nothing of it was executed");
}

async fn send(server: &Process, api_key: &str, key: &str, content_type: &str, body: &str) -> Answer {
    let request = server.post(api_key, PAYOUTS).header("Idempotency-Key", key).header("Content-Type", content_type);
    Answer::to(request.body(body.to_owned())).await
}

/// Only what was decided at the engine is remembered: a client mends its body and goes on under its key.
async fn a_refused_form_is_not_remembered(world: World) {
    let server = api_only(&world);
    let key = key();
    ask(&server, TINY, key, "oops").await.is_problem("syntax", 400, "parse_error");
    ask(&server, TINY, key, "[]").await.is_problem("shape", 400, "invalid");
    ask(&server, TINY, key, r#"{"amount_paise":"5"}"#).await.is_problem("fields", 400, "invalid");
    let answer = ask(&server, TINY, key, order(500, "mended")).await;
    assert_eq!(answer.is("mended", 201)["amount_paise"], json!(500));
    assert!(!answer.replayed());
}
