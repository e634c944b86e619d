//! The settings that correctness depends on are set and read back. If a role, a database or a pooler overrides them,
//! the error names the setting, and nothing is written.

use payrail_core::command::Command;
use payrail_store::{Result, Store, StoreError};

use crate::world::{World, at, create, fresh_id, fresh_key, fund, merchant};
use payrail_store::testing::Sql as Raw;

on_postgres_only!(
    the_databases_settings_are_overridden,
    the_isolation_level_is_pinned,
    a_session_without_triggers_is_refused,
    a_read_only_database_is_named,
    a_server_that_does_not_flush_is_read_back,
    a_migration_waits_for_as_long_as_another_takes,
);

async fn alter(world: &World, setting: &str) {
    let name = world.database.url.rsplit('/').next().unwrap();
    world.raw().await.exec(&format!("ALTER DATABASE {name} SET {setting}")).await;
}

async fn open(world: &World) -> Result<Store> {
    Store::open(&world.database.url, 4, 4).await
}

async fn writes(world: &World, store: &Store) -> Result<()> {
    for action in [fund(fresh_key(), 1_000), create(fresh_id(merchant(0)), fresh_key(), 1)] {
        let batch = [Command { merchant: merchant(0), action }];
        store.execute(&batch, &world.rules, &|| at(0)).await?.remove(0).expect("a decision");
    }
    Ok(())
}

/// In each transaction that writes the outbox, the database keeps what it has.
async fn note_settings(raw: &mut Raw) {
    raw.exec(
        "CREATE TABLE seen (setting text); \
         CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO seen \
         SELECT name || ' = ' || current_setting(name) FROM pg_settings WHERE name IN ('synchronous_commit', \
         'transaction_isolation', 'lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', \
         'idle_session_timeout', 'enable_seqscan', 'client_encoding'); RETURN NULL; END $$; \
         CREATE TRIGGER note AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION note()",
    )
    .await;
}

async fn the_databases_settings_are_overridden(world: World) {
    let mut raw = world.raw().await;
    note_settings(&mut raw).await;
    for setting in [
        "synchronous_commit = off",
        "default_transaction_isolation = 'serializable'",
        "lock_timeout = '1h'",
        "statement_timeout = '1h'",
        "idle_in_transaction_session_timeout = '1h'",
        "idle_session_timeout = '1h'",
        "enable_seqscan = on",
        "client_encoding = 'LATIN1'",
    ] {
        let name = world.database.url.rsplit('/').next().unwrap();
        raw.exec(&format!("ALTER DATABASE {name} SET {setting}")).await;
    }
    writes(&world, &open(&world).await.unwrap()).await.unwrap();
    let seen = raw.texts("SELECT DISTINCT setting FROM seen ORDER BY 1").await;
    assert_eq!(
        seen,
        [
            "client_encoding = UTF8",
            "enable_seqscan = off",
            "idle_in_transaction_session_timeout = 10s",
            "idle_session_timeout = 0",
            "lock_timeout = 5s",
            "statement_timeout = 1min",
            "synchronous_commit = on",
            "transaction_isolation = read committed",
        ]
    );
}

/// Under `repeatable read` a transaction that waited for a lock fails; two that meet often did.
async fn the_isolation_level_is_pinned(world: World) {
    alter(&world, "default_transaction_isolation = 'repeatable read'").await;
    let (one, two) = (open(&world).await.unwrap(), open(&world).await.unwrap());
    world.fund(merchant(0), 100).await;
    let rounds = |store: Store| {
        let rules = world.rules;
        tokio::spawn(async move {
            for _ in 0..50 {
                let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 1) }];
                store.execute(&batch, &rules, &|| at(0)).await?;
            }
            Ok::<_, StoreError>(())
        })
    };
    let (one, two) = (rounds(one), rounds(two));
    one.await.unwrap().expect("it waits for its turn");
    two.await.unwrap().expect("it waits for its turn");
    assert_eq!(world.balances(merchant(0)).await, (200, 0));
}

async fn a_session_without_triggers_is_refused(world: World) {
    alter(&world, "session_replication_role = 'replica'").await;
    match open(&world).await {
        Err(StoreError::Session(why)) => {
            assert!(why.contains("session_replication_role = \"replica\" where \"origin\" is needed"), "{why}");
            assert!(why.contains("ALTER DATABASE"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}

/// Hosting providers make a database read-only when its disk is full, and writable again later.
async fn a_read_only_database_is_named(world: World) {
    alter(&world, "default_transaction_read_only = on").await;
    let store = open(&world).await.expect("what is there can be read");
    assert!(store.merchant(merchant(0)).await.unwrap().is_some());
    for refused in [writes(&world, &store).await, store.check_session().await, store.put_setting("a", "b").await] {
        match refused {
            Err(StoreError::Unavailable(why)) => assert!(why.contains("default_transaction_read_only"), "{why}"),
            other => panic!("{other:?}"),
        }
    }
    let name = world.database.url.rsplit('/').next().unwrap();
    let reset = format!("SET transaction_read_only = off; ALTER DATABASE {name} RESET default_transaction_read_only");
    world.raw().await.exec(&reset).await;
    let store = open(&world).await.unwrap();
    store.check_session().await.unwrap();
    writes(&world, &store).await.unwrap();
}

/// The test server may run without fsync; then the warning says so, and with it there is none.
async fn a_server_that_does_not_flush_is_read_back(world: World) {
    let mut raw = world.raw().await;
    let off = raw.texts("SELECT name FROM pg_settings WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off'");
    let off = off.await;
    let warnings = world.store.flush_warnings().await.unwrap();
    assert_eq!(warnings.len(), off.len(), "{warnings:?}");
    assert!(warnings.iter().zip(off).all(|(warning, name)| warning.contains(&format!("{name} = off"))), "{warnings:?}");
}

/// Longer than any of our lock timeouts.
async fn a_migration_waits_for_as_long_as_another_takes(world: World) {
    let mut raw = world.raw().await;
    // Like a process in the middle of a long migration.
    raw.exec("SELECT pg_advisory_lock(1346459986, 2)").await;
    let store = world.second_store().await;
    let migrating = tokio::spawn(async move { store.migrate().await });
    let waits = "SELECT cast(count(*) AS text) FROM pg_stat_activity WHERE datname = current_database() \
                 AND wait_event = 'advisory' AND clock_timestamp() - query_start > interval '6 s'";
    while raw.texts(waits).await[0] == "0" {
        assert!(!migrating.is_finished(), "it did not wait: {:?}", migrating.await);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    raw.exec("SELECT pg_advisory_unlock(1346459986, 2)").await;
    migrating.await.unwrap().unwrap();
}
