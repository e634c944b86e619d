//! Merchants' sessions: valid until they expire, end, or their key is revoked.

use payrail_store::{NewSession, StoreError};

use crate::world::{World, at, merchant, person};

on_both_stores!(
    a_session_leads_to_the_key_s_merchant_until_it_expires,
    a_session_ends_with_its_key,
    a_session_that_ended_is_no_more,
    expired_sessions_are_removed,
    a_session_belongs_to_an_existing_key,
);

const KEY: [u8; 32] = [1; 32];
const OTHER_KEY: [u8; 32] = [2; 32];

fn session(hash: u8, from: i64, until: i64) -> NewSession {
    NewSession { hash: [hash; 32], created_at: at(from), expires_at: at(until) }
}

async fn with_keys(world: &World) {
    world.store.add_key(merchant(0), &KEY, "prk_1", at(0)).await.unwrap();
    world.store.add_key(merchant(2), &OTHER_KEY, "prk_2", at(0)).await.unwrap();
}

async fn a_session_leads_to_the_key_s_merchant_until_it_expires(world: World) {
    with_keys(&world).await;
    world.store.open_merchant_session(&KEY, &session(7, 0, 10)).await.unwrap();
    world.store.open_merchant_session(&OTHER_KEY, &session(8, 0, 20)).await.unwrap();
    assert_eq!(owner(&world, 7, 9).await, Some((0, 10)));
    assert_eq!(owner(&world, 8, 9).await, Some((2, 20)));
    assert_eq!(owner(&world, 7, 10).await, None, "its last moment is past");
    assert_eq!(owner(&world, 8, 10).await, Some((2, 20)));
    assert_eq!(owner(&world, 9, 0).await, None);
}

/// Whose it is, and the second of its end.
async fn owner(world: &World, hash: u8, now: i64) -> Option<(u8, i64)> {
    let session = world.store.merchant_session(&[hash; 32], at(now)).await.unwrap()?;
    let number = (0..3).find(|number| person(*number) == session.merchant).unwrap();
    assert_eq!(session.key_prefix, if number == 0 { "prk_1" } else { "prk_2" });
    Some((number, session.expires_at.as_second() - at(0).as_second()))
}

async fn a_session_ends_with_its_key(world: World) {
    with_keys(&world).await;
    world.store.open_merchant_session(&KEY, &session(7, 0, 10)).await.unwrap();
    world.store.open_merchant_session(&OTHER_KEY, &session(8, 0, 10)).await.unwrap();
    let now = if world.is_postgres() { "now()" } else { "1" };
    let revoke = format!("UPDATE api_keys SET revoked_at = {now} WHERE prefix = 'prk_1'");
    assert_eq!(world.raw().await.exec(&revoke).await, 1);
    assert_eq!(world.store.merchant_session(&[7; 32], at(1)).await.unwrap(), None);
    assert!(world.store.merchant_session(&[8; 32], at(1)).await.unwrap().is_some());
}

async fn a_session_that_ended_is_no_more(world: World) {
    with_keys(&world).await;
    for hash in [7, 8] {
        world.store.open_merchant_session(&KEY, &session(hash, 0, 10)).await.unwrap();
    }
    for _ in 0..2 {
        world.store.end_merchant_session(&[7; 32]).await.unwrap();
        assert_eq!(world.store.merchant_session(&[7; 32], at(1)).await.unwrap(), None);
    }
    assert!(world.store.merchant_session(&[8; 32], at(1)).await.unwrap().is_some(), "only the one");
}

async fn expired_sessions_are_removed(world: World) {
    with_keys(&world).await;
    world.store.open_merchant_session(&KEY, &session(7, 0, 10)).await.unwrap();
    world.store.open_merchant_session(&KEY, &session(8, 0, 30)).await.unwrap();
    world.store.open_merchant_session(&KEY, &session(9, 10, 20)).await.unwrap();
    assert_eq!(world.raw().await.count("merchant_sessions").await, 2);
    assert!(world.store.merchant_session(&[8; 32], at(11)).await.unwrap().is_some());
}

async fn a_session_belongs_to_an_existing_key(world: World) {
    with_keys(&world).await;
    for bad in [
        world.store.open_merchant_session(&[3; 32], &session(7, 0, 10)).await,
        world.store.open_merchant_session(&KEY, &session(7, 10, 10)).await,
    ] {
        assert!(matches!(bad, Err(StoreError::Refused(_))), "{bad:?}");
    }
    assert_eq!(world.raw().await.count("merchant_sessions").await, 0);
}
