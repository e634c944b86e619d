//! Acknowledged is durable: a commit is flushed first, whatever the database's defaults, and no connection of ours
//! waits for ever. The test asks the database itself, inside a transaction.

use payrail_core::command::Command;
use payrail_store::Store;

use crate::world::{World, at, create, fresh_id, fresh_key, fund, merchant};
use payrail_store::testing::Sql as Raw;

on_both_stores!(a_commit_is_on_disk_before_it_is_answered, every_guard_is_switched_on);
on_sqlite_only!(readers_do_not_wait_for_the_writer);

/// Our writes fail unless the condition holds in their session.
async fn demand(raw: &mut Raw, name: &str, condition: &str) {
    let head = format!("CREATE TRIGGER demand_{name} BEFORE INSERT ON outbox");
    raw.exec(&match raw {
        Raw::Postgres(_) => format!("{head} FOR EACH ROW WHEN (NOT ({condition})) EXECUTE FUNCTION refuse('{name}')"),
        Raw::Sqlite(_) => format!("{head} WHEN NOT ({condition}) BEGIN SELECT RAISE(ABORT, '{name}'); END"),
    })
    .await;
}

async fn writes(world: &World, store: &Store) {
    for action in [fund(fresh_key(), 1_000), create(fresh_id(merchant(0)), fresh_key(), 1)] {
        let batch = [Command { merchant: merchant(0), action }];
        let replies = store.execute(&batch, &world.rules, &|| at(0)).await.expect("the demands are met");
        assert!(replies[0].is_ok());
    }
}

async fn a_commit_is_on_disk_before_it_is_answered(world: World) {
    let mut raw = world.raw().await;
    if world.is_postgres() {
        let name = world.database.url.rsplit('/').next().unwrap();
        raw.exec(&format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
        raw = world.raw().await;
        demand(&mut raw, "synchronous_commit", "current_setting('synchronous_commit') = 'on'").await;
    } else {
        demand(&mut raw, "synchronous", "(SELECT synchronous FROM pragma_synchronous) = 2").await;
        assert_eq!(raw.texts("PRAGMA journal_mode").await, ["wal"]);
    }
    writes(&world, &world.second_store().await).await;
    // This test's own connection lacks the settings, so its write fails.
    let row = format!(
        "({}, {}, 1, 'balance.funded', NULL, {}, 1)",
        merchant(0).bucket().get(),
        raw.id(merchant(0).0),
        raw.at(at(0))
    );
    raw.refuses(&format!("INSERT INTO outbox VALUES {row}")).await;
}

async fn every_guard_is_switched_on(world: World) {
    let mut raw = world.raw().await;
    if world.is_postgres() {
        for timeout in ["lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout"] {
            demand(&mut raw, timeout, &format!("current_setting('{timeout}') NOT IN ('0', '')")).await;
        }
    } else {
        for pragma in ["recursive_triggers", "foreign_keys"] {
            demand(&mut raw, pragma, &format!("(SELECT {pragma} FROM pragma_{pragma}) = 1")).await;
        }
    }
    writes(&world, &world.store).await;
}

async fn readers_do_not_wait_for_the_writer(world: World) {
    world.fund(merchant(0), 10_000).await;
    let mut raw = world.raw().await;
    raw.exec("BEGIN IMMEDIATE; UPDATE merchants SET name = 'under way'").await;
    assert_eq!(world.balances(merchant(0)).await, (10_000, 0));
    let people = world.store.merchants(None, 10).await.unwrap();
    assert!(people.iter().all(|person| person.name != "under way"));
    raw.exec("COMMIT").await;
}
