//! Never refunded and paid: a payout's outcome is written once, by the attempt that holds it.

use payrail_core::command::{Action, Command, Refusal};
use payrail_core::payout::{AttemptKind, AttemptOutcome, BankAnswer, Status};
use payrail_types::ids::PayoutId;

use crate::forged::Forged;
use crate::world::{World, at, back, claim, fresh_id, merchant, no_answer, paid, refused, report, slow_clock};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    no_second_outcome_enters_the_ledger,
    an_attempt_reports_once,
    an_attempt_that_was_overtaken_is_stale,
    a_late_report_counts_until_another_worker_has_it,
    of_two_reports_at_once_one_counts,
    money_comes_back_once,
);

/// Merchant 0 has enough in hand and held for any further outcome to add up.
async fn rich(world: &World) {
    world.fund(merchant(0), 100_000).await;
    world.payout(merchant(0), 50_000).await;
}

/// SQLite's REPLACE would push out the first one, which the unique index finds in its way.
async fn refused_as_a_second(raw: &mut Raw, entry: &Forged<'_>) {
    let insert = entry.insert(raw, merchant(0));
    raw.refuses(&insert).await;
    if let Raw::Sqlite(_) = raw {
        raw.refuses(&insert.replacen("INSERT", "INSERT OR REPLACE", 1)).await;
    }
}

async fn no_second_outcome_enters_the_ledger(world: World) {
    rich(&world).await;
    let mut raw = world.raw().await;
    for answer in [paid(), refused()] {
        let payout = world.ended(merchant(0), 1_000, answer).await;
        let tip = world.store.tip(merchant(0)).await.unwrap();
        let (available, held) = world.balances(merchant(0)).await;
        for (kind, after) in [("settle", (available, held - 1_000)), ("refund", (available + 1_000, held - 1_000))] {
            let mut second = Forged { seq: tip.seq + 1, kind, amount: 1_000, after, payout: Some(payout) };
            refused_as_a_second(&mut raw, &second).await;
            // Of another payout it would be right, so the chain had nothing against it.
            second.payout = Some(fresh_id(merchant(0)));
            raw.exec(&format!("BEGIN; {}; ROLLBACK", second.insert(&raw, merchant(0)))).await;
        }
    }
}

async fn an_attempt_reports_once(world: World) {
    rich(&world).await;
    for (answer, status) in
        [(paid(), Status::Completed), (refused(), Status::Failed), (no_answer(), Status::Processing)]
    {
        let payout = world.payout(merchant(0), 1_000).await;
        let number = world.claim(merchant(0), payout, at(0)).await.number;
        let next = world.report(merchant(0), payout, number, answer, at(1)).await.unwrap();
        assert_eq!(next.status(), status);
        let before = world.balances(merchant(0)).await;
        for second in [paid(), refused(), no_answer(), BankAnswer::Closed] {
            let again = world.report(merchant(0), payout, number, second, at(2)).await;
            assert_eq!(again, Err(Refusal::StaleAttempt));
        }
        let release = world.one(merchant(0), Action::Release { payout, number }, at(2)).await;
        assert_eq!(release, Err(Refusal::StaleAttempt));
        assert_eq!(world.balances(merchant(0)).await, before);
    }
}

async fn an_attempt_that_was_overtaken_is_stale(world: World) {
    rich(&world).await;
    let payout = world.payout(merchant(0), 1_000).await;
    let lost = world.claim(merchant(0), payout, at(0)).await;
    let next = world.claim(merchant(0), payout, at(0) + world.rules.policy.lease).await;
    assert_eq!((lost.number, next.number, next.kind), (1, 2, AttemptKind::Enquire));
    for answer in [paid(), refused()] {
        assert_eq!(world.report(merchant(0), payout, 1, answer, at(61)).await, Err(Refusal::StaleAttempt));
    }
    // Neither does one count that nobody has made yet.
    assert_eq!(world.report(merchant(0), payout, 3, paid(), at(61)).await, Err(Refusal::StaleAttempt));
    let done = world.report(merchant(0), payout, 2, paid(), at(62)).await.unwrap();
    assert_eq!(done.status(), Status::Completed);
    let lines = world.store.attempts(merchant(0), payout).await.unwrap();
    let outcomes: Vec<_> = lines.iter().map(|line| line.outcome).collect();
    assert_eq!(outcomes, [None, Some(AttemptOutcome::Paid)], "the lost attempt stays open: nobody knows how it ended");
}

async fn a_late_report_counts_until_another_worker_has_it(world: World) {
    rich(&world).await;
    let payout = world.payout(merchant(0), 1_000).await;
    let number = world.claim(merchant(0), payout, at(0)).await.number;
    let late = at(0) + world.rules.policy.lease * 10;
    assert_eq!(world.report(merchant(0), payout, number, paid(), late).await.unwrap().status(), Status::Completed);
    assert_eq!(world.one(merchant(0), claim(payout, "worker-2"), late).await, Err(Refusal::NotDue));
}

/// The same command from two processes, as often as there are answers; exactly one gets through.
async fn one_of_all(world: &World, commands: Vec<Command>) -> usize {
    let stores = [world.store.clone(), world.second_store().await];
    let rules = world.rules;
    let tasks: Vec<_> = commands
        .into_iter()
        .enumerate()
        .map(|(n, command)| {
            let store = stores[n % 2].clone();
            tokio::spawn(async move { store.execute(&[command], &rules, &slow_clock).await.unwrap().remove(0) })
        })
        .collect();
    let mut through = Vec::new();
    for (n, task) in tasks.into_iter().enumerate() {
        if task.await.unwrap().is_ok() {
            through.push(n);
        }
    }
    assert_eq!(through.len(), 1, "{through:?}");
    through[0]
}

async fn of_two_reports_at_once_one_counts(world: World) {
    rich(&world).await;
    for _ in 0..5 {
        let (available, held) = world.balances(merchant(0)).await;
        let payout: PayoutId = world.payout(merchant(0), 1_000).await;
        let number = world.claim(merchant(0), payout, at(0)).await.number;
        let commands = (0..8)
            .map(|n| Command {
                merchant: merchant(0),
                action: report(payout, number, if n % 2 == 0 { paid() } else { refused() }),
            })
            .collect();
        let was_paid = one_of_all(&world, commands).await % 2 == 0;
        let expected = if was_paid { (available - 1_000, held) } else { (available, held) };
        assert_eq!(world.balances(merchant(0)).await, expected);
    }
}

async fn money_comes_back_once(world: World) {
    rich(&world).await;
    let payout = world.ended(merchant(0), 1_000, paid()).await;
    let (available, held) = world.balances(merchant(0)).await;
    let back = Command { merchant: merchant(0), action: back(payout, 1_000) };
    one_of_all(&world, vec![back.clone(); 8]).await;
    assert_eq!(world.balances(merchant(0)).await, (available + 1_000, held));
    let again = world.one(back.merchant, back.action, at(9)).await;
    assert_eq!(again, Err(Refusal::NotReturnable(Status::Returned)));
    // Past the store neither.
    let mut raw = world.raw().await;
    let seq = world.store.tip(merchant(0)).await.unwrap().seq + 1;
    let after = (available + 2_000, held);
    let second = Forged { seq, kind: "return", amount: 1_000, after, payout: Some(payout) };
    refused_as_a_second(&mut raw, &second).await;
}
