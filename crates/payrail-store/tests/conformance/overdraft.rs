//! No overdraft: `available` and `held` never go below zero, under any concurrency.

use payrail_core::command::{Command, Refusal, Reply};

use crate::world::{Paused, World, answer, at, create, fresh_id, fresh_key, merchant, slow_clock};

on_all_stores!(
    of_many_at_once_as_many_win_as_the_balance_allows,
    a_batch_cannot_overdraw,
    a_wait_for_the_lock_is_followed_by_a_fresh_read,
    batches_in_opposite_order_do_not_deadlock,
);

/// Six thousand of the merchant's ten.
fn wish(number: u8) -> Command {
    Command { merchant: merchant(number), action: create(fresh_id(merchant(number)), fresh_key(), 6_000) }
}

/// On either store in turn, each in a task of its own; the replies in the order of the batches.
async fn all_at_once(world: &World, batches: Vec<Vec<Command>>) -> Vec<Result<Reply, Refusal>> {
    let stores = [world.store.clone(), world.second_store().await];
    let rules = world.rules;
    let run = |(number, batch): (usize, Vec<Command>)| {
        let store = stores[number % 2].clone();
        tokio::spawn(async move { store.execute(&batch, &rules, &slow_clock).await })
    };
    let tasks: Vec<_> = batches.into_iter().enumerate().map(run).collect();
    let mut replies = Vec::new();
    for task in tasks {
        replies.extend(task.await.unwrap().expect("to be late is no error"));
    }
    replies
}

async fn of_many_at_once_as_many_win_as_the_balance_allows(world: World) {
    world.fund(merchant(0), 10_000).await;
    let wishes: Vec<_> = (0..24).map(|_| wish(0)).collect();
    let replies = all_at_once(&world, wishes.iter().map(|wish| vec![wish.clone()]).collect()).await;
    let answers: Vec<_> = replies.into_iter().map(answer).collect();
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 400).collect();
    assert_eq!(refused.len(), 23);
    assert!(refused.iter().all(|answer| answer.body.contains("\"available_balance_paise\":4000")), "{refused:?}");
    assert_eq!(world.balances(merchant(0)).await, (4_000, 6_000));
    // Each refusal is remembered, and so is the one payout.
    for (wish, first) in wishes.into_iter().zip(answers) {
        let again = world.one(wish.merchant, wish.action, at(2)).await;
        assert_eq!(again, Ok(Reply::Answered { answer: first, replayed: true }));
    }
}

async fn a_batch_cannot_overdraw(world: World) {
    world.fund(merchant(0), 10_000).await;
    let replies = world.run(&[wish(0), wish(0), wish(0)], at(1)).await.unwrap();
    let statuses: Vec<_> = replies.into_iter().map(|reply| answer(reply).status).collect();
    assert_eq!(statuses, [201, 400, 400]);
    assert_eq!(world.balances(merchant(0)).await, (4_000, 6_000));
}

/// On PostgreSQL a statement that waits for a row's lock sees the rest of the world as it was before.
async fn a_wait_for_the_lock_is_followed_by_a_fresh_read(world: World) {
    world.fund(merchant(0), 10_000).await;
    let first = Paused::start(&world.store, vec![wish(0)], world.rules).await;
    let second = world.second_store().await;
    let rules = world.rules;
    let second = tokio::spawn(async move { second.execute(&[wish(0)], &rules, &|| at(1)).await });
    world.until_one_waits().await;
    assert!(!second.is_finished(), "it must wait for the merchant");
    assert_eq!(answer(first.finish().await.unwrap().remove(0)).status, 201);
    assert_eq!(answer(second.await.unwrap().unwrap().remove(0)).status, 400);
}

async fn batches_in_opposite_order_do_not_deadlock(world: World) {
    for number in 0..3 {
        world.fund(merchant(number), 1_000_000).await;
    }
    let orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]];
    let batches = (0..24).map(|n| orders[n % orders.len()].map(wish).to_vec()).collect();
    let replies = all_at_once(&world, batches).await;
    assert!(replies.into_iter().all(|reply| answer(reply).status == 201));
    for number in 0..3 {
        assert_eq!(world.balances(merchant(number)).await, (1_000_000 - 24 * 6_000, 24 * 6_000));
    }
}
