//! Payouts go only to the bank that they were first sent to, until an operator confirms another.

use std::sync::Arc;

use payrail_store::testing::until;
use reqwest::StatusCode;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::cli_settings::refused;
use crate::fake_bank::{FakeBank, paid};
use crate::support::{Process, TINY, World, key};
use crate::verify_fixture::{differences, stderr, stdout};
use payrail_store::testing::Sql;

on_both_stores!(
    another_bank_is_sent_nothing_until_an_operator_confirms_it,
    an_address_that_begins_to_lead_elsewhere_is_noticed,
    a_bank_that_states_no_identity_is_another_too,
    a_book_that_was_deleted_is_another_bank,
    a_payout_of_the_first_bank_is_never_sent_to_the_second,
);

const FAST: (&str, &str) = ("PAYRAIL_POLL_MS", "20");

async fn ask(server: &Process) -> String {
    let (status, payout) = server.pay(TINY, key(), 1_000, "demo-success").await;
    assert_eq!(status, StatusCode::CREATED);
    payout["id"].as_str().unwrap().to_owned()
}

async fn is(server: &Process, payout: &str, status: &str) -> bool {
    server.json(TINY, &format!("/api/v1/payouts/{payout}/")).await["status"] == status
}

async fn completes(server: &Process, payout: &str) {
    until("it is paid", || is(server, payout, "completed")).await;
}

async fn readiness(server: &Process) -> (u16, Value) {
    let response = server.client.get(format!("{}/readyz", server.url)).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

async fn waits(server: &Process) {
    until("the worker has noticed", || async { readiness(server).await.0 == 503 }).await;
    assert_eq!(readiness(server).await.1["code"], "another_bank");
}

async fn transfers(bank: &Process) -> usize {
    let list: Value = bank.client.get(format!("{}/v1/transfers", bank.url)).send().await.unwrap().json().await.unwrap();
    list["transfers"].as_array().unwrap().len()
}

fn bank(world: &World, book: &str) -> Process {
    world.start(&["bank"], &[("PAYRAIL_BANK_BOOK", book)])
}

async fn another_bank_is_sent_nothing_until_an_operator_confirms_it(world: World) {
    let (first, second) = (bank(&world, "first.db"), bank(&world, "second.db"));
    let server = world.serve_with(&[FAST, ("PAYRAIL_BANK_URL", &first.url)]);
    completes(&server, &ask(&server).await).await;
    assert!(server.stop().success());

    let server = world.serve_with(&[FAST, ("PAYRAIL_BANK_URL", &second.url)]);
    waits(&server).await;
    let waiting = ask(&server).await;
    let metrics = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("payrail_bank_is_another{rail=\"bank\"} 1"), "{metrics}");
    let worker = [("PAYRAIL_ROLE", "worker"), ("PAYRAIL_BANK_URL", second.url.as_str())];
    let health = world.command(&["health"]).envs(worker).output().unwrap();
    assert!(stderr(&health).contains("another bank answers"), "{}", stderr(&health));
    let verified = world.command(&["verify", "--json"]).env("PAYRAIL_BANK_URL", &second.url).output().unwrap();
    let found = differences(&verified);
    assert_eq!(found.iter().map(|(kind, _)| kind.as_str()).collect::<Vec<_>>(), ["another_bank"]);

    let shown = stdout(&world.run(&["bank", "confirm"]));
    assert!(shown.contains("THE RISK: 0 payouts") && shown.contains(&found[0].1), "{shown}");
    let confirm = |under_way: &'static str, reason: &'static str| {
        ["bank", "confirm", "--identity", &found[0].1, "--under-way", under_way, "--reason", reason].map(str::to_owned)
    };
    for (arguments, why) in
        [(confirm("7", "we moved to another bank"), "under way"), (confirm("0", "short"), "--reason")]
    {
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        refused(&world, &arguments, &[], why);
    }
    refused(&world, &["bank", "confirm", "--identity", &found[0].1], &[], "belong together");
    assert!(is(&server, &waiting, "pending").await);
    assert_eq!(transfers(&second).await, 0, "nothing was sent");

    let arguments = confirm("0", "we moved to another bank");
    let confirmed = world.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(confirmed.status.success(), "{}", stderr(&confirmed));
    completes(&server, &waiting).await;
    assert_eq!((transfers(&first).await, transfers(&second).await), (1, 1));
    until("it is ready again", || async { readiness(&server).await.0 == 200 }).await;
    // The first payout is the first bank's, which is no longer called; `verify` finds nothing wrong with it.
    let verified = world.command(&["verify"]).env("PAYRAIL_BANK_URL", &second.url).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
    assert!(stdout(&verified).contains("1 completed payout of a bank to which no rail leads"), "{}", stdout(&verified));
    let log = "SELECT reason FROM operator_actions WHERE action = 'bank_confirmed'";
    assert_eq!(Sql::connect(&world.database.url).await.texts(log).await, ["we moved to another bank"]);
}

