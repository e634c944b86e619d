//! Behind PgBouncer in transaction mode, as it is from version 1.21 on. Debian 12 has an older one: name a newer one in
//! PAYRAIL_TEST_PGBOUNCER.

use futures::future::join_all;
use payrail_core::command::Command;
use payrail_store::testing::{PgBouncer, PgBouncerSettings};
use payrail_store::{Opening, Store, StoreError};

use crate::world::{World, at, create, fresh_id, fresh_key, fund, merchant, paid};

on_postgres_only!(transaction_mode_works_when_the_role_has_the_settings);

const POOL: u32 = 6;

async fn transaction_mode_works_when_the_role_has_the_settings(world: World) {
    let version = PgBouncer::version();
    if version < (1, 21) {
        eprintln!("skipped: PgBouncer {version:?} is older than 1.21; name a newer one in PAYRAIL_TEST_PGBOUNCER");
        return;
    }
    let more = "max_prepared_statements = 200\nserver_lifetime = 3600";
    let settings = PgBouncerSettings { pool_mode: "transaction", pool_size: POOL, more };
    let direct = &world.database.url.clone();
    let mut raw = world.raw().await;
    let name = direct.rsplit('/').next().unwrap();

    // The message has the statements; here for this test's database only.
    let bouncer = PgBouncer::before(direct, &settings);
    let Err(StoreError::Session(why)) = Store::open(&bouncer.url(direct), 4, 4).await else { panic!("it is refused") };
    let statements: Vec<_> = why.lines().filter(|line| line.starts_with("  ALTER ROLE \"payrail\" SET ")).collect();
    assert!(statements.len() > 5, "{why}");
    for statement in &statements {
        raw.exec(&statement.replace("\"payrail\" SET", &format!("\"payrail\" IN DATABASE {name} SET"))).await;
    }
    drop(bouncer);
    let bouncer = PgBouncer::before(direct, &settings);
    let pooled = bouncer.url(direct);

    // Without another way: everything that needs no session of its own.
    let alone = Store::open(&pooled, 4, 4).await.unwrap();
    alone.migrate().await.unwrap();
    assert!(alone.listen().await.unwrap().is_none());
    assert!(alone.lock_shared().await.unwrap().is_some());
    assert!(
        matches!(alone.lock_exclusive().await, Err(StoreError::Session(why)) if why.contains("PAYRAIL_MIGRATION_URL"))
    );

    // With it: that as well.
    let store = Store::open_with(Opening {
        url: &pooled,
        direct: Some(direct),
        writers: 4,
        readers: 4,
        cells: None,
        cell_urls: &[],
    })
    .await
    .unwrap();
    assert!(store.listen().await.unwrap().is_some());
    let lock = store.lock_shared().await.unwrap().expect("nobody resets");
    assert!(store.lock_exclusive().await.unwrap().is_none(), "somebody is at work");
    drop(lock);

    let world = World { store, ..world };
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 1_000, paid()).await;
    // Many at a time, more than the pooler has sessions, on two stores.
    let tasks = (0..40).map(|number| {
        let (store, rules) = (if number % 2 == 0 { alone.clone() } else { world.store.clone() }, world.rules);
        async move {
            for _ in 0..5 {
                let action = create(fresh_id(merchant(0)), fresh_key(), 10);
                let batch = [Command { merchant: merchant(0), action }];
                store.execute(&batch, &rules, &|| at(1)).await.unwrap().remove(0).unwrap();
                store.tip(merchant(0)).await.unwrap();
                store.payouts(merchant(0), None, 20).await.unwrap();
                store.put_setting("name", "value").await.unwrap();
                store.check_session().await.unwrap();
            }
        }
    });
    join_all(tasks).await;
    assert_eq!(world.balances(merchant(0)).await, (7_000, 2_000));

    // A role whose settings change while we work is found out in the next transaction of a new session.
    raw.exec(&format!("ALTER ROLE payrail IN DATABASE {name} SET lock_timeout = '1h'")).await;
    let end = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid()";
    raw.texts(end).await;
    let found_out = async || loop {
        let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 1) }];
        match world.store.execute(&batch, &world.rules, &|| at(2)).await {
            Err(StoreError::Session(why)) => return why,
            Err(StoreError::Unavailable(_)) => {}
            other => panic!("written without its settings: {other:?}"),
        }
    };
    assert!(found_out().await.contains("SET lock_timeout = '5s'"));
}
