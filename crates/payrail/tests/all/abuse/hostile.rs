//! Hostile values for every parameter, header and field in the OpenAPI document, new ones included. Each answer is
//! documented, and reveals no internals.

use std::fs::File;

use futures::{StreamExt, stream};
use serde_json::Value;

use super::place::{Good, Place, Shot};
use super::values::{jsons, texts};
use super::{document, operations};
use crate::support::{ACME, FIAZ, Process, TINY, World};

on_both_stores!(
    hostile_parameters_are_answered_as_documented,
    hostile_fields_are_answered_as_documented,
    malformed_queries_are_answered_as_documented,
);

const AT_ONCE: usize = 16;

/// Words that would reveal internals: of a database, a crash or the source.
const INSIDE: [&str; 16] = [
    "sqlite",
    "postgres",
    "sqlx",
    "select ",
    "insert ",
    "syntax error",
    "constraint",
    "relation ",
    "unique ",
    "panicked",
    "backtrace",
    ".rs:",
    "stack",
    "thread ",
    "utf-8 sequence",
    "/src/",
];

struct Trial {
    what: String,
    method: String,
    operation: Value,
    shot: Shot,
}

fn server_of(world: &World) -> Process {
    let mut command = world.command(&["serve"]);
    command.env("PAYRAIL_ROLE", "api").env("PAYRAIL_CORS_ORIGINS", "");
    command.stderr(File::create(world.folder.join("log")).unwrap());
    Process::start(command)
}

/// Sends all trials, then checks that no money has moved.
async fn all_are_answered_as_documented(world: &World, server: Process, good: &Good, trials: Vec<Trial>) {
    let tried = trials.len();
    let before = (server.balances(ACME).await, server.balances(FIAZ).await, server.balances(TINY).await);
    stream::iter(trials).for_each_concurrent(AT_ONCE, |trial| is_answered(&server, good, trial)).await;
    let after = (server.balances(ACME).await, server.balances(FIAZ).await, server.balances(TINY).await);
    // A payout may have been valid and hold its amount, but the merchant's total must be unchanged.
    let whole = |(available, held): (i64, i64)| available + held;
    assert_eq!(whole(before.0), whole(after.0));
    assert_eq!((before.1, before.2), (after.1, after.2));
    world.verify();
    assert!(server.stop().success());
    let log = std::fs::read_to_string(world.folder.join("log")).unwrap();
    assert!(!log.contains("ERROR") && !log.contains("panicked"), "after {tried}: {log}");
}

async fn is_answered(server: &Process, good: &Good, trial: Trial) {
    let Trial { what, method, operation, shot } = trial;
    let (status, head, body) = good.fire(server, &method, &shot).await;
    let place = format!("{what}: {method} {}", shot.target.chars().take(300).collect::<String>());
    assert!(status < 500, "{place}: {head}\n{body}");
    if body.is_empty() && matches!(status, 400 | 431) && what.starts_with("Header") {
        return; // not a valid header
    }
    assert!(
        operation["responses"].get(status.to_string()).is_some(),
        "{place}: {status} is not in the document: {body}"
    );
    if status < 300 {
        return;
    }
    assert!(head.contains("content-type: application/json"), "{place}: {head}");
    let problem: Value = serde_json::from_str(&body).unwrap_or_else(|error| panic!("{place}: {error}: {body}"));
    assert!(problem["code"].is_string() && problem["detail"].is_string(), "{place}: {body}");
    // The answer may repeat the request's own words.
    let words = format!("{} {}", problem["detail"], problem["code"]).to_lowercase();
    let values = shot.headers.iter().map(|(_, value)| String::from_utf8_lossy(value));
    let sent = values.chain([shot.target.as_str().into()]).collect::<String>().to_lowercase();
    for word in INSIDE {
        assert!(!words.contains(word) || sent.contains(word.trim()), "{place}: {body}");
    }
}

async fn hostile_parameters_are_answered_as_documented(world: World) {
    let server = server_of(&world);
    let good = Good::of(&server).await;
    let (document, texts) = (document(), texts());
    let mut trials = Vec::new();
    for ((method, path), operation) in operations(&document) {
        let body = operation.get("requestBody").map(|_| "{}".to_owned());
        for parameter in operation["parameters"].as_array().unwrap_or(&vec![]) {
            let place = Place::of(parameter);
            for text in &texts {
                if matches!(place, Place::Path(_)) && text.is_empty() {
                    continue; // it would be another path
                }
                let shot = good.shot(&path, Some((&place, text)), body.clone());
                let what =
                    format!("{place:?} = {:?}", String::from_utf8_lossy(text).chars().take(60).collect::<String>());
                trials.push(Trial { what, method: method.clone(), operation: operation.clone(), shot });
            }
        }
    }
    assert!(trials.len() > 4_000, "{}", trials.len());
    all_are_answered_as_documented(&world, server, &good, trials).await;
}

