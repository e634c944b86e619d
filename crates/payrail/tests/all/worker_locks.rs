//! A merchant whose row another transaction has locked delays no other merchant's payouts or returns.

use payrail_core::payout::Status;
use payrail_types::ids::{Bucket, MerchantId};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::fake_bank::{FakeBank, page, paid, returned, says};
use crate::harness::Harness;
use crate::support::{World, until};
use payrail_store::testing::Sql;

/// A merchant in another lane than this one's: lanes do not wait for each other.
async fn merchant_in_another_lane(harness: &Harness<'_>, than: MerchantId) -> MerchantId {
    let lane = |bucket: Bucket| bucket.get() % 2;
    loop {
        let merchant = harness.merchant(100_000).await;
        if lane(merchant.bucket()) != lane(than.bucket()) {
            return merchant;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_merchant_delays_no_other_payout() {
    let world = World::postgres().await;
    let harness = Harness::start(&world).await;
    let locked = harness.merchant(100_000).await;
    let other = merchant_in_another_lane(&harness, locked).await;
    let mut waiting = Vec::new();
    // More than the worker's slots.
    for _ in 0..20 {
        waiting.push(harness.pay(locked, 1_000, "demo-success").await);
    }
    let mut sql = Sql::connect(&world.database.url).await;
    sql.lock(&format!("{locked}@example.com")).await;
    let stop = CancellationToken::new();
    let working = tokio::spawn(harness.worker("w1").run(stop.clone()));
    // If each payout waited for the database's lock timeout of five seconds, this would not end in time.
    for _ in 0..60 {
        let id = harness.pay(other, 1_000, "demo-success").await;
        until("it is paid", || async { harness.status(other, id).await == Status::Completed }).await;
    }
    for id in &waiting {
        assert_eq!(harness.status(locked, *id).await, Status::Pending);
    }
    sql.release().await;
    for id in waiting {
        until("it is paid", || async { harness.status(locked, id).await == Status::Completed }).await;
    }
    stop.cancel();
    working.await.unwrap();
    world.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_locked_merchants_return_delays_no_other() {
    let world = World::postgres().await;
    let rows: std::sync::Arc<std::sync::Mutex<Vec<serde_json::Value>>> = Default::default();
    let list = rows.clone();
    let bank = FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/returns") => page("returns", query, &list.lock().unwrap()),
        ("GET", _) => says(&json!({})),
        _ => paid("UTR-$reference"),
    })
    .await;
    let harness = Harness::start_without_bank(&world, bank.url.clone()).await;
    let (locked, other) = (harness.merchant(100_000).await, harness.merchant(100_000).await);
    let first = harness.pay(locked, 1_000, "demo-success").await;
    let second = harness.pay(other, 2_000, "demo-success").await;
    let worker = harness.worker("w1");
    worker.round().await.unwrap();
    let line = |number, payout: payrail_types::ids::PayoutId, amount| {
        returned(number, &payout.reference(), amount, &format!("UTR-{}", payout.reference()))
    };
    *rows.lock().unwrap() = vec![line(1, first, 1_000), line(2, second, 2_000)];
    let mut sql = Sql::connect(&world.database.url).await;
    sql.lock(&format!("{locked}@example.com")).await;
    worker.round().await.unwrap();
    assert_eq!(harness.status(other, second).await, Status::Returned);
    let [waiting] = &harness.store.waiting_returns(10).await.unwrap()[..] else { panic!("not one is set aside") };
    assert_eq!((waiting.payout, waiting.waits_for.as_str()), (first, "the merchant's book is in use for too long"));
    sql.release().await;
    harness.clock.advance(crate::harness::seconds(60));
    worker.round().await.unwrap();
    assert_eq!(harness.status(locked, first).await, Status::Returned);
}
