//! A real process that is stopped, or loses its database, during calls to the bank.

use std::time::Duration;

use futures::future::join_all;
use reqwest::StatusCode;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use uuid::Uuid;

use crate::gate::Gate;
use crate::support::{ACME, Process, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(a_stop_finishes_the_calls_under_way, the_next_start_continues_what_a_stop_did_not_finish);

const CALLS: usize = 10;

async fn with_status(server: &Process, status: &str) -> usize {
    let payouts = server.json(ACME, "/api/v1/payouts/?limit=200").await;
    payouts.as_array().unwrap().iter().filter(|payout| payout["status"] == status).count()
}

async fn begin_calls(server: &Process) {
    let answers = join_all((0..CALLS).map(|_| server.pay(ACME, key(), 1_000, "demo-success"))).await;
    assert!(answers.iter().all(|answer| answer.0 == StatusCode::CREATED));
    until("all calls are under way", || async { with_status(server, "processing").await == CALLS }).await;
}

/// Calls to the bank last until their answer, even for hours.
const PATIENT: [(&str, &str); 3] =
    [("PAYRAIL_BANK_TIMEOUT_MS", "3400000"), ("PAYRAIL_LEASE_MS", "3500000"), ("PAYRAIL_POLL_MS", "20")];

async fn a_stop_finishes_the_calls_under_way(world: World) {
    let bank = world.start::<&str>(&["bank"], &[]);
    let gate = Gate::before(&bank.url).await;
    let settings: Vec<_> = PATIENT.into_iter().chain([("PAYRAIL_BANK_URL", gate.url.as_str())]).collect();
    let server = world.serve_with(&settings);
    begin_calls(&server).await;
    server.terminate();
    gate.open();
    assert_eq!(server.ended().code(), Some(0));
    let server = world.start(&["serve"], &[("PAYRAIL_ROLE", "api")]);
    assert_eq!(with_status(&server, "completed").await, CALLS, "before it stopped, not after the next start");
    assert!(bank.stop().success());
    world.verify();
}

async fn the_next_start_continues_what_a_stop_did_not_finish(world: World) {
    let bank = world.start::<&str>(&["bank"], &[]);
    let gate = Gate::before(&bank.url).await;
    let hurried: Vec<_> =
        PATIENT.into_iter().chain([("PAYRAIL_BANK_URL", gate.url.as_str()), ("PAYRAIL_GRACE_MS", "100")]).collect();
    let server = world.serve_with(&hurried);
    begin_calls(&server).await;
    assert_eq!(server.stop().code(), Some(0), "though the bank has not answered yet");
    assert!(bank.stop().success());
    world.verify();
    // Until the leases expire.
    let mut sql = Sql::connect(&world.database.url).await;
    assert_eq!(sql.exec("UPDATE payouts SET due_at = created_at WHERE status = 'processing'").await, CALLS as u64);
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "20")]);
    until("all are completed", || async { with_status(&server, "completed").await == CALLS }).await;
    assert_eq!(server.balances(ACME).await, (1_000_000 - 1_000 * CALLS as i64, 0));
    world.verify();
}

const PAYOUTS: usize = 60;

/// Like a correct client: retries with the same key until there is a definite answer.
async fn pay_until_answered(server: &Process, key: Uuid) {
    until("there is an answer", async || {
        server.pay(ACME, key, 1_000, "demo-bank-account").await.0 == StatusCode::CREATED
    })
    .await;
}

/// All are answered, all end, and each key has created one payout.
async fn survives(world: &World, server: &Process, trouble: impl Future<Output = ()>) {
    let keys: Vec<_> = (0..PAYOUTS).map(|_| key()).collect();
    let clients = join_all(keys.iter().enumerate().map(|(n, key)| async move {
        tokio::time::sleep(Duration::from_millis(40 * n as u64)).await;
        pay_until_answered(server, *key).await;
    }));
    tokio::join!(clients, trouble);
    until("all are completed or failed", || async {
        with_status(server, "completed").await + with_status(server, "failed").await == PAYOUTS
    })
    .await;
    assert_eq!(server.balances(ACME).await.1, 0);
    world.verify();
}

const HASTE: [(&str, &str); 6] = [
    ("PAYRAIL_LOG", "off"),
    ("PAYRAIL_RETRY_BASE_MS", "200"),
    // The bank itself ends calls that it does not answer. The timeout allows for a busy machine.
    ("PAYRAIL_BANK_TIMEOUT_MS", "3000"),
    ("PAYRAIL_BANK_SILENCE_MS", "200"),
    ("PAYRAIL_LEASE_MS", "3500"),
    ("PAYRAIL_POLL_MS", "50"),
];

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_database_cuts_cost_time_and_nothing_else() {
    let world = World::postgres().await;
    let server = world.serve_with(&HASTE);
    let mut sql = Sql::connect(&world.database.url).await;
    let cut = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
               WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'payrail'";
    let mut cuts = 0;
    let trouble = async {
        while cuts < 15 {
            tokio::time::sleep(Duration::from_millis(170)).await;
            cuts += sql.texts(cut).await.len();
        }
    };
    survives(&world, &server, trouble).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_goes_away_and_comes_back_costs_time_and_nothing_else() {
    let world = World::postgres().await;
    let (url, switch) = through_a_switch(&world.database.url).await;
    let settings: Vec<_> = HASTE.into_iter().chain([("DATABASE_URL", url.as_str())]).collect();
    let server = world.serve_with(&settings);
    let trouble = async {
        for _ in 0..2 {
            tokio::time::sleep(Duration::from_millis(600)).await;
            switch.send_replace(false);
            tokio::time::sleep(Duration::from_millis(1_200)).await;
            switch.send_replace(true);
        }
    };
    survives(&world, &server, trouble).await;
}

/// The database's address through a port that can be switched off: all connections break, and new ones end at once.
async fn through_a_switch(database_url: &str) -> (String, watch::Sender<bool>) {
    let (credentials, rest) = database_url.rsplit_once('@').unwrap();
    let (server, name) = rest.split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("{credentials}@{}/{name}", listener.local_addr().unwrap());
    let (switch, is_on) = watch::channel(true);
    let server = server.to_owned();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(join(client, server.clone(), is_on.clone()));
        }
    });
    (url, switch)
}

async fn join(mut client: TcpStream, server: String, mut is_on: watch::Receiver<bool>) {
    if !*is_on.borrow() {
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = is_on.wait_for(|is_on| !is_on) => {}
    }
}
