//! Failover under load: the primary dies and its synchronous standby is promoted. PayRail continues by itself, and
//! nothing that was acknowledged is lost. Read-only commands run on a standby.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use payrail_store::testing::{TestDatabase, TestServer};
use reqwest::{Client, StatusCode};

use crate::storm::{HASTE, all_clients};
use crate::support::{DEADLINE, World, until};

const PAYOUTS: usize = 160;

/// A primary and its standby, each with a ledger called payrail.
fn pair() -> (TestServer, TestServer) {
    let primary = TestServer::start(&[], "", None);
    primary.psql("CREATE DATABASE payrail");
    let standby = primary.standby();
    (primary, standby)
}

/// Polls all the time. Returns the longest answer of `/readyz`, less the time of `/healthz` at that moment, which
/// measures the machine's own slowness.
async fn watch(url: String, stop: Arc<AtomicBool>) -> (Duration, usize) {
    let http = Client::builder().timeout(DEADLINE).build().unwrap();
    let timed = |path: &'static str| {
        let (http, url) = (http.clone(), url.clone());
        async move {
            let begun = Instant::now();
            let status = http.get(format!("{url}{path}")).send().await.unwrap().status();
            (begun.elapsed(), status)
        }
    };
    let (mut longest, mut refusals) = (Duration::ZERO, 0);
    while !stop.load(Ordering::SeqCst) {
        let ((before, _), (took, status), (after, _)) =
            (timed("/healthz").await, timed("/readyz").await, timed("/healthz").await);
        longest = longest.max(took.saturating_sub(before.max(after)));
        refusals += usize::from(status == StatusCode::SERVICE_UNAVAILABLE);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    (longest, refusals)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_has_all_that_was_acknowledged() {
    let (primary, standby) = pair();
    let hosts = format!("{},{}", primary.host(), standby.host());
    let url = format!("postgres://payrail@{hosts}/payrail?target_session_attrs=read-write");
    let world = World::on(TestDatabase::at(url));
    let process = world.serve_with(&HASTE);
    primary.wait_for_standby();

    let (stop, acknowledged) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let watching = tokio::spawn(watch(process.url.clone(), stop.clone()));
    let clients = tokio::spawn(all_clients(process.url.clone(), PAYOUTS, acknowledged.clone()));
    until("a quarter is acknowledged", async || acknowledged.load(Ordering::SeqCst) >= PAYOUTS / 4).await;
    primary.kill();
    let ready = || async { process.client.get(format!("{}/readyz", process.url)).send().await.unwrap().status() };
    until("/readyz tells of it", async || ready().await == StatusCode::SERVICE_UNAVAILABLE).await;
    standby.promote();
    let answers = clients.await.unwrap();
    until("the process is ready again", async || ready().await == StatusCode::OK).await;
    stop.store(true, Ordering::SeqCst);

    assert_eq!(answers.len(), PAYOUTS);
    for (key, merchant, status, body) in &answers {
        assert!([StatusCode::CREATED, StatusCode::UNPROCESSABLE_ENTITY].contains(status), "{key}: {status} {body}");
        if *status == StatusCode::CREATED {
            let path = format!("/api/v1/payouts/{}/", body["id"].as_str().unwrap());
            let found = process.get(merchant, &path).send().await.unwrap().status();
            assert_eq!(found, StatusCode::OK, "{key} was acknowledged: {body}");
        }
    }
    let (longest, refusals) = watching.await.unwrap();
    assert!(refusals > 0, "while no server took writes, the process was not ready");
    assert!(longest < Duration::from_secs(1), "/readyz took {longest:?}");
    assert!(process.stop().success());
    world.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_commands_run_on_a_standby() {
    let (primary, standby) = pair();
    let world = World::on(TestDatabase::at(primary.url("payrail")));
    let process = world.serve();
    let key = crate::support::key();
    assert_eq!(process.pay(crate::support::ACME, key, 1_000, "demo-success").await.0, StatusCode::CREATED);
    assert!(process.stop().success());
    primary.wait_for_standby();
    primary.psql("CREATE TABLE flushed ()"); // Everything committed before is on the standby now.

    let reads: [&[&str]; 7] = [
        &["verify", "--no-bank"],
        &["after-restore"],
        &["doubtful"],
        &["exceptions"],
        &["bring-forward"],
        &["merchant", "list", "--json"],
        &["admin", "list", "--json"],
    ];
    for arguments in reads {
        let on = |url: String| world.command(arguments).env("DATABASE_URL", url).output().unwrap();
        let (from_standby, from_primary) = (on(standby.url("payrail")), on(primary.url("payrail")));
        let said = String::from_utf8_lossy(&from_standby.stderr).into_owned();
        assert!(from_standby.status.success(), "{arguments:?}: {said}");
        if arguments.contains(&"list") {
            assert!(!from_standby.stdout.is_empty());
            assert_eq!(from_standby.stdout, from_primary.stdout, "{arguments:?}");
        }
    }
    // Commands that write report why they cannot.
    let refused = world.command(&["merchant", "create", "Name", "a@example.com"]);
    let refused = { refused }.env("DATABASE_URL", standby.url("payrail")).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("standby"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_flush_is_refused() {
    let world = World::postgres().await;
    let mut command = world.command(&["serve"]);
    command
        .env("DEBUG", "0")
        .env("SECRET_KEY", "0123456789abcdef0123456789abcdef")
        .env("PAYRAIL_ALLOW_UNSAFE_FSYNC", "0");
    let server = payrail_store::Store::open(&world.database.url, 1, 1).await.unwrap();
    if server.flush_warnings().await.unwrap().is_empty() {
        return; // PAYRAIL_TEST_FSYNC=on.
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("fsync = off") && said.contains("PAYRAIL_ALLOW_UNSAFE_FSYNC"),
        "{said}"
    );
}
