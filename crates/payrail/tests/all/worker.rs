//! What becomes of a payout, by what the bank does with it. The clock stands still between two rounds
//! of the worker, so that the waits are exact and take no time.

use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::{Doubt, Progress, State, Status, Step};

use crate::engine::{Engine, PATIENCE, instruction, seconds};
use crate::support::{World, until};

on_both_stores!(
    what_the_bank_pays_is_completed,
    what_the_bank_refuses_is_refunded,
    paid_in_silence_it_is_in_doubt_until_an_enquiry_finds_it,
    lost_in_silence_it_is_submitted_three_times_closed_and_refunded,
    a_silent_bank_is_asked_for_ever_and_nothing_is_refunded,
    what_the_bank_returns_is_available_again,
    by_the_default_odds_every_payout_comes_to_an_end,
);

async fn what_the_bank_pays_is_completed(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-success").await;
    assert_eq!(engine.worker("w1").round().await.unwrap(), 1);
    let State::Completed { utr } = engine.payout(merchant, id).await.state else { panic!("not completed") };
    assert_eq!(utr, "SIMB000000000001");
    assert_eq!(engine.balances(merchant).await, (4_000, 0));
    let attempts = engine.attempts(merchant, id).await;
    assert_eq!(attempts.len(), 1);
    let (sent, received) = (attempts[0].sent.as_deref().unwrap(), attempts[0].received.as_deref().unwrap());
    assert!(sent.starts_with("POST /v1/transfers {"), "{sent}");
    assert!(sent.contains(&id.reference()) && sent.contains("6000") && sent.contains("demo-success"), "{sent}");
    assert!(received.starts_with("200 OK {") && received.contains(&utr), "{received}");
    assert_eq!((attempts[0].number, attempts[0].step.as_str(), attempts[0].worker.as_str()), (1, "submit", "w1"));
    assert_eq!(attempts[0].outcome.as_deref(), Some("paid"));
    assert!(attempts[0].ended_at.is_some());
    assert_eq!(engine.worker("w1").round().await.unwrap(), 0, "its life is over");
    world.verify();
}

async fn what_the_bank_refuses_is_refunded(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-fail").await;
    assert_eq!(engine.balances(merchant).await, (4_000, 6_000));
    engine.worker("w1").round().await.unwrap();
    let State::Failed { reason } = engine.payout(merchant, id).await.state else { panic!("not failed") };
    assert_eq!(reason, "Beneficiary account is closed");
    assert_eq!(engine.balances(merchant).await, (10_000, 0));
    assert_eq!(engine.calls(merchant, id).await, ["submit refused"]);
    world.verify();
}

/// The payout's progress and its doubt, which it must have.
async fn doubt(engine: &Engine<'_>, merchant: MerchantId, id: PayoutId) -> (Progress, Doubt) {
    let payout = engine.payout(merchant, id).await;
    match payout.state {
        State::Processing(progress @ Progress { doubt: Some(_), .. }) => {
            (progress.clone(), progress.doubt.clone().unwrap())
        }
        other => panic!("not in doubt: {other:?}"),
    }
}

/// Between the policy's wait and a tenth more, and nothing happens before.
async fn wait_of(engine: &Engine<'_>, merchant: MerchantId, id: PayoutId, expected: i64) {
    let calls = engine.attempts(merchant, id).await.len();
    let wait = engine.to_next_step(merchant, id).await;
    let range = seconds(expected)..=seconds(expected) * 11 / 10;
    assert!(range.contains(&wait), "waited {wait:?}, not about {expected} s");
    engine.clock.advance(-seconds(1));
    assert_eq!(engine.worker("early").round().await.unwrap(), 0, "a second before its time nothing happens");
    assert_eq!(engine.attempts(merchant, id).await.len(), calls);
    engine.clock.advance(seconds(1));
}

async fn paid_in_silence_it_is_in_doubt_until_an_enquiry_finds_it(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-timeout-paid").await;
    engine.worker("w1").round().await.unwrap();
    let (progress, doubt) = doubt(&engine, merchant, id).await;
    assert_eq!((progress.step, progress.leased_by), (Step::Enquire, None));
    assert!(doubt.reason.contains("504"), "{}", doubt.reason);
    assert_eq!(engine.balances(merchant).await, (4_000, 6_000), "nothing is refunded");
    assert_eq!(engine.at_bank(id), Some(("paid".to_owned(), 1)), "though nobody here knows it");
    world.verify();
    wait_of(&engine, merchant, id, 30).await;
    assert_eq!(engine.worker("w2").round().await.unwrap(), 1);
    let payout = engine.payout(merchant, id).await;
    assert!(matches!(&payout.state, State::Completed { utr } if utr == "SIMB000000000001"), "{payout:?}");
    assert_eq!(payout.attempts, 1, "an enquiry is no submission");
    assert_eq!(engine.calls(merchant, id).await, ["submit no_answer", "enquire paid"]);
    assert_eq!(engine.balances(merchant).await, (4_000, 0));
    assert_eq!(engine.at_bank(id), Some(("paid".to_owned(), 1)));
    world.verify();
}

