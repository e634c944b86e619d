//! Once per key: a key creates at most one payout, for ever, and a repeated request gets the first answer, byte for
//! byte.

use jiff::SignedDuration;
use payrail_core::command::{Command, Refusal, Reply};
use payrail_store::StoreError;
use payrail_types::ids::Bucket;

use crate::world::{
    MICROSECOND, Paused, World, answer, at, create, create_to, fresh_id, fresh_key, fund, merchant, slow_clock,
};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    one_key_at_once_makes_one_payout,
    twice_in_one_batch_is_once,
    the_answer_outlives_the_store,
    another_request_under_the_key_is_refused,
    another_merchants_key_is_another_key,
    a_record_that_moved_money_cannot_be_touched,
    an_expired_refusal_gives_way_once,
    a_refusal_that_expires_at_once_is_no_trouble,
    only_expired_records_are_removed,
);
on_postgres_only!(a_record_that_comes_in_between_is_not_overwritten);
on_sqlite_only!(a_record_that_moved_money_cannot_be_replaced);

async fn one_key_at_once_makes_one_payout(world: World) {
    world.fund(merchant(0), 10_000).await;
    let stores = [world.store.clone(), world.second_store().await];
    // In the first round most are still connecting.
    for round in 1..=3 {
        let (key, rules) = (fresh_key(), world.rules);
        let ask = |n: usize| {
            let store = stores[n % 2].clone();
            // Each has an id of its own, like each request.
            let wish = Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), key, 1_000) };
            tokio::spawn(async move { store.execute(&[wish], &rules, &slow_clock).await })
        };
        let mut replies = Vec::new();
        for task in (0..32).map(ask).collect::<Vec<_>>() {
            replies.push(task.await.unwrap().expect("to be late is no error").remove(0));
        }
        let first_times = replies.iter().filter(|reply| matches!(reply, Ok(Reply::Answered { replayed: false, .. })));
        assert_eq!(first_times.count(), 1);
        let answers: Vec<_> = replies.into_iter().map(answer).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0] && answer.status == 201));
        assert_eq!(world.store.payouts(merchant(0), None, 100).await.unwrap().len(), round);
    }
    assert_eq!(world.balances(merchant(0)).await, (7_000, 3_000));
}

async fn twice_in_one_batch_is_once(world: World) {
    world.fund(merchant(0), 10_000).await;
    let (key, too_much) = (fresh_key(), fresh_key());
    let wish = |key, paise| Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), key, paise) };
    let batch = [wish(key, 1_000), wish(key, 1_000), wish(too_much, 99_000), wish(too_much, 99_000)];
    let answers: Vec<_> = world.run(&batch, at(1)).await.unwrap().into_iter().map(answer).collect();
    assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [201, 201, 400, 400]);
    assert_eq!((&answers[0], &answers[2]), (&answers[1], &answers[3]));
    assert_eq!(world.balances(merchant(0)).await, (9_000, 1_000));
}

async fn the_answer_outlives_the_store(world: World) {
    world.fund(merchant(0), 10_000).await;
    let (key, funding) = (fresh_key(), fresh_key());
    let account = "₹ \"quoted\" \\ \u{1f4b8} \u{7f}";
    let wish = || create_to(fresh_id(merchant(0)), key, 1_000, account);
    let first = world.ask(merchant(0), wish(), at(1)).await;
    let funded = world.ask(merchant(0), fund(funding, 5), at(2)).await;
    let reopened = World { store: world.second_store().await, rules: world.rules, database: world.database };
    drop(world.store);
    for years in [0, 1, 10, 1_000] {
        let now = at(years * 365 * 86_400 + 3);
        let again = reopened.one(merchant(0), wish(), now).await;
        assert_eq!(again, Ok(Reply::Answered { answer: first.clone(), replayed: true }));
        let again = reopened.one(merchant(0), fund(funding, 5), now).await;
        assert_eq!(again, Ok(Reply::Answered { answer: funded.clone(), replayed: true }));
    }
}

async fn another_request_under_the_key_is_refused(world: World) {
    world.fund(merchant(0), 10_000).await;
    let (key, id) = (fresh_key(), fresh_id(merchant(0)));
    world.ask(merchant(0), create(id, key, 1_000), at(1)).await;
    for other in [
        create(fresh_id(merchant(0)), key, 1_001),
        create_to(fresh_id(merchant(0)), key, 1_000, "demo-bank-account "),
        fund(key, 1_000),
    ] {
        assert_eq!(world.one(merchant(0), other, at(2)).await, Err(Refusal::KeyReused));
    }
    assert_eq!(world.balances(merchant(0)).await, (9_000, 1_000));
}

