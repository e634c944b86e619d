//! The workers' heartbeats: one row per worker with its newest state, and none for workers long gone.

use payrail_store::WorkerLine;

use crate::world::{World, at};

on_both_stores!(a_heartbeat_is_kept_and_replaced, long_silent_workers_are_removed);

fn worker(name: &str, seen: i64) -> WorkerLine {
    WorkerLine {
        name: name.to_owned(),
        role: "worker".to_owned(),
        started_at: at(0),
        seen_at: at(seen),
        stopped_at: None,
        recent_answers: "[]".to_owned(),
    }
}

async fn a_heartbeat_is_kept_and_replaced(world: World) {
    let store = &world.store;
    assert_eq!(store.workers().await.unwrap(), []);
    store.beat(&worker("a", 5), at(0)).await.unwrap();
    store.beat(&worker("b", 6), at(0)).await.unwrap();
    let stopped = WorkerLine { stopped_at: Some(at(7)), recent_answers: "[1]".to_owned(), ..worker("a", 7) };
    store.beat(&stopped, at(0)).await.unwrap();
    assert_eq!(store.workers().await.unwrap(), [stopped, worker("b", 6)], "the one that was seen last comes first");
    store.beat(&WorkerLine { role: "root".to_owned(), ..worker("c", 8) }, at(0)).await.unwrap_err();
    store.beat(&worker("", 8), at(0)).await.unwrap_err();
    assert_eq!(store.workers().await.unwrap().len(), 2);
}

async fn long_silent_workers_are_removed(world: World) {
    for (name, seen) in [("a", 5), ("b", 20)] {
        world.store.beat(&worker(name, seen), at(0)).await.unwrap();
    }
    world.store.beat(&worker("c", 30), at(20)).await.unwrap();
    let names: Vec<_> = world.store.workers().await.unwrap().into_iter().map(|worker| worker.name).collect();
    assert_eq!(names, ["c", "b"]);
}
