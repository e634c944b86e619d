//! A reset: only of a demonstration, only without other processes, once per orderly start, and with the bank's book.

use reqwest::StatusCode;

use crate::cli_settings::refused;
use crate::demo_mode::OWN_SECRET;
use crate::support::{ACME, FIAZ, Process, TINY, World, key, until};
use crate::verify_fixture::{stderr, stdout};
use payrail_store::testing::Sql;

on_both_stores!(
    reset_data_begins_anew_at_each_start,
    a_crash_loop_resets_once,
    only_a_demonstration_is_reset,
    a_database_in_use_is_not_reset,
    a_lock_does_not_outlive_a_killed_process,
    a_reset_includes_a_bank_elsewhere,
    a_bank_that_cannot_be_reset_keeps_everything,
    the_book_of_another_database_is_not_emptied,
);

const FAST: (&str, &str) = ("PAYRAIL_POLL_MS", "20");
const RESET: (&str, &str) = ("RESET_DATA", "1");

async fn pay(server: &Process) {
    let (available, _) = server.balances(TINY).await;
    assert_eq!(server.pay(TINY, key(), 1_000, "demo-success").await.0, StatusCode::CREATED);
    until("it is paid", || async { server.balances(TINY).await == (available - 1_000, 0) }).await;
}

async fn is_anew(server: &Process) -> bool {
    server.balances(TINY).await == (10_000, 0) && server.json(TINY, "/api/v1/payouts/").await == serde_json::json!([])
}

async fn reset_data_begins_anew_at_each_start(world: World) {
    let server = world.serve_with(&[FAST]);
    pay(&server).await;
    assert!(server.stop().success());
    let server = world.serve_with(&[FAST]);
    assert!(!is_anew(&server).await, "a start alone resets nothing");
    assert!(server.stop().success());
    for _ in 0..2 {
        let server = world.serve_with(&[FAST, RESET]);
        assert!(is_anew(&server).await);
        assert_eq!(server.balances(ACME).await, (1_000_000, 0));
        assert_eq!(server.balances(FIAZ).await, (500_000, 0));
        pay(&server).await;
        world.verify();
        assert!(server.stop().success());
    }
}

/// A supervisor restarts a process with the same variables.
async fn a_crash_loop_resets_once(world: World) {
    let server = world.serve_with(&[FAST, RESET]);
    pay(&server).await;
    server.kill();
    for _ in 0..2 {
        let server = world.serve_with(&[FAST, RESET]);
        assert!(!is_anew(&server).await, "this was no new start");
        server.kill();
    }
    let server = world.serve_with(&[FAST, RESET]);
    assert!(!is_anew(&server).await);
    assert!(server.stop().success());
    assert!(is_anew(&world.serve_with(&[FAST, RESET])).await, "this one is: the last one stopped in order");
}

async fn only_a_demonstration_is_reset(world: World) {
    let own = [("SECRET_KEY", OWN_SECRET), ("DEBUG", "0")];
    let created = world.command(&["merchant", "create", "One", "one@example.com"]).envs(own).output().unwrap();
    assert!(created.status.success(), "{}", stderr(&created));
    let demo = ("PAYRAIL_DEMO", "1");
    let everywhere = ("PAYRAIL_ADDR", "0.0.0.0:0");
    let no_demonstration = "not created as a demonstration";
    refused(&world, &["serve"], &[own[0], own[1], RESET], "RESET_DATA");
    refused(&world, &["serve"], &[own[0], own[1], RESET, everywhere], "demo mode is off");
    refused(&world, &["serve"], &[own[0], own[1], RESET, demo], no_demonstration);
    refused(&world, &["reset", "--yes"], &own, no_demonstration);
    refused(&world, &["reset", "--yes"], &[own[0], own[1], demo], no_demonstration);
    // A database of an earlier version, whatever it contains.
    let old = World::on(match world.database.url.starts_with("postgres") {
        true => payrail_store::testing::TestDatabase::postgres().await,
        false => payrail_store::testing::TestDatabase::sqlite(),
    });
    assert!(old.serve().stop().success());
    Sql::connect(&old.database.url).await.exec("DELETE FROM settings WHERE name = 'created_as'").await;
    refused(&old, &["serve"], &[RESET, demo], no_demonstration);
    refused(&old, &["reset", "--yes"], &[], no_demonstration);
    let list = world.command(&["merchant", "list"]).envs(own).output().unwrap();
    assert_eq!(stdout(&list).lines().count(), 1, "{}", stdout(&list));
    assert_eq!(stdout(&old.run(&["merchant", "list"])).lines().count(), 3);
    refused(
        &world,
        &["serve"],
        &[("PAYRAIL_ROLE", "worker"), ("PAYRAIL_BANK_URL", "http://127.0.0.1:1"), RESET],
        "RESET_DATA",
    );
}

