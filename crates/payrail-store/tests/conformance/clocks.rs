//! The time comes from the clock that all processes share, and a book's times never run backwards.

use jiff::SignedDuration;
use payrail_core::command::{Action, Command, Refusal};
use payrail_core::payout::{AttemptKind, Payout};
use payrail_store::Now;
use payrail_types::ids::PayoutId;

use crate::world::{World, at, by, create, fresh_id, fresh_key, fund, merchant};

on_both_stores!(
    a_clock_set_back_keeps_the_book_in_order_and_delays_nobody,
    payouts_of_a_fast_clock_are_listed_and_brought_forward,
);
on_postgres_only!(the_time_is_the_databases, the_shared_clock_follows_the_database);

async fn paid_in(world: &World, now: Now<'_>) -> Payout {
    let id = fresh_id(merchant(0));
    let batch = [Command { merchant: merchant(0), action: create(id, fresh_key(), 1) }];
    world.store.execute(&batch, &world.rules, now).await.unwrap().remove(0).unwrap();
    stored(world, id).await
}

async fn stored(world: &World, id: PayoutId) -> Payout {
    world.store.payout(merchant(0), id).await.unwrap().unwrap()
}

/// After a failover the new database's clock may be behind.
async fn a_clock_set_back_keeps_the_book_in_order_and_delays_nobody(world: World) {
    let ahead = at(25 * 3_600);
    world.ask(merchant(0), fund(fresh_key(), 1_000), ahead).await;
    let payout = paid_in(&world, Now::Given(&|| at(0))).await;
    assert_eq!((payout.created_at, payout.updated_at, payout.due_at()), (ahead, ahead, Some(at(0))));
    assert_eq!(world.store.due(at(0), 10).await.unwrap(), [(merchant(0), payout.id)]);
    let attempt = world.claim(merchant(0), payout.id, at(1)).await;
    assert_eq!(attempt.started_at, ahead);
    let leased = stored(&world, payout.id).await;
    assert_eq!(leased.due_at(), Some(at(1) + world.rules.policy.lease));
    world.report(merchant(0), payout.id, 1, crate::world::paid(), at(2)).await.unwrap();
    let lines = world.store.ledger(merchant(0), i64::MAX, 10).await.unwrap();
    assert!(lines.iter().all(|line| line.entry.created_at == ahead));
    let ends = world.store.attempts(merchant(0), payout.id).await.unwrap();
    assert!(ends.iter().all(|attempt| attempt.ended_at == Some(ahead)));
}

/// It is read within the transaction, after the locks, not before it or at its beginning.
async fn the_time_is_the_databases(world: World) {
    let mut raw = world.raw().await;
    let clock = "SELECT cast((extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS text)";
    let micros = |texts: Vec<String>| texts[0].parse::<i64>().unwrap();
    let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 10) }];
    world.store.execute(&batch, &world.rules, Now::Shared).await.unwrap().remove(0).unwrap();
    raw.exec("BEGIN; UPDATE merchants SET name = 'locked'").await;
    let store = world.store.clone();
    let rules = world.rules;
    let waiting = tokio::spawn(async move {
        let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 10) }];
        store.execute(&batch, &rules, Now::Shared).await
    });
    world.until_one_waits().await;
    let mut other = world.raw().await;
    let before = micros(other.texts(clock).await);
    raw.exec("COMMIT").await;
    waiting.await.unwrap().unwrap().remove(0).unwrap();
    let after = micros(other.texts(clock).await);
    let written = world.store.ledger(merchant(0), i64::MAX, 1).await.unwrap()[0].entry.created_at.as_microsecond();
    assert!((before..=after).contains(&written), "{before} {written} {after}");
}

async fn the_shared_clock_follows_the_database(world: World) {
    let difference = world.store.compare_clocks().await.unwrap();
    // On one machine there is one clock.
    assert!(!difference.exceeds(std::time::Duration::from_millis(50)), "{difference:?}");
    let (clock, mut raw) = (world.store.clock(), world.raw().await);
    let micros: i64 = raw.texts("SELECT cast((extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS text)").await
        [0]
    .parse()
    .unwrap();
    let passed = clock.now().duration_since(jiff::Timestamp::from_microsecond(micros).unwrap());
    assert!(passed > SignedDuration::from_secs(-1) && passed < SignedDuration::from_secs(60), "{passed:?}");
}

async fn payouts_of_a_fast_clock_are_listed_and_brought_forward(world: World) {
    world.fund(merchant(0), 1_000).await;
    let ahead = at(25 * 3_600);
    let pending = paid_in(&world, Now::Given(&|| ahead)).await.id;
    let held = paid_in(&world, Now::Given(&|| at(0))).await.id;
    world.claim(merchant(0), held, ahead).await;
    let in_time = paid_in(&world, Now::Given(&|| at(0))).await.id;
    let listed = world.store.due_far_ahead(at(0), 10).await.unwrap();
    // The lease makes it the later one.
    assert_eq!(listed.iter().map(|(_, payout)| payout.id).collect::<Vec<_>>(), [held, pending]);
    let counted = world.store.count_due_far_ahead(at(0)).await.unwrap();
    assert_eq!((counted.count, counted.oldest), (2, Some(ahead)));
    let forward = |payout| Action::BringForward { payout, reason: "a wrong clock".to_owned(), by: by() };
    for id in [pending, held] {
        let brought = world.stored(world.one(merchant(0), forward(id), at(1)).await).await;
        assert_eq!(brought.due_at(), Some(at(1)));
    }
    assert_eq!(world.one(merchant(0), forward(in_time), at(1)).await, Err(Refusal::NotFarAhead));
    assert_eq!(world.store.count_due_far_ahead(at(1)).await.unwrap().count, 0);
    assert_eq!(world.claim(merchant(0), held, at(1)).await.kind, AttemptKind::Enquire);
    assert_eq!(world.claim(merchant(0), pending, at(1)).await.kind, AttemptKind::Submit);
    // It never runs backwards, even after a manual change of the database.
    let mut raw = world.raw().await;
    let later = format!("UPDATE payouts SET due_at = {} WHERE {}", raw.at(at(9)), raw.payout(merchant(0), in_time));
    raw.refuses(&later).await;
}
