//! Two transactions that do not see each other settle two payouts of one bank under one UTR. The settlements are found
//! afterwards, and one exception is recorded.

use jiff::SignedDuration;
use payrail_core::bank_return::{Exception, ExceptionKind};
use payrail_core::command::{Action, Command};
use payrail_store::{ExceptionFilter, ExceptionLine, Position, Store};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::rail::BankId;

use crate::world::{MICROSECOND, Paused, World, at, merchant, paid, report};

on_both_stores!(
    utrs_of_different_banks_are_unrelated,
    two_of_one_merchant_in_one_batch_are_told_apart,
    a_payout_that_names_no_bank_went_to_the_one_that_was_remembered,
    shared_utrs_that_no_transaction_saw_are_recorded_once,
    recorded_exceptions_are_not_found_again,
    entries_are_walked_through_in_pages,
    the_walk_follows_indexes,
);
on_postgres_only!(concurrent_transactions_do_not_see_each_other, an_open_transaction_holds_the_time_back);

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

async fn found(world: &World) -> Vec<(BankId, Utr)> {
    world.store.shared_utrs_settled(at(0) - MICROSECOND, at(10)).await.unwrap()
}

fn none() -> Vec<(BankId, Utr)> {
    Vec::new()
}

/// The bank that `World::claim` claims for.
fn bank() -> BankId {
    BankId::new("")
}

