//! The outcome of a payout for each behaviour of the bank. The clock stands still between two rounds of the worker, so
//! the waits are exact and take no time.

use payrail_core::payout::{AttemptKind, AttemptOutcome, Doubt, Progress, State, Status};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::word::Word;

use crate::harness::{Harness, PATIENCE, instruction, seconds};
use crate::support::{World, until};

on_all_stores!(
    a_paid_payout_is_completed,
    a_refused_payout_is_refunded,
    a_payout_paid_without_an_answer_is_in_doubt_until_an_enquiry,
    a_lost_payout_is_submitted_three_times_closed_and_refunded,
    a_silent_bank_is_asked_for_ever_and_nothing_is_refunded,
    a_returned_payout_is_available_again,
    with_the_default_odds_every_payout_ends,
);

async fn a_paid_payout_is_completed(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-success").await;
    assert_eq!(harness.worker("w1").round().await.unwrap(), 1);
    let State::Completed { utr } = harness.payout(merchant, id).await.state else { panic!("not completed") };
    assert_eq!(utr.as_str(), "SIMB000000000001");
    assert_eq!(harness.balances(merchant).await, (4_000, 0));
    let attempts = harness.attempts(merchant, id).await;
    assert_eq!(attempts.len(), 1);
    let (sent, received) = (attempts[0].sent.as_deref().unwrap(), attempts[0].received.as_deref().unwrap());
    assert!(sent.starts_with("POST /v1/transfers {"), "{sent}");
    assert!(sent.contains(&id.reference()) && sent.contains("6000") && sent.contains("demo-success"), "{sent}");
    assert!(received.starts_with("200 OK {") && received.contains(utr.as_str()), "{received}");
    assert_eq!((attempts[0].number, attempts[0].kind.as_str(), attempts[0].worker.as_str()), (1, "submit", "w1"));
    assert_eq!(attempts[0].outcome, Some(AttemptOutcome::Paid));
    assert!(attempts[0].ended_at.is_some());
    assert_eq!(harness.worker("w1").round().await.unwrap(), 0, "its life is over");
    world.verify();
}

async fn a_refused_payout_is_refunded(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-fail").await;
    assert_eq!(harness.balances(merchant).await, (4_000, 6_000));
    harness.worker("w1").round().await.unwrap();
    let State::Failed { reason } = harness.payout(merchant, id).await.state else { panic!("not failed") };
    assert_eq!(reason, "Beneficiary account is closed");
    assert_eq!(harness.balances(merchant).await, (10_000, 0));
    assert_eq!(harness.calls(merchant, id).await, ["submit refused"]);
    world.verify();
}

/// The payout's progress and its doubt, which it must have.
async fn doubt(harness: &Harness<'_>, merchant: MerchantId, id: PayoutId) -> (Progress, Doubt) {
    let payout = harness.payout(merchant, id).await;
    match payout.state {
        State::Processing(progress @ Progress { doubt: Some(_), .. }) => {
            (progress.clone(), progress.doubt.clone().unwrap())
        }
        other => panic!("not in doubt: {other:?}"),
    }
}

/// Between the policy's wait and a tenth more. Nothing happens before.
async fn wait_of(harness: &Harness<'_>, merchant: MerchantId, id: PayoutId, expected: i64) {
    let calls = harness.attempts(merchant, id).await.len();
    let wait = harness.to_next_step(merchant, id).await;
    let range = seconds(expected)..=seconds(expected) * 11 / 10;
    assert!(range.contains(&wait), "waited {wait:?}, not about {expected} s");
    harness.clock.advance(-seconds(1));
    assert_eq!(harness.worker("early").round().await.unwrap(), 0, "a second before its time nothing happens");
    assert_eq!(harness.attempts(merchant, id).await.len(), calls);
    harness.clock.advance(seconds(1));
}

async fn a_payout_paid_without_an_answer_is_in_doubt_until_an_enquiry(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-timeout-paid").await;
    harness.worker("w1").round().await.unwrap();
    let (progress, doubt) = doubt(&harness, merchant, id).await;
    assert_eq!((progress.kind, progress.leased_by), (AttemptKind::Enquire, None));
    assert!(doubt.reason.as_str().contains("504"), "{:?}", doubt.reason);
    assert_eq!(harness.balances(merchant).await, (4_000, 6_000), "nothing is refunded");
    assert_eq!(harness.at_bank(id), Some(("paid".to_owned(), 1)), "though nobody here knows it");
    world.verify();
    wait_of(&harness, merchant, id, 30).await;
    assert_eq!(harness.worker("w2").round().await.unwrap(), 1);
    let payout = harness.payout(merchant, id).await;
    assert!(matches!(&payout.state, State::Completed { utr } if utr.as_str() == "SIMB000000000001"), "{payout:?}");
    assert_eq!(payout.submissions, 1, "an enquiry is no submission");
    assert_eq!(harness.calls(merchant, id).await, ["submit no_answer", "enquire paid"]);
    assert_eq!(harness.balances(merchant).await, (4_000, 0));
    assert_eq!(harness.at_bank(id), Some(("paid".to_owned(), 1)));
    world.verify();
}

