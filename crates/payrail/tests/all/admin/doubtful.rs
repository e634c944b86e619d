//! A payout in doubt: the bank is asked at an operator's wish, or the doubt ended by an operator's word.

use payrail::rail::Rail;
use serde_json::{Value, json};

use super::{ADMIN, Desk, text, texts};
use crate::support::{ACME, DEADLINE, Process, TINY, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(
    the_bank_is_asked_when_an_operator_wishes,
    an_operator_ends_a_doubt_either_way,
    an_impossible_decision_is_refused,
    a_claimed_payout_is_left_to_its_worker,
    payouts_due_far_ahead_are_listed_and_brought_forward,
);

/// With a worker, and a bank whose unanswered calls hang for a moment only.
fn serve(world: &World) -> Process {
    world.serve_with(&[("PAYRAIL_POLL_MS", "20"), ("PAYRAIL_BANK_SILENCE_MS", "50")])
}

/// Paid to this account, until it stands in doubt; its path below the operators' API.
async fn doubt(server: &Process, desk: &Desk<'_>, account: &str) -> (String, Value) {
    let (status, payout) = server.pay(TINY, key(), 1_000, account).await;
    assert_eq!(status, 201);
    let path = format!("/merchants/{}/payouts/{}", desk.merchant("tiny").await, text(&payout["id"]));
    until("it is in doubt", || async { !desk.get(&path).await.is(200)["in_doubt"].is_null() }).await;
    let listed = desk.walk("/doubtful").await;
    let found = listed.into_iter().find(|listed| listed["id"] == payout["id"]).expect("it is on the list");
    assert_eq!(found["merchant"]["email"], "tiny@example.com");
    (path, found)
}

async fn the_bank_is_asked_when_an_operator_wishes(world: World) {
    let server = serve(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let (path, before) = doubt(&server, &desk, "demo-timeout-paid").await;
    let asked = desk.post(&format!("{path}/ask"), json!({})).await.is(200);
    assert!(text(&asked["next_step_at"]) < text(&before["next_step_at"]), "now and not in half a minute");
    until("the bank has told", || async { desk.get(&path).await.is(200)["status"] == "completed" }).await;
    let timeline = desk.get(&path).await.is(200);
    assert_eq!(texts(timeline["actions"].as_array().unwrap(), "action"), ["asked_bank"]);
    desk.post(&format!("{path}/ask"), json!({})).await.is_problem(409, "not_in_doubt");
    assert!(desk.walk("/doubtful").await.is_empty());
    world.verify();
}

/// What the bank knows and has not said.
async fn utr_at_bank(bank: &Process, reference: &str) -> String {
    let rail = Rail::http(&bank.url, DEADLINE).unwrap();
    let paid = rail.paid(0, 100).await.unwrap();
    paid.into_iter().flatten().find(|transfer| transfer.reference == reference).unwrap().utr
}

async fn an_operator_ends_a_doubt_either_way(world: World) {
    let bank = world.start(&["bank"], &[("PAYRAIL_BANK_SILENCE_MS", "50")]);
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "20"), ("PAYRAIL_BANK_URL", &bank.url)]);
    let desk = Desk::of(&server, ADMIN).await;
    let (path, paid) = doubt(&server, &desk, "demo-timeout-paid").await;
    let utr = utr_at_bank(&bank, paid["reference"].as_str().unwrap()).await;
    let decision = json!({ "outcome": "paid", "utr": utr, "reason": "The bank's statement\nshows it." });
    let decided = desk.post(&format!("{path}/decide"), decision.clone()).await.is(200);
    assert_eq!((&decided["status"], &decided["utr"]), (&json!("completed"), &json!(utr)));
    assert_eq!(server.balances(TINY).await, (9_000, 0));
    desk.post(&format!("{path}/decide"), decision).await.is_problem(409, "not_in_doubt");
    let timeline = desk.get(&path).await.is(200);
    let [action] = &timeline["actions"].as_array().unwrap()[..] else { panic!("{timeline}") };
    assert_eq!((&action["action"], &action["operator"]), (&json!("decided_paid"), &json!("admin")));
    assert_eq!(action["reason"], "The bank's statement\nshows it.");

    let (path, _) = doubt(&server, &desk, "demo-timeout-unpaid").await;
    let decision = json!({ "outcome": "not_paid", "reason": "The bank wrote that it never came." });
    let decided = desk.post(&format!("{path}/decide"), decision).await.is(200);
    assert_eq!((&decided["status"], &decided["in_doubt"]), (&json!("failed"), &json!(null)));
    assert_eq!(server.balances(TINY).await, (9_000, 0), "given back");
    let done = desk.walk("/actions?limit=2").await;
    assert_eq!(texts(&done, "action")[..2], ["decided_not_paid", "decided_paid"]);
    world.verify();
}

