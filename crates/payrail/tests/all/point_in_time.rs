//! Backup and point-in-time recovery on PostgreSQL, with the literal commands of docs/operations.md: a lost server is
//! restored to a named moment, and to its last archived commit.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use payrail_store::testing::{Sql, TestDatabase, TestServer};
use payrail_types::ids::PayoutId;
use reqwest::StatusCode;
use serde_json::Value;

use crate::storm::{CLIENTS, HASTE, all_clients, all_payouts, settled};
use crate::support::{ACME, FIAZ, Process, TINY, World, key, until};
use crate::verify_fixture::{differences, stderr, stdout};

const OPERATIONS: &str = include_str!("../../../../docs/operations.md");

/// The document's block that contains `command`.
fn block(command: &str) -> &'static str {
    let section = OPERATIONS.split("\n### ").find(|section| section.starts_with("To any moment")).unwrap();
    let blocks = section.split("\n```").skip(1).step_by(2).map(|block| block.split_once('\n').unwrap().1);
    let found: Vec<_> = blocks.filter(|block| block.contains(command)).collect();
    assert_eq!(found.len(), 1, "{command}");
    found[0]
}

/// The block with the test's paths.
fn command(names: &str, backup: &str, restored: &str) -> String {
    block(names).replace("/backup/", &format!("{backup}/")).replace("/restored", restored)
}

const PAYOUTS: usize = 160;
const PENDING: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_server_is_restored_to_a_named_moment_and_to_its_end() {
    let primary = TestServer::start(&[], &command("archive_command", "{folder}/backup", ""), None);
    let backup = primary.folder().join("backup").display().to_string();
    primary.psql("CREATE DATABASE payrail");
    let world = World::on(TestDatabase::at(primary.url("payrail")));

    let server = world.serve_with(&HASTE);
    let acknowledged = Arc::new(AtomicUsize::new(0));
    let clients = tokio::spawn(all_clients(server.url.clone(), PAYOUTS, acknowledged.clone()));
    until("clients are at work", async || acknowledged.load(Ordering::SeqCst) >= PAYOUTS / 4).await;
    primary.shell(&command("pg_basebackup", &backup, ""));
    clients.await.unwrap();
    settled(&server).await;
    assert!(server.stop().success());
    let pending = accept_without_a_worker(&world).await;
    let at_the_moment = dump(&primary.url("payrail")).await;
    primary.shell(block("pg_create_restore_point"));

    let server = world.serve_with(&HASTE);
    all_clients(server.url.clone(), CLIENTS * 2, acknowledged).await;
    settled(&server).await;
    let ends = ends(&server).await;
    assert!(server.stop().success());
    let at_the_end = dump(&primary.url("payrail")).await;
    assert_ne!(at_the_end, at_the_moment);
    archive_all(&primary).await;
    primary.kill();

    let layout = |data: &str| command("recovery.signal", &backup, data);
    let restored = restore(layout).await;
    assert_eq!(dump(&restored.url("payrail")).await, at_the_moment, "what was committed up to then, and nothing else");
    is_clean(&run(&world, &restored, &["verify", "--no-bank"]));
    let known = |id: &PayoutId| at_the_moment["payouts"].iter().any(|row| row.contains(&id.to_string()));
    let paid = ends.iter().filter(|(_, end)| *end == "completed").map(|(id, _)| *id);
    let (there, lost): (BTreeSet<_>, BTreeSet<_>) = paid.partition(known);
    let found = findings(&run(&world, &restored, &["after-restore", "--json"]));
    assert_eq!(found["paid_unknown"], lost, "the bank's payments since then, each by its name");
    let under_way: BTreeSet<_> = pending.intersection(&there).copied().collect();
    assert_eq!(found.get("paid_under_way").cloned().unwrap_or_default(), under_way);
    assert_eq!(found.len(), 1 + usize::from(!under_way.is_empty()), "{found:?}");

    // A worker brings unfinished payouts to their original end. Then only the unknown payments are left.
    let worker = world.serve_with(&[&HASTE[..], &[("DATABASE_URL", &restored.url("payrail"))]].concat());
    settled(&worker).await;
    for (id, end) in self::ends(&worker).await {
        assert_eq!(ends[&id], end, "{id}");
    }
    assert!(worker.stop().success());
    let left = differences(&run(&world, &restored, &["verify", "--json"]));
    assert!(left.iter().all(|(kind, _)| kind == "paid_unknown"), "{left:?}");
    assert_eq!(left.len(), lost.len());

    let to_the_end = |data: &str| {
        let script = layout(data);
        let lines = script.lines().filter(|line| !line.starts_with("recovery_target_name"));
        lines.collect::<Vec<_>>().join("\n")
    };
    let restored = restore(to_the_end).await;
    assert_eq!(dump(&restored.url("payrail")).await, at_the_end, "nothing is lost that was archived");
    is_clean(&run(&world, &restored, &["verify"]));
    is_clean(&run(&world, &restored, &["after-restore"]));
}

