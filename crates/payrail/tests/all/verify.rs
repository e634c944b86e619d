//! `payrail verify` without differences: it says so, also beside a running server, and shows its progress. The files
//! verify_* test its differences.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::join_all;
use payrail::verify::{Progress, verify, verify_in_parts};
use payrail_core::command::Action;
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::payout::Status;
use payrail_types::word::Word;
use reqwest::StatusCode;

use crate::harness::{Harness, PATIENCE, instruction, paise, seconds};
use crate::support::{ACME, FIAZ, TINY, World, key, until};
use crate::verify_fixture::{Fixture, report, stderr, stdout};

on_both_stores!(
    a_clean_world_is_clean,
    a_server_at_work_is_clean,
    in_parts_it_finds_the_same,
    a_long_ledger_shows_its_progress,
    without_tables_it_says_what_to_do,
);

const ACCOUNTS: [&str; 7] = [
    "demo-success",
    "demo-fail",
    "demo-timeout-paid",
    "demo-timeout-unpaid",
    "demo-silent",
    "demo-return",
    "demo-bank-account",
];

/// One payout of each outcome, some unfinished, one cancelled, one refused, one under the smallest key.
pub async fn every_outcome(harness: &Harness<'_>) {
    let merchant = harness.merchant(100_000).await;
    for account in ACCOUNTS {
        harness.pay(merchant, 1_000, account).await;
    }
    let worker = harness.worker("w1");
    for _ in 0..3 {
        worker.round().await.unwrap();
        harness.clock.advance(seconds(40));
    }
    let cancelled = harness.pay(merchant, 1_000, "demo-success").await;
    harness.send(merchant, Action::Cancel { payout: cancelled }).await.unwrap();
    let lost = harness.pay(merchant, 1_000, "demo-success").await;
    harness.claim(merchant, lost, "dead").await;
    harness.pay(merchant, 1_000, "demo-success").await;
    let nil = IdempotencyKey(uuid::Uuid::nil());
    let fund = Action::Fund { key: nil, amount: paise(1), description: "first key".to_owned(), by: None };
    harness.send(merchant, fund).await.unwrap();
    harness.merchant(1).await;
}

