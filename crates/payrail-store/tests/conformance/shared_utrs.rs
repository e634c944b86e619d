//! Two payouts that are settled under one UTR by two transactions that do not see each other: the settlements are found
//! afterwards, and recorded once.

use jiff::SignedDuration;
use payrail_core::bank_return::{Exception, ExceptionKind};
use payrail_core::command::Command;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_store::{ExceptionFilter, ExceptionLine, Position, Store};

use crate::world::{MICROSECOND, Paused, World, at, merchant, paid, report};

on_both_stores!(
    what_no_transaction_saw_is_found_and_recorded_once,
    what_a_transaction_recorded_is_not_found_again,
    entries_are_walked_through_in_pages,
    the_walk_follows_indexes,
);
on_postgres_only!(two_transactions_at_one_moment_see_nothing_of_each_other, an_open_transaction_holds_the_time_back);

async fn exceptions(store: &Store) -> Vec<ExceptionLine> {
    store.exceptions(ExceptionFilter::All, Position::newest(at(1_000_000)), 100).await.unwrap()
}

/// A payout of each of two merchants, claimed; to be settled under UTR1.
async fn claimed(world: &World) -> [(MerchantId, PayoutId); 2] {
    let mut payouts = Vec::new();
    for owner in [merchant(0), merchant(1)] {
        world.fund(owner, 10_000).await;
        let payout = world.payout(owner, 1_000).await;
        world.claim(owner, payout, at(0)).await;
        payouts.push((owner, payout));
    }
    payouts.try_into().unwrap()
}

fn settle((merchant, payout): (MerchantId, PayoutId)) -> Vec<Command> {
    vec![Command { merchant, action: report(payout, 1, paid()) }]
}

async fn found(world: &World) -> Vec<String> {
    world.store.shared_utrs_settled(at(0) - MICROSECOND, at(10)).await.unwrap()
}

/// Eight processes at once find the same, and each records it.
async fn recorded_once(world: &World, payouts: [(MerchantId, PayoutId); 2]) {
    assert_eq!(found(world).await, ["UTR1"]);
    let mut in_order = payouts.to_vec();
    in_order.sort_by_key(|(_, payout)| *payout);
    assert_eq!(world.store.unrecorded_under("UTR1", 10).await.unwrap(), in_order);
    let processes = (0..8).map(|number| {
        let (store, payouts) = (world.store.clone(), in_order.clone());
        tokio::spawn(async move {
            for (merchant, exception) in Exception::of_shared_utr("UTR1", &payouts, at(number)) {
                store.record_exception_of(merchant, &exception).await.unwrap();
            }
        })
    });
    for process in processes.collect::<Vec<_>>() {
        process.await.unwrap();
    }
    let lines = exceptions(&world.store).await;
    assert_eq!(lines.len(), 1);
    let (line, [(_, keeps), (owner, other)]) = (&lines[0], in_order[..].try_into().unwrap());
    assert_eq!((line.merchant, line.exception.kind), (Some(owner), ExceptionKind::DuplicateUtr));
    assert_eq!((line.exception.payout, line.exception.other_payout), (Some(other), Some(keeps)));
    assert_eq!(line.exception.stated.utr.as_deref(), Some("UTR1"));
    assert_eq!(found(world).await, Vec::<String>::new());
    assert_eq!(world.store.unrecorded_under("UTR1", 10).await.unwrap(), in_order[..1]);
    let mut snapshot = world.store.snapshot().await.unwrap();
    let shared = snapshot.shared_utrs("", "UTR9", 10).await.unwrap();
    assert_eq!(shared.iter().filter(|payout| !payout.is_recorded).count(), 1, "verify is content");
}

/// On SQLite, whose one writer sees everything, by a hand that changes a row past all triggers.
async fn what_no_transaction_saw_is_found_and_recorded_once(world: World) {
    let payouts = claimed(&world).await;
    world.run(&settle(payouts[0]), at(1)).await.unwrap();
    let other = payrail_core::payout::BankAnswer::Paid { utr: "UTR2".to_owned() };
    world.report(payouts[1].0, payouts[1].1, 1, other, at(2)).await.unwrap();
    assert_eq!(found(&world).await, Vec::<String>::new());
    let mut raw = world.raw().await;
    let on = if world.is_postgres() { " ON payouts" } else { "" };
    raw.exec(&format!("DROP TRIGGER payouts_legal_steps{on}")).await;
    raw.exec("UPDATE payouts SET utr = 'UTR1' WHERE utr = 'UTR2'").await;
    recorded_once(&world, payouts).await;
}

