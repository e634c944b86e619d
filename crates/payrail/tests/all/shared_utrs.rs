//! Payouts under one UTR whose transactions did not see each other: workers find them and record one exception.

use payrail_store::{ExceptionFilter, Position};
use reqwest::StatusCode;

use crate::fake_bank::{FakeBank, page, paid};
use crate::sabotage::unprotected;
use crate::support::{ACME, FIAZ, Process, World, key, until};
use crate::verify_fixture::differences;
use payrail_store::testing::Sql;

on_both_stores!(what_lies_in_an_old_database_is_found);

async fn kinds(world: &World) -> Vec<String> {
    Sql::connect(&world.database.url).await.texts("SELECT kind FROM exceptions").await
}

async fn pay(server: &Process, merchant: &str) -> String {
    let (status, payout) = server.pay(merchant, key(), 1_000, "demo-success").await;
    assert_eq!(status, StatusCode::CREATED);
    format!("/api/v1/payouts/{}/", payout["id"].as_str().unwrap())
}

async fn completes(server: &Process, merchant: &str, payout: &str) {
    until("it is paid", || async { server.json(merchant, payout).await["status"] == "completed" }).await;
}

/// There is one exception, which names both, and `verify` reports only that.
async fn is_recorded(world: &World) {
    until("the exception is there", || async { !kinds(world).await.is_empty() }).await;
    assert_eq!(kinds(world).await, ["duplicate_utr"]);
    let store = world.database.store().await;
    let far = Position::newest("2100-01-01T00:00:00Z".parse().unwrap());
    let found = store.exceptions(ExceptionFilter::Open, far, 10).await.unwrap().remove(0);
    assert!(found.merchant.is_some() && found.exception.payout.is_some() && found.exception.other_payout.is_some());
    let named = differences(&world.run(&["verify", "--json", "--no-bank"]));
    assert_eq!(named, [("open_exception".to_owned(), found.exception.payout.unwrap().to_string())]);
}

/// Two workers settle at the same time: each transaction looks for the UTR before either writes.
#[tokio::test(flavor = "multi_thread")]
async fn two_workers_that_settle_at_once_record_one_exception() {
    let world = World::postgres().await;
    let bank = FakeBank::open(|_, path, query| match path {
        "/v1/returns" => page("returns", query, &[]),
        _ => paid("ONE-UTR"),
    })
    .await;
    // Each handles one payout at a time.
    let settings =
        [("PAYRAIL_BANK_URL", bank.url.as_str()), ("PAYRAIL_WORKER_CONCURRENCY", "1"), ("PAYRAIL_POLL_MS", "20")];
    let servers: Vec<_> = (0..2).map(|_| world.serve_with(&settings)).collect();
    let api = world.start(&["serve"], &[("PAYRAIL_ROLE", "api")]);
    // Block claims until entries are blocked too, so that both settlements wait for each other.
    let (mut claims, mut entries) = (Sql::connect(&world.database.url).await, Sql::connect(&world.database.url).await);
    claims.exec("BEGIN; LOCK TABLE attempts IN SHARE MODE").await;
    let payouts = [(ACME, pay(&api, ACME).await), (FIAZ, pay(&api, FIAZ).await)];
    entries.exec("BEGIN; LOCK TABLE ledger_entries IN SHARE MODE").await;
    claims.exec("COMMIT").await;
    let waiting = "SELECT l.pid::text FROM pg_locks l WHERE l.relation = 'ledger_entries'::regclass AND NOT l.granted";
    let both_wait = || async { Sql::connect(&world.database.url).await.texts(waiting).await.len() == 2 };
    until("both have looked for the UTR and are about to write", both_wait).await;
    assert_eq!(kinds(&world).await, Vec::<String>::new());
    entries.exec("COMMIT").await;
    for (merchant, payout) in &payouts {
        completes(&api, merchant, payout).await;
    }
    is_recorded(&world).await;
    for server in servers {
        assert!(server.stop().success());
    }
    assert_eq!(kinds(&world).await, ["duplicate_utr"]);
}

/// Written by a version that did not look for shared UTRs.
async fn what_lies_in_an_old_database_is_found(world: World) {
    let bank = world.start::<&str>(&["bank"], &[]);
    let settings = [("PAYRAIL_BANK_URL", bank.url.as_str()), ("PAYRAIL_POLL_MS", "20")];
    let server = world.serve_with(&settings);
    for merchant in [ACME, FIAZ] {
        let payout = pay(&server, merchant).await;
        completes(&server, merchant, &payout).await;
    }
    assert!(server.stop().success());
    let mut sql = unprotected(&world).await;
    sql.exec("UPDATE payouts SET utr = 'ONE-UTR'").await;
    sql.exec("DELETE FROM settings WHERE name = 'shared_utrs_cursor'").await;
    let server = world.serve_with(&settings);
    is_recorded(&world).await;
    assert!(server.stop().success());
}
