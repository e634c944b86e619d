//! A payout's life as its merchant sees it: the original's four words by default, the whole timeline for
//! who asks for it.

use serde_json::{Value, json};

use super::{EVENTS, LEDGER, PAYOUTS, get, id_of, is_timestamp, pay};
use crate::support::{FIAZ, Process, TINY, World, until};

on_all_stores!(
    each_outcome_reads_as_the_original_had_it,
    a_refund_has_room_for_the_longest_account,
    the_timeline_has_every_call
);

/// A bank that refuses all that is not forced otherwise, and returns at once.
fn serve(world: &World) -> Process {
    world.serve_with(&[
        ("PAYRAIL_POLL_MS", "20"),
        ("PAYRAIL_BANK_PAID_PERCENT", "0"),
        ("PAYRAIL_BANK_REFUSED_PERCENT", "100"),
        ("PAYRAIL_BANK_RETURNS_AFTER_MS", "1"),
    ])
}

async fn each_outcome_reads_as_the_original_had_it(world: World) {
    let server = serve(&world);
    for (amount, account) in [(100, "demo-success"), (200, "demo-fail"), (300, "demo-return")] {
        pay(&server, TINY, amount, account).await.is(account, 201);
    }
    settled(&server, TINY, &["returned", "failed", "completed"]).await;

    let plain = server.json(TINY, PAYOUTS).await;
    let statuses: Vec<_> = plain.as_array().unwrap().iter().map(|payout| payout["status"].clone()).collect();
    assert_eq!(statuses, ["failed", "failed", "completed"], "what is the merchant's again is failed");
    for payout in plain.as_array().unwrap() {
        assert_eq!(payout.as_object().unwrap().len(), 7, "the original's members and no others: {payout}");
        assert_eq!(payout["attempts"], 1);
        assert!(payout["updated_at"].as_str() > payout["created_at"].as_str());
    }
    let ledger = server.json(TINY, LEDGER).await;
    let lines: Vec<_> = ledger.as_array().unwrap().iter().map(line).collect();
    for expected in [
        ("credit", 10_000, "Initial seed credit"),
        ("debit", 100, "Payout hold for demo-success"),
        ("debit", 200, "Payout hold for demo-fail"),
        ("debit", 300, "Payout hold for demo-return"),
        ("credit", 200, "Refund for failed payout to demo-fail"),
        ("credit", 300, "Return of payout to demo-return"),
    ] {
        assert!(lines.contains(&expected), "{expected:?} in {lines:?}");
    }
    assert_eq!(lines.len(), 6, "to settle changes nothing that is available: {lines:?}");
    assert_eq!(server.balances(TINY).await, (9_900, 0));
    the_events_tell_it_too(&server).await;
    world.verify();
}

fn line(entry: &Value) -> (&str, i64, &str) {
    let text = |name: &str| entry[name].as_str().unwrap();
    (text("entry_type"), entry["amount_paise"].as_i64().unwrap(), text("description"))
}

/// Waits until these are the payouts' true statuses, newest first.
async fn settled(server: &Process, api_key: &str, statuses: &[&str]) {
    until("the bank has answered", async || {
        let full = server.json(api_key, "/api/v1/payouts/?view=full").await;
        full.as_array().unwrap().iter().map(|payout| payout["status"].as_str().unwrap()).eq(statuses.iter().copied())
    })
    .await;
}

async fn the_events_tell_it_too(server: &Process) {
    let events = server.json(TINY, EVENTS).await;
    let events = events.as_array().unwrap();
    for (event, number) in events.iter().zip(1..) {
        assert_eq!(event["number"], number, "gapless: {event}");
        assert!(is_timestamp(&event["created_at"]), "{event}");
    }
    for payout in server.json(TINY, "/api/v1/payouts/?view=full").await.as_array().unwrap() {
        let of_it = events.iter().filter(|event| event["payout_id"] == payout["id"]);
        let kinds: Vec<_> = of_it.map(|event| event["kind"].as_str().unwrap()).collect();
        let expected: &[&str] = match payout["status"].as_str().unwrap() {
            "completed" => &["payout.pending", "payout.processing", "payout.completed"],
            "failed" => &["payout.pending", "payout.processing", "payout.failed"],
            _ => &["payout.pending", "payout.processing", "payout.completed", "payout.returned"],
        };
        assert_eq!(kinds, expected, "{payout}");
    }
    assert_eq!((&events[0]["kind"], &events[0]["payout_id"]), (&json!("balance.funded"), &Value::Null));
}

/// The original's column for the text was too short: such a payout stayed in processing for ever.
async fn a_refund_has_room_for_the_longest_account(world: World) {
    let server = serve(&world);
    let account = "🏦".repeat(255);
    pay(&server, FIAZ, 900, &account).await.is("255 characters of four bytes", 201);
    settled(&server, FIAZ, &["failed"]).await;
    let ledger = server.json(FIAZ, LEDGER).await;
    assert_eq!(line(&ledger[0]), ("credit", 900, format!("Refund for failed payout to {account}").as_str()));
    assert_eq!(server.balances(FIAZ).await, (500_000, 0));
    world.verify();
}

async fn the_timeline_has_every_call(world: World) {
    let server = serve(&world);
    let paid = pay(&server, TINY, 100, "demo-success").await.is("paid", 201);
    let refused = pay(&server, TINY, 200, "demo-fail").await.is("refused", 201);
    settled(&server, TINY, &["failed", "completed"]).await;

    let timeline = get(&server, TINY, &format!("{PAYOUTS}{}/", id_of(&paid))).await.is("paid", 200);
    assert_eq!((&timeline["id"], &timeline["status"]), (&paid["id"], &json!("completed")));
    assert!(timeline["utr"].as_str().is_some_and(|utr| !utr.is_empty()), "{timeline}");
    assert_eq!(
        (&timeline["reason"], &timeline["in_doubt"], &timeline["next_step"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    assert!(timeline["reference"].as_str().is_some_and(|reference| !reference.is_empty()), "{timeline}");
    one_call(&timeline, "paid");

    let timeline = get(&server, TINY, &format!("{PAYOUTS}{}/", id_of(&refused))).await.is("refused", 200);
    assert_eq!((&timeline["status"], &timeline["utr"]), (&json!("failed"), &Value::Null));
    assert_eq!(timeline["reason"], "Beneficiary account is closed");
    one_call(&timeline, "refused");
}

fn one_call(timeline: &Value, outcome: &str) {
    let calls = timeline["calls"].as_array().unwrap();
    let [call] = &calls[..] else { panic!("one call: {timeline}") };
    assert_eq!((&call["number"], &call["step"], &call["outcome"]), (&json!(1), &json!("submit"), &json!(outcome)));
    assert!(is_timestamp(&call["started_at"]) && is_timestamp(&call["ended_at"]), "{call}");
    assert!(call["sent"].as_str().is_some_and(|sent| sent.contains(timeline["reference"].as_str().unwrap())), "{call}");
    assert!(call["received"].as_str().is_some_and(|received| !received.is_empty()), "{call}");
}
