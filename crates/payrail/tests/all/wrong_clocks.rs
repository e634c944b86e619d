//! A process whose clock is a day wrong reports it, and still moves money at the right time. (Debian's libfaketime sets
//! the clock of one process.)

use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use reqwest::StatusCode;
use serde_json::Value;

use crate::faketime::{self, Clock};
use crate::support::{Process, TINY, World, key, until};
use crate::verify_fixture::{stderr, stdout};

const DAY_AND_AN_HOUR: i64 = 25 * 3_600 * 1_000;

fn with_clock(world: &World, mut command: Command) -> (Clock, Command) {
    let library = faketime::library().expect("libfaketime is not installed: run scripts/setup test");
    let clock = Clock::new(&library, world.folder.join("clock"));
    command.envs(clock.environment());
    (clock, command)
}

async fn readiness(server: &Process) -> (StatusCode, Value) {
    let answer = server.client.get(format!("{}/readyz", server.url)).send().await.unwrap();
    (answer.status(), answer.json().await.unwrap())
}

/// In seconds.
async fn difference(server: &Process) -> f64 {
    let text = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    let line = text.lines().find(|line| line.starts_with("payrail_clock_difference_seconds "));
    line.expect("the metric").rsplit(' ').next().unwrap().parse().unwrap()
}

fn moment(value: &Value) -> Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

/// This test's own clock is right, and equals the database's.
#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_the_time_is_the_databases_and_the_process_is_not_ready() {
    let world = World::postgres().await;
    for wrong in [DAY_AND_AN_HOUR, -DAY_AND_AN_HOUR] {
        let (clock, command) = with_clock(&world, world.command(&["serve"]));
        clock.step(wrong);
        let server = Process::start(command);
        let (status, problem) = readiness(&server).await;
        assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &"clock_differs".into()));
        let detail = problem["detail"].as_str().unwrap();
        let direction = if wrong > 0 { "ahead of" } else { "behind" };
        assert!(detail.contains(direction) && detail.contains("PAYRAIL_CLOCK_TOLERANCE_MS"), "{detail}");
        assert!((difference(&server).await - wrong as f64 / 1_000.0).abs() < 60.0);

        let begun = payrail::clock::Clock::System.now();
        let (status, payout) = server.pay(TINY, key(), 100, "demo-success").await;
        assert_eq!(status, StatusCode::CREATED);
        let path = format!("/api/v1/payouts/{}/", payout["id"].as_str().unwrap());
        until("it is paid", || async { server.json(TINY, &path).await["status"] == "completed" }).await;
        let timeline = server.json(TINY, &path).await;
        let ended = payrail::clock::Clock::System.now();
        // The id contains its time too, and lists are in its order.
        let id = u128::from_str_radix(&payout["id"].as_str().unwrap().replace('-', ""), 16).unwrap();
        let named = Timestamp::from_millisecond((id >> 80) as i64).unwrap();
        let slack = SignedDuration::from_secs(5);
        for at in [moment(&timeline["created_at"]), moment(&timeline["updated_at"]), named] {
            assert!(at > begun - slack && at < ended + slack, "{begun} {at} {ended}");
        }

        clock.step(0);
        until("it is ready again", || async { readiness(&server).await.0 == StatusCode::OK }).await;
        assert!(server.stop().success());
    }
    world.verify();
}

/// A worker has no address; its health check reports the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_wrong_clock_is_not_healthy() {
    let world = World::postgres().await;
    assert!(world.run(&["migrate"]).status.success());
    let bank = world.start::<&str>(&["bank"], &[]);
    let (clock, mut command) = with_clock(&world, world.command(&["health"]));
    command.env("PAYRAIL_ROLE", "worker").env("PAYRAIL_BANK_URL", &bank.url);
    clock.step(-DAY_AND_AN_HOUR);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("25h"), "{}", stderr(&output));
    assert!(stderr(&output).contains("behind the database's"), "{}", stderr(&output));
    clock.step(0);
    assert!(command.output().unwrap().status.success());
}

/// SQLite uses the machine's clock. Payouts from its wrong time are found, and brought forward with a reason. Claimed
/// ones are enquired about first.
#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_what_a_fast_clock_made_is_found_and_brought_forward() {
    let world = World::sqlite();
    let settings = [("PAYRAIL_BANK_SILENCE_MS", "60000"), ("PAYRAIL_BANK_TIMEOUT_MS", "50000")];
    let (clock, mut command) = with_clock(&world, world.command(&["serve"]));
    clock.step(DAY_AND_AN_HOUR);
    command.envs(settings);
    let server = Process::start(command);
    let (_, held) = server.pay(TINY, key(), 100, "demo-timeout-paid").await;
    let held = format!("/api/v1/payouts/{}/", held["id"].as_str().unwrap());
    until("a worker has it", || async { server.json(TINY, &held).await["status"] == "processing" }).await;
    server.kill();
    let (_, command) = with_clock(&world, world.command(&["serve", "--role", "api"]));
    clock.step(DAY_AND_AN_HOUR);
    let server = Process::start(command);
    let (status, pending) = server.pay(TINY, key(), 100, "demo-success").await;
    assert_eq!(status, StatusCode::CREATED);
    let pending = format!("/api/v1/payouts/{}/", pending["id"].as_str().unwrap());
    assert!(server.stop().success());

    let server = world.serve_with(&[("PAYRAIL_BANK_SILENCE_MS", "50"), ("PAYRAIL_RETRY_BASE_MS", "100")]);
    let metrics = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("payrail_payouts_due_far_ahead 2"), "{metrics}");
    let found = stdout(&world.run(&["verify"]));
    assert_eq!(found.matches("due far in the future").count(), 2, "{found}");
    let listed = stdout(&world.run(&["bring-forward", "--json"]));
    assert_eq!(listed.lines().count(), 2, "{listed}");
    let refused = world.run(&["bring-forward", "--all"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("--reason"));
    let done = world.run(&["bring-forward", "--all", "--reason", "the clock was 25 hours fast"]);
    assert!(done.status.success(), "{}", stderr(&done));
    for path in [&held, &pending] {
        until("it is paid", || async { server.json(TINY, path).await["status"] == "completed" }).await;
    }
    assert_eq!(stdout(&world.run(&["bring-forward"])).trim_end(), "No payout is due far in the future.");
    world.verify();
}
