//! More than can be done in time is refused at once, and what is refused was not done.

use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::join_all;
use uuid::Uuid;

use super::{Answer, PAYOUTS, ask, get, order};
use crate::support::{ACME, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(past_the_queues_end_requests_are_refused_and_not_done);

const AT_ONCE: usize = 40;

/// One writer, one command a batch, one waiting: and the writer is held up.
async fn past_the_queues_end_requests_are_refused_and_not_done(world: World) {
    let server = world.serve_with(&[
        ("PAYRAIL_ROLE", "api"),
        ("PAYRAIL_LANES", "1"),
        ("PAYRAIL_QUEUE", "1"),
        ("PAYRAIL_BATCH", "1"),
    ]);
    let keys: Vec<Uuid> = (0..AT_ONCE).map(|_| key()).collect();
    let mut sql = Sql::connect(&world.database.url).await;
    sql.lock("acme@example.com").await;
    let answered = AtomicUsize::new(0);
    let all = join_all(keys.iter().map(async |key| {
        let answer = ask(&server, ACME, *key, order(10, "demo-bank")).await;
        answered.fetch_add(1, Ordering::Relaxed);
        answer
    }));
    let release = async {
        // Nothing is done while the lock is held: these are the refused, and they are told at once.
        until("the others are refused", async || answered.load(Ordering::Relaxed) >= AT_ONCE - 3).await;
        sql.release().await;
    };
    let (answers, ()) = tokio::join!(all, release);

    let done = answers.iter().filter(|answer| answer.status == 201).count();
    assert!((1..=3).contains(&done), "one was under way, one waited: {done}");
    for answer in answers.iter().filter(|answer| answer.status != 201) {
        answer.is_problem("too many", 503, "overloaded");
        assert_eq!(answer.header("retry-after"), Some("1"));
    }
    let payouts = get(&server, ACME, &format!("{PAYOUTS}?limit=200")).await.json();
    assert_eq!(payouts.as_array().unwrap().len(), done, "none of the refused was done");
    assert_eq!(server.balances(ACME).await.1, 10 * i64::try_from(done).unwrap());

    // All come back with their keys: what was done is replayed, what was not is done now, once.
    for (key, before) in keys.iter().zip(&answers) {
        let again: Answer = ask(&server, ACME, *key, order(10, "demo-bank")).await;
        again.is("again", 201);
        assert_eq!(again.replayed(), before.status == 201);
    }
    assert_eq!(server.balances(ACME).await.1, 10 * i64::try_from(AT_ONCE).unwrap());
    world.verify();
}
