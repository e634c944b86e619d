//! What a database stores about itself, and which processes use it.

use payrail_store::testing::until;
use payrail_store::{OperatorAction, ProcessLock, Purpose, Store, names};
use payrail_types::operator::OperatorActionKind;
use uuid::Uuid;

use crate::world::{World, at, merchant};

on_both_stores!(
    of_many_first_values_one_wins,
    a_value_is_replaced_only_if_known_and_with_an_audit_row,
    a_purpose_is_given_at_creation_and_only_then,
    two_that_create_a_database_agree_on_what_it_is,
    another_secret_voids_keys_and_sessions,
    a_reset_detects_other_processes,
    a_lock_goes_with_its_connection_and_can_be_had_again,
);

fn action(kind: OperatorActionKind) -> OperatorAction {
    OperatorAction {
        id: Uuid::now_v7(),
        at: at(1),
        merchant: None,
        operator: "Ana".to_owned(),
        action: kind,
        subject: None,
        reason: Some("because".to_owned()),
        detail: None,
    }
}

async fn of_many_first_values_one_wins(world: World) {
    let stores = [world.second_store().await, world.second_store().await];
    let tries = (0..20).map(|number| {
        let store = stores[number % 2].clone();
        tokio::spawn(async move { store.remember("bank", &format!("bank {number}")).await.unwrap() })
    });
    let mut heard = Vec::new();
    for tried in tries.collect::<Vec<_>>() {
        heard.push(tried.await.unwrap());
    }
    heard.dedup();
    assert_eq!(heard.len(), 1, "{heard:?}");
    assert_eq!(world.store.setting("bank").await.unwrap().as_ref(), Some(&heard[0]));
}

async fn a_value_is_replaced_only_if_known_and_with_an_audit_row(world: World) {
    world.store.remember("bank", "old").await.unwrap();
    let mut raw = world.raw().await;
    assert!(
        !world
            .store
            .replace_setting("bank", ["older", "new"], &[], &action(OperatorActionKind::BankConfirmed))
            .await
            .unwrap()
    );
    assert!(
        !world
            .store
            .replace_setting("other", ["old", "new"], &[], &action(OperatorActionKind::BankConfirmed))
            .await
            .unwrap()
    );
    assert_eq!(raw.count("operator_actions").await, 0);
    world.store.put_setting("cursor", "7").await.unwrap();
    assert!(
        world
            .store
            .replace_setting("bank", ["old", "new"], &["cursor"], &action(OperatorActionKind::BankConfirmed))
            .await
            .unwrap()
    );
    assert_eq!(world.store.setting("cursor").await.unwrap(), None, "it was the old bank's");
    assert_eq!(world.store.setting("bank").await.unwrap().as_deref(), Some("new"));
    assert_eq!(raw.texts("SELECT reason FROM operator_actions").await, ["because"]);
    // The same row of the audit log again is refused, and so is the change.
    let twice = action(OperatorActionKind::BankConfirmed);
    assert!(world.store.replace_setting("bank", ["new", "newer"], &[], &twice).await.unwrap());
    world.store.replace_setting("bank", ["newer", "newest"], &[], &twice).await.unwrap_err();
    assert_eq!(world.store.setting("bank").await.unwrap().as_deref(), Some("newer"));
}

async fn fresh(world: &World) -> (payrail_store::testing::TestDatabase, Store) {
    let database = world.empty_database().await;
    let store = Store::open(&database.url, 2, 2).await.unwrap();
    (database, store)
}

async fn a_purpose_is_given_at_creation_and_only_then(world: World) {
    // This one was created by the suite, as a ledger.
    world.store.migrate_as(Purpose::Demonstration, &[("name", "value")]).await.unwrap();
    assert!(!world.store.is_demonstration().await.unwrap());
    assert_eq!(world.store.setting("name").await.unwrap(), None);

    let (_database, store) = fresh(&world).await;
    assert!(store.is_new().await.unwrap());
    store.migrate_as(Purpose::Demonstration, &[("name", "value")]).await.unwrap();
    assert!(!store.is_new().await.unwrap());
    store.migrate_as(Purpose::Ledger, &[]).await.unwrap();
    assert!(store.is_demonstration().await.unwrap());
    assert_eq!(store.setting("name").await.unwrap().as_deref(), Some("value"));
    let before = store.setting(names::DATABASE_ID).await.unwrap();
    store.reset(&[]).await.unwrap();
    assert!(store.is_demonstration().await.unwrap());
    assert_eq!(store.setting("name").await.unwrap(), None);
    assert_ne!(store.setting(names::DATABASE_ID).await.unwrap(), before);
    // One of an earlier version has no such row.
    store.remove_setting(names::CREATED_AS).await.unwrap();
    assert!(!store.is_demonstration().await.unwrap());
    store.close().await;
}