async fn an_impossible_decision_is_refused(world: World) {
    let server = serve(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let (path, _) = doubt(&server, &desk, "demo-silent").await;
    let long = "x".repeat(1_001);
    for (body, member) in [
        (json!({ "reason": "ten letters and more" }), "outcome"),
        (json!({ "outcome": "perhaps", "reason": "ten letters and more" }), "outcome"),
        (json!({ "outcome": "paid", "reason": "ten letters and more" }), "utr"),
        (json!({ "outcome": "paid", "utr": " ", "reason": "ten letters and more" }), "utr"),
        (json!({ "outcome": "not_paid", "utr": "UTR1", "reason": "ten letters and more" }), "utr"),
        (json!({ "outcome": "not_paid" }), "reason"),
        (json!({ "outcome": "not_paid", "reason": "  too short  " }), "reason"),
        (json!({ "outcome": "not_paid", "reason": long }), "reason"),
        (json!({ "outcome": "not_paid", "reason": "ten letters\u{202e} and more" }), "reason"),
        (json!({ "outcome": "paid", "utr": "UTR\u{200b}1", "reason": "ten letters and more" }), "utr"),
    ] {
        let problem = desk.post(&format!("{path}/decide"), body.clone()).await.is_problem(400, "invalid");
        assert!(problem[member][0].is_string(), "{body}: {problem}");
    }
    assert_eq!(server.balances(TINY).await, (9_000, 1_000));
    let good = json!({ "outcome": "not_paid", "reason": "ten letters and more" });
    let (_, pending) = server.pay(ACME, key(), 1, "demo-success").await;
    let tiny = desk.merchant("tiny").await;
    for id in [text(&pending["id"]), key().to_string()] {
        let elsewhere = format!("/merchants/{tiny}/payouts/{id}");
        desk.post(&format!("{elsewhere}/decide"), good.clone()).await.is_problem(404, "not_found");
        desk.post(&format!("{elsewhere}/ask"), json!({})).await.is_problem(404, "not_found");
    }
    world.verify();
}

async fn a_claimed_payout_is_left_to_its_worker(world: World) {
    let server = serve(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let (path, payout) = doubt(&server, &desk, "demo-silent").await;
    let mut sql = Sql::connect(&world.database.url).await;
    let id = crate::sabotage::id(&sql, text(&payout["id"]).parse().unwrap());
    assert_eq!(sql.exec(&format!("UPDATE payouts SET leased_by = 'a worker' WHERE id = {id}")).await, 1);
    let good = json!({ "outcome": "not_paid", "reason": "ten letters and more" });
    desk.post(&format!("{path}/decide"), good).await.is_problem(409, "in_progress");
    desk.post(&format!("{path}/ask"), json!({})).await.is_problem(409, "in_progress");
    assert_eq!(server.balances(TINY).await, (9_000, 1_000));
}

/// As a clock that was 30 hours fast would have left it.
async fn payouts_due_far_ahead_are_listed_and_brought_forward(world: World) {
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "20"), ("PAYRAIL_BANK_SILENCE_MS", "50")]);
    let desk = Desk::of(&server, ADMIN).await;
    let (path, payout) = doubt(&server, &desk, "demo-timeout-paid").await;
    assert_eq!(desk.get("/overview").await.is(200)["due_far_ahead"]["count"], 0);
    let url = format!("{path}/bring-forward");
    let why = json!({ "reason": "the clock was 30 hours fast" });
    desk.post(&url, why.clone()).await.is_problem(409, "not_far_ahead");
    let mut sql = Sql::connect(&world.database.url).await;
    let later = if sql.is_postgres() { "due_at + interval '30 hours'" } else { "due_at + 108000000000" };
    assert_eq!(sql.exec(&format!("UPDATE payouts SET due_at = {later} WHERE doubt_since IS NOT NULL")).await, 1);
    assert_eq!(texts(&desk.walk("/due-far-ahead").await, "id"), [text(&payout["id"])]);
    assert_eq!(desk.get("/overview").await.is(200)["due_far_ahead"]["count"], 1);
    for reason in [json!({}), json!({ "reason": "short" })] {
        desk.post(&url, reason).await.is_problem(400, "invalid");
    }
    desk.post(&url, why).await.is(200);
    until("the bank has told", || async { desk.get(&path).await.is(200)["status"] == "completed" }).await;
    let timeline = desk.get(&path).await.is(200);
    let [action] = &timeline["actions"].as_array().unwrap()[..] else { panic!("{timeline}") };
    assert_eq!([&action["action"], &action["reason"]], ["brought_forward", "the clock was 30 hours fast"]);
    assert!(text(&action["detail"]).starts_with("it was due at "));
    assert!(desk.walk("/due-far-ahead").await.is_empty());
    world.verify();
}
