//! Migrations on PostgreSQL wait for each other without a limit, and leave nothing behind, even if a pooler shares its
//! sessions.

use payrail_store::testing::{DEADLINE, PgBouncer, PgBouncerSettings, TestDatabase};
use payrail_store::{Opening, Store, StoreError};
use tokio::time::timeout;

use crate::world::{World, person};
use payrail_store::testing::Sql as Raw;

on_postgres_only!(
    a_start_waits_for_a_long_migration,
    a_pooler_that_shares_sessions_keeps_no_state,
    another_database_is_refused,
);

/// Whatever timeouts the database's sessions have.
async fn a_start_waits_for_a_long_migration(world: World) {
    let empty = world.empty_database().await;
    let mut raw = Raw::connect(&empty.url).await;
    let name = empty.url.rsplit('/').next().unwrap();
    raw.exec(&format!("ALTER DATABASE {name} SET lock_timeout = '1ms'")).await;
    // Like a migration in progress.
    raw.exec("BEGIN; SELECT pg_advisory_xact_lock(1346459986, 2)").await;
    let store = Store::open(&empty.url, 1, 4).await.unwrap();
    let starting = tokio::spawn(async move { store.migrate().await });
    let waiting = "SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
                   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    while raw.texts(waiting).await != ["1"] {
        assert!(!starting.is_finished(), "it waits");
        tokio::task::yield_now().await;
    }
    raw.exec("COMMIT").await;
    timeout(DEADLINE, starting).await.unwrap().unwrap().unwrap();
}

async fn a_pooler_that_shares_sessions_keeps_no_state(world: World) {
    for _ in 0..5 {
        let empty = world.empty_database().await;
        let settings = PgBouncerSettings {
            pool_mode: "transaction",
            pool_size: 3,
            more: "ignore_startup_parameters = extra_float_digits",
        };
        let bouncer = PgBouncer::before(&empty.url, &settings);
        let start = || {
            let (url, pooled) = (empty.url.clone(), bouncer.url(&empty.url));
            tokio::spawn(async move {
                let store = open(&url, &pooled).await?;
                store.migrate().await.map(|()| store)
            })
        };
        let (one, two) = (start(), start());
        let (one, two) = (one.await.unwrap().unwrap(), two.await.unwrap().unwrap());
        assert!(one.add_merchant(&person(0)).await.unwrap());
        two.migrate().await.unwrap();
        nothing_is_left(&empty, &bouncer.url(&empty.url)).await;
    }
}

async fn nothing_is_left(database: &TestDatabase, pooled: &str) {
    let mut raw = Raw::connect(&database.url).await;
    let locks = "SELECT l.pid::text FROM pg_locks l JOIN pg_database d ON d.oid = l.database \
                 WHERE locktype = 'advisory' AND datname = current_database()";
    assert_eq!(raw.texts(locks).await, [] as [&str; 0]);
    // Each of the pooler's sessions, one after the other taken by a transaction.
    let settings = "string_agg(current_setting(n), ' ') FROM unnest(ARRAY['lock_timeout', 'statement_timeout', \
                    'idle_in_transaction_session_timeout', 'client_min_messages', 'search_path']) n";
    let expected = raw.texts(&format!("SELECT {settings}")).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        let mut client = Raw::connect(pooled).await;
        client
            .exec(&format!(
                "BEGIN; DO $$ BEGIN IF (SELECT {settings}) <> '{}' THEN RAISE 'left behind'; END IF; END $$",
                expected[0].replace('\'', "''")
            ))
            .await;
        clients.push(client);
    }
}

async fn another_database_is_refused(world: World) {
    let other = world.empty_database().await;
    let store = open(&world.database.url, &other.url).await.unwrap();
    match store.migrate().await {
        Err(StoreError::Address(why)) => assert!(why.contains("PAYRAIL_MIGRATION_URL names another database"), "{why}"),
        other => panic!("{other:?}"),
    }
}

async fn open(url: &str, direct: &str) -> payrail_store::Result<Store> {
    Store::open_with(Opening { url, direct: Some(direct), writers: 1, readers: 4, cells: None, cell_urls: &[] }).await
}
