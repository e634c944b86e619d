//! A bank that is down, talks nonsense or lists what it should not, and a row that makes no sense: it
//! costs time, never money, and never another payout's time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payrail_core::ids::PayoutId;
use payrail_core::payout::{State, Status};
use serde_json::json;
use tokio::time::timeout;

use crate::engine::{Engine, PATIENCE};
use crate::fake_bank::{FakeBank, Said, returned, says};
use crate::sabotage::{alter_payout, unprotected};
use crate::support::World;

on_both_stores!(
    a_bank_that_is_down_uses_up_no_attempt,
    a_bank_that_hangs_is_given_up_in_time,
    a_bank_that_talks_nonsense_leaves_the_payout_in_doubt,
    a_list_that_does_not_go_on_is_not_read_for_ever,
    a_row_that_makes_no_sense_holds_up_no_other,
);

async fn a_bank_that_is_down_uses_up_no_attempt(world: World) {
    let engine = Engine::start_without_bank(&world, "http://127.0.0.1:1".to_owned()).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    let mut waits = Vec::new();
    for _ in 0..6 {
        engine.worker("w1").round().await.unwrap();
        let payout = engine.payout(merchant, id).await;
        assert_eq!((payout.status(), payout.attempts, payout.is_in_doubt()), (Status::Processing, 0, false));
        waits.push(engine.to_next_step(merchant, id).await);
    }
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
    assert_eq!(engine.balances(merchant).await, (4_000, 6_000));
    assert!(engine.store.doubtful(10).await.unwrap().is_empty(), "nothing was sent, so nothing is in doubt");
    let attempt = &engine.attempts(merchant, id).await[0];
    assert!(
        attempt.sent.as_deref().unwrap_or_default().is_empty(),
        "nothing was sent: nobody said that it is the bank"
    );
    assert_eq!(attempt.received.as_deref(), Some(""));
    let engine = engine.open_bank(Duration::from_millis(50)).await;
    engine.worker("w1").round().await.unwrap();
    let payout = engine.payout(merchant, id).await;
    assert_eq!((payout.status(), payout.attempts, payout.calls), (Status::Completed, 1, 7));
    world.verify();
}

async fn a_bank_that_hangs_is_given_up_in_time(world: World) {
    let engine = Engine::start_without_bank(&world, String::new()).await.open_bank(Duration::from_secs(3_600)).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-silent").await;
    let worker = engine.worker_with("w1", Duration::from_millis(200), 8);
    timeout(PATIENCE, worker.round()).await.expect("the call is given up").unwrap();
    let list = engine.store.doubtful(10).await.unwrap();
    assert_eq!(list.len(), 1);
    let State::Processing(progress) = &list[0].1.state else { panic!("not under way") };
    assert_eq!(progress.doubt.as_ref().unwrap().reason, "the bank did not answer in time");
    assert_eq!(engine.balances(merchant).await, (4_000, 6_000));
    assert_eq!(engine.calls(merchant, id).await, ["submit no_answer"]);
}

/// None of them says what became of the transfer.
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

async fn a_bank_that_talks_nonsense_leaves_the_payout_in_doubt(world: World) {
    let turn = Arc::new(AtomicUsize::new(0));
    let said = turn.clone();
    let bank = FakeBank::open(move |_, _, _| nonsense()[said.load(Ordering::SeqCst)].clone()).await;
    let engine = Engine::start_without_bank(&world, bank.url.clone()).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    for number in 0..nonsense().len() {
        turn.store(number, Ordering::SeqCst);
        assert_eq!(engine.worker("w1").round().await.unwrap(), 1);
        let payout = engine.payout(merchant, id).await;
        assert!(payout.is_in_doubt(), "{:?}: {payout:?}", nonsense()[number]);
        assert_eq!(engine.balances(merchant).await, (4_000, 6_000));
        engine.to_next_step(merchant, id).await;
    }
    assert_eq!(bank.count("POST /v1/transfers"), 1, "told once, then only asked");
    assert_eq!(engine.payout(merchant, id).await.attempts, 1);
}

async fn a_list_that_does_not_go_on_is_not_read_for_ever(world: World) {
    let rows: Vec<_> = (1..=100).map(|number| returned(number, "SOMEBODY-ELSES", 1, "U1")).collect();
    let bank = FakeBank::open(move |_, _, _| says(&json!({ "returns": rows }))).await;
    let engine = Engine::start_without_bank(&world, bank.url.clone()).await;
    let round = timeout(PATIENCE, engine.worker("w1").round()).await;
    assert_eq!(round.expect("it ends").unwrap(), 0);
    assert_eq!(bank.count("GET /v1/returns"), 2);
}

async fn a_row_that_makes_no_sense_holds_up_no_other(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let mut ids: Vec<PayoutId> = Vec::new();
    for _ in 0..5 {
        ids.push(engine.pay(merchant, 1_000, "demo-success").await);
    }
    let mut sql = unprotected(&world).await;
    alter_payout(&mut sql, ids[0], "status = 'sent off'").await;
    assert_eq!(engine.worker("w1").round().await.unwrap(), 4);
    for id in &ids[1..] {
        assert_eq!(engine.status(merchant, *id).await, Status::Completed);
    }
    assert_eq!(engine.balances(merchant).await, (5_000, 1_000), "the fifth keeps its funds until somebody looks");
}