/// Eight processes find the same at once, and each records it.
async fn recorded_once(world: &World, payouts: [(MerchantId, PayoutId); 2]) {
    assert_eq!(found(world).await, [(bank(), Utr::from_stored("UTR1"))]);
    let mut in_order = payouts.to_vec();
    in_order.sort_by_key(|(_, payout)| *payout);
    assert_eq!(world.store.unrecorded_under(&bank(), &Utr::from_stored("UTR1"), 10).await.unwrap(), in_order);
    let processes = (0..8).map(|number| {
        let (store, payouts) = (world.store.clone(), in_order.clone());
        tokio::spawn(async move {
            for (merchant, exception) in Exception::from_shared_utr(&Utr::from_stored("UTR1"), &payouts, at(number)) {
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
    assert_eq!(found(world).await, none());
    assert_eq!(world.store.unrecorded_under(&bank(), &Utr::from_stored("UTR1"), 10).await.unwrap(), in_order[..1]);
    let shared = world.store.shared_utrs("", "UTR9", 10).await.unwrap();
    assert_eq!(shared.iter().filter(|payout| !payout.is_recorded).count(), 1, "verify is content");
}

/// Claimed by a worker of this bank; to be settled.
async fn claimed_for(world: &World, owner: MerchantId, bank: &str) -> PayoutId {
    let payout = world.payout(owner, 1_000).await;
    let claim = Action::Claim { payout, worker: "worker-1".to_owned(), bank: Some(BankId::new(bank)) };
    world.one(owner, claim, at(0)).await.unwrap();
    payout
}

/// The payouts that are exceptions, each with the one that it shares its UTR with.
async fn recorded(world: &World) -> Vec<(PayoutId, PayoutId)> {
    let lines = exceptions(&world.store).await;
    let mut pairs: Vec<_> =
        lines.iter().map(|line| (line.exception.payout.unwrap(), line.exception.other_payout.unwrap())).collect();
    pairs.sort();
    pairs
}

async fn shared(world: &World) -> Vec<(String, PayoutId)> {
    let shared = world.store.shared_utrs("", "UTR9", 10).await.unwrap();
    shared.into_iter().map(|payout| (payout.bank, PayoutId(payout.id))).collect()
}

async fn utrs_of_different_banks_are_unrelated(world: World) {
    let mut payouts = Vec::new();
    for (owner, bank) in [(merchant(0), "A"), (merchant(1), "B"), (merchant(1), "A")] {
        world.fund(owner, 10_000).await;
        payouts.push((owner, claimed_for(&world, owner, bank).await));
    }
    // The first two in one batch: neither is in the database when the other is looked for.
    let both: Vec<_> = payouts[..2].iter().flat_map(|payout| settle(*payout)).collect();
    world.run(&both, at(1)).await.unwrap();
    assert_eq!((recorded(&world).await, shared(&world).await, found(&world).await), (vec![], vec![], none()));
    world.run(&settle(payouts[2]), at(2)).await.unwrap();
    let [(_, first), (_, _), (_, third)] = payouts[..] else { unreachable!() };
    assert_eq!(recorded(&world).await, [(third, first)]);
    let mut of_one_bank = vec![("A".to_owned(), first), ("A".to_owned(), third)];
    of_one_bank.sort();
    assert_eq!((shared(&world).await, found(&world).await), (of_one_bank, none()));
    assert_eq!(
        world.store.unrecorded_under(&BankId::new("A"), &Utr::from_stored("UTR1"), 10).await.unwrap(),
        [payouts[0]]
    );
    assert_eq!(
        world.store.unrecorded_under(&BankId::new("B"), &Utr::from_stored("UTR1"), 10).await.unwrap(),
        [payouts[1]]
    );
}

/// Each has its own look-up under the one UTR: neither takes the other's place.
async fn two_of_one_merchant_in_one_batch_are_told_apart(world: World) {
    world.fund(merchant(0), 10_000).await;
    let mut payouts = Vec::new();
    for bank in ["A", "A", "B"] {
        payouts.push((merchant(0), claimed_for(&world, merchant(0), bank).await));
    }
    world.run(&settle(payouts[0]), at(1)).await.unwrap();
    let both: Vec<_> = payouts[1..].iter().flat_map(|payout| settle(*payout)).collect();
    world.run(&both, at(2)).await.unwrap();
    assert_eq!(recorded(&world).await, [(payouts[1].1, payouts[0].1)]);
}

/// Of an earlier version.
async fn a_payout_that_names_no_bank_went_to_the_one_that_was_remembered(world: World) {
    world.store.put_setting("bank_of_old_payouts", "A").await.unwrap();
    let old = claimed(&world).await[0];
    world.run(&settle(old), at(1)).await.unwrap();
    let (same, other) = (claimed_for(&world, old.0, "A").await, claimed_for(&world, old.0, "B").await);
    world.run(&settle((old.0, same)), at(2)).await.unwrap();
    world.run(&settle((old.0, other)), at(3)).await.unwrap();
    assert_eq!(recorded(&world).await, [(same, old.1)]);
}

/// SQLite's one writer sees everything, so there the test changes a row with the triggers off.
async fn shared_utrs_that_no_transaction_saw_are_recorded_once(world: World) {
    let payouts = claimed(&world).await;
    world.run(&settle(payouts[0]), at(1)).await.unwrap();
    let other = payrail_core::payout::BankAnswer::Paid { utr: Utr::from_stored("UTR2") };
    world.report(payouts[1].0, payouts[1].1, 1, other, at(2)).await.unwrap();
    assert_eq!(found(&world).await, none());
    let mut raw = world.raw().await;
    let on = if world.is_postgres() { " ON payouts" } else { "" };
    raw.exec(&format!("DROP TRIGGER payouts_legal_steps{on}")).await;
    raw.exec("UPDATE payouts SET utr = 'UTR1' WHERE utr = 'UTR2'").await;
    recorded_once(&world, payouts).await;
}

/// The race itself: two transactions that are open at the same time.
async fn concurrent_transactions_do_not_see_each_other(world: World) {
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

async fn recorded_exceptions_are_not_found_again(world: World) {
    let [first, second] = claimed(&world).await;
    world.run(&settle(first), at(1)).await.unwrap();
    world.run(&settle(second), at(2)).await.unwrap();
    assert_eq!(exceptions(&world.store).await.len(), 1);
    let found = world.store.shared_utrs_settled(at(1), at(10)).await.unwrap();
    assert_eq!(found, none());
    assert_eq!(world.store.unrecorded_under(&bank(), &Utr::from_stored("UTR1"), 10).await.unwrap(), [first]);
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

const BANK: &str = "coalesce(?.bank, (SELECT value FROM settings WHERE name = 'bank_of_old_payouts'), '')";

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
            "WITH settled AS MATERIALIZED (SELECT e.bucket, e.merchant_id, e.payout_id, \
                 (SELECT p.utr FROM payouts p WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id \
                  AND p.id = e.payout_id) AS utr, \
                 (SELECT {} FROM payouts p WHERE p.bucket = e.bucket AND p.merchant_id = e.merchant_id \
                  AND p.id = e.payout_id) AS bank \
               FROM ledger_entries e WHERE e.created_at > {from} AND e.created_at <= {to} AND e.kind = 'settle') \
             SELECT DISTINCT s.bank, s.utr FROM settled s \
             WHERE (SELECT o.id FROM payouts o WHERE o.utr = s.utr AND o.id <> s.payout_id AND {} = s.bank \
                    AND (SELECT x.id FROM exceptions x WHERE x.bucket = o.bucket AND x.merchant_id = o.merchant_id \
                         AND x.payout_id = o.id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL LIMIT 1) IS NOT NULL \
               AND (SELECT x.id FROM exceptions x WHERE x.bucket = s.bucket AND x.merchant_id = s.merchant_id \
                    AND x.payout_id = s.payout_id AND x.kind = 'duplicate_utr' LIMIT 1) IS NULL",
            BANK.replace('?', "p"),
            BANK.replace('?', "o")
        ))
        .await;
    let primary_key = if world.is_postgres() { "payouts_pkey" } else { "PRIMARY KEY" };
    for index in ["ledger_newest", primary_key, "payouts_by_utr"] {
        assert!(plan.iter().any(|step| step.contains(index)), "{index}: {plan:#?}");
    }
    let whole = |step: &String| step.contains("Seq Scan") || step.starts_with("SCAN e") || step.starts_with("SCAN o");
    assert!(!plan.iter().any(whole), "{plan:#?}");
}