/// The members of a request's body, by name.
fn fields<'d>(document: &'d Value, operation: &'d Value) -> Vec<&'d str> {
    let mut schema = &operation["requestBody"]["content"]["application/json"]["schema"];
    if let Some(to) = schema["$ref"].as_str() {
        schema = document.pointer(to.trim_start_matches('#')).unwrap();
    }
    let members = schema["properties"].as_object().unwrap_or_else(|| panic!("{operation}: a body without members"));
    members.keys().map(String::as_str).collect()
}

fn good_field(name: &str) -> &'static str {
    match name {
        "amount_paise" | "under_way" => "1",
        "bank_account_id" | "description" | "identity" | "name" | "utr" => "\"x\"",
        "api_key" | "password" | "current_password" => "\"nobody's\"",
        "new_password" => "\"a long new password\"",
        "rail" => "\"bank\"",
        "role" => "\"viewer\"",
        "email" => "\"someone@example.com\"",
        "outcome" => "\"paid\"",
        "reason" => "\"a reason of some length\"",
        other => panic!("{other}: a field that this test does not know"),
    }
}

async fn hostile_fields_are_answered_as_documented(world: World) {
    let server = server_of(&world);
    let good = Good::of(&server).await;
    let (document, jsons) = (document(), jsons());
    let mut trials = Vec::new();
    for ((method, path), operation) in operations(&document) {
        if operation.get("requestBody").is_none() {
            continue;
        }
        let mut add = |what: &str, body: String| {
            let shot = good.shot(&path, None, Some(body));
            let what = format!("{what} of {path}");
            trials.push(Trial { what, method: method.clone(), operation: operation.clone(), shot });
        };
        let fields = fields(&document, operation);
        for bad in &fields {
            for json in &jsons {
                let members = fields.iter().map(|name| {
                    let value = if name == bad { json } else { good_field(name) };
                    format!("\"{name}\":{value}")
                });
                add(&format!("{bad} = {}", json.chars().take(60).collect::<String>()), object(members));
            }
            // A field twice, valid and invalid, in either order.
            let twice = [format!("\"{bad}\":null"), format!("\"{bad}\":{}", good_field(bad))];
            add("twice", object(twice.iter().cloned()));
            add("twice", object(twice.iter().rev().cloned()));
        }
        for json in &jsons {
            add(&format!("all = {}", json.chars().take(60).collect::<String>()), json.clone());
        }
        add("many members", object((0..3_000).map(|number| format!("\"{number}\":{number}"))));
        add("a long name", format!("{{\"{}\":1}}", "x".repeat(60_000)));
        add("a prototype", r#"{"__proto__":{"amount_paise":5},"constructor":{}}"#.to_owned());
    }
    assert!(trials.len() > 1_500, "{}", trials.len());
    all_are_answered_as_documented(&world, server, &good, trials).await;
}

fn object(members: impl Iterator<Item = String>) -> String {
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Whole queries: names twice, in brackets, half escaped, escaped twice.
async fn malformed_queries_are_answered_as_documented(world: World) {
    let server = server_of(&world);
    let good = Good::of(&server).await;
    let document = document();
    let mut trials = Vec::new();
    for ((method, path), operation) in operations(&document) {
        let names = operation["parameters"].as_array().into_iter().flatten();
        for name in
            names.filter(|parameter| parameter["in"] == "query").map(|parameter| parameter["name"].as_str().unwrap())
        {
            let (half, rest) = name.split_at(1);
            let escaped = format!("%{:02x}{rest}", half.as_bytes()[0]);
            for query in [
                format!("{name}=1&{name}=2"),
                format!("{name}[]=1&{name}[0]=2&{name}.x=3"),
                format!("{escaped}=x"),
                format!("{name}=%zz&{name}"),
                format!("{name}=%"),
                format!("{name}=%u0041"),
                format!("{name}==1&&&=&=x"),
                format!("{name}=1;{name}=2"),
                format!("?{name}=1?{name}=2"),
                format!("{name}=+&{}", "x=1&".repeat(500)),
                format!("{}=1", name.to_uppercase()),
                format!("{name}=%2531"),
            ] {
                let Shot { target, headers, body } = good.shot(&path, None, None);
                let shot = Shot { target: format!("{target}?{query}"), headers, body };
                let what = format!("query {query:.60}");
                trials.push(Trial { what, method: method.clone(), operation: operation.clone(), shot });
            }
        }
    }
    assert!(trials.len() > 400, "{}", trials.len());
    all_are_answered_as_documented(&world, server, &good, trials).await;
}
