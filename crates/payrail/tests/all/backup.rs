//! A copy of the database, taken under load, is consistent. A server on the copy brings each payout to its original
//! end, because the bank, which is not copied, knows the references.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use payrail_store::testing::TestDatabase;
use serde_json::Value;

use crate::storm::{CLIENTS, HASTE, all_clients, all_payouts, check_answers, check_money, settled};
use crate::support::{ACME, FIAZ, Process, TINY, World};
use crate::verify_fixture::{stderr, stdout};

on_both_stores!(a_copy_taken_under_load_is_consistent_and_continues);

const PAYOUTS: usize = 640;
const COPIES: usize = 3;

async fn a_copy_taken_under_load_is_consistent_and_continues(world: World) {
    let server = world.serve_with(&HASTE);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let clients = tokio::spawn(all_clients(server.url.clone(), PAYOUTS, acknowledged.clone()));
    let mut copies = Vec::new();
    for number in 0..COPIES {
        while acknowledged.load(Ordering::SeqCst) < (number + 1) * PAYOUTS / (COPIES + 1) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        copies.push(Copy::take(&world, number).await);
    }
    let mut answers = clients.await.unwrap();
    // However late the last copy was, some payout came after it.
    answers.extend(all_clients(server.url.clone(), CLIENTS * 2, acknowledged).await);
    settled(&server).await;
    check_answers(&server, answers).await;
    check_money(&server).await;
    let ends = statuses(&server).await;
    assert_eq!(server.stop().code(), Some(0));

    for copy in &copies {
        let output = world.command(&["verify", "--no-bank"]).env("DATABASE_URL", &copy.url).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
        assert!(unknown_to(&world, &copy.url) > 0, "the storm went on after the copy");
    }

    let restored = world
        .start(&["serve"], &[("DATABASE_URL", copies[0].url.as_str())].into_iter().chain(HASTE).collect::<Vec<_>>());
    settled(&restored).await;
    let ends_there = statuses(&restored).await;
    assert!(!ends_there.is_empty() && ends_there.len() < ends.len(), "{} of {}", ends_there.len(), ends.len());
    for (id, end) in &ends_there {
        assert_eq!(Some(end), ends.get(id), "{id}");
    }
    let completed_later = ends.iter().filter(|(id, end)| *end == "completed" && !ends_there.contains_key(*id));
    assert_eq!(unknown_to(&world, &copies[0].url), completed_later.count(), "all that was lost is named");
}

/// The number of the bank's payments that the copy does not have. There is no other difference.
fn unknown_to(world: &World, url: &str) -> usize {
    let output = world.command(&["verify", "--json"]).env("DATABASE_URL", url).output().unwrap();
    let report: Value = serde_json::from_str(&stdout(&output)).unwrap();
    let differences = report["differences"].as_array().unwrap();
    assert!(differences.iter().all(|difference| difference["kind"] == "paid_unknown"), "{report:#}");
    differences.len()
}

async fn statuses(server: &Process) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for merchant in [ACME, FIAZ, TINY] {
        for payout in all_payouts(server, merchant).await {
            let text = |name: &str| payout[name].as_str().unwrap().to_owned();
            all.insert(text("id"), text("status"));
        }
    }
    all
}

/// Created with the commands of docs/operations.md.
pub struct Copy {
    pub url: String,
    /// Removed on drop.
    _database: Option<TestDatabase>,
}

impl Copy {
    pub async fn take(world: &World, number: usize) -> Self {
        let file = world.folder.join(format!("copy-{number}"));
        if world.database.url.starts_with("sqlite:") {
            let output = world.run(&["backup", file.to_str().unwrap()]);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
            return Self { url: format!("sqlite://{}", file.display()), _database: None };
        }
        let database = TestDatabase::postgres().await;
        run("pg_dump", &["--format=custom", "--dbname", &world.database.url, "--file"], &file);
        run("pg_restore", &["--exit-on-error", "--dbname", &database.url], &file);
        Self { url: database.url.clone(), _database: Some(database) }
    }
}

fn run(program: &str, arguments: &[&str], file: &Path) {
    let output = Command::new(program).args(arguments).arg(file).output().unwrap();
    assert!(output.status.success(), "{program}: {}", stderr(&output));
}

#[test]
fn a_backup_overwrites_nothing() {
    let world = World::sqlite();
    let refuses = |world: &World, code: i32, says: &str| {
        let output = world.run(&["backup", "copy"]);
        assert_eq!(output.status.code(), Some(code), "{}", stderr(&output));
        assert!(stderr(&output).contains(says), "{}", stderr(&output));
    };
    refuses(&world, 2, "which is not there");
    assert!(!world.folder.join("copy").exists() && !world.folder.join("copy.part").exists());
    assert!(world.run(&["seed"]).status.success());
    std::fs::write(world.folder.join("copy"), "last week's").unwrap();
    refuses(&world, 2, "is there already");
    assert_eq!(std::fs::read_to_string(world.folder.join("copy")).unwrap(), "last week's");
}

#[tokio::test]
async fn on_postgresql_a_backup_names_the_tools_of_the_trade() {
    let world = World::postgres().await;
    let output = world.run(&["backup", "copy"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("pg_basebackup"), "{}", stderr(&output));
}
