//! The merchant's book is in use elsewhere: requests wait, for so long, and no longer.

use std::pin::pin;
use std::time::Instant;

use super::{Answer, PAYOUTS, api_only, ask, get, order};
use crate::support::{ACME, Process, TINY, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(
    a_short_wait_ends_well,
    past_the_bound_the_client_is_told_to_retry,
    after_a_timeout_the_key_finds_the_outcome
);

/// The server waits 5 seconds for a lock. On a busy machine they may be over before the test has seen anybody wait: such
/// an attempt shows nothing, and there is another.
async fn before_the_bound<T>(attempt: impl AsyncFn() -> Option<T>) -> T {
    for _ in 0..20 {
        if let Some(seen) = attempt().await {
            return seen;
        }
    }
    panic!("the server's 5 seconds were over first, twenty times");
}

async fn a_short_wait_ends_well(world: World) {
    let server = api_only(&world);
    let (one, other) = before_the_bound(async || {
        let (key, before) = (key(), number_of_payouts(&server).await);
        let mut sql = Sql::connect(&world.database.url).await;
        sql.lock("tiny@example.com").await;
        let ask = || ask(&server, TINY, key, order(100, "demo-bank"));
        let mut both = pin!(async { tokio::join!(ask(), ask()) });
        let release = async {
            // Reads wait for nobody.
            get(&server, TINY, PAYOUTS).await.is("read under the lock", 200);
            until("both wait", async || server.waiting().await == 2).await;
            sql.release().await;
        };
        let (one, other) = tokio::select! {
            answers = &mut both => answers,
            () = release => both.await,
        };
        if let Some(too_late) = [&one, &other].into_iter().find(|answer| answer.status == 409) {
            come_back(too_late, 409, "in_progress");
            return None;
        }
        assert_eq!(number_of_payouts(&server).await, before + 1);
        Some((one, other))
    })
    .await;
    one.is("the one", 201);
    assert_eq!((other.status, &other.text), (201, &one.text), "the same key waits, then gets the same answer");
    assert_ne!(one.replayed(), other.replayed(), "one of them is the first");
}

async fn number_of_payouts(server: &Process) -> usize {
    get(server, TINY, PAYOUTS).await.json().as_array().unwrap().len()
}

async fn past_the_bound_the_client_is_told_to_retry(world: World) {
    let server = api_only(&world);
    let key = key();
    let mut sql = Sql::connect(&world.database.url).await;
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

async fn after_a_timeout_the_key_finds_the_outcome(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_PATIENCE_MS", "300")]);
    before_the_bound(async || {
        let (key, (available, held)) = (key(), server.balances(ACME).await);
        let mut sql = Sql::connect(&world.database.url).await;
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
        assert_eq!(server.balances(ACME).await, (available - 100, held + 100), "it is not carried out twice");
        // Or else the server's own wait for the lock had ended, and nothing was carried out until this request.
        again.replayed().then_some(())
    })
    .await;
    world.verify();
}

/// Only on PostgreSQL: SQLite's lock is everybody's. One lane, so that both wait in one batch.
#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_one_merchants_lock_does_not_delay_others() {
    let world = World::postgres().await;
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_LANES", "1")]);
    let mut sql = Sql::connect(&world.database.url).await;
    sql.lock("tiny@example.com").await;
    let (first, (locked, free)) = before_the_bound(async || {
        let mut first = pin!(ask(&server, TINY, key(), order(100, "demo-bank")));
        let waits = until("the first waits", async || server.waiting().await == 1 && sql_waits(&world).await);
        tokio::select! {
            _ = &mut first => return None,
            () = waits => {}
        }
        let behind = async {
            tokio::join!(
                ask(&server, TINY, key(), order(100, "demo-bank")),
                ask(&server, ACME, key(), order(100, "demo-bank"))
            )
        };
        Some(tokio::join!(first, behind))
    })
    .await;
    come_back(&first, 409, "in_progress");
    come_back(&locked, 409, "in_progress");
    free.is("a merchant whose row nobody locks", 201);
}

/// A transaction of the server's waits for the lock.
async fn sql_waits(world: &World) -> bool {
    let waiting = "SELECT pid::text FROM pg_stat_activity \
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    !Sql::connect(&world.database.url).await.texts(waiting).await.is_empty()
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
