//! Workers that die, are late, or compete: the lease and the attempt's number decide whose report counts, and an
//! enquiry comes before a resubmission.

use std::collections::BTreeSet;

use futures::future::join_all;
use payrail::rail::Rail;
use payrail::worker::Worker;
use payrail_core::command::{Action, Refusal};
use payrail_core::payout::{AttemptKind, AttemptOutcome, BankAnswer, Exchange, Progress, State, Status};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::harness::{Harness, PATIENCE, instruction, seconds};
use crate::support::{World, until};
use payrail_store::testing::Sql;

on_both_stores!(
    after_a_death_after_the_call_the_next_worker_finds_it_paid,
    after_a_death_before_the_call_the_next_worker_enquires_and_submits,
    a_call_that_outlives_its_worker_is_not_paid_twice,
    a_late_report_changes_nothing,
    two_workers_make_each_call_once,
    a_worker_that_stops_hands_back_what_it_did_not_send,
);

async fn after_a_death_after_the_call_the_next_worker_finds_it_paid(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    harness.claim(merchant, id, "dead").await;
    harness.rail(PATIENCE).submit(instruction(&id.reference(), 6_000, "demo-success")).await;
    harness.clock.advance(seconds(59));
    assert_eq!(harness.worker("w2").round().await.unwrap(), 0, "until the lease ends it is the dead one's");
    harness.clock.advance(seconds(1));
    assert_eq!(harness.worker("w2").round().await.unwrap(), 1);
    assert_eq!(harness.status(merchant, id).await, Status::Completed);
    assert_eq!(harness.calls(merchant, id).await, ["submit ?", "enquire paid"]);
    assert_eq!(harness.at_bank(id), Some(("paid".to_owned(), 1)));
    assert_eq!(harness.balances(merchant).await, (4_000, 0));
    world.verify();
}

async fn after_a_death_before_the_call_the_next_worker_enquires_and_submits(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    harness.claim(merchant, id, "dead").await;
    harness.clock.advance(seconds(60));
    // The second dies too, with the enquiry's lease, and the third enquires again.
    assert_eq!(harness.claim(merchant, id, "dead too").await.kind, AttemptKind::Enquire);
    let State::Processing(Progress { doubt: Some(doubt), .. }) = harness.payout(merchant, id).await.state else {
        panic!("what a lost worker did is in doubt")
    };
    assert_eq!(doubt.reason.as_str(), "worker dead did not report on its call (submit)");
    harness.clock.advance(seconds(60));
    assert_eq!(harness.worker("w3").round().await.unwrap(), 2);
    assert_eq!(harness.status(merchant, id).await, Status::Completed);
    let calls = harness.calls(merchant, id).await;
    assert_eq!(calls, ["submit ?", "enquire ?", "enquire never_received", "submit paid"]);
    assert_eq!(harness.at_bank(id), Some(("paid".to_owned(), 1)));
    world.verify();
}

/// The network delivers a submission late, after a "never received" and a second submission.
async fn a_call_that_outlives_its_worker_is_not_paid_twice(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    harness.claim(merchant, id, "dead").await;
    let gate = Gate::before(&harness.bank_url).await;
    let rail = Rail::http(&gate.url, PATIENCE).unwrap();
    let lost = tokio::spawn(async move { rail.submit(instruction(&id.reference(), 6_000, "demo-success")).await });
    harness.clock.advance(seconds(60));
    assert_eq!(harness.worker("w2").round().await.unwrap(), 2);
    gate.open();
    assert_eq!(harness.calls(merchant, id).await, ["submit ?", "enquire never_received", "submit paid"]);
    let late = lost.await.unwrap().answer;
    let State::Completed { utr } = harness.payout(merchant, id).await.state else { panic!("not completed") };
    assert_eq!(late, BankAnswer::Paid { utr }, "both calls were about one transfer");
    assert_eq!(harness.at_bank(id), Some(("paid".to_owned(), 2)));
    let paid = "SELECT count(*) FROM transfers WHERE number IS NOT NULL";
    let paid: i64 = harness.bank_book().query_row(paid, [], |row| row.get(0)).unwrap();
    assert_eq!(paid, 1);
    world.verify();
}

/// All rows about a payout.
async fn picture(harness: &Harness<'_>, merchant: MerchantId, id: PayoutId) -> String {
    format!(
        "{:?} {:?} {:?} {:?}",
        harness.payout(merchant, id).await,
        harness.attempts(merchant, id).await,
        harness.store.ledger(merchant, i64::MAX, 100).await.unwrap(),
        harness.store.events(merchant, 0, 100).await.unwrap(),
    )
}

