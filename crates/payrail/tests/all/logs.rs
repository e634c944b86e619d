//! The logs: a search for a payout's id, or for the id of the request that created it, finds its whole history over all
//! processes. They contain no secret.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use payrail_store::testing::Sql;
use reqwest::StatusCode;
use serde_json::Value;
use uuid::Uuid;

use crate::support::{ACME, Process, World, key, until};

on_both_stores!(a_payouts_history_is_found_by_either_id, accounts_are_not_in_the_logs);

const ASKED: &str = "request finished";
const CLAIMED: &str = "claimed for a call to the bank";
const CALLED: &str = "the bank was called";
const COMPLETED: &str = "completed: the hold is settled";
const FAILED: &str = "failed: the funds are given back";
const IN_DOUBT: &str = "in doubt: the funds stay held";
const CANCELLED: &str = "cancelled: the funds are given back";
const RETURNED: &str = "returned by the bank: the funds are given back";

const HASTE: [(&str, &str); 4] = [
    ("PAYRAIL_POLL_MS", "20"),
    ("PAYRAIL_RETRY_BASE_MS", "100"),
    ("PAYRAIL_BANK_SILENCE_MS", "100"),
    ("PAYRAIL_BANK_RETURNS_AFTER_MS", "200"),
];

/// An API, a worker and a bank, each in its own process with its own log.
struct Parts<'a> {
    world: &'a World,
    format: &'a str,
    level: &'a str,
    bank: Process,
    api: Process,
}

struct Worker(Child);

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn log(world: &World, part: &str) -> PathBuf {
    world.folder.join(format!("{part}.log"))
}

fn command(world: &World, part: &str, format: &str, level: &str) -> std::process::Command {
    let mut command = world.command(if part == "bank" { &["bank"] } else { &["serve"] });
    command.envs(HASTE).env("PAYRAIL_LOG", level).env("PAYRAIL_LOG_FORMAT", format);
    command.stderr(File::create(log(world, part)).unwrap());
    command
}

impl<'a> Parts<'a> {
    fn start(world: &'a World, format: &'a str, level: &'a str) -> Self {
        let bank = Process::start(command(world, "bank", format, level));
        let mut api = command(world, "api", format, level);
        api.env("PAYRAIL_ROLE", "api");
        Self { world, format, level, bank, api: Process::start(api) }
    }

    fn work(&self) -> Worker {
        let mut worker = command(self.world, "worker", self.format, self.level);
        worker.env("PAYRAIL_ROLE", "worker").env("PAYRAIL_BANK_URL", &self.bank.url).stdout(Stdio::null());
        Worker(worker.spawn().unwrap())
    }

    /// The payout's id, and that of the request that created it.
    async fn pay(&self, idempotency_key: Uuid, account: &str) -> (String, String) {
        let request = format!("order {}", Uuid::now_v7());
        let asked = self.api.post(ACME, "/api/v1/payouts/").header("X-Request-Id", &request);
        let asked = asked.header("Idempotency-Key", idempotency_key.to_string());
        let body = serde_json::json!({ "amount_paise": 100, "bank_account_id": account });
        let answer = asked.json(&body).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::CREATED);
        assert_eq!(answer.headers()["x-request-id"], request.as_str());
        let answer: Value = answer.json().await.unwrap();
        (answer["id"].as_str().unwrap().to_owned(), request)
    }

    async fn until_it_is(&self, payout: &str, status: &str) {
        // By the list: a request for the payout itself would be a line about it.
        let is_it = |item: &Value| item["id"] == *payout && item["status"] == *status;
        until(status, || async {
            self.api.json(ACME, "/api/v1/payouts/?view=full").await.as_array().unwrap().iter().any(is_it)
        })
        .await;
    }

    /// The worker's line about the last step comes after the commit that the API saw.
    async fn until_logged(&self, part: &str, id: &str, message: &str) {
        let is_there = || lines(&log(self.world, part)).iter().any(|line| line.contains(id) && line.contains(message));
        until(message, || async { is_there() }).await;
    }

    fn found(&self, id: &str) -> Vec<String> {
        let mut found: Vec<String> = ["api", "worker"]
            .iter()
            .flat_map(|part| lines(&log(self.world, part)))
            .filter(|line| line.contains(id))
            .collect();
        // Both forms have the time first, in the form that sorts.
        found.sort_by_key(|line| line.trim_start_matches("{\"timestamp\":\"").to_owned());
        found
    }
}

fn lines(log: &Path) -> Vec<String> {
    std::fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect()
}

/// The messages of these lines.
fn told(lines: &[String]) -> Vec<&'static str> {
    let known = [ASKED, CLAIMED, CALLED, COMPLETED, FAILED, IN_DOUBT, CANCELLED, RETURNED];
    lines.iter().filter_map(|line| known.into_iter().find(|message| line.contains(message))).collect()
}

