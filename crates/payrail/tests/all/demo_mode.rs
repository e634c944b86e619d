//! Demo mode: where it is on, and that nothing published opens anything where it is off.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cli_settings::refused;
use crate::support::{ACME, Process, TINY, World};
use crate::verify_scene::{stderr, stdout};

on_both_stores!(
    it_is_on_by_default_only_where_the_program_is_tried_out,
    what_is_published_opens_nothing_outside_of_it,
    a_session_of_demo_mode_ends_with_it,
    a_ledger_never_runs_in_it,
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

/// All that is published: the keys by header and by session, the operators, and what the pages are told.
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

async fn it_is_on_by_default_only_where_the_program_is_tried_out(world: World) {
    let is_postgres = world.database.url.starts_with("postgres");
    // On all addresses it must be asked for. Whatever was created this way is no demonstration later on either.
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

async fn what_is_published_opens_nothing_outside_of_it(world: World) {
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
        assert!(log.contains("a published demo key was refused"), "{log}");
        assert!(log.contains("a sign-in with a published demo password was refused"), "{log}");
    }
}

async fn a_session_of_demo_mode_ends_with_it(world: World) {
    let server = world.serve_with(&[API, ("SECRET_KEY", OWN_SECRET)]);
    let cookie = |response: reqwest::Response| {
        let set = response.headers()["set-cookie"].to_str().unwrap().to_owned();
        set.split(';').next().unwrap().to_owned()
    };
    let merchant = cookie(merchant_signs_in(&server, TINY).await);
    let operator = cookie(operator_signs_in(&server, "admin", "payrail-demo-admin").await);
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

async fn a_ledger_never_runs_in_it(world: World) {
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