async fn two_that_create_a_database_agree_on_what_it_is(world: World) {
    let (database, one) = fresh(&world).await;
    let other = Store::open(&database.url, 2, 2).await.unwrap();
    let (first, second) =
        tokio::join!(one.migrate_as(Purpose::Demonstration, &[]), other.migrate_as(Purpose::Ledger, &[]));
    first.and(second).unwrap();
    for name in [names::CREATED_AS, names::DATABASE_ID] {
        assert_eq!(one.setting(name).await.unwrap(), other.setting(name).await.unwrap());
    }
    one.close().await;
    other.close().await;
}

async fn another_secret_voids_keys_and_sessions(world: World) {
    world.store.add_key(merchant(0), &[7; 32], "prk_7", at(0)).await.unwrap();
    world.store.open_merchant_session(&[7; 32], &crate::staff::session(1, 0)).await.unwrap();
    crate::staff::signed_in(&world, "Ana").await;
    world.store.put_setting("old", "x").await.unwrap();
    world
        .store
        .change_secret(&[("old", None), ("new", Some("y"))], &action(OperatorActionKind::SecretChanged))
        .await
        .unwrap();
    assert!(world.store.merchant_of_key(&[7; 32]).await.unwrap().is_none());
    let mut raw = world.raw().await;
    assert_eq!((raw.count("merchant_sessions").await, raw.count("operator_sessions").await), (0, 0));
    assert_eq!(world.store.setting("old").await.unwrap(), None);
    assert_eq!(world.store.setting("new").await.unwrap().as_deref(), Some("y"));
    assert_eq!(raw.texts("SELECT action FROM operator_actions WHERE action = 'secret_changed'").await.len(), 1);
}

/// The server notices a closed connection only after a while.
async fn exclusive(store: &Store) -> ProcessLock {
    for _ in 0..2_400 {
        if let Some(lock) = store.lock_exclusive().await.unwrap() {
            return lock;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the lock was never free");
}

async fn a_reset_detects_other_processes(world: World) {
    let other = world.second_store().await;
    let one = world.store.lock_shared().await.unwrap().unwrap();
    let two = other.lock_shared().await.unwrap().unwrap();
    assert!(other.lock_exclusive().await.unwrap().is_none());
    drop(one);
    assert!(world.store.lock_exclusive().await.unwrap().is_none(), "one of two is still at work");
    drop(two);
    let alone = exclusive(&other).await;
    assert!(world.store.lock_shared().await.unwrap().is_none());
    assert!(world.store.lock_exclusive().await.unwrap().is_none());
    let shared = alone.share().await.unwrap();
    let guest = world.store.lock_shared().await.unwrap().unwrap();
    assert!(world.store.lock_exclusive().await.unwrap().is_none());
    drop((shared, guest));
    drop(exclusive(&world.store).await);
}

async fn a_lock_goes_with_its_connection_and_can_be_had_again(world: World) {
    let mut lock = world.store.lock_shared().await.unwrap().unwrap();
    assert!(lock.is_held().await);
    if !world.is_postgres() {
        return;
    }
    let ended = "SELECT CAST(pg_terminate_backend(pid) AS text) FROM pg_locks \
                 WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(world.raw().await.texts(ended).await, ["true"]);
    assert!(!lock.is_held().await);
    drop(exclusive(&world.store).await);
    // The server releases a lock a moment after its connection has closed.
    until("the lock is free", || async { world.store.lock_shared().await.unwrap().is_some() }).await;
}

/// A link to a database is the same database.
#[tokio::test]
async fn a_link_to_a_database_has_the_same_lock() {
    let world = World::sqlite().await;
    let file = payrail_store::file_of(&world.database.url).unwrap();
    let link = file.with_file_name("link.db");
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let linked = Store::open(&format!("sqlite://{}", link.display()), 1, 1).await.unwrap();
    let lock = linked.lock_shared().await.unwrap().expect("nobody is alone on it");
    assert!(world.store.lock_exclusive().await.unwrap().is_none(), "a process is at work on it, by way of the link");
    drop(lock);
    assert!(world.store.lock_exclusive().await.unwrap().is_some());
}