async fn accept_without_a_worker(world: &World) -> BTreeSet<PayoutId> {
    let api = world.start(&["serve", "--role", "api"], &HASTE);
    let mut pending = BTreeSet::new();
    for _ in 0..PENDING {
        let (status, body) = api.pay(ACME, key(), 100, "demo-bank-account").await;
        assert_eq!(status, StatusCode::CREATED, "{body}");
        pending.insert(id(&body));
    }
    assert!(api.stop().success());
    pending
}

fn id(payout: &Value) -> PayoutId {
    PayoutId(payout["id"].as_str().unwrap().parse().unwrap())
}

/// The outcome of each payout.
async fn ends(server: &Process) -> BTreeMap<PayoutId, String> {
    let mut all = BTreeMap::new();
    for merchant in [ACME, FIAZ, TINY] {
        for payout in all_payouts(server, merchant).await {
            all.insert(id(&payout), payout["status"].as_str().unwrap().to_owned());
        }
    }
    all
}

/// Every row of every table.
async fn dump(url: &str) -> BTreeMap<String, Vec<String>> {
    let mut sql = Sql::connect(url).await;
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    let mut rows = BTreeMap::new();
    for table in sql.texts(tables).await {
        let of = sql.texts(&format!("SELECT t::text FROM {table} t ORDER BY 1")).await;
        rows.insert(table, of);
    }
    assert!(["payouts", "ledger_entries", "outbox"].iter().all(|table| !rows[*table].is_empty()));
    rows
}

/// Every commit is in the archive.
async fn archive_all(server: &TestServer) {
    let mut sql = Sql::connect(&server.url("postgres")).await;
    let last = sql.texts("SELECT pg_walfile_name(pg_switch_wal())").await.remove(0);
    until("the log is archived", async || {
        let mut sql = Sql::connect(&server.url("postgres")).await;
        let done = format!("SELECT (left(last_archived_wal, 24) >= '{last}')::text FROM pg_stat_archiver");
        sql.texts(&done).await == ["true"]
    })
    .await;
}

async fn restore(layout: impl Fn(&str) -> String) -> TestServer {
    let restored = TestServer::laid_out_by(layout);
    until("it takes writes", async || {
        let mut sql = Sql::connect(&restored.url("postgres")).await;
        sql.texts("SELECT pg_is_in_recovery()::text").await == ["false"]
    })
    .await;
    restored
}

fn run(world: &World, on: &TestServer, arguments: &[&str]) -> Output {
    world.command(arguments).env("DATABASE_URL", on.url("payrail")).output().unwrap()
}

fn is_clean(output: &Output) {
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(output), stderr(output));
}

/// The payouts of the bank's references, by kind.
fn findings(output: &Output) -> BTreeMap<String, BTreeSet<PayoutId>> {
    assert_eq!(output.status.code(), Some(1), "{}{}", stdout(output), stderr(output));
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    for line in stdout(output).lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| line[name].as_str().unwrap().to_owned();
        let payout = PayoutId::from_reference(&text("reference")).unwrap();
        assert!(found.entry(text("kind")).or_default().insert(payout), "named twice: {line}");
    }
    found
}
