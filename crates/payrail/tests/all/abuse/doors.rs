//! Keys and sessions: what is nobody's is looked up as what is somebody's, no session is begun by a stranger's
//! choice, and an allowance of attempts is an address's, whatever a header says.

use std::fs::File;

use reqwest::header::{COOKIE, SET_COOKIE};
use serde_json::{Value, json};

use crate::support::{ACME, Process, TINY, World};

on_both_stores!(
    an_unknown_key_takes_the_same_way_as_a_known_one,
    nobody_chooses_anothers_session,
    no_header_gives_more_attempts,
);

const API_ONLY: (&str, &str) = ("PAYRAIL_ROLE", "api");

/// Each key costs one look-up by its keyed hash, by the same statement: how much of it is right makes no difference,
/// for what is compared has nothing of the key in it. (A known key is remembered for a second; that it is known, its
/// answer tells anyway.)
async fn an_unknown_key_takes_the_same_way_as_a_known_one(world: World) {
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
    // A session's token likewise.
    let token = |text: &str| {
        server.client.get(format!("{}/api/v1/me/", server.url)).header(COOKIE, format!("payrail_session={text}"))
    };
    for text in ["0".repeat(64), "x".to_owned()] {
        assert_eq!(token(&text).send().await.unwrap().status(), 401);
    }
}

/// The statements so far that ask for a key's merchant.
fn lookups(log: &std::path::Path) -> Vec<Value> {
    let text = std::fs::read_to_string(log).unwrap();
    let statements = text.lines().filter_map(|line| Some(serde_json::from_str::<Value>(line).ok()?["sql"].take()));
    statements.filter(|statement| statement.as_str().is_some_and(|text| text.contains("api_keys"))).collect()
}

/// Whoever plants a cookie before somebody signs in has nothing of it afterwards.
async fn nobody_chooses_anothers_session(world: World) {
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
            // Signed in anew with the cookie of before: a new token, not the old one further used.
            assert!(token != planted && token.len() == 64 && !tokens.contains(&token), "{token}");
            tokens.push(token);
            assert_eq!(status(&server, me, &plant).await, 401, "what was planted opens nothing");
        }
        for token in &tokens {
            assert_eq!(status(&server, me, &format!("{name}={token}")).await, 200);
            assert_eq!(status(&server, me, &format!("{name}={}", token.to_uppercase())).await, 401);
            assert_eq!(status(&server, me, &format!("{name}=\"{token}\"")).await, 401);
            // Of two the first counts: a second cannot be slipped in behind the browser's own.
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

/// Who guesses keys or passwords cannot have another allowance by naming another address.
async fn no_header_gives_more_attempts(world: World) {
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
