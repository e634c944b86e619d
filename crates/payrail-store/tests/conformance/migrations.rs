//! Migrations: forward only, once, by any number of concurrent processes, and never on a newer schema.

use std::collections::BTreeSet;
use std::path::Path;

use payrail_core::command::Action;
use payrail_core::payout::Status;
use payrail_store::testing::DEADLINE;
use payrail_store::{Store, StoreError, names};

use crate::dump::Dump;
use crate::world::{MERCHANTS, World, ask, at, back, by, fresh_key, fund, merchant, no_answer, paid, person};
use payrail_store::testing::Sql as Raw;

on_both_stores!(
    again_is_harmless,
    many_processes_may_start_at_once,
    a_newer_schema_is_refused,
    a_refusal_does_not_keep_the_others_waiting,
    a_migration_that_was_changed_is_refused,
    a_migration_that_did_not_end_is_refused,
    a_reset_empties_everything,
    a_reset_that_fails_removes_nothing,
);

async fn again_is_harmless(world: World) {
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 1_000, paid()).await;
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    world.store.migrate().await.unwrap();
    world.second_store().await.migrate().await.unwrap();
    assert_eq!(Dump::of(&mut raw).await, before);
    assert_eq!(raw.count("_sqlx_migrations").await, migration_files("sqlite").len());
}

async fn many_processes_may_start_at_once(world: World) {
    for _ in 0..5 {
        let empty = world.empty_database().await;
        let start = || {
            let url = empty.url.clone();
            tokio::spawn(async move {
                let store = Store::open(&url, 4, 4).await?;
                store.migrate().await?;
                // Without these, a database would be taken for one of an earlier version.
                assert!(store.setting(names::DATABASE_ID).await?.is_some(), "it has its first settings");
                Ok::<_, StoreError>(store)
            })
        };
        let mut stores = Vec::new();
        for process in [start(), start(), start(), start()] {
            stores.push(process.await.unwrap().expect("it starts"));
        }
        let applied = Raw::connect(&empty.url).await.count("_sqlx_migrations").await;
        assert_eq!(applied, migration_files("sqlite").len());
        assert!(stores[3].add_merchant(&person(0)).await.unwrap());
    }
}

/// Like a record of a later version.
async fn record(raw: &mut Raw, version: i64) {
    let row = format!("SELECT {version}, description, installed_on, success, checksum, execution_time");
    raw.exec(&format!("INSERT INTO _sqlx_migrations {row} FROM _sqlx_migrations LIMIT 1")).await;
}

async fn refuses(store: &Store, word: &str) {
    match store.migrate().await {
        Err(StoreError::Migration(sentence)) => assert!(sentence.contains(word), "{sentence}"),
        other => panic!("{other:?}"),
    }
}