async fn a_clean_world_is_clean(world: World) {
    let harness = Harness::start(&world).await;
    every_outcome(&harness).await;
    let output = world.run(&["verify"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("2 merchants, "), "{text}");
    assert!(text.contains("10 payouts, ") && text.ends_with("OK: no difference.\n"), "{text}");
    assert!(text.contains("funded ₹1,000.02 = available "), "{text}");
    let output = world.run(&["verify", "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report = report(&output);
    assert_eq!(report["bank_checked"], true);
    assert_eq!(report["differences"].as_array().unwrap().len(), 0);
    assert_eq!(report["totals"]["funded"], 100_002);
    let sum: i64 = ["available", "held", "paid_out"].map(|name| report["totals"][name].as_i64().unwrap()).iter().sum();
    assert_eq!(sum, 100_002);
    assert!(report["in_doubt"].as_i64().unwrap() >= 1 && report["under_way"].as_i64().unwrap() >= 3);
    let text = stdout(&world.run(&["verify", "--no-bank"]));
    assert!(text.contains("Not compared with the bank"), "{text}");
}

const HASTE: [(&str, &str); 6] = [
    ("PAYRAIL_RETRY_BASE_MS", "100"),
    ("PAYRAIL_BANK_TIMEOUT_MS", "2000"),
    ("PAYRAIL_BANK_SILENCE_MS", "100"),
    ("PAYRAIL_LEASE_MS", "3000"),
    ("PAYRAIL_BANK_RETURNS_AFTER_MS", "100"),
    ("PAYRAIL_POLL_MS", "20"),
];

async fn a_server_at_work_is_clean(world: World) {
    let server = world.serve_with(&HASTE);
    let is_done = AtomicBool::new(false);
    let payouts = async {
        for number in 0..30 {
            let account = ACCOUNTS[number % ACCOUNTS.len()];
            let pays = [ACME, FIAZ, TINY].map(|merchant| server.pay(merchant, key(), 10, account));
            assert!(join_all(pays).await.iter().all(|answer| answer.0 == StatusCode::CREATED));
        }
        is_done.store(true, Ordering::SeqCst);
    };
    let looks = async {
        let mut looks = 0;
        while looks < 3 || !is_done.load(Ordering::SeqCst) {
            let mut command = world.command(&["verify"]);
            let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
            assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
            looks += 1;
        }
    };
    tokio::join!(payouts, looks);
}

async fn in_parts_it_finds_the_same(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let books: [_; 6] = fixture.books().await;
    fixture.alter_payout(books[1].completed, "utr = 'OTHER'").await;
    fixture.harness.rail(PATIENCE).submit(instruction("SOMEBODY-ELSES", 5, "demo-success")).await;
    let rail = fixture.harness.rail(PATIENCE);
    let whole = verify(&fixture.harness.store, Some(&rail), |_| ()).await.unwrap();
    let parts = verify_in_parts(&fixture.harness.store, Some(&rail), 1, |_| ()).await.unwrap();
    assert_eq!(whole.checked, parts.checked);
    assert_eq!(whole.checked.bank_transfers, 7);
    let sorted = |mut differences: Vec<payrail::verify::Difference>| {
        differences.sort_by_key(|difference| (difference.kind, difference.subject.clone()));
        differences
    };
    let kinds: Vec<_> = whole.differences.iter().map(|difference| difference.kind).collect();
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    assert_eq!(sorted(whole.differences), sorted(parts.differences));
}

async fn a_long_ledger_shows_its_progress(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(1).await;
    for _ in 0..13 {
        let fund =
            || Action::Fund { key: IdempotencyKey(key()), amount: paise(1), description: "x".to_owned(), by: None };
        let funds = (0..400).map(|_| harness.send(merchant, fund()));
        assert!(join_all(funds).await.iter().all(Result::is_ok));
    }
    let mut seen: Vec<Progress> = Vec::new();
    let report = verify(&harness.store, None, |progress| seen.push(*progress)).await.unwrap();
    assert_eq!(report.checked.entries, 5_201);
    let entries: Vec<_> = seen.iter().filter(|seen| seen.merchants == 0).map(|seen| seen.entries).collect();
    assert_eq!(entries[..2], [5_000, 5_201], "while it is at the one ledger");
    let output = world.command(&["verify"]).env("PAYRAIL_LOG", "info").output().unwrap();
    assert!(stderr(&output).contains("\"verifying\""), "{}", stderr(&output));
    assert!(stdout(&output).contains("5201 ledger entries"), "{}", stdout(&output));
}

async fn without_tables_it_says_what_to_do(world: World) {
    if let Some(folder) = world.database.folder() {
        std::fs::File::create(folder.join("payrail.db")).unwrap();
    }
    let output = world.run(&["verify"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("`payrail migrate` makes or updates them"), "{}", stderr(&output));
}

/// Checks that payouts ended, so that the tests above mean something.
#[tokio::test(flavor = "multi_thread")]
async fn every_outcome_is_there() {
    let world = World::sqlite();
    let harness = Harness::start(&world).await;
    every_outcome(&harness).await;
    let all = BTreeSet::from_iter(Status::all().filter(|status| *status != Status::Pending));
    until("there is a payout of every status", async || {
        harness.worker("w1").round().await.unwrap();
        let mut found = BTreeSet::new();
        for merchant in harness.store.merchants(None, 10).await.unwrap() {
            let payouts = harness.store.payouts(merchant.id, None, 100).await.unwrap();
            found.extend(payouts.iter().map(|payout| payout.status()));
        }
        found.is_superset(&all)
    })
    .await;
}
