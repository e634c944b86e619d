//! Demo mode: where it is on, and that published secrets are useless where it is off.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cli_settings::refused;
use crate::support::{ACME, Process, TINY, World, key};
use crate::verify_fixture::{stderr, stdout};

on_both_stores!(
    demo_mode_is_on_by_default_only_in_a_trial,
    published_secrets_open_nothing_outside_demo_mode,
    a_session_of_demo_mode_ends_with_it,
    an_intruder_of_demo_mode_keeps_no_access,
    a_ledger_never_runs_in_demo_mode,
    a_published_password_is_no_password,
);

pub const OWN_SECRET: &str = "a-secret-of-my-own-0123456789abcdef";
const API: (&str, &str) = ("PAYRAIL_ROLE", "api");
const EVERYWHERE: (&str, &str) = ("PAYRAIL_ADDR", "0.0.0.0:0");

async fn opens(server: &Process, key: &str) -> bool {
    let status = server.get(key, "/api/v1/me/").send().await.unwrap().status();
    assert!(status == StatusCode::OK || status == StatusCode::UNAUTHORIZED, "{status}");
    status == StatusCode::OK
}

async fn operator_session(server: &Process) -> Value {
    server.client.get(format!("{}/admin/api/v1/session", server.url)).send().await.unwrap().json().await.unwrap()
}

async fn operator_signs_in(server: &Process, name: &str, password: &str) -> reqwest::Response {
    let form = json!({ "name": name, "password": password });
    server.client.post(format!("{}/admin/api/v1/session", server.url)).json(&form).send().await.unwrap()
}

async fn merchant_signs_in(server: &Process, key: &str) -> reqwest::Response {
    let form = json!({ "api_key": key });
    server.client.post(format!("{}/api/v1/session", server.url)).json(&form).send().await.unwrap()
}

fn cookie(response: &reqwest::Response) -> String {
    let set = response.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

/// As an operator.
async fn post(server: &Process, cookie: &str, path: &str, body: Value) -> Value {
    let request = server.client.post(format!("{}/admin/api/v1{path}", server.url)).header("cookie", cookie);
    let response = request.header("Idempotency-Key", key().to_string()).json(&body).send().await.unwrap();
    let status = response.status();
    let body = response.json().await.unwrap();
    assert!(status.is_success(), "{path}: {status} {body}");
    body
}

/// All published secrets: keys by header and by session, the operators, and what the pages show.
async fn is_open(server: &Process) -> bool {
    let by_key = opens(server, TINY).await && opens(server, ACME).await;
    let by_session = merchant_signs_in(server, TINY).await.status() == StatusCode::CREATED;
    let as_operator = operator_signs_in(server, "admin", "payrail-demo-admin").await.status() == StatusCode::CREATED;
    let as_viewer = operator_signs_in(server, "viewer", "payrail-demo-viewer").await.status() == StatusCode::CREATED;
    let told = operator_session(server).await["demo"] != Value::Null;
    let session: Value =
        server.client.get(format!("{}/api/v1/session", server.url)).send().await.unwrap().json().await.unwrap();
    let told_merchants = session["demo_merchants"] != json!([]);
    let ways = [by_key, by_session, as_operator, as_viewer, told, told_merchants];
    assert!(ways.iter().all(|way| *way == ways[0]), "{ways:?}");
    ways[0]
}

async fn demo_mode_is_on_by_default_only_in_a_trial(world: World) {
    let is_postgres = world.database.url.starts_with("postgres");
    // On all addresses it must be requested. A database created without it is never a demonstration later.
    let server = world.serve_with(&[API, EVERYWHERE]);
    assert!(!is_open(&server).await);
    assert!(server.stop().success());
    assert!(!is_open(&world.serve_with(&[API])).await);

    let fresh = World::on(payrail_store::testing::TestDatabase::sqlite());
    let release = [API, ("DEBUG", "0")];
    let server = fresh.serve_with(&release);
    assert!(is_open(&server).await, "with no settings at all, on loopback");
    assert!(server.stop().success());
    assert!(!is_open(&fresh.serve_with(&[API, ("DEBUG", "0"), EVERYWHERE])).await, "the same, for everybody");

    let proxied = World::on(payrail_store::testing::TestDatabase::sqlite());
    assert!(!is_open(&proxied.serve_with(&[API, ("PAYRAIL_TRUSTED_PROXIES", "127.0.0.1")])).await, "behind a proxy");

    // A secret of one's own, or a server's database, is no trial with DEBUG=0.
    let own = World::on(payrail_store::testing::TestDatabase::sqlite());
    assert!(!is_open(&own.serve_with(&[API, ("DEBUG", "0"), ("SECRET_KEY", OWN_SECRET)])).await);
    if is_postgres {
        let production = World::postgres().await;
        assert!(!is_open(&production.serve_with(&[API, ("DEBUG", "0"), ("SECRET_KEY", OWN_SECRET)])).await);
        let trial = World::postgres().await;
        assert!(is_open(&trial.serve_with(&[API, ("DEBUG", "1")])).await);
    }
}

async fn published_secrets_open_nothing_outside_demo_mode(world: World) {
    for secret in [OWN_SECRET, "another-secret-0123456789-abcdefghijk"] {
        let world = match world.database.url.starts_with("postgres") {
            true => World::postgres().await,
            false => World::sqlite(),
        };
        let settings = [API, ("SECRET_KEY", secret), ("PAYRAIL_DEMO", "1"), EVERYWHERE];
        assert!(is_open(&world.serve_with(&settings)).await, "it was asked for");
        let log = world.folder.join("log");
        let mut command = world.command(&["serve"]);
        command.envs([API, ("SECRET_KEY", secret), ("PAYRAIL_DEMO", "0")]);
        command.stderr(std::fs::File::create(&log).unwrap());
        let server = Process::start(command);
        assert!(!is_open(&server).await, "the accounts are there, and open nothing");
        assert!(server.stop().success());
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("a key of demo mode was refused"), "{log}");
        assert!(log.contains("a sign-in with a published demo password was refused"), "{log}");
    }
}