async fn a_lost_payout_is_submitted_three_times_closed_and_refunded(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-timeout-unpaid").await;
    let worker = harness.worker("w1");
    assert_eq!(worker.round().await.unwrap(), 1);
    let since = doubt(&harness, merchant, id).await.1.since;
    for (wait, submissions) in [(30, 2), (60, 3)] {
        wait_of(&harness, merchant, id, wait).await;
        assert_eq!(worker.round().await.unwrap(), 2, "an enquiry, and at its word a submission");
        assert_eq!(harness.payout(merchant, id).await.submissions, submissions);
        assert_eq!(harness.at_bank(id), Some(("lost".to_owned(), submissions.into())));
        assert_eq!(harness.balances(merchant).await, (4_000, 6_000));
        assert_eq!(doubt(&harness, merchant, id).await.1.since, since, "a doubt keeps its age");
    }
    assert_eq!(doubt(&harness, merchant, id).await.0.kind, AttemptKind::Close);
    wait_of(&harness, merchant, id, 120).await;
    assert_eq!(worker.round().await.unwrap(), 1);
    let payout = harness.payout(merchant, id).await;
    assert_eq!((payout.status(), payout.submissions), (Status::Failed, 3));
    assert_eq!(harness.balances(merchant).await, (10_000, 0));
    let (submit, enquire) = ("submit no_answer", "enquire never_received");
    assert_eq!(harness.calls(merchant, id).await, [submit, enquire, submit, enquire, submit, "close closed"]);
    refused_if_it_arrives_late(&harness, id).await;
    world.verify();
}

/// One of the three submissions arrives late. The refund stands, so it must not be paid.
async fn refused_if_it_arrives_late(harness: &Harness<'_>, id: PayoutId) {
    let late = harness.rail(PATIENCE).submit(instruction(&id.reference(), 6_000, "demo-timeout-unpaid")).await;
    assert_ne!(late.answer.outcome().as_str(), "paid", "{late:?}");
    assert_eq!(harness.at_bank(id), Some(("closed".to_owned(), 4)));
    let asked = harness.rail(PATIENCE).enquire(instruction(&id.reference(), 6_000, "demo-timeout-unpaid")).await;
    assert_eq!(asked.answer.outcome().as_str(), "closed");
}

async fn a_silent_bank_is_asked_for_ever_and_nothing_is_refunded(world: World) {
    let harness = Harness::start(&world).await;
    // The auditor uses the real time, which the waits must not exceed.
    harness.clock.advance(seconds(-3 * 3_600));
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-silent").await;
    let worker = harness.worker("w1");
    worker.round().await.unwrap();
    let since = doubt(&harness, merchant, id).await.1.since;
    // Doubled, up to half an hour.
    for wait in [30, 60, 120, 240, 480, 960, 1_800, 1_800] {
        wait_of(&harness, merchant, id, wait).await;
        assert_eq!(worker.round().await.unwrap(), 1);
    }
    let payout = harness.payout(merchant, id).await;
    assert_eq!((payout.status(), payout.submissions, payout.unanswered), (Status::Processing, 1, 9));
    assert_eq!(harness.balances(merchant).await, (4_000, 6_000));
    assert_eq!(harness.at_bank(id), Some(("lost".to_owned(), 1)), "asked about, never sent again");
    let list = harness.store.doubtful(10).await.unwrap();
    assert_eq!(list, [(merchant, payout)], "it stands on the operator's list");
    let doubt = doubt(&harness, merchant, id).await.1;
    assert_eq!(doubt.since, since);
    assert!(doubt.reason.as_str().contains("504"), "{:?}", doubt.reason);
    world.verify();
}

async fn a_returned_payout_is_available_again(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(10_000).await;
    let id = harness.pay(merchant, 6_000, "demo-return").await;
    let worker = harness.worker("w1");
    assert_eq!(worker.round().await.unwrap(), 1);
    until("the bank's return is taken in", || async {
        worker.round().await.unwrap();
        harness.status(merchant, id).await == Status::Returned
    })
    .await;
    let State::Returned { utr, reason } = harness.payout(merchant, id).await.state else { unreachable!() };
    assert_eq!((utr.as_str(), reason.as_str()), ("SIMB000000000001", "Beneficiary bank could not credit the account"));
    assert_eq!(harness.balances(merchant).await, (10_000, 0));
    let seen = harness.store.tip(merchant).await.unwrap().seq;
    worker.round().await.unwrap();
    harness.store.put_setting(payrail::worker::returns::RETURNS_CURSOR, "0").await.unwrap();
    worker.round().await.unwrap();
    assert_eq!(harness.store.tip(merchant).await.unwrap().seq, seen, "the same return again moves nothing");
    world.verify();
}

/// 70, 20 and 10 of a hundred; each of the ten without an answer is found or closed.
async fn with_the_default_odds_every_payout_ends(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(100_000).await;
    for _ in 0..100 {
        harness.pay(merchant, 1_000, "demo-bank-account").await;
    }
    let worker = harness.worker_with("w1", PATIENCE, 32);
    while worker.round().await.unwrap() > 0 || harness.balances(merchant).await.1 > 0 {
        harness.clock.advance(seconds(10));
    }
    let payouts = harness.store.payouts(merchant, None, 1_000).await.unwrap();
    let count = |status| payouts.iter().filter(|payout| payout.status() == status).count();
    let (completed, failed) = (count(Status::Completed), count(Status::Failed));
    assert_eq!(completed + failed, 100);
    assert!((60..=90).contains(&completed), "{completed} completed: not the odds that were set");
    assert_eq!(harness.balances(merchant).await, (1_000 * failed as i64, 0));
    world.verify();
}
