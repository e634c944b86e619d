//! A due payout goes to one worker, under a lease. The worker after a lost one asks the bank first.

use jiff::Timestamp;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::payout::{AttemptKind, AttemptOutcome, BankAnswer};
use payrail_store::Store;
use payrail_types::ids::PayoutId;
use payrail_types::rail::RailId;

use crate::world::{
    MICROSECOND, World, at, claim, create, fresh_id, fresh_key, merchant, no_answer, slow_clock, stepped,
};

on_all_stores!(
    nothing_is_claimed_before_it_is_due,
    a_lost_lease_is_taken_over_by_an_enquiry,
    of_many_claimers_one_wins,
    a_released_claim_was_not_sent,
    a_payout_is_cancelled_or_claimed,
    the_work_list_is_in_order,
);

async fn claimed(world: &World, payout: PayoutId, now: Timestamp) -> bool {
    match world.one(merchant(0), claim(payout, "worker-1"), now).await {
        Ok(_) => true,
        Err(refusal) => {
            assert_eq!(refusal, Refusal::NotDue);
            false
        }
    }
}

async fn is_listed(world: &World, payout: PayoutId, now: Timestamp) -> bool {
    world.store.due(now, 100).await.unwrap().contains(&(merchant(0), payout))
}

/// The work list and the engine must agree to the microsecond.
async fn is_due_from(world: &World, payout: PayoutId, due: Timestamp) {
    assert!(!is_listed(world, payout, due - MICROSECOND).await);
    assert!(!claimed(world, payout, due - MICROSECOND).await);
    assert!(is_listed(world, payout, due).await);
    assert!(claimed(world, payout, due).await);
}

async fn nothing_is_claimed_before_it_is_due(world: World) {
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 1_000).await;
    is_due_from(&world, payout, at(0)).await;
    let waits = world.report(merchant(0), payout, 1, no_answer(), at(1)).await.unwrap();
    let due = waits.due_at().unwrap();
    assert!(due > at(30));
    is_due_from(&world, payout, due).await;
    let done = world.report(merchant(0), payout, 2, BankAnswer::Closed, due).await.unwrap();
    assert_eq!(done.due_at(), None);
    let late = at(1_000_000);
    assert!(!is_listed(&world, payout, late).await && !claimed(&world, payout, late).await);
}

async fn a_lost_lease_is_taken_over_by_an_enquiry(world: World) {
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 1_000).await;
    assert_eq!(world.claim(merchant(0), payout, at(0)).await.kind, AttemptKind::Submit);
    let mut end = at(0);
    for number in 2..6 {
        end += world.rules.policy.lease;
        assert!(!is_listed(&world, payout, end - MICROSECOND).await);
        assert!(!claimed(&world, payout, end - MICROSECOND).await);
        let next = world.claim(merchant(0), payout, end).await;
        assert_eq!((next.number, next.kind), (number, AttemptKind::Enquire));
    }
    let stored = world.store.payout(merchant(0), payout).await.unwrap().unwrap();
    assert!(stored.is_in_doubt(), "the call may have gone out");
    assert_eq!(world.store.attempts(merchant(0), payout).await.unwrap().len(), 5);
}

async fn of_many_claimers_one_wins(world: World) {
    world.fund(merchant(0), 10_000).await;
    let stores = [world.store.clone(), world.second_store().await];
    for _ in 0..5 {
        let payout = world.payout(merchant(0), 1_000).await;
        let rules = world.rules;
        let tasks: Vec<_> = (0..8)
            .map(|n| {
                let command = Command { merchant: merchant(0), action: claim(payout, &format!("worker-{n}")) };
                let store = stores[n % 2].clone();
                tokio::spawn(async move { store.execute(&[command], &rules, &slow_clock).await.unwrap().remove(0) })
            })
            .collect();
        let mut winners = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(Reply::Claimed { attempt, .. }) => winners.push(attempt),
                other => assert_eq!(other, Err(Refusal::NotDue)),
            }
        }
        assert_eq!(winners.len(), 1, "{winners:?}");
        let lines = world.store.attempts(merchant(0), payout).await.unwrap();
        assert_eq!(lines.len(), 1);
        assert_eq!((lines[0].number, &lines[0].worker), (1, &winners[0].worker));
    }
}

async fn a_released_claim_was_not_sent(world: World) {
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 1_000).await;
    let number = world.claim(merchant(0), payout, at(0)).await.number;
    let free = stepped(world.one(merchant(0), Action::Release { payout, number }, at(1)).await.unwrap());
    assert_eq!((free.submissions, free.attempts, free.due_at()), (0, 1, Some(at(1))));
    let next = world.claim(merchant(0), payout, at(1)).await;
    assert_eq!((next.number, next.kind), (2, AttemptKind::Submit));
    let lines = world.store.attempts(merchant(0), payout).await.unwrap();
    assert_eq!(lines[0].outcome, Some(AttemptOutcome::Released));
}

async fn a_payout_is_cancelled_or_claimed(world: World) {
    world.fund(merchant(0), 10_000).await;
    let rules = world.rules;
    let stores = [world.store.clone(), world.second_store().await];
    for _ in 0..8 {
        let payout = world.payout(merchant(0), 1_000).await;
        let at_once = |store: &Store, action| {
            let (store, command) = (store.clone(), Command { merchant: merchant(0), action });
            tokio::spawn(async move { store.execute(&[command], &rules, &slow_clock).await.unwrap().remove(0) })
        };
        let cancel = at_once(&stores[0], Action::Cancel { payout });
        let claim = at_once(&stores[1], claim(payout, "worker-1"));
        let (cancelled, claimed) = (cancel.await.unwrap().is_ok(), claim.await.unwrap().is_ok());
        assert!(cancelled != claimed, "cancelled: {cancelled}, claimed: {claimed}");
    }
}

async fn the_work_list_is_in_order(world: World) {
    let mut expected = Vec::new();
    for (number, seconds) in [(0, 30), (1, 10), (2, 20), (0, 5), (1, 40)] {
        let (owner, id) = (merchant(number), fresh_id(merchant(number)));
        world.fund(owner, 1_000).await;
        world.ask(owner, create(id, fresh_key(), 10), at(seconds)).await;
        expected.push((seconds, (owner, id)));
    }
    expected.sort_by_key(|(seconds, _)| *seconds);
    let due: Vec<_> = expected.into_iter().map(|(_, payout)| payout).collect();
    assert_eq!(world.store.due(at(40), 100).await.unwrap(), due);
    assert_eq!(world.store.due(at(29), 100).await.unwrap(), due[..3]);
    assert_eq!(world.store.due(at(40), 2).await.unwrap(), due[..2]);
    assert_eq!(world.store.due(at(4), 100).await.unwrap(), []);
    // From a time on, inclusive.
    let timed = |(place, seconds): (usize, i64)| (due[place].0, due[place].1, at(seconds));
    let later = [(1, 10), (2, 20), (3, 30)].map(timed);
    assert_eq!(world.store.due_from(RailId::DEFAULT, at(10), at(30), 100).await.unwrap(), later);
    assert_eq!(world.store.due_from(RailId::DEFAULT, at(10), at(30), 1).await.unwrap(), later[..1]);
    assert_eq!(world.store.due_from(RailId::DEFAULT, at(31), at(39), 100).await.unwrap(), []);
}
