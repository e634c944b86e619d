//! Behind PgBouncer. In session mode everything works, whatever an earlier client left in the session; any other mode
//! is refused before it does harm.

use payrail_core::command::Command;
use payrail_store::testing::{PgBouncer, PgBouncerSettings};
use payrail_store::{Store, StoreError};

use crate::world::{World, at, create, fresh_id, fresh_key, fund, merchant, no_answer, paid};
use payrail_store::testing::Sql as Raw;

on_postgres_only!(
    session_mode_works_with_the_defaults,
    an_earlier_clients_session_state_is_cleared,
    other_modes_are_refused,
    a_busy_pooler_in_transaction_mode_is_refused,
    a_pooler_with_too_few_sessions_is_named,
    a_change_of_mode_at_work_is_detected,
);

fn behind(world: &World, settings: PgBouncerSettings) -> (PgBouncer, String) {
    let bouncer = PgBouncer::before(&world.database.url, &settings);
    let url = bouncer.url(&world.database.url);
    (bouncer, url)
}

fn mode(pool_mode: &'static str, pool_size: u32) -> PgBouncerSettings {
    PgBouncerSettings { pool_mode, pool_size, more: "" }
}

/// The same world by another way in.
async fn seen_through(world: World, url: &str) -> World {
    let store = Store::open(url, 4, 4).await.unwrap();
    World { store, ..world }
}

async fn session_mode_works_with_the_defaults(world: World) {
    let (_bouncer, url) = behind(&world, PgBouncerSettings::default());
    let world = seen_through(world, &url).await;
    world.store.migrate().await.unwrap();
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 1_000, paid()).await;
    world.ended(merchant(0), 1_000, no_answer()).await;
    assert_eq!(world.balances(merchant(0)).await, (8_000, 1_000));
    world.store.put_setting("name", "value").await.unwrap();
    world.store.check_session().await.unwrap();
    assert_eq!(
        world.store.snapshot_of(merchant(0)).await.unwrap().payouts_after(merchant(0), None, 10).await.unwrap().len(),
        2
    );
}

/// An administrator who turned `server_reset_query` off, and a client with the worst of habits.
async fn an_earlier_clients_session_state_is_cleared(world: World) {
    for ignored in ["extra_float_digits", "extra_float_digits, options"] {
        let more = format!("ignore_startup_parameters = {ignored}\nserver_reset_query =\n").leak();
        let (_bouncer, url) = behind(&world, PgBouncerSettings { more, ..PgBouncerSettings::default() });
        for _ in 0..12 {
            let mut earlier = Vec::new();
            for _ in 0..3 {
                let mut client = Raw::connect(&url).await;
                // What one of us left here before.
                client.exec("RESET ROLE; RESET ALL; DEALLOCATE ALL; DISCARD TEMP").await;
                client
                    .exec(
                        "SET synchronous_commit = off; SET session_replication_role = replica; SET search_path = pg_catalog; \
                         SET default_transaction_isolation = 'repeatable read'; SET default_transaction_read_only = on; \
                         SET lock_timeout = 1; SET client_encoding = 'LATIN1'; SET payrail.session = 'x'",
                    )
                    .await;
                earlier.push(client);
            }
            for mut client in earlier {
                client.exec("SET default_transaction_read_only = off").await;
                client.exec("CREATE TEMP TABLE ledger_entries (seq bigint)").await;
                client.exec("SELECT pg_advisory_lock(7)").await;
                client.exec("SELECT pg_advisory_unlock(7)").await;
                client.exec("PREPARE s2 AS SELECT 1; PREPARE s0 AS SELECT 1; PREPARE s1 AS SELECT 1").await;
                client.exec("SET ROLE pg_monitor").await;
            }
            let store = Store::open(&url, 4, 4).await.unwrap();
            let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 1_000) }];
            store.execute(&batch, &world.rules, &|| at(0)).await.unwrap().remove(0).unwrap();
            assert!(store.tip(merchant(0)).await.unwrap().seq > 0);
            store.check_session().await.unwrap();
            store.close().await;
        }
    }
}