/// The hole itself: two transactions that are held open at the same moment.
async fn two_transactions_at_one_moment_see_nothing_of_each_other(world: World) {
    let payouts = claimed(&world).await;
    let mut paused = Vec::new();
    for payout in payouts {
        paused.push(Paused::start(&world.store, settle(payout), world.rules).await);
    }
    for paused in paused {
        paused.finish().await.unwrap().remove(0).unwrap();
    }
    assert_eq!(exceptions(&world.store).await, [], "neither saw the other");
    recorded_once(&world, payouts).await;
}

async fn what_a_transaction_recorded_is_not_found_again(world: World) {
    let [first, second] = claimed(&world).await;
    world.run(&settle(first), at(1)).await.unwrap();
    world.run(&settle(second), at(2)).await.unwrap();
    assert_eq!(exceptions(&world.store).await.len(), 1);
    let found = world.store.shared_utrs_settled(at(1), at(10)).await.unwrap();
    assert_eq!(found, Vec::<String>::new());
    assert_eq!(world.store.unrecorded_under("UTR1", 10).await.unwrap(), [first]);
}

/// What commits later than the time must have no entry before it.
async fn an_open_transaction_holds_the_time_back(world: World) {
    let payouts = claimed(&world).await;
    let before = world.store.settlements_visible_to().await.unwrap();
    let paused = Paused::start(&world.store, settle(payouts[0]), world.rules).await;
    let held = world.store.settlements_visible_to().await.unwrap();
    let still = world.store.settlements_visible_to().await.unwrap();
    assert!(
        before < held && held == still,
        "{before} {held} {still}: the time stands still at the transaction's begin"
    );
    paused.finish().await.unwrap().remove(0).unwrap();
    assert!(world.store.settlements_visible_to().await.unwrap() > held);
}

async fn entries_are_walked_through_in_pages(world: World) {
    world.fund(merchant(0), 10_000).await;
    let fund = |at| (crate::world::fund(crate::world::fresh_key(), 1), at);
    // Three at one time: a page ends with all of them.
    for (action, at) in [fund(at(1)), fund(at(1)), fund(at(1)), fund(at(2)), fund(at(3))] {
        world.one(merchant(0), action, at).await.unwrap();
    }
    let (mut ends, mut after) = (Vec::new(), at(0) - MICROSECOND);
    while let Some(end) = world.store.entries_page(after, at(2), 2).await.unwrap() {
        ends.push(end);
        after = end;
    }
    assert_eq!(ends, [at(1), at(2)]);
    assert_eq!(world.store.entries_page(at(3), at(3) + SignedDuration::from_hours(1), 2).await.unwrap(), None);
}

async fn the_walk_follows_indexes(world: World) {
    let payouts = claimed(&world).await;
    world.run(&settle(payouts[0]), at(1)).await.unwrap();
    let mut raw = world.raw().await;
    if world.is_postgres() {
        raw.exec("SET enable_seqscan = off").await;
    }
    let (from, to) = (raw.at(at(0)), raw.at(at(10)));
    let plan = raw
        .plan(&format!(
            "WITH settled AS MATERIALIZED (SELECT e.bucket, e.merchant_id, e.payout_id, (SELECT p.utr FROM payouts p \
                 WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id AND p.id = e.payout_id) AS utr \
               FROM ledger_entries e WHERE e.created_at > {from} AND e.created_at <= {to} AND e.kind = 'settle') \
             SELECT DISTINCT s.utr FROM settled s \
             WHERE (SELECT o.id FROM payouts o WHERE o.utr = s.utr AND o.id <> s.payout_id \
                    AND (SELECT x.id FROM exceptions x WHERE x.bucket = o.bucket AND x.merchant_id = o.merchant_id \
                         AND x.payout_id = o.id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL LIMIT 1) IS NOT NULL \
               AND (SELECT x.id FROM exceptions x WHERE x.bucket = s.bucket AND x.merchant_id = s.merchant_id \
                    AND x.payout_id = s.payout_id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL"
        ))
        .await;
    let primary_key = if world.is_postgres() { "payouts_pkey" } else { "PRIMARY KEY" };
    for index in ["ledger_newest", primary_key, "payouts_by_utr"] {
        assert!(plan.iter().any(|step| step.contains(index)), "{index}: {plan:#?}");
    }
    let whole = |step: &String| step.contains("Seq Scan") || step.starts_with("SCAN e") || step.starts_with("SCAN o");
    assert!(!plan.iter().any(whole), "{plan:#?}");
}
