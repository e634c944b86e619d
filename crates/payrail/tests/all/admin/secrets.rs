//! Passwords, keys and tokens are nowhere to be read afterwards: neither in the log nor in the database.

use std::fs::File;

use reqwest::Method;
use serde_json::json;

use super::{Answer, Desk, text, try_sign_in};
use crate::sql::Sql;
use crate::support::{Process, World};

on_both_stores!(no_secret_is_kept_or_logged_in_the_clear);

const PASSWORD: &str = "correct-horse-battery-staple";
const MISTYPED: &str = "correct-horse-battery-stapel";

/// With the log turned up as far as it goes.
async fn no_secret_is_kept_or_logged_in_the_clear(world: World) {
    let mut create = world.command(&["admin", "create", "--name", "Ana", "--role", "operator"]);
    assert!(create.env("PAYRAIL_ADMIN_PASSWORD", PASSWORD).output().unwrap().status.success());
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    command.env("PAYRAIL_ROLE", "api").env("PAYRAIL_LOG", "trace").stderr(File::create(&log).unwrap());
    let server = Process::start(command);

    try_sign_in(&server, "Ana", MISTYPED).await;
    // The password in the wrong field.
    try_sign_in(&server, PASSWORD, "whatever it may be").await;
    let desk = Desk::of(&server, ("Ana", PASSWORD)).await;
    let token = desk.cookie.strip_prefix("payrail_operator=").unwrap().to_owned();
    let made = desk.post("/merchants", json!({ "name": "New", "email": "new@example.com" })).await.is(201);
    let merchant = text(&made["merchant"]["id"]);
    let issued = Answer::to(desk.request(Method::POST, &format!("/merchants/{merchant}/keys"))).await.is(201);
    let path = format!("/merchants/{merchant}/keys/{}/rotate", text(&issued["key"]["id"]));
    let rotated = Answer::to(desk.request(Method::POST, &path)).await.is(201);
    let keys = [&made, &issued, &rotated].map(|answer| text(&answer["api_key"]));
    server.stop();

    let log = std::fs::read(&log).unwrap();
    assert!(contains(&log, "/admin/api/v1/merchants") && contains(&log, &merchant), "the log is what it is");
    let kept = everything(&world).await;
    assert!(contains(&kept, "Ana") && contains(&kept, &keys[0][..12]), "the database is what it is");
    for secret in [PASSWORD, MISTYPED, &token].into_iter().chain(keys.iter().map(String::as_str)) {
        assert!(!contains(&log, secret), "{secret} is in the log");
        assert!(!contains(&kept, secret), "{secret} is in the database");
    }
}

fn contains(hay: &[u8], needle: &str) -> bool {
    hay.windows(needle.len()).any(|window| window == needle.as_bytes())
}

/// Every byte of the file, or every row of every table.
async fn everything(world: &World) -> Vec<u8> {
    if let Some(folder) = world.database.folder() {
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
        return files.flat_map(|path| std::fs::read(path).unwrap()).collect();
    }
    let mut sql = Sql::connect(world).await;
    let tables = sql.texts("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").await;
    assert!(tables.len() > 10, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        all.extend(sql.texts(&format!("SELECT t::text FROM {table} t")).await);
    }
    all.into_bytes()
}
