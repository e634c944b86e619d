//! `verify` from the page: one run at a time, its report kept, whatever came of it.

use std::sync::{Arc, Mutex, mpsc};

use reqwest::Method;
use serde_json::{Value, json};

use super::{ADMIN, API_ONLY, Answer, Desk, api_only};
use crate::fake_bank::{FakeBank, page, says};
use crate::sabotage::unprotected;
use crate::support::{World, until};
use payrail_store::testing::Sql;

on_both_stores!(
    a_clean_audit_is_kept,
    differences_are_named,
    a_failed_audit_says_why,
    one_audit_at_a_time_and_a_stop_ends_it,
);

async fn start(desk: &Desk<'_>) -> Value {
    let status = Answer::to(desk.request(Method::POST, "/verify")).await.is(202);
    assert_eq!(status["running"], true);
    status
}

async fn report(desk: &Desk<'_>) -> Value {
    start(desk).await;
    until("it is done", || async { desk.get("/verify").await.is(200)["running"] == false }).await;
    desk.get("/verify").await.is(200)["last"].clone()
}

async fn a_clean_audit_is_kept(world: World) {
    let server = world.serve();
    let desk = Desk::of(&server, ADMIN).await;
    assert_eq!(desk.get("/verify").await.is(200), json!({ "running": false, "started_at": null, "last": null }));
    let found = report(&desk).await;
    assert_eq!((&found["by"], &found["error"], &found["difference_count"]), (&json!("admin"), &json!(null), &json!(0)));
    assert_eq!((&found["checked"]["merchants"], &found["bank_checked"]), (&json!(3), &json!(true)));
    assert_eq!(found["totals"]["available"], 1_510_000);
    assert_eq!(desk.get("/overview").await.is(200)["last_verify"], found);
    assert!(server.stop().success());
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    assert_eq!(desk.get("/verify").await.is(200)["last"], found, "it outlives the process");
}

async fn differences_are_named(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    // The outbox is append-only: what is planted here needs its triggers gone.
    assert_eq!(unprotected(&world).await.exec("DELETE FROM outbox").await, 3);
    let found = report(&desk).await;
    assert_eq!((&found["difference_count"], &found["bank_checked"]), (&json!(3), &json!(false)));
    let kinds: Vec<_> = found["differences"].as_array().unwrap().iter().map(|difference| &difference["kind"]).collect();
    assert_eq!(kinds, ["event_mismatch"; 3]);
}

async fn a_failed_audit_says_why(world: World) {
    let bank = FakeBank::open(|_, _, _| says(&json!({ "nonsense": true }))).await;
    let server = world.serve_with(&[API_ONLY, ("PAYRAIL_BANK_URL", &bank.url)]);
    let desk = Desk::of(&server, ADMIN).await;
    let found = report(&desk).await;
    assert!(found["error"].as_str().unwrap().contains("the bank's book could not be read"), "{found}");
    assert_eq!(found["bank_checked"], false);
}

async fn one_audit_at_a_time_and_a_stop_ends_it(world: World) {
    // It answers once the test is over.
    let (_over, is_over) = mpsc::channel::<()>();
    let is_over = Arc::new(Mutex::new(is_over));
    let bank = FakeBank::open(move |_, _, query| {
        let _ = tokio::task::block_in_place(|| is_over.lock().unwrap().recv());
        page("transfers", query, &[])
    })
    .await;
    let patience = [("PAYRAIL_BANK_TIMEOUT_MS", "3400000"), ("PAYRAIL_LEASE_MS", "3500000")];
    let server = world.serve_with(&[API_ONLY, ("PAYRAIL_BANK_URL", &bank.url), patience[0], patience[1]]);
    let desk = Desk::of(&server, ADMIN).await;
    let status = start(&desk).await;
    Answer::to(desk.request(Method::POST, "/verify")).await.is_problem(409, "already_running");
    let now = desk.get("/verify").await.is(200);
    assert_eq!((&now["running"], &now["started_at"]), (&json!(true), &status["started_at"]));
    assert!(server.stop().success());
    let kept =
        Sql::connect(&world.database.url).await.texts("SELECT value FROM settings WHERE name = 'last_verify'").await;
    assert_eq!(kept, [""; 0], "what came to no end leaves no report");
}