async fn a_session_of_demo_mode_ends_with_it(world: World) {
    let server = world.serve_with(&[API, ("SECRET_KEY", OWN_SECRET)]);
    let merchant = cookie(&merchant_signs_in(&server, TINY).await);
    let operator = cookie(&operator_signs_in(&server, "admin", "payrail-demo-admin").await);
    let statuses = async |server: &Process| {
        let mut statuses = Vec::new();
        for (path, cookie) in [("/api/v1/me/", &merchant), ("/admin/api/v1/overview", &operator)] {
            let request = server.client.get(format!("{}{path}", server.url)).header("cookie", cookie);
            statuses.push(request.send().await.unwrap().status().as_u16());
        }
        statuses
    };
    assert_eq!(statuses(&server).await, [200, 200]);
    assert!(server.stop().success());
    let server = world.serve_with(&[API, ("SECRET_KEY", OWN_SECRET), ("PAYRAIL_DEMO", "0")]);
    assert_eq!(statuses(&server).await, [401, 401]);
}

/// An attacker signs in with a published password and creates an operator, a password and keys.
async fn an_intruder_of_demo_mode_keeps_no_access(world: World) {
    const SET: &str = "a password of my own";
    let create = ["admin", "create", "--name", "Trusted", "--role", "operator"];
    assert!(world.command(&["migrate"]).env("PAYRAIL_DEMO", "1").output().unwrap().status.success());
    assert!(world.command(&create).env("PAYRAIL_ADMIN_PASSWORD", SET).output().unwrap().status.success());
    let mut create = world.command(&["merchant", "create", "Chai Stall", "chai@example.com", "--json"]);
    let output = create.env("SECRET_KEY", OWN_SECRET).output().unwrap();
    let by_hand: Value = serde_json::from_slice(&output.stdout).unwrap();
    let trusted_key = by_hand["api_key"].as_str().unwrap();

    let demo = [API, ("SECRET_KEY", OWN_SECRET), ("PAYRAIL_DEMO", "1")];
    let server = world.serve_with(&demo);
    let admin = cookie(&operator_signs_in(&server, "admin", "payrail-demo-admin").await);
    let made = post(&server, &admin, "/operators", json!({ "name": "Mallory", "role": "operator" })).await;
    let once = made["one_time_password"].as_str().unwrap_or_else(|| panic!("{made}"));
    let mallory = cookie(&operator_signs_in(&server, "Mallory", once).await);
    let change = json!({ "current_password": once, "new_password": SET });
    post(&server, &mallory, "/session/password", change).await;
    let merchant = json!({ "name": "Mallory's", "email": "mallory@example.com" });
    let made = post(&server, &mallory, "/merchants", merchant).await;
    let first = made["api_key"].as_str().unwrap_or_else(|| panic!("{made}"));
    let id = by_hand["id"].as_str().unwrap_or_else(|| panic!("{by_hand}"));
    let issued = post(&server, &mallory, &format!("/merchants/{id}/keys"), json!({})).await;
    let second = issued["api_key"].as_str().unwrap_or_else(|| panic!("{issued}"));
    let ways = async |server: &Process| {
        let mut ways = Vec::new();
        for key in [first, second] {
            ways.push(opens(server, key).await);
            ways.push(merchant_signs_in(server, key).await.status() == StatusCode::CREATED);
        }
        ways.push(operator_signs_in(server, "Mallory", SET).await.status() == StatusCode::CREATED);
        ways
    };
    let is_trusted = async |server: &Process| {
        let signed_in = operator_signs_in(server, "Trusted", SET).await.status() == StatusCode::CREATED;
        signed_in && opens(server, trusted_key).await
    };
    assert_eq!(ways(&server).await, [true; 5]);
    assert!(is_trusted(&server).await);
    assert!(server.stop().success());

    let server = world.serve_with(&[API, ("SECRET_KEY", OWN_SECRET), ("PAYRAIL_DEMO", "0")]);
    assert_eq!(ways(&server).await, [false; 5]);
    assert!(is_trusted(&server).await, "what the command line made is the owner's");
    assert!(server.stop().success());
    assert_eq!(ways(&world.serve_with(&demo)).await, [true; 5], "the demonstration goes on as it was");
}

async fn a_ledger_never_runs_in_demo_mode(world: World) {
    assert!(world.run(&["merchant", "create", "Chai Stall", "chai@example.com"]).status.success());
    refused(&world, &["serve"], &[("PAYRAIL_DEMO", "1")], "PAYRAIL_DEMO");
    refused(&world, &["seed"], &[], "seed is refused");
    let list = stdout(&world.run(&["merchant", "list"]));
    assert_eq!(list.lines().count(), 1, "{list}");
    assert!(!is_open(&world.serve_with(&[API])).await);
}

async fn a_published_password_is_no_password(world: World) {
    let create = ["admin", "create", "--name", "Ana", "--role", "operator"];
    let output = world.command(&create).env("PAYRAIL_ADMIN_PASSWORD", "payrail-demo-admin").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("published"), "{}", stderr(&output));
}