async fn another_merchants_key_is_another_key(world: World) {
    let key = fresh_key();
    for number in 0..2 {
        world.fund(merchant(number), 10_000).await;
        let paise = 1_000 + i64::from(number);
        let reply = world.one(merchant(number), create(fresh_id(merchant(number)), key, paise), at(1)).await;
        assert!(matches!(reply, Ok(Reply::Answered { replayed: false, ref answer }) if answer.status == 201));
    }
    assert_eq!(world.balances(merchant(0)).await, (9_000, 1_000));
    assert_eq!(world.balances(merchant(1)).await, (8_999, 1_001));
}

/// One record for ever (of a funding, or of a payout), and one that expires.
async fn records(world: &World) -> Raw {
    world.fund(merchant(0), 10_000).await;
    world.payout(merchant(0), 1_000).await;
    let too_much = create(fresh_id(merchant(0)), fresh_key(), 99_000);
    assert_eq!(world.ask(merchant(0), too_much, at(0)).await.status, 400);
    let mut raw = world.raw().await;
    assert_eq!(raw.count("idempotency_records WHERE expires_at IS NULL").await, 2);
    raw
}

async fn a_record_that_moved_money_cannot_be_touched(world: World) {
    let mut raw = records(&world).await;
    for change in ["body = '{}'", "status = 500", "payout_id = NULL", "expires_at = created_at", "bucket = bucket ^ 1"]
    {
        let change = if world.is_postgres() { change.replace('^', "#") } else { change.replace("bucket ^ 1", "0") };
        raw.refuses(&format!("UPDATE idempotency_records SET {change} WHERE expires_at IS NULL")).await;
    }
    let same = "INSERT INTO idempotency_records SELECT * FROM idempotency_records WHERE expires_at IS NULL";
    raw.refuses(same).await;
    let key = "(bucket, merchant_id, key)";
    raw.refuses(&format!("{same} {} ON CONFLICT {key} DO UPDATE SET status = 500", "AND status = 201")).await;
    raw.refuses("DELETE FROM idempotency_records WHERE expires_at IS NULL").await;
    raw.refuses("DELETE FROM idempotency_records").await;
    if world.is_postgres() {
        raw.refuses("TRUNCATE idempotency_records").await;
    }
    // One that made a payout never expires.
    let expire = "UPDATE idempotency_records SET payout_id = merchant_id WHERE expires_at IS NOT NULL";
    raw.refuses(expire).await;
    assert_eq!(raw.count("idempotency_records").await, 3);
    assert_eq!(raw.exec("DELETE FROM idempotency_records WHERE expires_at IS NOT NULL").await, 1);
}

/// REPLACE fires no DELETE trigger unless configured to.
async fn a_record_that_moved_money_cannot_be_replaced(world: World) {
    let mut raw = records(&world).await;
    for recursive in ["OFF", "ON"] {
        raw.exec(&format!("PRAGMA recursive_triggers = {recursive}")).await;
        let all = "SELECT * FROM idempotency_records WHERE expires_at IS NULL";
        raw.refuses(&format!("INSERT OR REPLACE INTO idempotency_records {all}")).await;
        // An expiring record replaces a permanent one.
        raw.refuses(
            "UPDATE OR REPLACE idempotency_records SET key = \
             (SELECT key FROM idempotency_records WHERE payout_id IS NOT NULL) WHERE expires_at IS NOT NULL",
        )
        .await;
        assert_eq!(raw.count("idempotency_records WHERE expires_at IS NULL").await, 2);
    }
}

/// Without the merchant's lock: the key is used after the decision has looked it up.
async fn a_record_that_comes_in_between_is_not_overwritten(world: World) {
    let mut raw = records(&world).await;
    let key = fresh_key();
    let wish = Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), key, 1_000) };
    let late = Paused::start(&world.store, vec![wish], world.rules).await;
    let taken = format!(
        "INSERT INTO idempotency_records SELECT bucket, merchant_id, {}, request_hash, 299, 'first', payout_id, created_at, \
         NULL FROM idempotency_records WHERE payout_id IS NOT NULL",
        raw.id(key.0)
    );
    assert_eq!(raw.exec(&taken).await, 1);
    assert!(matches!(late.finish().await, Err(StoreError::Refused(_))));
    assert_eq!(raw.texts("SELECT body FROM idempotency_records WHERE status = 299").await, ["first"]);
    assert_eq!(world.balances(merchant(0)).await, (9_000, 1_000));
}

