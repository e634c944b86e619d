//! Misconfigured processes: a worker with another bank's address, and a process whose clock is a day wrong. Each must
//! report it, do no harm, and continue once it is corrected. A sleep is how long a fault lasts; whatever must come true is
//! waited for (`comes_true`).

use std::time::{Duration, Instant};

use payrail_store::testing::DEADLINE;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::sleep;

use crate::plan::Fault;
use crate::processes::{Order, Post, Role};
use crate::system::System;

const DAY_AND_AN_HOUR: i64 = 25 * 3_600 * 1_000;

/// The worker must stop and report it. The auditor checks that no call reached that bank.
pub async fn at_another_bank(system: &System, fault: &Fault) {
    let workers: Vec<_> = system.posts.iter().filter(|post| post.role.is_worker()).collect();
    let post = workers[fault.target % workers.len()];
    let _turn = post.turn.lock().await;
    let before = times_said(post);
    post.change(Some(("PAYRAIL_BANK_URL", &system.other_bank.url)));
    post.order(Order::Stop).await;
    // It reports this once it reaches the bank and the database, which other faults may delay.
    if !comes_true(async || times_said(post) > before).await {
        system.complain(format!("{} was started with another bank, and did not say so", post.name));
    }
    sleep(fault.lasts).await;
    post.change(None);
    post.order(Order::Stop).await;
}

fn times_said(post: &Post) -> usize {
    post.logged().matches("ANOTHER BANK").count()
}

/// A process starts with a wrong clock, takes part in everything, and is corrected.
pub async fn with_a_wrong_clock(system: &System, fault: &Fault) -> bool {
    if system.cluster.is_some() {
        beside_the_databases_clock(system, fault).await
    } else {
        on_one_file(system, fault).await
    }
}

/// On SQLite each process uses its own clock. A worker with a fast clock dies in the middle of its work, so the payouts
/// that it held are due a day too late. An operator brings them forward.
async fn on_one_file(system: &System, fault: &Fault) -> bool {
    let post = system.posts.iter().find(|post| post.role == Role::Worker);
    let Some((post, clock)) = post.and_then(|post| Some((post, post.clock.as_ref()?))) else { return false };
    let _turn = post.turn.lock().await;
    clock.step(DAY_AND_AN_HOUR);
    post.order(Order::Stop).await;
    // The duration of the fault.
    sleep(2 * fault.lasts).await;
    // Kill it before its clock is corrected; otherwise it would renew its leases.
    post.order(Order::Kill(fault.lasts)).await;
    clock.step(0);
    post.order(Order::Stop).await;
    if !comes_true(async || bring_forward(system).await).await {
        system.complain("what a fast clock had made due in a day was not brought forward".to_owned());
    }
    true
}

/// This may fail during another fault, such as a full disk.
async fn bring_forward(system: &System) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail"));
    command.args(["bring-forward", "--all", "--reason", "a worker's clock was 25 hours fast"]);
    command.env("DATABASE_URL", &system.database_url).env("DEBUG", "1").env("PAYRAIL_LOG", "error");
    command.current_dir(&system.folder).kill_on_drop(true);
    command.output().await.is_ok_and(|output| output.status.success())
}

/// The process must not be ready meanwhile. (A worker has no address for this check.)
async fn beside_the_databases_clock(system: &System, fault: &Fault) -> bool {
    let servers: Vec<_> = system.posts.iter().filter(|post| post.role != Role::Bank).collect();
    let post = servers[fault.target % servers.len()];
    let Some(clock) = &post.clock else { return false };
    let _turn = post.turn.lock().await;
    clock.step(DAY_AND_AN_HOUR * fault.step.signum());
    post.order(Order::Stop).await;
    if post.role == Role::Worker {
        sleep(2 * fault.lasts).await;
    } else {
        says_that_its_clock_is_wrong(system, post).await;
        sleep(fault.lasts).await;
    }
    clock.step(0);
    true
}

async fn says_that_its_clock_is_wrong(system: &System, post: &Post) {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build().unwrap();
    let says = async || {
        let Some(address) = *post.address.lock().unwrap() else { return false };
        let Ok(answer) = http.get(format!("http://{address}/readyz")).send().await else { return false };
        if answer.status().is_success() {
            system.complain(format!("{} was ready although its clock was a day wrong", post.name));
        }
        answer.json::<Value>().await.is_ok_and(|problem| problem["code"] == "clock_differs")
    };
    if !comes_true(says).await {
        system.complain(format!("{} did not say that its clock was a day wrong", post.name));
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