async fn lost_in_silence_it_is_submitted_three_times_closed_and_refunded(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-timeout-unpaid").await;
    let worker = engine.worker("w1");
    assert_eq!(worker.round().await.unwrap(), 1);
    let since = doubt(&engine, merchant, id).await.1.since;
    for (wait, submissions) in [(30, 2), (60, 3)] {
        wait_of(&engine, merchant, id, wait).await;
        assert_eq!(worker.round().await.unwrap(), 2, "an enquiry, and at its word a submission");
        assert_eq!(engine.payout(merchant, id).await.attempts, submissions);
        assert_eq!(engine.at_bank(id), Some(("lost".to_owned(), submissions.into())));
        assert_eq!(engine.balances(merchant).await, (4_000, 6_000));
        assert_eq!(doubt(&engine, merchant, id).await.1.since, since, "a doubt keeps its age");
    }
    assert_eq!(doubt(&engine, merchant, id).await.0.step, Step::Close);
    wait_of(&engine, merchant, id, 120).await;
    assert_eq!(worker.round().await.unwrap(), 1);
    let payout = engine.payout(merchant, id).await;
    assert_eq!((payout.status(), payout.attempts), (Status::Failed, 3));
    assert_eq!(engine.balances(merchant).await, (10_000, 0));
    let (submit, enquire) = ("submit no_answer", "enquire never_received");
    assert_eq!(engine.calls(merchant, id).await, [submit, enquire, submit, enquire, submit, "close closed"]);
    refused_if_it_arrives_late(&engine, id).await;
    world.verify();
}

/// As if one of the three had only been slow on its way: the refund stands, so it must not be paid.
async fn refused_if_it_arrives_late(engine: &Engine<'_>, id: PayoutId) {
    let late = engine.rail(PATIENCE).submit(instruction(&id.reference(), 6_000, "demo-timeout-unpaid")).await;
    assert_ne!(late.answer.as_str(), "paid", "{late:?}");
    assert_eq!(engine.at_bank(id), Some(("closed".to_owned(), 4)));
    let asked = engine.rail(PATIENCE).enquire(instruction(&id.reference(), 6_000, "demo-timeout-unpaid")).await;
    assert_eq!(asked.answer.as_str(), "closed");
}

async fn a_silent_bank_is_asked_for_ever_and_nothing_is_refunded(world: World) {
    let engine = Engine::start(&world).await;
    // The auditor goes by the real time; the waits must not lead beyond it.
    engine.clock.advance(seconds(-3 * 3_600));
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-silent").await;
    let worker = engine.worker("w1");
    worker.round().await.unwrap();
    let since = doubt(&engine, merchant, id).await.1.since;
    // Doubling, up to half an hour.
    for wait in [30, 60, 120, 240, 480, 960, 1_800, 1_800] {
        wait_of(&engine, merchant, id, wait).await;
        assert_eq!(worker.round().await.unwrap(), 1);
    }
    let payout = engine.payout(merchant, id).await;
    assert_eq!((payout.status(), payout.attempts, payout.unanswered), (Status::Processing, 1, 9));
    assert_eq!(engine.balances(merchant).await, (4_000, 6_000));
    assert_eq!(engine.at_bank(id), Some(("lost".to_owned(), 1)), "asked about, never sent again");
    let list = engine.store.doubtful(10).await.unwrap();
    assert_eq!(list, [(merchant, payout)], "it stands on the operator's list");
    let doubt = doubt(&engine, merchant, id).await.1;
    assert_eq!(doubt.since, since);
    assert!(doubt.reason.contains("504"), "{}", doubt.reason);
    world.verify();
}

async fn what_the_bank_returns_is_available_again(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(10_000).await;
    let id = engine.pay(merchant, 6_000, "demo-return").await;
    let worker = engine.worker("w1");
    assert_eq!(worker.round().await.unwrap(), 1);
    until("the bank's return is taken in", || async {
        worker.round().await.unwrap();
        engine.status(merchant, id).await == Status::Returned
    })
    .await;
    let State::Returned { utr, reason } = engine.payout(merchant, id).await.state else { unreachable!() };
    assert_eq!((utr.as_str(), reason.as_str()), ("SIMB000000000001", "Beneficiary bank could not credit the account"));
    assert_eq!(engine.balances(merchant).await, (10_000, 0));
    let seen = engine.store.tip(merchant).await.unwrap().seq;
    worker.round().await.unwrap();
    engine.store.put_setting(payrail::worker::RETURNS_CURSOR, "0").await.unwrap();
    worker.round().await.unwrap();
    assert_eq!(engine.store.tip(merchant).await.unwrap().seq, seen, "the same return again moves nothing");
    world.verify();
}

/// 70, 20 and 10 of a hundred: and of those ten every one is found or closed.
async fn by_the_default_odds_every_payout_comes_to_an_end(world: World) {
    let engine = Engine::start(&world).await;
    let merchant = engine.merchant(100_000).await;
    for _ in 0..100 {
        engine.pay(merchant, 1_000, "demo-bank-account").await;
    }
    let worker = engine.worker_with("w1", PATIENCE, 32);
    while worker.round().await.unwrap() > 0 || engine.balances(merchant).await.1 > 0 {
        engine.clock.advance(seconds(10));
    }
    let payouts = engine.store.payouts(merchant, None, 1_000).await.unwrap();
    let count = |status| payouts.iter().filter(|payout| payout.status() == status).count();
    let (completed, failed) = (count(Status::Completed), count(Status::Failed));
    assert_eq!(completed + failed, 100);
    assert!((60..=90).contains(&completed), "{completed} completed: not the odds that were set");
    assert_eq!(engine.balances(merchant).await, (1_000 * failed as i64, 0));
    world.verify();
}
