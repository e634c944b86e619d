//! The merchant's book is in use elsewhere: requests wait, for so long, and no longer.

use std::time::Instant;

use super::{Answer, PAYOUTS, api_only, ask, get, order};
use crate::sql::Sql;
use crate::support::{ACME, Process, TINY, World, key, until};

on_both_stores!(
    a_short_wait_ends_well,
    past_the_bound_the_client_is_told_to_come_back,
    whose_patience_ends_finds_the_truth_by_the_key
);

async fn a_short_wait_ends_well(world: World) {
    let server = api_only(&world);
    let key = key();
    let mut sql = Sql::connect(&world).await;
    sql.lock("tiny@example.com").await;
    let both = async {
        tokio::join!(ask(&server, TINY, key, order(100, "demo-bank")), ask(&server, TINY, key, order(100, "demo-bank")))
    };
    let release = async {
        // Reads wait for nobody.
        get(&server, TINY, PAYOUTS).await.is("read under the lock", 200);
        until("both wait", async || server.waiting().await == 2).await;
        sql.release().await;
    };
    let ((one, other), ()) = tokio::join!(both, release);
    one.is("the one", 201);
    assert_eq!((other.status, &other.text), (201, &one.text), "the same key waits, then gets the same answer");
    assert_ne!(one.replayed(), other.replayed(), "one of them is the first");
    assert_eq!(get(&server, TINY, PAYOUTS).await.json().as_array().unwrap().len(), 1);
}

async fn past_the_bound_the_client_is_told_to_come_back(world: World) {
    let server = api_only(&world);
    let key = key();
    let mut sql = Sql::connect(&world).await;
    sql.lock("tiny@example.com").await;
    let begun = Instant::now();
    let answer = ask(&server, TINY, key, order(100, "demo-bank")).await;
    let waited = begun.elapsed();
    come_back(&answer, 409, "in_progress");
    assert!(waited.as_secs() >= 4, "the bound is 5 seconds: {waited:?}");
    sql.release().await;

    nothing_was_done(&server, TINY, (10_000, 0)).await;
    let again = ask(&server, TINY, key, order(100, "demo-bank")).await;
    again.is("later, under the same key", 201);
    assert!(!again.replayed(), "for the first time");
    world.verify();
}

async fn whose_patience_ends_finds_the_truth_by_the_key(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_PATIENCE_MS", "300")]);
    let key = key();
    let mut sql = Sql::connect(&world).await;
    sql.lock("acme@example.com").await;
    let answer = ask(&server, ACME, key, order(100, "demo-bank")).await;
    come_back(&answer, 503, "outcome_unknown");
    sql.release().await;

    let again = loop {
        let again = ask(&server, ACME, key, order(100, "demo-bank")).await;
        if again.status != 503 {
            break again;
        }
    };
    again.is("the truth", 201);
    assert!(again.replayed(), "it had been carried out after all, and is not carried out twice");
    assert_eq!(server.balances(ACME).await, (999_900, 100));
    world.verify();
}

/// Only on PostgreSQL: SQLite's lock is everybody's. One lane, so that both wait in one batch.
#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_one_merchants_lock_does_not_drag_the_others_along() {
    let world = World::postgres().await;
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_LANES", "1")]);
    let mut sql = Sql::connect(&world).await;
    sql.lock("tiny@example.com").await;
    let first = ask(&server, TINY, key(), order(100, "demo-bank"));
    let behind = async {
        until("the first waits", async || server.waiting().await == 1 && sql_waits(&world).await).await;
        tokio::join!(
            ask(&server, TINY, key(), order(100, "demo-bank")),
            ask(&server, ACME, key(), order(100, "demo-bank"))
        )
    };
    let (first, (locked, free)) = tokio::join!(first, behind);
    come_back(&first, 409, "in_progress");
    come_back(&locked, 409, "in_progress");
    free.is("a merchant whose row nobody locks", 201);
}

/// A transaction of the server's waits for the lock.
async fn sql_waits(world: &World) -> bool {
    let waiting = "SELECT pid::text FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    !Sql::connect(world).await.texts(waiting).await.is_empty()
}

fn come_back(answer: &Answer, status: u16, code: &str) {
    answer.is_problem(code, status, code);
    let seconds: u32 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
}

async fn nothing_was_done(server: &Process, api_key: &str, balances: (i64, i64)) {
    assert_eq!(server.balances(api_key).await, balances);
    assert_eq!(get(server, api_key, PAYOUTS).await.text, "[]");
}