/// Any report of the first call's worker is now refused, and changes nothing.
async fn refused_without_a_trace(harness: &Harness<'_>, merchant: MerchantId, id: PayoutId) {
    let before = picture(harness, merchant, id).await;
    let answers = [
        BankAnswer::Paid { utr: Utr::from_stored("U1") },
        BankAnswer::Refused { reason: "no".to_owned() },
        BankAnswer::Closed,
        BankAnswer::NeverReceived,
        BankAnswer::NoAnswer { why: "silence".to_owned() },
        BankAnswer::Unreachable { why: "down".to_owned() },
    ];
    for answer in answers {
        let report = Action::Report { payout: id, number: 1, answer, exchange: Exchange::default() };
        assert_eq!(harness.send(merchant, report).await, Err(Refusal::StaleAttempt));
    }
    let release = Action::Release { payout: id, number: 1 };
    assert_eq!(harness.send(merchant, release).await, Err(Refusal::StaleAttempt));
    assert_eq!(picture(harness, merchant, id).await, before);
}

async fn a_late_report_changes_nothing(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    assert_eq!(harness.claim(merchant, id, "late").await.number, 1);
    harness.clock.advance(seconds(60));
    // During the next worker's call, after it, and after the payout's end.
    assert_eq!(harness.claim(merchant, id, "next").await.number, 2);
    refused_without_a_trace(&harness, merchant, id).await;
    let silence = BankAnswer::NoAnswer { why: "silence".to_owned() };
    let report = Action::Report { payout: id, number: 2, answer: silence, exchange: Exchange::default() };
    harness.send(merchant, report).await.unwrap();
    refused_without_a_trace(&harness, merchant, id).await;
    harness.to_next_step(merchant, id).await;
    harness.worker("w3").round().await.unwrap();
    assert_eq!(harness.status(merchant, id).await, Status::Completed);
    refused_without_a_trace(&harness, merchant, id).await;
    world.verify();
}

const PAYOUTS: usize = 200;
/// On a busy machine one worker may finish all payouts of a round before the other begins.
const ROUNDS_MOST: usize = 10;

async fn two_workers_make_each_call_once(world: World) {
    let harness = Harness::start(&world).await;
    let (one, other) = (harness.merchant(1_000_000).await, harness.merchant(1_000_000).await);
    let (first, second) = (harness.worker_with("first", PATIENCE, 16), harness.worker_elsewhere("second").await);
    let mut workers = BTreeSet::new();
    let mut rounds = 0;
    while workers.len() < 2 && rounds < ROUNDS_MOST {
        rounds += 1;
        let pays = (0..PAYOUTS).map(|n| harness.pay([one, other][n % 2], 1_000, "demo-success"));
        let ids = join_all(pays).await;
        let (a, b) =
            tokio::join!(work_until_done(&harness, &first, one, other), work_until_done(&harness, &second, one, other));
        assert_eq!(a + b, PAYOUTS, "each payout was claimed once");
        for (n, id) in ids.iter().enumerate() {
            let attempts = harness.attempts([one, other][n % 2], *id).await;
            assert_eq!(attempts.len(), 1);
            assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Paid));
            workers.insert(attempts[0].worker.clone());
        }
    }
    assert_eq!(workers.len(), 2, "both had a part in it");
    let counts = "SELECT count(*), sum(arrivals) FROM transfers";
    let (transfers, arrivals): (i64, i64) =
        harness.bank_book().query_row(counts, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let all = (PAYOUTS * rounds) as i64;
    assert_eq!((transfers, arrivals), (all, all), "and reached the bank once");
    world.verify();
}

async fn work_until_done(harness: &Harness<'_>, worker: &Worker, one: MerchantId, other: MerchantId) -> usize {
    let mut begun = 0;
    while harness.balances(one).await.1 + harness.balances(other).await.1 > 0 {
        begun += worker.round().await.unwrap();
    }
    begun
}

/// The stop comes while the claim waits for the merchant's lock. When the worker gets the payout, it is too late to
/// call the bank.
async fn a_worker_that_stops_hands_back_what_it_did_not_send(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    let mut sql = Sql::connect(&world.database.url).await;
    sql.lock(&format!("{merchant}@example.com")).await;
    let stop = CancellationToken::new();
    let running = tokio::spawn(harness.worker("stopped").run(stop.clone()));
    until("the claim waits", async || harness.engine.waiting() == 1).await;
    stop.cancel();
    sql.release().await;
    running.await.unwrap();
    assert_eq!(harness.calls(merchant, id).await, ["submit released"]);
    let payout = harness.payout(merchant, id).await;
    assert_eq!((payout.submissions, payout.is_in_doubt()), (0, false), "nothing was sent");
    assert!(matches!(payout.state, State::Processing(Progress { kind: AttemptKind::Submit, leased_by: None, .. })));
    assert_eq!(harness.at_bank(id), None);
    assert_eq!(harness.worker("w2").round().await.unwrap(), 1, "it is free at once, not when a lease ends");
    assert_eq!(harness.calls(merchant, id).await, ["submit released", "submit paid"]);
    assert_eq!(harness.payout(merchant, id).await.submissions, 1);
    world.verify();
}
