//! Workers that die, come late, or stand in each other's way: the lease and the attempt's number
//! decide whose word counts, and the bank is asked before it is told again.

use std::collections::BTreeSet;

use futures::future::join_all;
use payrail::rail::Rail;
use payrail::worker::Worker;
use payrail_core::command::{Action, Exchange, Refusal};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::{BankAnswer, Progress, State, Status, Step};
use tokio_util::sync::CancellationToken;

use crate::engine::{Engine, PATIENCE, instruction, seconds};
use crate::gate::Gate;
use crate::sql::Sql;
use crate::support::{World, until};

on_both_stores!(
    after_a_death_that_came_after_the_call_the_next_worker_finds_it_paid,
    after_a_death_that_came_before_the_call_the_next_worker_asks_and_submits,
    a_call_that_outlives_its_worker_is_not_paid_twice,
    a_late_report_changes_nothing,
    two_workers_make_each_call_once,
    a_worker_that_stops_hands_back_what_it_did_not_send,
);

async fn after_a_death_that_came_after_the_call_the_next_worker_finds_it_paid(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    engine.claim(merchant, id, "dead").await;
    engine.rail(PATIENCE).submit(instruction(&id.reference(), 6_000, "demo-success")).await;
    engine.clock.advance(seconds(59));
    assert_eq!(engine.worker("w2").round().await.unwrap(), 0, "until the lease ends it is the dead one's");
    engine.clock.advance(seconds(1));
    assert_eq!(engine.worker("w2").round().await.unwrap(), 1);
    assert_eq!(engine.status(merchant, id).await, Status::Completed);
    assert_eq!(engine.calls(merchant, id).await, ["submit ?", "enquire paid"]);
    assert_eq!(engine.at_bank(id), Some(("paid".to_owned(), 1)));
    assert_eq!(engine.balances(merchant).await, (4_000, 0));
    world.verify();
}

async fn after_a_death_that_came_before_the_call_the_next_worker_asks_and_submits(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    engine.claim(merchant, id, "dead").await;
    engine.clock.advance(seconds(60));
    // The second dies too: it has the enquiry's lease, and the third asks again.
    assert_eq!(engine.claim(merchant, id, "dead too").await.step, Step::Enquire);
    let State::Processing(Progress { doubt: Some(doubt), .. }) = engine.payout(merchant, id).await.state else {
        panic!("what a lost worker did is in doubt")
    };
    assert_eq!(doubt.reason, "worker dead did not report on its call (submit)");
    engine.clock.advance(seconds(60));
    assert_eq!(engine.worker("w3").round().await.unwrap(), 2);
    assert_eq!(engine.status(merchant, id).await, Status::Completed);
    let calls = engine.calls(merchant, id).await;
    assert_eq!(calls, ["submit ?", "enquire ?", "enquire never_received", "submit paid"]);
    assert_eq!(engine.at_bank(id), Some(("paid".to_owned(), 1)));
    world.verify();
}

/// The wire delivers it late. By then the bank has told an enquiry that it never received it, and has been told to pay
/// once more.
async fn a_call_that_outlives_its_worker_is_not_paid_twice(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    engine.claim(merchant, id, "dead").await;
    let gate = Gate::before(&engine.bank_url).await;
    let rail = Rail::http(&gate.url, PATIENCE).unwrap();
    let lost = tokio::spawn(async move { rail.submit(instruction(&id.reference(), 6_000, "demo-success")).await });
    engine.clock.advance(seconds(60));
    assert_eq!(engine.worker("w2").round().await.unwrap(), 2);
    gate.open();
    assert_eq!(engine.calls(merchant, id).await, ["submit ?", "enquire never_received", "submit paid"]);
    let late = lost.await.unwrap().answer;
    let State::Completed { utr } = engine.payout(merchant, id).await.state else { panic!("not completed") };
    assert_eq!(late, BankAnswer::Paid { utr }, "both calls were about one transfer");
    assert_eq!(engine.at_bank(id), Some(("paid".to_owned(), 2)));
    let paid = "SELECT count(*) FROM transfers WHERE number IS NOT NULL";
    let paid: i64 = engine.bank_book().query_row(paid, [], |row| row.get(0)).unwrap();
    assert_eq!(paid, 1);
    world.verify();
}

/// Everything that is written about a payout.
async fn picture(engine: &Engine<'_>, merchant: MerchantId, id: PayoutId) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        engine.payout(merchant, id).await,
        engine.attempts(merchant, id).await,
        engine.store.ledger(merchant, i64::MAX, 100).await.unwrap(),
        engine.store.events(merchant, 0, 100).await.unwrap(),
    )
}

