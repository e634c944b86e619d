//! When the connection dies on COMMIT, the outcome is unknown. The store says so, and the same request under the same
//! key finds the outcome.

use payrail_core::command::{Command, Reply};
use payrail_store::{Store, StoreError};

use crate::dump::Dump;
use crate::proxy::{Cut, Proxy};
use crate::world::{World, at, claim, create, fresh_id, fresh_key, merchant, paid, report};

on_postgres_only!(
    a_commit_that_arrived_is_found_by_its_key,
    a_lost_commit_is_repeated_under_its_key,
    a_report_whose_commit_is_unknown_settles_once,
    a_failure_before_commit_has_a_known_outcome,
    a_server_that_fails_in_commit_leaves_it_open,
);

/// COMMIT as it is sent; the name of an isolation level begins with the same letters.
const COMMIT: &str = "COMMIT\0";

async fn behind_a_proxy(world: &World) -> (Proxy, Store) {
    let proxy = Proxy::before(&world.database.url).await;
    let store = Store::open(&proxy.url, 4, 4).await.unwrap();
    (proxy, store)
}

/// Creates a payout, loses the connection around COMMIT, and retries like a client: the same key, another id.
async fn asked_again(world: &World, after_the_answer: bool) -> Reply {
    world.fund(merchant(0), 10_000).await;
    let (proxy, store) = behind_a_proxy(world).await;
    let key = fresh_key();
    let wish = || [Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), key, 6_000) }];
    proxy.cut(Cut { at: COMMIT, after_the_answer });
    let error = store.execute(&wish(), &world.rules, &|| at(1)).await.unwrap_err();
    assert!(matches!(error, StoreError::CommitUnknown(_)), "{error:?}");
    assert!(proxy.has_cut());
    let again = store.execute(&wish(), &world.rules, &|| at(2)).await.unwrap().remove(0).unwrap();
    assert_eq!(world.balances(merchant(0)).await, (4_000, 6_000));
    assert_eq!(world.store.payouts(merchant(0), None, 10).await.unwrap().len(), 1);
    again
}

async fn a_commit_that_arrived_is_found_by_its_key(world: World) {
    match asked_again(&world, true).await {
        Reply::Answered { answer, replayed: true } => assert_eq!(answer.status, 201),
        other => panic!("{other:?}"),
    }
}

async fn a_lost_commit_is_repeated_under_its_key(world: World) {
    match asked_again(&world, false).await {
        Reply::Answered { answer, replayed: false } => assert_eq!(answer.status, 201),
        other => panic!("{other:?}"),
    }
}

/// The worker has no key; the attempt's number fences it.
async fn a_report_whose_commit_is_unknown_settles_once(world: World) {
    world.fund(merchant(0), 10_000).await;
    let (proxy, store) = behind_a_proxy(&world).await;
    for after_the_answer in [true, false] {
        let (_, held) = world.balances(merchant(0)).await;
        let payout = world.payout(merchant(0), 1_000).await;
        let number = world.claim(merchant(0), payout, at(0)).await.number;
        let outcome = [Command { merchant: merchant(0), action: report(payout, number, paid()) }];
        proxy.cut(Cut { at: COMMIT, after_the_answer });
        let error = store.execute(&outcome, &world.rules, &|| at(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::CommitUnknown(_)), "{error:?}");
        let again = store.execute(&outcome, &world.rules, &|| at(2)).await.unwrap().remove(0);
        assert_eq!(again.is_err(), after_the_answer, "{again:?}");
        assert_eq!(world.balances(merchant(0)).await.1, held, "what this payout held is gone");
    }
    assert_eq!(world.balances(merchant(0)).await, (8_000, 0));
}

/// A connection that is cut anywhere else has a known outcome, and leaves no trace.
async fn a_failure_before_commit_has_a_known_outcome(world: World) {
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 1_000).await;
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    let words = ["BEGIN", "FOR NO KEY UPDATE", "LEFT JOIN LATERAL", "INSERT INTO ledger_entries", "INSERT INTO outbox"];
    for at_word in words {
        for after_the_answer in [false, true] {
            // A new connection each time, because it sends a statement's text only once.
            let (proxy, store) = behind_a_proxy(&world).await;
            proxy.cut(Cut { at: at_word, after_the_answer });
            let batch = [
                Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), fresh_key(), 1_000) },
                Command { merchant: merchant(0), action: claim(payout, "worker-1") },
            ];
            let error = store.execute(&batch, &world.rules, &|| at(1)).await.unwrap_err();
            assert!(matches!(error, StoreError::Unavailable(_)), "{at_word}: {error:?}");
            assert!(proxy.has_cut());
            assert_eq!(Dump::of(&mut raw).await, before, "{at_word}");
        }
    }
}

/// Like Citus's report of a node that died in COMMIT and may have kept its writes.
async fn a_server_that_fails_in_commit_leaves_it_open(world: World) {
    world.fund(merchant(0), 10_000).await;
    let mut raw = world.raw().await;
    for code in ["XX000", "58030"] {
        let fails = format!("BEGIN RAISE EXCEPTION 'planted' USING ERRCODE = '{code}'; END");
        raw.exec(&format!("CREATE OR REPLACE FUNCTION fails() RETURNS trigger LANGUAGE plpgsql AS $${fails}$$")).await;
        raw.exec(
            "CREATE CONSTRAINT TRIGGER planted AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED \
             FOR EACH ROW EXECUTE FUNCTION fails()",
        )
        .await;
        let wish = Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), fresh_key(), 1_000) };
        let error = world.run(&[wish], at(1)).await.unwrap_err();
        assert!(matches!(error, StoreError::CommitUnknown(_)), "{code}: {error:?}");
        raw.exec("DROP TRIGGER planted ON outbox").await;
    }
}