async fn a_database_in_use_is_not_reset(world: World) {
    let server = world.serve_with(&[FAST]);
    pay(&server).await;
    refused(&world, &["reset", "--yes"], &[], "another payrail process is at work");
    refused(&world, &["serve"], &[RESET], "another payrail process is at work");
    assert_eq!(server.balances(TINY).await, (9_000, 0));
    let other = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    assert!(server.stop().success());
    refused(&world, &["reset", "--yes"], &[], "another payrail process is at work");
    assert!(other.stop().success());
    let bank = world.start::<&str>(&["bank"], &[("PAYRAIL_BANK_BOOK", "other.db")]);
    let worker = world
        .command(&["serve"])
        .envs([("PAYRAIL_ROLE", "worker"), ("PAYRAIL_BANK_URL", bank.url.as_str()), ("PAYRAIL_LOG", "info")])
        .stderr(std::fs::File::create(world.folder.join("worker")).unwrap())
        .spawn();
    let _worker = Killed(worker.unwrap());
    let log = || std::fs::read_to_string(world.folder.join("worker")).unwrap();
    until("the worker is at work", || async { log().contains("the worker has begun") }).await;
    refused(&world, &["reset", "--yes"], &[], "another payrail process is at work");
}

/// A process that prints nothing on its standard output.
struct Killed(std::process::Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn a_lock_does_not_outlive_a_killed_process(world: World) {
    let server = world.serve_with(&[FAST]);
    pay(&server).await;
    server.kill();
    // A database server notices the end of a process only after a while.
    until("the lock is free", || async { world.run(&["reset", "--yes"]).status.success() }).await;
    assert!(is_anew(&world.serve_with(&[FAST])).await);
    world.verify();
}

async fn a_reset_includes_a_bank_elsewhere(world: World) {
    let bank = world.start::<&str>(&["bank"], &[]);
    let elsewhere = ("PAYRAIL_BANK_URL", bank.url.as_str());
    let server = world.serve_with(&[FAST, elsewhere]);
    pay(&server).await;
    assert!(server.stop().success());
    let server = world.serve_with(&[FAST, elsewhere, RESET]);
    assert!(is_anew(&server).await);
    let verified = world.command(&["verify"]).envs([elsewhere]).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
    pay(&server).await;
    assert!(server.stop().success());
    let reset = world.command(&["reset", "--yes"]).envs([elsewhere]).output().unwrap();
    assert!(reset.status.success(), "{}", stderr(&reset));
    let verified = world.command(&["verify"]).envs([elsewhere]).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
    assert!(stdout(&verified).contains(" 0 bank transfers"), "{}", stdout(&verified));
}

async fn a_bank_that_cannot_be_reset_keeps_everything(world: World) {
    let bank = world.start(&["bank"], &[("PAYRAIL_DEMO", "0")]);
    let elsewhere = ("PAYRAIL_BANK_URL", bank.url.as_str());
    let server = world.serve_with(&[FAST, elsewhere]);
    pay(&server).await;
    assert!(server.stop().success());
    refused(&world, &["reset", "--yes"], &[elsewhere], "Nothing was removed");
    let asked = bank.client.post(format!("{}/v1/reset", bank.url)).json(&serde_json::json!({ "identity": key() }));
    assert_eq!(asked.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    assert_eq!(world.serve_with(&[FAST, elsewhere]).balances(TINY).await, (9_000, 0));
    let verified = world.command(&["verify"]).envs([elsewhere]).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
}

/// Two databases, one folder, and the book of one.
async fn the_book_of_another_database_is_not_emptied(world: World) {
    let (database, folder) = (payrail_store::testing::TestDatabase::sqlite(), world.folder.join("other"));
    let other = World { database, folder, settings: Vec::new() };
    std::fs::create_dir(&other.folder).unwrap();
    for place in [&world, &other] {
        let server = place.serve_with(&[FAST]);
        pay(&server).await;
        assert!(server.stop().success());
    }
    let book = world.folder.join("payrail-bank.db");
    refused(&other, &["reset", "--yes"], &[("PAYRAIL_BANK_BOOK", book.to_str().unwrap())], "nothing was removed");
    world.verify();
    other.verify();
}
