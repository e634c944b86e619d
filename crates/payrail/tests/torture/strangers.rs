//! Processes that are not as they should be: one that was started with another bank's address, one whose clock is a day
//! wrong. Each must say so, do no harm, and go on when it is put right.

use std::time::{Duration, Instant};

use payrail_store::testing::DEADLINE;
use serde_json::Value;
use tokio::time::sleep;

use crate::plan::Fault;
use crate::processes::{Order, Post, Role};
use crate::town::Town;

const DAY_AND_AN_HOUR: i64 = 25 * 3_600 * 1_000;

/// It must stop and say so. Nothing may reach that bank: of this the auditor makes sure.
pub async fn at_another_bank(town: &Town, fault: &Fault) {
    let workers: Vec<_> = town.posts.iter().filter(|post| post.role.is_worker()).collect();
    let post = workers[fault.target % workers.len()];
    let _turn = post.turn.lock().await;
    let before = times_said(post);
    post.change(Some(("PAYRAIL_BANK_URL", &town.other_bank.url)));
    post.order(Order::Stop).await;
    // It says so when it has reached the bank and the database, which other faults may be keeping it from.
    if !comes_true(async || times_said(post) > before).await {
        town.complain(format!("{} was started with another bank, and did not say so", post.name));
    }
    sleep(fault.lasts).await;
    post.change(None);
    post.order(Order::Stop).await;
}

fn times_said(post: &Post) -> usize {
    post.logged().matches("ANOTHER BANK").count()
}

/// It joins with its wrong clock, takes part in everything, and is corrected. It must not be ready meanwhile. (A worker
/// has no address at which it could be asked.)
pub async fn with_a_wrong_clock(town: &Town, fault: &Fault) -> bool {
    let servers: Vec<_> = town.posts.iter().filter(|post| post.role != Role::Bank).collect();
    let post = servers[fault.target % servers.len()];
    let Some(clock) = &post.clock else { return false };
    let _turn = post.turn.lock().await;
    clock.step(DAY_AND_AN_HOUR * fault.step.signum());
    post.order(Order::Stop).await;
    if post.role == Role::Worker {
        sleep(2 * fault.lasts).await;
    } else {
        says_that_its_clock_is_wrong(town, post).await;
        sleep(fault.lasts).await;
    }
    clock.step(0);
    true
}

async fn says_that_its_clock_is_wrong(town: &Town, post: &Post) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
    let says = async || {
        let Some(address) = *post.address.lock().unwrap() else { return false };
        let Ok(answer) = http.get(format!("http://{address}/readyz")).send().await else { return false };
        if answer.status().is_success() {
            town.complain(format!("{} was ready although its clock was a day wrong", post.name));
        }
        answer.json::<Value>().await.is_ok_and(|problem| problem["code"] == "clock_differs")
    };
    if !comes_true(says).await {
        town.complain(format!("{} did not say that its clock was a day wrong", post.name));
    }
}

async fn comes_true(is_so: impl AsyncFn() -> bool) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < DEADLINE {
        if is_so().await {
            return true;
        }
        sleep(Duration::from_millis(50)).await;
    }
    false
}