async fn a_newer_schema_is_refused(world: World) {
    let mut raw = world.raw().await;
    record(&mut raw, 9_999).await;
    let sentence =
        "the database has migration 9999, which this program does not know: it was written by a newer payrail";
    refuses(&world.store, sentence).await;
    refuses(&world.second_store().await, sentence).await;
    raw.exec("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    world.store.migrate().await.unwrap();
}

/// A refused process keeps no lock, although its connections stay open.
async fn a_refusal_does_not_keep_the_others_waiting(world: World) {
    let mut raw = world.raw().await;
    record(&mut raw, 9_999).await;
    refuses(&world.store, "newer payrail").await;
    raw.exec("DELETE FROM _sqlx_migrations WHERE version = 9999").await;
    let other = world.second_store().await;
    tokio::time::timeout(DEADLINE, other.migrate()).await.expect("nobody holds the lock").unwrap();
}

async fn a_migration_that_was_changed_is_refused(world: World) {
    let mut raw = world.raw().await;
    let other = if world.is_postgres() { "'\\x00'" } else { "x'00'" };
    raw.exec(&format!("UPDATE _sqlx_migrations SET checksum = {other} WHERE version = 2")).await;
    refuses(&world.store, "2").await;
}

/// Like sqlx's records, which the first versions used.
async fn a_migration_that_did_not_end_is_refused(world: World) {
    let mut raw = world.raw().await;
    raw.exec("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 40").await;
    refuses(&world.store, "migration 40 (refusals end) was begun by an earlier program and did not end").await;
    raw.exec("UPDATE _sqlx_migrations SET success = TRUE WHERE version = 40").await;
    world.store.migrate().await.unwrap();
}

async fn a_reset_empties_everything(world: World) {
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 1_000, paid()).await;
    world.payout(merchant(0), 1_000).await;
    world.store.put_setting("name", "value").await.unwrap();
    world.store.add_key(merchant(0), &[7; 32], "pk_7", at(0)).await.unwrap();
    // A return that does not match, and its exception.
    let completed = world.ended(merchant(0), 100, paid()).await;
    world.one(merchant(0), back(completed, 1), at(1)).await.unwrap();
    let doubtful = world.ended(merchant(0), 1_000, no_answer()).await;
    world.one(merchant(0), ask(doubtful), at(1)).await.unwrap();
    crate::staff::signed_in(&world, "Ana").await;
    world.store.open_merchant_session(&[7; 32], &crate::staff::session(1, 0)).await.unwrap();
    // Another process, whose connections know the old tables.
    let other = World { store: world.second_store().await, rules: world.rules, database: world.empty_database().await };
    other.fund(merchant(0), 1).await;
    let mut raw = world.raw().await;
    assert!(Dump::of(&mut raw).await.0.values().all(|rows| !rows.is_empty()), "every table has something to lose");
    world.store.reset(&[]).await.unwrap();
    assert!(Dump::of(&mut raw).await.is_empty());
    world.store.reset(&[]).await.unwrap();
    for number in 0..MERCHANTS {
        assert!(world.store.add_merchant(&person(number)).await.unwrap());
    }
    for world in [&world, &other] {
        world.fund(merchant(1), 10_000).await;
        let payout = world.ended(merchant(1), 1_000, paid()).await;
        let stored = world.store.payout(merchant(1), payout).await.unwrap().unwrap();
        assert_eq!(stored.status(), Status::Completed);
    }
    // The triggers exist again.
    raw.refuses("DELETE FROM ledger_entries").await;
    world.one(merchant(0), with_hand(), at(1)).await.unwrap();
    raw.refuses("DELETE FROM operator_actions").await;
}

fn with_hand() -> Action {
    let mut funding = fund(fresh_key(), 1);
    if let Action::Fund { by: hand, .. } = &mut funding {
        *hand = Some(by());
    }
    funding
}

/// If something depends on a table, all tables stay.
async fn a_reset_that_fails_removes_nothing(world: World) {
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 1_000, paid()).await;
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    raw.exec(match raw {
        Raw::Postgres(_) => "CREATE VIEW names AS SELECT name FROM merchants",
        Raw::Sqlite(_) => {
            "CREATE TABLE names (b INTEGER, i BLOB, FOREIGN KEY (b, i) REFERENCES merchants (bucket, id));
             INSERT INTO names SELECT bucket, id FROM merchants"
        }
    })
    .await;
    assert!(matches!(world.store.reset(&[]).await, Err(StoreError::Refused(_))));
    assert_eq!(Dump::of(&mut raw).await, before);
    raw.refuses("DELETE FROM ledger_entries").await;
}

fn migration_files(store: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(store);
    let names = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn both_stores_have_the_same_migrations() {
    let files = migration_files("postgres");
    assert!(files.len() >= 5);
    assert_eq!(files, migration_files("sqlite"));
    // Each has a number of its own, of four digits: the order of the names is the order of the numbers.
    let numbers: BTreeSet<_> = files.iter().filter_map(|name| name.split('_').next()?.parse::<i64>().ok()).collect();
    assert_eq!(numbers.len(), files.len(), "{files:?}");
    assert!(files.iter().all(|name| name.find('_') == Some(4)), "{files:?}");
}

/// Column by column, with what must not be null.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_stores_have_the_same_tables() {
    let sqlite = "SELECT m.name || '.' || c.name || CASE WHEN c.\"notnull\" OR c.pk THEN ' not null' ELSE '' END \
                  FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'";
    let postgres = "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END \
                    FROM information_schema.columns WHERE table_schema = 'public'";
    let mut columns = Vec::new();
    for (world, sql) in [(World::sqlite().await, sqlite), (World::postgres().await, postgres)] {
        let found = world.raw().await.texts(sql).await.into_iter().filter(|column| !column.starts_with("_sqlx"));
        columns.push(found.collect::<BTreeSet<_>>());
    }
    assert!(columns[0].len() > 50);
    assert_eq!(columns[0], columns[1]);
}
