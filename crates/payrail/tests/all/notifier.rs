//! A commit in one process wakes waiters in another, without polling.

use std::sync::Arc;
use std::time::Duration;

use payrail::notifier::{Exchange, Notifier};
use payrail_store::Store;
use payrail_types::ids::MerchantId;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::World;

/// A process's notifier, with its exchange at work.
async fn process(world: &World, stop: &CancellationToken) -> (Arc<Notifier>, Arc<Notify>) {
    let store = Store::open(&world.database.url, 1, 2).await.unwrap();
    let (notifier, worker) = (Arc::new(Notifier::default()), Arc::new(Notify::new()));
    let exchange = Exchange { notifier: notifier.clone(), worker: worker.clone(), store, stop: stop.clone() };
    tokio::spawn(exchange.run());
    (notifier, worker)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_in_one_process_wakes_another() {
    let world = World::postgres().await;
    let stop = CancellationToken::new();
    let ((here, worker), (elsewhere, _)) = (process(&world, &stop).await, process(&world, &stop).await);
    let merchant = MerchantId(Uuid::now_v7());
    // The worker is woken by announcements alone, which come once both listen.
    let heard = async {
        loop {
            elsewhere.notify(merchant);
            if tokio::time::timeout(Duration::from_millis(200), worker.notified()).await.is_ok() {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(120), heard).await.expect("the worker of the other process wakes");
    for _ in 0..10 {
        let mut news = std::pin::pin!(here.next(merchant));
        news.as_mut().enable();
        elsewhere.notify(merchant);
        tokio::time::timeout(Duration::from_secs(120), news).await.expect("whoever waits for this merchant wakes");
    }
    stop.cancel();
}