/// Forwards to the bank that was last set; a change breaks every connection.
async fn door_to(first: String) -> (String, watch::Sender<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (turn, leads_to) = watch::channel(first);
    tokio::spawn(async move {
        loop {
            let (mut client, _) = listener.accept().await.unwrap();
            let mut leads_to = leads_to.clone();
            let address = leads_to.borrow_and_update().trim_start_matches("http://").to_owned();
            tokio::spawn(async move {
                let Ok(mut bank) = TcpStream::connect(address).await else { return };
                tokio::select! {
                    _ = tokio::io::copy_bidirectional(&mut client, &mut bank) => {}
                    _ = leads_to.changed() => {}
                }
            });
        }
    });
    (url, turn)
}

async fn an_address_that_begins_to_lead_elsewhere_is_noticed(world: World) {
    let (first, second) = (bank(&world, "first.db"), bank(&world, "second.db"));
    let (url, leads_to) = door_to(first.url.clone()).await;
    let server = Arc::new(world.serve_with(&[FAST, ("PAYRAIL_RETRY_BASE_MS", "200"), ("PAYRAIL_BANK_URL", &url)]));
    completes(&server, &ask(&server).await).await;
    let mut asked = Vec::new();
    for _ in 0..2 {
        leads_to.send(second.url.clone()).unwrap();
        // Within the first second the worker has not checked again, but each call names its bank.
        for _ in 0..3 {
            asked.push(ask(&server).await);
        }
        waits(&server).await;
        leads_to.send(first.url.clone()).unwrap();
        for payout in &asked {
            completes(&server, payout).await;
        }
    }
    assert_eq!((transfers(&first).await, transfers(&second).await), (asked.len() + 1, 0));
    let verified = world.command(&["verify"]).env("PAYRAIL_BANK_URL", &first.url).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
}

/// It would pay every call.
async fn a_bank_that_states_no_identity_is_another_too(world: World) {
    let first = bank(&world, "first.db");
    let server = world.serve_with(&[FAST, ("PAYRAIL_BANK_URL", &first.url)]);
    completes(&server, &ask(&server).await).await;
    assert!(server.stop().success());
    let silent = FakeBank::open(|_, _, _| paid("U1")).await;
    let server = world.serve_with(&[FAST, ("PAYRAIL_BANK_URL", &silent.url)]);
    waits(&server).await;
    let waiting = ask(&server).await;
    assert!(server.stop().success());
    assert_eq!((silent.count("POST"), silent.count("GET")), (0, 0), "nothing was asked of it but its name");
    let server = world.serve_with(&[FAST, ("PAYRAIL_BANK_URL", &first.url)]);
    completes(&server, &waiting).await;
}

async fn a_book_that_was_deleted_is_another_bank(world: World) {
    let server = world.serve_with(&[FAST]);
    completes(&server, &ask(&server).await).await;
    assert!(server.stop().success());
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(world.folder.join(format!("payrail-bank.db{suffix}")));
    }
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    let server = Process::start({
        command.envs([FAST]).stderr(std::fs::File::create(&log).unwrap());
        command
    });
    waits(&server).await;
    let text = std::fs::read_to_string(&log).unwrap();
    assert!(text.contains("ANOTHER BANK") && text.contains("payrail reset --yes"), "{text}");
    assert!(server.stop().success());
    assert!(world.run(&["reset", "--yes"]).status.success());
    let server = world.serve_with(&[FAST]);
    completes(&server, &ask(&server).await).await;
    world.verify();
}

/// After a confirmed change, an operator must end a payout in doubt at the first bank.
async fn a_payout_of_the_first_bank_is_never_sent_to_the_second(world: World) {
    let (first, second) = (bank(&world, "first.db"), bank(&world, "second.db"));
    let haste = [FAST, ("PAYRAIL_RETRY_BASE_MS", "200"), ("PAYRAIL_BANK_TIMEOUT_MS", "5000")];
    let start = |bank: &Process| {
        let mut command = world.command(&["serve"]);
        command.envs(haste).env("PAYRAIL_BANK_URL", &bank.url);
        Process::start(command)
    };
    let server = start(&first);
    let (status, payout) = server.pay(TINY, key(), 1_000, "demo-silent").await;
    assert_eq!(status, StatusCode::CREATED);
    let doubtful = payout["id"].as_str().unwrap().to_owned();
    let doubts = || stdout(&world.run(&["doubtful", "--json"]));
    until("it is in doubt", || async { doubts().contains(&doubtful) }).await;
    assert!(server.stop().success());

    let server = start(&second);
    waits(&server).await;
    let shown = stdout(&world.run(&["bank", "confirm"]));
    let identity = shown.split("--identity '").nth(1).unwrap().split('\'').next().unwrap().to_owned();
    let confirm =
        ["bank", "confirm", "--identity", &identity, "--under-way", "1", "--reason", "we moved to another bank"];
    let confirmed = world.run(&confirm);
    assert!(confirmed.status.success(), "{}", stderr(&confirmed));
    completes(&server, &ask(&server).await).await;
    until("it stays with its bank", || async { doubts().contains("it was submitted to the bank") }).await;
    completes(&server, &ask(&server).await).await;
    assert!(is(&server, &doubtful, "processing").await);
    let book = rusqlite::Connection::open(world.folder.join("second.db")).unwrap();
    let received: i64 = book.query_row("SELECT count(*) FROM transfers", [], |row| row.get(0)).unwrap();
    assert_eq!(received, 2, "the second bank has heard of the two new payouts only");
    let verified = world.command(&["verify"]).env("PAYRAIL_BANK_URL", &second.url).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
}
