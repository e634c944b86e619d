//! The overview says who works, and what the bank answered last.

use serde_json::{Value, json};

use super::{ADMIN, Desk, api_only};
use crate::fake_bank::{FakeBank, page};
use crate::support::{TINY, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(
    without_a_worker_the_overview_says_so,
    a_worker_is_seen_with_the_banks_answers,
    a_worker_process_is_seen_until_it_stops_or_falls_silent,
);

async fn workers(desk: &Desk<'_>) -> Value {
    desk.get("/overview").await.is(200)["workers"].clone()
}

async fn without_a_worker_the_overview_says_so(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let none = json!({ "running": 0, "last_seen_at": null, "list": [], "recent_answers": [] });
    assert_eq!(workers(&desk).await, none);
}

async fn a_worker_is_seen_with_the_banks_answers(world: World) {
    let server = world.serve();
    let desk = Desk::of(&server, ADMIN).await;
    until("the worker is seen", || async { workers(&desk).await["running"] == 1 }).await;
    let (_, payout) = server.pay(TINY, key(), 100, "demo-success").await;
    let (_, refused) = server.pay(TINY, key(), 200, "demo-fail").await;
    until("both answers are told", || async {
        workers(&desk).await["recent_answers"].as_array().is_some_and(|answers| answers.len() == 2)
    })
    .await;
    let seen = workers(&desk).await;
    let answers = seen["recent_answers"].as_array().unwrap();
    for (payout, answer) in [(payout, "paid"), (refused, "refused")] {
        let told = answers.iter().find(|told| told["payout_id"] == payout["id"]).unwrap();
        assert_eq!((&told["step"], &told["answer"]), (&json!("submit"), &json!(answer)));
        assert!(told["milliseconds"].is_u64() && told["merchant_id"].is_string());
    }
    let worker = &seen["list"][0];
    assert_eq!((&worker["role"], &worker["state"]), (&json!("all"), &json!("running")));
    assert_eq!((&worker["last_answer_at"], &worker["stopped_at"]), (&answers[0]["at"], &json!(null)));
}

async fn a_worker_process_is_seen_until_it_stops_or_falls_silent(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let bank = FakeBank::open(|_, _, query| page("returns", query, &[])).await;
    let worker = |world: &World| {
        let mut command = world.command(&["serve"]);
        command.env("PAYRAIL_ROLE", "worker").env("PAYRAIL_BANK_URL", &bank.url);
        command.spawn().unwrap()
    };
    let mut first = worker(&world);
    until("it is seen", || async { workers(&desk).await["running"] == 1 }).await;
    let stop = std::process::Command::new("kill").args(["-TERM", &first.id().to_string()]).status().unwrap();
    assert!(stop.success() && first.wait().unwrap().success());
    let seen = workers(&desk).await;
    assert_eq!((&seen["running"], &seen["list"][0]["state"]), (&json!(0), &json!("stopped")));
    assert_eq!((&seen["list"][0]["role"], seen["list"][0]["stopped_at"].is_string()), (&json!("worker"), true));

    // A worker that dies says nothing. (Its last heartbeat is made old instead of waiting for it.)
    let mut second = worker(&world);
    until("it is seen", || async { workers(&desk).await["running"] == 1 }).await;
    second.kill().unwrap();
    second.wait().unwrap();
    let mut sql = Sql::connect(&world.database.url).await;
    let old = if sql.is_postgres() { "interval '46 seconds'" } else { "46000000" };
    assert_eq!(sql.exec(&format!("UPDATE workers SET seen_at = seen_at - {old} WHERE stopped_at IS NULL")).await, 1);
    let seen = workers(&desk).await;
    let states: Vec<_> = seen["list"].as_array().unwrap().iter().map(|worker| &worker["state"]).collect();
    assert_eq!(seen["running"], 0);
    assert!(states.contains(&&json!("silent")) && states.contains(&&json!("stopped")), "{states:?}");
}
