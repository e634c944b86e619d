//! What an operator does to a payout is part of the payout's history in the logs, by either id.

use std::fs::File;

use serde_json::json;

use super::{ADMIN, Desk, text};
use crate::support::{Process, TINY, World, until};

on_both_stores!(an_operators_decision_is_in_the_payouts_history);

async fn an_operators_decision_is_in_the_payouts_history(world: World) {
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    command.env("PAYRAIL_LOG_FORMAT", "json");
    command.envs([
        ("PAYRAIL_POLL_MS", "20"),
        ("PAYRAIL_BANK_SILENCE_MS", "50"),
        ("PAYRAIL_LOG", "info"),
        ("PAYRAIL_LOG_FORMAT", "json"),
    ]);
    command.stderr(File::create(&log).unwrap());
    let server = Process::start(command);
    let desk = Desk::of(&server, ADMIN).await;
    let answer = server
        .post(TINY, "/api/v1/payouts/")
        .header("X-Request-Id", "order-4711")
        .header("Idempotency-Key", crate::support::key().to_string())
        .json(&json!({ "amount_paise": 1_000, "bank_account_id": "demo-timeout-unpaid" }))
        .send()
        .await
        .unwrap();
    let payout: serde_json::Value = answer.json().await.unwrap();
    let id = text(&payout["id"]);
    let path = format!("/merchants/{}/payouts/{id}", desk.merchant("tiny").await);
    until("it is in doubt", || async { !desk.get(&path).await.is(200)["in_doubt"].is_null() }).await;
    let decision = json!({ "outcome": "not_paid", "reason": "The bank wrote that it never came." });
    desk.post(&format!("{path}/decide"), decision).await.is(200);
    let about = |id: &str| {
        let lines = std::fs::read_to_string(&log).unwrap();
        let mut lines = lines.lines().filter(|line| line.contains(id)).map(str::to_owned);
        lines.any(|line| line.contains("failed: the funds are given back") && line.contains("\"operator\":\"admin\""))
    };
    until("the decision is logged", || async { about(&id) && about("order-4711") }).await;
}
