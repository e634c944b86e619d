//! Errors are classified by what the caller must do, and leave the store usable.

use std::time::{Duration, Instant};

use payrail_core::command::Command;
use payrail_store::testing::DEADLINE;
use payrail_store::{Store, StoreError};
use payrail_types::ids::MerchantId;

use crate::dump::Dump;
use crate::world::{Paused, World, at, create, fresh_id, fresh_key, fund, merchant};
use payrail_store::testing::Sql as Raw;

on_both_stores!(an_unavailable_lock_is_busy, a_caller_that_goes_away_leaves_no_lock, a_bad_address_is_named);
on_postgres_only!(
    a_deadlock_may_be_tried_again,
    a_connection_that_dies_in_the_middle_writes_nothing,
    connections_that_died_while_idle_are_replaced,
    a_server_that_is_not_there_is_unavailable,
);
on_sqlite_only!(a_file_that_is_not_a_database_is_corrupt);

fn wish(number: u8) -> Command {
    Command { merchant: merchant(number), action: fund(fresh_key(), 100) }
}

/// In a transaction of its own, until that ends.
async fn lock(raw: &mut Raw, merchant: MerchantId) {
    let id = raw.id(merchant.0);
    raw.exec(&match raw {
        Raw::Postgres(_) => format!("BEGIN; SELECT FROM merchants WHERE id = {id} FOR UPDATE"),
        Raw::Sqlite(_) => "BEGIN IMMEDIATE".to_owned(),
    })
    .await;
}

async fn an_unavailable_lock_is_busy(world: World) {
    let mut raw = world.raw().await;
    lock(&mut raw, merchant(0)).await;
    let begun = Instant::now();
    let error = world.run(&[wish(1), wish(0)], at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Busy(_)), "{error:?}");
    let waited = begun.elapsed();
    assert!((Duration::from_secs(4)..DEADLINE).contains(&waited), "{waited:?}");
    raw.exec("ROLLBACK").await;
    assert!(world.run(&[wish(1), wish(0)], at(0)).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(world.balances(merchant(0)).await, (100, 0));
}

async fn a_caller_that_goes_away_leaves_no_lock(world: World) {
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    lock(&mut raw, merchant(0)).await;
    let batch = [wish(1), wish(0)];
    for _ in 0..3 {
        tokio::select! {
            done = world.run(&batch, at(0)) => panic!("it did not wait for the lock: {done:?}"),
            () = world.until_one_waits() => {}
        }
    }
    raw.exec("ROLLBACK").await;
    assert_eq!(Dump::of(&mut raw).await, before);
    assert!(world.run(&[wish(0), wish(1)], at(0)).await.unwrap().iter().all(Result::is_ok));
    // Others can also lock what the abandoned ones were about to lock.
    lock(&mut raw, merchant(1)).await;
    raw.exec("COMMIT").await;
}

async fn a_bad_address_is_named(world: World) {
    for url in
        ["mysql://localhost/x", "", "payrail.db", "postgres://a:b:c:d", "postgres://me@db/pay?sslmode=on", "sqlite:"]
    {
        match Store::open(url, 1, 1).await.unwrap_err() {
            StoreError::Address(why) => assert!(why.starts_with("DATABASE_URL"), "{url}: {why}"),
            other => panic!("{url}: {other:?}"),
        }
    }
    let error = Store::open("sqlite:///no/such/folder/payrail.db", 1, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(world.run(&[wish(0)], at(0)).await.is_ok());
}

/// The store holds merchant 0 and waits for 1; we hold 1 and wait for 0.
async fn a_deadlock_may_be_tried_again(world: World) {
    let mut raw = world.raw().await;
    // The store's backend must be the one that detects the deadlock.
    raw.exec("SET deadlock_timeout = '60s'").await;
    lock(&mut raw, merchant(1)).await;
    let (store, rules) = (world.store.clone(), world.rules);
    let batch = [wish(0), wish(1)];
    let repeat = batch.clone();
    let waiting = tokio::spawn(async move { store.execute(&batch, &rules, &|| at(0)).await });
    world.until_one_waits().await;
    let id = raw.id(merchant(0).0);
    raw.exec(&format!("SELECT FROM merchants WHERE id = {id} FOR UPDATE")).await;
    let error = waiting.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Retry(_)), "{error:?}");
    raw.exec("ROLLBACK").await;
    assert!(world.run(&repeat, at(0)).await.unwrap().iter().all(Result::is_ok));
    assert_eq!(world.balances(merchant(0)).await, (100, 0));
}

/// Like an administrator or a shutdown of the server.
async fn kill(world: &World, which: &str) -> usize {
    let ours = "datname = current_database() AND application_name = 'payrail'";
    let sql = format!("SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE {ours} AND {which}");
    world.raw_beside_the_store().await.texts(&sql).await.len()
}

async fn a_connection_that_dies_in_the_middle_writes_nothing(world: World) {
    world.fund(merchant(0), 1_000).await;
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    let wish = Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), fresh_key(), 100) };
    let doomed = Paused::start(&world.store, vec![wish.clone()], world.rules).await;
    assert_eq!(kill(&world, "state = 'idle in transaction'").await, 1);
    let error = doomed.finish().await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert_eq!(Dump::of(&mut raw).await, before);
    assert_eq!(world.ask(wish.merchant, wish.action, at(1)).await.status, 201);
}

/// Writers do not test a connection before use; a dead one costs one try.
async fn connections_that_died_while_idle_are_replaced(world: World) {
    let tasks: Vec<_> = (0..4)
        .map(|_| {
            let (store, rules) = (world.store.clone(), world.rules);
            tokio::spawn(async move { store.execute(&[wish(0)], &rules, &|| at(0)).await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let killed = kill(&world, "true").await;
    assert!(killed >= 1);
    let mut failures = 0;
    while let Err(error) = world.run(&[wish(0)], at(0)).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        failures += 1;
        assert!(failures <= killed, "more failures than connections that died");
    }
    // Readers do test it.
    assert_eq!(world.balances(merchant(0)).await, (500, 0));
}

async fn a_server_that_is_not_there_is_unavailable(_: World) {
    // Nothing listens on port 1.
    let error = Store::open("postgres://payrail@127.0.0.1:1/payrail", 1, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

async fn a_file_that_is_not_a_database_is_corrupt(world: World) {
    let file = world.database.folder().unwrap().join("letter.db");
    std::fs::write(&file, "Dear database, ".repeat(1_000)).unwrap();
    let error = Store::open(&format!("sqlite://{}", file.display()), 1, 1).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
}