fn is_refused(opened: Result<Store, StoreError>, what: &str) {
    match opened {
        Err(StoreError::Session(why)) => assert!(why.contains("pool_mode = session"), "{what}: {why}"),
        other => panic!("{what}: {other:?}"),
    }
}

async fn other_modes_are_refused(world: World) {
    for pool_mode in ["transaction", "statement"] {
        for pool_size in [1, 2, 3, 20] {
            for more in ["", "server_round_robin = 1", "server_reset_query_always = 1"] {
                let (_bouncer, url) = behind(&world, PgBouncerSettings { pool_mode, pool_size, more });
                for _ in 0..2 {
                    is_refused(Store::open(&url, 4, 4).await, &format!("{pool_mode}, {pool_size}, {more}"));
                }
            }
        }
    }
}

/// Other clients take and give back sessions all the time.
async fn a_busy_pooler_in_transaction_mode_is_refused(world: World) {
    let (_bouncer, url) = behind(&world, mode("transaction", 5));
    let busy: Vec<_> = (0..8)
        .map(|_| {
            let url = url.clone();
            tokio::spawn(async move {
                let mut client = Raw::connect(&url).await;
                loop {
                    let _ = client.try_exec("BEGIN; SELECT count(*) FROM merchants; COMMIT").await;
                }
            })
        })
        .collect();
    let mut refused = 0;
    for _ in 0..10 {
        match Store::open(&url, 4, 4).await {
            Err(StoreError::Session(_)) => refused += 1,
            // Four times the right session by chance: then no transaction gets through in another.
            Ok(store) => guarded_at_work(&world, &store).await,
            Err(other) => panic!("{other:?}"),
        }
    }
    busy.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(refused > 0);
}

/// Whatever is written was written under the settings that count.
async fn guarded_at_work(world: &World, store: &Store) {
    for _ in 0..20 {
        let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 1) }];
        match store.execute(&batch, &world.rules, &|| at(0)).await {
            Ok(_) | Err(StoreError::Session(_)) => {}
            Err(other) => panic!("{other:?}"),
        }
    }
}

async fn a_pooler_with_too_few_sessions_is_named(world: World) {
    let (_bouncer, url) = behind(&world, mode("session", 1));
    match Store::open(&url, 4, 4).await {
        Err(StoreError::Unavailable(why)) => assert!(why.contains("default_pool_size"), "{why}"),
        other => panic!("{other:?}"),
    }
}

/// PgBouncer takes up a new mode when a client's transaction ends: the sessions of a store at work are shared from
/// then on. What is written is written in sessions that are as they must be, or not at all.
async fn a_change_of_mode_at_work_is_detected(world: World) {
    world
        .raw()
        .await
        .exec(
            "CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF current_setting('synchronous_commit') <> 'on' OR current_setting('lock_timeout') <> '5s' THEN \
         RAISE EXCEPTION 'written without its settings' USING ERRCODE = 'XX001'; END IF; RETURN NULL; END $$; \
         CREATE TRIGGER guard AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION guard()",
        )
        .await;
    let (bouncer, url) = behind(&world, mode("session", 20));
    let (one, two) = (Store::open(&url, 2, 2).await.unwrap(), Store::open(&url, 2, 2).await.unwrap());
    for store in [&one, &two] {
        let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 1_000) }];
        store.execute(&batch, &world.rules, &|| at(0)).await.unwrap().remove(0).unwrap();
    }
    bouncer.reload(&mode("transaction", 20));
    let mut found_out = 0;
    for round in 0.. {
        assert!(round < 10_000, "nobody noticed");
        for store in [&one, &two] {
            let action = create(fresh_id(merchant(0)), fresh_key(), 1);
            let batch = [Command { merchant: merchant(0), action }];
            match store.execute(&batch, &world.rules, &|| at(0)).await {
                Ok(_) => {}
                Err(StoreError::Session(_)) => found_out += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
        if found_out > 0 {
            break;
        }
    }
}