async fn histories(world: &World, format: &str) {
    let parts = Parts::start(world, format, "info");
    let cancelled = parts.pay(key(), "demo-success").await;
    let cancel = format!("/api/v1/payouts/{}/cancel/", cancelled.0);
    assert_eq!(parts.api.post(ACME, &cancel).send().await.unwrap().status(), StatusCode::OK);
    let once = key();
    let completed = parts.pay(once, "demo-success").await;
    let (failed, doubtful) = (parts.pay(key(), "demo-fail").await, parts.pay(key(), "demo-timeout-paid").await);
    let returned = parts.pay(key(), "demo-return").await;
    let worker = parts.work();
    let expected: [(_, &str, &str, &[&str]); 5] = [
        (&cancelled, "cancelled", "api", &[ASKED, CANCELLED, ASKED]),
        (&completed, "completed", "worker", &[ASKED, CLAIMED, CALLED, COMPLETED]),
        (&failed, "failed", "worker", &[ASKED, CLAIMED, CALLED, FAILED]),
        (&doubtful, "completed", "worker", &[ASKED, CLAIMED, CALLED, IN_DOUBT, CLAIMED, CALLED, COMPLETED]),
        (&returned, "returned", "worker", &[ASKED, CLAIMED, CALLED, COMPLETED, RETURNED]),
    ];
    for ((payout, request), status, part, history) in expected {
        parts.until_it_is(payout, status).await;
        for message in history {
            let part = if *message == ASKED { "api" } else { part };
            parts.until_logged(part, payout, message).await;
        }
        let found = parts.found(payout);
        assert_eq!(found, parts.found(request), "{status}: either id finds the same lines");
        assert_eq!(told(&found).len(), found.len(), "{status}: {found:#?}");
        assert_eq!(told(&found), history, "{status}: {found:#?}");
    }
    // A repeated request is part of the history of the payout that the first one made.
    let (again, request) = parts.pay(once, "demo-success").await;
    assert_eq!(again, completed.0);
    assert_eq!(told(&parts.found(&request)), [ASKED]);
    assert_eq!(parts.found(&request), parts.found(&again)[4..]);
    drop(worker);
}

async fn a_payouts_history_is_found_by_either_id(world: World) {
    histories(&world, "json").await;
    let lines = lines(&log(&world, "api"));
    let spans = lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["span"].clone());
    let created: Vec<Value> = spans.filter(|span| span["payout_id"].is_string() && span["method"] == "POST").collect();
    assert_eq!(created.len(), 8, "seven requests, and what the cancelling did: {created:#?}");
    assert!(
        created.iter().all(|span| span["merchant_id"].is_string() && span["key"] == "api-key-acme"),
        "{created:#?}"
    );
    world.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_is_in_text_too() {
    histories(&World::sqlite(), "text").await;
}

/// At every log level.
async fn accounts_are_not_in_the_logs(world: World) {
    let account = "50100123456789";
    let parts = Parts::start(&world, "json", "trace");
    let (payout, _) = parts.pay(key(), account).await;
    let worker = parts.work();
    parts.until_logged("worker", &payout, CALLED).await;
    drop(worker);
    for part in ["api", "worker", "bank"] {
        let lines = lines(&log(&world, part));
        assert!(part == "bank" || lines.iter().any(|line| line.contains("\"level\":\"DEBUG\"")), "{part}: it did log");
        let line = lines.iter().find(|line| line.contains(account));
        assert_eq!(line, None, "{part}: the account is written down");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_of_a_page_names_the_key_that_began_its_session() {
    let world = World::sqlite();
    let parts = Parts::start(&world, "json", "info");
    let (client, url) = (&parts.api.client, format!("{}/api/v1/session", parts.api.url));
    let session = client.post(url).json(&serde_json::json!({ "api_key": ACME })).send().await.unwrap();
    let cookie = session.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap();
    let asked = client.get(format!("{}/api/v1/me/", parts.api.url)).header("cookie", cookie);
    let answer = asked.header("x-request-id", "by-cookie").send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let lines = parts.found("by-cookie");
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("\"key\":\"api-key-acme\""), "{lines:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_id_that_no_log_should_hold_is_replaced() {
    let world = World::sqlite();
    let parts = Parts::start(&world, "json", "info");
    for bad in ["x".repeat(65), "a\tb".to_owned(), "\u{e9}".to_owned()] {
        let answer = parts.api.get(ACME, "/api/v1/me/").header("X-Request-Id", &bad).send().await.unwrap();
        let ours = answer.headers()["x-request-id"].to_str().unwrap();
        assert!(ours.parse::<Uuid>().is_ok(), "{ours}");
        assert_eq!(parts.found(ours).len(), 1);
    }
    assert!(!lines(&log(&world, "api")).iter().any(|line| line.contains("xxxxx")));
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_logged_when_they_fail_or_when_asked_for() {
    let world = World::postgres().await;
    for (level, shown) in [("info", 0), ("debug", 3)] {
        let parts = Parts::start(&world, "json", level);
        for path in ["/healthz", "/readyz/", "/metrics"] {
            assert_eq!(parts.api.client.get(format!("{}{path}", parts.api.url)).send().await.unwrap().status(), 200);
        }
        assert_eq!(parts.api.get(ACME, "/api/v1/me/").send().await.unwrap().status(), StatusCode::OK);
        let finished: Vec<String> =
            lines(&log(&world, "api")).into_iter().filter(|line| line.contains(ASKED)).collect();
        assert_eq!(finished.len(), shown + 1, "{level}: {finished:#?}");
        if level == "info" {
            admit(&world, false).await;
            let ready = parts.api.client.get(format!("{}/readyz", parts.api.url)).send().await.unwrap();
            assert!(ready.status().is_server_error());
            let told = lines(&log(&world, "api"));
            assert!(told.iter().any(|line| line.contains("/readyz") && line.contains(ASKED)), "{told:#?}");
            admit(&world, true).await;
        }
    }
}

/// Allows or forbids connections to the database. Forbidding also ends existing ones.
async fn admit(world: &World, is_open: bool) {
    let mut server = Sql::connect(&std::env::var("TEST_DATABASE_URL").unwrap()).await;
    let database = world.database.url.rsplit('/').next().unwrap();
    server.exec(&format!("ALTER DATABASE {database} ALLOW_CONNECTIONS {is_open}")).await;
    if !is_open {
        let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname =";
        server.exec(&format!("{end} '{database}'")).await;
    }
}
