//! Keys and sessions: unknown keys are looked up like known ones, an attacker cannot choose a session's token, and the
//! limit on attempts counts by address, whatever a header says.

use std::fs::File;

use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::{ACME, Process, TINY, World};

on_both_stores!(
    known_and_unknown_keys_take_the_same_look_up,
    a_planted_cookie_does_not_fix_a_session,
    no_header_raises_the_attempt_limit,
);

const API_ONLY: (&str, &str) = ("PAYRAIL_ROLE", "api");

/// Each key costs one look-up of its keyed hash, by the same statement. A partly correct key makes no difference,
/// because only hashes are compared. (A known key is cached for a second; its answer shows that it is known anyway.)
async fn known_and_unknown_keys_take_the_same_look_up(world: World) {
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    command.env(API_ONLY.0, API_ONLY.1).env("PAYRAIL_LOG", "payrail_store=trace").stderr(File::create(&log).unwrap());
    let server = Process::start(command);
    let (near, half) = (format!("{TINY}o"), &TINY[..10]);
    let mut statements = Vec::new();
    for (key, status) in
        [(TINY, 200), (&near, 401), (half, 401), ("x", 401), (&"x".repeat(5_000), 401), ("' OR 1", 401)]
    {
        let before = lookups(&log).len();
        assert_eq!(server.get(key, "/api/v1/me/").send().await.unwrap().status(), status);
        let after = lookups(&log);
        assert_eq!(after.len(), before + 1, "{key}: one look-up");
        statements.push(after[before].clone());
    }
    assert!(statements.iter().all(|statement| *statement == statements[0]), "{statements:?}");
    // So is a session's token.
    let token = |text: &str| {
        server.client.get(format!("{}/api/v1/me/", server.url)).header(COOKIE, format!("payrail_session={text}"))
    };
    for text in ["0".repeat(64), "x".to_owned()] {
        assert_eq!(token(&text).send().await.unwrap().status(), 401);
    }
}

/// The logged statements that look up a key.
fn lookups(log: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    let statements = text.lines().filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?["sql"].take()));
    statements.filter(|statement| statement.as_str().is_some_and(|text| text.contains("api_keys"))).collect()
}

/// Session fixation: a cookie planted before the sign-in is worthless after it.
async fn a_planted_cookie_does_not_fix_a_session(world: World) {
    let server = world.serve_with(&[API_ONLY]);
    let planted = "ab".repeat(32);
    for (path, name, form, me) in [
        ("/api/v1/session", "payrail_session", json!({ "api_key": TINY }), "/api/v1/me/"),
        (
            "/admin/api/v1/session",
            "payrail_operator",
            json!({ "name": "admin", "password": "payrail-demo-admin" }),
            "/admin/api/v1/overview",
        ),
    ] {
        let plant = format!("{name}={planted}");
        let mut tokens = Vec::new();
        for sent in ["", &plant, &format!("{plant}; {name}=other")] {
            let request = server.client.post(format!("{}{path}?{name}={planted}", server.url)).header(COOKIE, sent);
            let answer = request.header("X-Session-Id", &planted).json(&form).send().await.unwrap();
            assert_eq!(answer.status(), 201);
            assert_eq!(answer.headers().get_all(SET_COOKIE).iter().count(), 1);
            let set = answer.headers()[SET_COOKIE].to_str().unwrap();
            let token = set.split(';').next().unwrap().split_once('=').unwrap().1.to_owned();
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Strict") && !set.contains("Domain"), "{set}");
            // A sign-in with an old cookie gets a new token.
            assert!(token != planted && token.len() == 64 && !tokens.contains(&token), "{token}");
            tokens.push(token);
            assert_eq!(status(&server, me, &plant).await, 401, "what was planted opens nothing");
        }
        for token in &tokens {
            assert_eq!(status(&server, me, &format!("{name}={token}")).await, 200);
            assert_eq!(status(&server, me, &format!("{name}={}", token.to_uppercase())).await, 401);
            assert_eq!(status(&server, me, &format!("{name}=\"{token}\"")).await, 401);
            // Of two cookies only the first counts, so a second one cannot be added behind the browser's own.
            assert_eq!(status(&server, me, &format!("{plant}; {name}={token}")).await, 401);
        }
        // Neither a header nor a query is a cookie.
        let elsewhere = server.client.get(format!("{}{me}?{name}={}", server.url, tokens[0])).header(name, &tokens[0]);
        assert_eq!(elsewhere.send().await.unwrap().status(), 401);
    }
}

async fn status(server: &Process, path: &str, cookie: &str) -> u16 {
    let request = server.client.get(format!("{}{path}", server.url)).header(COOKIE, cookie);
    request.send().await.unwrap().status().as_u16()
}

/// Naming another address does not give more guesses of keys or passwords.
async fn no_header_raises_the_attempt_limit(world: World) {
    let server = world.serve_with(&[API_ONLY]);
    for (path, form) in
        [("/api/v1/session", json!({ "api_key": "nobody" })), ("/admin/api/v1/session", json!({ "name": "nobody" }))]
    {
        let mut answers = Vec::new();
        for number in 0..90 {
            let other = format!("10.0.0.{number}");
            let request = server.client.post(format!("{}{path}", server.url)).json(&form);
            let request = request.header("X-Forwarded-For", &other).header("X-Real-IP", &other);
            let request = request.header("Forwarded", format!("for={other}")).header("User-Agent", &other);
            let answer = request.header("CF-Connecting-IP", &other).send().await.unwrap();
            answers.push(answer.status().as_u16());
            if answers.last() == Some(&429) {
                assert_eq!(answer.json::<Value>().await.unwrap()["code"], "too_many_attempts");
            }
        }
        assert!(answers.iter().filter(|status| **status == 429).count() >= 20, "{path}: {answers:?}");
    }
    assert_eq!(server.json(ACME, "/api/v1/me/").await["name"], "Acme Agency", "who has a key is served");
}
