//! A bank that is down, answers garbage or lists wrong lines, and an unreadable row: they cost time but no money, and
//! delay no other payout.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payrail_core::payout::{State, Status};
use payrail_types::ids::PayoutId;
use serde_json::json;
use tokio::time::timeout;

use crate::fake_bank::{FakeBank, Said, returned, says};
use crate::harness::{Harness, PATIENCE};
use crate::sabotage::{alter_payout, unprotected};
use crate::support::World;

on_both_stores!(
    a_bank_that_is_down_uses_up_no_attempt,
    a_bank_that_hangs_is_given_up_in_time,
    a_bank_that_answers_garbage_leaves_the_payout_in_doubt,
    a_list_that_does_not_advance_is_not_read_for_ever,
    an_unreadable_row_delays_no_other,
);

async fn a_bank_that_is_down_uses_up_no_attempt(world: World) {
    let harness = Harness::start_without_bank(&world, "http://127.0.0.1:1".to_owned()).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    let mut waits = Vec::new();
    for _ in 0..6 {
        harness.worker("w1").round().await.unwrap();
        let payout = harness.payout(merchant, id).await;
        assert_eq!((payout.status(), payout.submissions, payout.is_in_doubt()), (Status::Processing, 0, false));
        waits.push(harness.to_next_step(merchant, id).await);
    }
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    assert_eq!(harness.balances(merchant).await, (4_000, 6_000));
    assert!(harness.store.doubtful(10).await.unwrap().is_empty(), "nothing was sent, so nothing is in doubt");
    let attempt = &harness.attempts(merchant, id).await[0];
    assert!(
        attempt.sent.as_deref().unwrap_or_default().is_empty(),
        "nothing was sent: nobody said that it is the bank"
    );
    assert_eq!(attempt.received.as_deref(), Some(""));
    let harness = harness.open_bank(Duration::from_millis(50)).await;
    harness.worker("w1").round().await.unwrap();
    let payout = harness.payout(merchant, id).await;
    assert_eq!((payout.status(), payout.submissions, payout.attempts), (Status::Completed, 1, 7));
    world.verify();
}

async fn a_bank_that_hangs_is_given_up_in_time(world: World) {
    let harness = Harness::start_without_bank(&world, String::new()).await.open_bank(Duration::from_secs(3_600)).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-silent").await;
    let worker = harness.worker_with("w1", Duration::from_millis(200), 8);
    // The same limit bounds the identity check, which may fail first on a busy machine; then nothing is sent.
    let calls = timeout(PATIENCE, async {
        loop {
            worker.round().await.unwrap();
            let calls = harness.calls(merchant, id).await;
            if calls.last().unwrap() != "submit unreachable" {
                return calls;
            }
            harness.to_next_step(merchant, id).await;
        }
    });
    let calls = calls.await.expect("the call is given up");
    assert_eq!(calls.last().unwrap(), "submit no_answer");
    let list = harness.store.doubtful(10).await.unwrap();
    assert_eq!(list.len(), 1);
    let State::Processing(progress) = &list[0].1.state else { panic!("not under way") };
    assert_eq!(progress.doubt.as_ref().unwrap().reason.as_str(), "the bank did not answer in time");
    assert_eq!(harness.balances(merchant).await, (4_000, 6_000));
}

/// None of them states the transfer's outcome.
fn nonsense() -> Vec<Said> {
    let text = |status, text: &str| (status, "application/json", text.to_owned());
    vec![
        text(500, r#"{"status":"refused","reason":"no","reference":"$reference","amount_paise":6000}"#),
        text(404, r#"{"status":"never_received","reference":"$reference"}"#),
        text(202, r#"{"status":"paid","utr":"U1","reference":"$reference","amount_paise":6000}"#),
        text(200, "{"),
        text(200, r#"{"status":"paid","reference":"$reference","amount_paise":6000}"#),
        text(200, r#"{"status":"paid","utr":"U1","amount_paise":6000}"#),
        text(200, r#"{"status":"paid","utr":"U1","reference":"$reference"}"#),
        text(200, r#"{"status":"paid","utr":"U1","reference":"$reference","amount_paise":1}"#),
        text(200, r#"{"status":"refused","reason":"no","reference":"PR1","amount_paise":6000}"#),
        text(200, r#"{"status":"refused","reason":"no","amount_paise":6000}"#),
        text(200, r#"{"status":"refused","reason":"no","reference":"$reference","amount_paise":60000}"#),
        text(200, r#"{"status":"closed"}"#),
        text(200, r#"{"status":"failed","reason":"no","reference":"$reference","amount_paise":6000}"#),
        (200, "text/html", "<h1>Back soon</h1>".to_owned()),
    ]
}

async fn a_bank_that_answers_garbage_leaves_the_payout_in_doubt(world: World) {
    let turn = Arc::new(AtomicUsize::new(0));
    let said = turn.clone();
    let bank = FakeBank::open(move |_, _, _| nonsense()[said.load(Ordering::SeqCst)].clone()).await;
    let harness = Harness::start_without_bank(&world, bank.url.clone()).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    for number in 0..nonsense().len() {
        turn.store(number, Ordering::SeqCst);
        assert_eq!(harness.worker("w1").round().await.unwrap(), 1);
        let payout = harness.payout(merchant, id).await;
        assert!(payout.is_in_doubt(), "{:?}: {payout:?}", nonsense()[number]);
        assert_eq!(harness.balances(merchant).await, (4_000, 6_000));
        harness.to_next_step(merchant, id).await;
    }
    assert_eq!(bank.count("POST /v1/transfers"), 1, "told once, then only asked");
    assert_eq!(harness.payout(merchant, id).await.submissions, 1);
}

async fn a_list_that_does_not_advance_is_not_read_for_ever(world: World) {
    let rows: Vec<_> = (1..=100).map(|number| returned(number, "SOMEBODY-ELSES", 1, "U1")).collect();
    let bank = FakeBank::open(move |_, _, _| says(&json!({ "returns": rows }))).await;
    let harness = Harness::start_without_bank(&world, bank.url.clone()).await;
    let round = timeout(PATIENCE, harness.worker("w1").round()).await;
    assert_eq!(round.expect("it ends").unwrap(), 0);
    assert_eq!(bank.count("GET /v1/returns"), 2);
}

async fn an_unreadable_row_delays_no_other(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let mut ids: Vec<PayoutId> = Vec::new();
    for _ in 0..5 {
        ids.push(harness.pay(merchant, 1_000, "demo-success").await);
    }
    let mut sql = unprotected(&world).await;
    alter_payout(&mut sql, ids[0], "status = 'sent off'").await;
    assert_eq!(harness.worker("w1").round().await.unwrap(), 4);
    for id in &ids[1..] {
        assert_eq!(harness.status(merchant, *id).await, Status::Completed);
    }
    assert_eq!(harness.balances(merchant).await, (5_000, 1_000), "the fifth keeps its funds until somebody looks");
}