/// Whatever the worker of the first call says now, it is refused, and nothing is different after it.
async fn refused_without_a_trace(engine: &Engine<'_>, merchant: MerchantId, id: PayoutId) {
    let before = picture(engine, merchant, id).await;
    let answers = [
        BankAnswer::Paid { utr: "U1".to_owned() },
        BankAnswer::Refused { reason: "no".to_owned() },
        BankAnswer::Closed,
        BankAnswer::NeverReceived,
        BankAnswer::NoAnswer { why: "silence".to_owned() },
        BankAnswer::Unreachable { why: "down".to_owned() },
    ];
    for answer in answers {
        let report = Action::Report { payout: id, number: 1, answer, exchange: Exchange::default() };
        assert_eq!(engine.send(merchant, report).await, Err(Refusal::StaleAttempt));
    }
    let release = Action::Release { payout: id, number: 1 };
    assert_eq!(engine.send(merchant, release).await, Err(Refusal::StaleAttempt));
    assert_eq!(picture(engine, merchant, id).await, before);
}

async fn a_late_report_changes_nothing(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    assert_eq!(engine.claim(merchant, id, "late").await.number, 1);
    engine.clock.advance(seconds(60));
    // While the next one's call is under way, after it, and once the payout's life is over.
    assert_eq!(engine.claim(merchant, id, "next").await.number, 2);
    refused_without_a_trace(&engine, merchant, id).await;
    let silence = BankAnswer::NoAnswer { why: "silence".to_owned() };
    let report = Action::Report { payout: id, number: 2, answer: silence, exchange: Exchange::default() };
    engine.send(merchant, report).await.unwrap();
    refused_without_a_trace(&engine, merchant, id).await;
    engine.to_next_step(merchant, id).await;
    engine.worker("w3").round().await.unwrap();
    assert_eq!(engine.status(merchant, id).await, Status::Completed);
    refused_without_a_trace(&engine, merchant, id).await;
    world.verify();
}

const CROWD: usize = 200;
/// On a busy machine one worker may be done with a crowd before the other has begun.
const CROWDS_MOST: usize = 10;

async fn two_workers_make_each_call_once(world: World) {
    let engine = Engine::start(&world).await;
    let (one, other) = (engine.merchant(1_000_000).await, engine.merchant(1_000_000).await);
    let (first, second) = (engine.worker_with("first", PATIENCE, 16), engine.worker_elsewhere("second").await);
    let mut workers = BTreeSet::new();
    let mut crowds = 0;
    while workers.len() < 2 && crowds < CROWDS_MOST {
        crowds += 1;
        let pays = (0..CROWD).map(|n| engine.pay([one, other][n % 2], 1_000, "demo-success"));
        let ids = join_all(pays).await;
        let (a, b) =
            tokio::join!(work_until_done(&engine, &first, one, other), work_until_done(&engine, &second, one, other));
        assert_eq!(a + b, CROWD, "each payout was claimed once");
        for (n, id) in ids.iter().enumerate() {
            let attempts = engine.attempts([one, other][n % 2], *id).await;
            assert_eq!(attempts.len(), 1);
            assert_eq!(attempts[0].outcome.as_deref(), Some("paid"));
            workers.insert(attempts[0].worker.clone());
        }
    }
    assert_eq!(workers.len(), 2, "both had a part in it");
    let counts = "SELECT count(*), sum(arrivals) FROM transfers";
    let (transfers, arrivals): (i64, i64) =
        engine.bank_book().query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let all = (CROWD * crowds) as i64;
    assert_eq!((transfers, arrivals), (all, all), "and reached the bank once");
    world.verify();
}

async fn work_until_done(engine: &Engine<'_>, worker: &Worker, one: MerchantId, other: MerchantId) -> usize {
    let mut begun = 0;
    while engine.balances(one).await.1 + engine.balances(other).await.1 > 0 {
        begun += worker.round().await.unwrap();
    }
    begun
}

/// The stop comes while the claim waits for the merchant's lock: by the time the payout is the
/// worker's, there is no more time to call the bank.
async fn a_worker_that_stops_hands_back_what_it_did_not_send(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    let mut sql = Sql::connect(&world).await;
    sql.lock(&format!("{merchant}@example.com")).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(engine.worker("stopped").run(stop.clone()));
    until("the claim waits", async || engine.door.waiting() == 1).await;
    stop.cancel();
    sql.release().await;
    running.await.unwrap();
    assert_eq!(engine.calls(merchant, id).await, ["submit released"]);
    let payout = engine.payout(merchant, id).await;
    assert_eq!((payout.attempts, payout.is_in_doubt()), (0, false), "nothing was sent");
    assert!(matches!(payout.state, State::Processing(Progress { step: Step::Submit, leased_by: None, .. })));
    assert_eq!(engine.at_bank(id), None);
    assert_eq!(engine.worker("w2").round().await.unwrap(), 1, "it is free at once, not when a lease ends");
    assert_eq!(engine.calls(merchant, id).await, ["submit released", "submit paid"]);
    assert_eq!(engine.payout(merchant, id).await.attempts, 1);
    world.verify();
}
