//! What a start does to the data, which processes may run together, and what is never logged.

use std::fs::File;

use reqwest::StatusCode;

use crate::demo_mode::OWN_SECRET;
use crate::support::{Process, TINY, World, key, until};
use crate::verify_fixture::{stderr, stdout};

on_both_stores!(two_processes_may_start_at_once_on_an_empty_database, no_secret_is_written_down,);

async fn is_known(server: &Process, key: &str) -> bool {
    let status = server.get(key, "/api/v1/me/").send().await.unwrap().status();
    assert!(status == StatusCode::OK || status == StatusCode::UNAUTHORIZED, "{status}");
    status == StatusCode::OK
}

/// Both create the tables, the demo merchants and, being all-in-one, the bank's book.
async fn two_processes_may_start_at_once_on_an_empty_database(world: World) {
    let start = || {
        let command = world.command(&["serve"]);
        tokio::task::spawn_blocking(move || Process::start(command))
    };
    let (one, other) = tokio::join!(start(), start());
    let (one, other) = (one.unwrap(), other.unwrap());
    for server in [&one, &other] {
        assert_eq!(server.balances(TINY).await, (10_000, 0), "funded once");
    }
    for server in [&one, &other] {
        assert_eq!(server.pay(TINY, key(), 1_000, "demo-success").await.0, StatusCode::CREATED);
    }
    until("both are paid", || async { one.balances(TINY).await == (8_000, 0) }).await;
    assert_eq!(other.balances(TINY).await, (8_000, 0));
    let list = world.run(&["merchant", "list"]);
    assert_eq!(stdout(&list).lines().count(), 3);
    world.verify();
}

/// Neither by a server with the most detailed log, nor by any failing command.
async fn no_secret_is_written_down(world: World) {
    let password = "geheim-im-url";
    let url = world.database.url.replace("payrail@", &format!("payrail:{password}@"));
    let settings =
        [("SECRET_KEY", OWN_SECRET), ("DATABASE_URL", &url), ("PAYRAIL_LOG", "trace"), ("PAYRAIL_DEMO", "0")];
    let made =
        world.command(&["merchant", "create", "One", "one@example.com", "--json"]).envs(settings).output().unwrap();
    let made_log = stderr(&made);
    let made: serde_json::Value = serde_json::from_slice(&made.stdout).unwrap();
    let api_key = made["api_key"].as_str().unwrap();
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    command.envs(settings).stderr(File::create(&log).unwrap());
    let server = Process::start(command);
    let wrong = "prk_this-is-no-key-of-anybody";
    assert!(is_known(&server, api_key).await);
    assert!(!is_known(&server, wrong).await);
    assert_eq!(server.pay(api_key, key(), 1_000, "demo-success").await.0, StatusCode::BAD_REQUEST);
    server.post(api_key, "/api/v1/payouts/").body("{").send().await.unwrap();
    server.get(api_key, "/api/v1/nothing/").send().await.unwrap();
    assert!(server.stop().success());
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("\"level\":\"TRACE\"") && log.contains("/api/v1/me"), "it did log: {log}");
    for secret in [OWN_SECRET, password, api_key, wrong] {
        for text in [&log, &made_log] {
            let line = text.lines().find(|line| line.contains(secret));
            assert_eq!(line, None, "{secret} is written down");
        }
    }
}