async fn an_expired_refusal_gives_way_once(world: World) {
    world.fund(merchant(0), 1_000).await;
    let key = fresh_key();
    let wish = |paise| create(fresh_id(merchant(0)), key, paise);
    let refusal = world.ask(merchant(0), wish(5_000), at(0)).await;
    assert_eq!(refusal.status, 400);
    world.fund(merchant(0), 9_000).await;
    let end = at(0) + world.rules.policy.refusal_ttl;
    for now in [at(1), end - MICROSECOND] {
        assert_eq!(world.ask(merchant(0), wish(5_000), now).await, refusal, "the money that came does not matter");
        assert_eq!(world.one(merchant(0), wish(5_001), now).await, Err(Refusal::KeyReused));
    }
    // After expiry the key counts as unused, even for another request.
    let accepted = world.ask(merchant(0), wish(6_000), end).await;
    assert_eq!(accepted.status, 201);
    for now in [end, end + world.rules.policy.refusal_ttl, end + SignedDuration::from_hours(24 * 3_650)] {
        assert_eq!(world.ask(merchant(0), wish(6_000), now).await, accepted);
        assert_eq!(world.one(merchant(0), wish(5_000), now).await, Err(Refusal::KeyReused));
    }
    assert_eq!(world.balances(merchant(0)).await, (4_000, 6_000));
}

async fn only_expired_records_are_removed(world: World) {
    world.fund(merchant(0), 1_000).await;
    let keys: Vec<_> = (0..5).map(|_| fresh_key()).collect();
    let wish = |key, paise| create(fresh_id(merchant(0)), key, paise);
    for (key, second) in keys.iter().zip([0, 0, 0, 0, 10]) {
        assert_eq!(world.ask(merchant(0), wish(*key, 5_000), at(second)).await.status, 400);
    }
    // The first refusal has expired, and its key created a payout, which is permanent.
    let end = at(0) + world.rules.policy.refusal_ttl;
    let paid = world.ask(merchant(0), wish(keys[0], 700), end).await;
    assert_eq!(paid.status, 201);
    let bucket = merchant(0).bucket();
    let remove = |then, most| world.store.remove_refusals(bucket, then, most);
    assert_eq!(remove(end, 100).await.unwrap(), 0, "its time is not over before it is over");
    assert_eq!(remove(end + MICROSECOND, 2).await.unwrap(), 2);
    assert_eq!(remove(end + MICROSECOND, 2).await.unwrap(), 1, "the fifth has ten seconds left");
    let other = Bucket::new(bucket.get().wrapping_add(1));
    let much_later = end + SignedDuration::from_hours(24 * 365);
    assert_eq!(world.store.remove_refusals(other, much_later, 100).await.unwrap(), 0);
    assert_eq!(world.ask(merchant(0), wish(keys[0], 700), much_later).await, paid);
    assert_eq!(world.one(merchant(0), wish(keys[4], 5_001), end).await, Err(Refusal::KeyReused));
    assert_eq!(remove(much_later, 100).await.unwrap(), 1);
    assert_eq!(world.balances(merchant(0)).await, (300, 700));
}

/// Then one batch writes the key's record several times.
async fn a_refusal_that_expires_at_once_is_no_trouble(mut world: World) {
    world.rules.policy.refusal_ttl = SignedDuration::ZERO;
    let key = fresh_key();
    let wish = |paise| Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), key, paise) };
    let fund = Command { merchant: merchant(0), action: fund(fresh_key(), 1_000) };
    let batch = [wish(500), wish(600), fund, wish(700), wish(700), wish(500)];
    let mut replies = world.run(&batch, at(1)).await.unwrap();
    assert_eq!(replies.pop(), Some(Err(Refusal::KeyReused)));
    let statuses: Vec<_> = replies.into_iter().map(|reply| answer(reply).status).collect();
    assert_eq!(statuses, [400, 400, 201, 201, 201]);
    assert_eq!(world.balances(merchant(0)).await, (300, 700));
    assert_eq!(world.ask(merchant(0), wish(700).action, at(2)).await.status, 201);
}
