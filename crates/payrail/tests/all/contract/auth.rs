//! `Authorization: Api-Key <key>`: who comes in, who does not and what they are told; and that a key
//! is nowhere to be read afterwards.

use std::fs::File;
use std::path::Path;

use reqwest::Method;
use reqwest::header::HeaderValue;

use super::{Answer, EVENTS, LEDGER, ME, PAYOUTS, get, key, order};
use crate::support::{ACME, Process, TINY, World, until};
use payrail_store::testing::Sql;

on_both_stores!(accepted_and_refused_keys, a_revoked_key_opens_nothing, a_key_is_never_stored_or_logged_in_clear_text);

const NONE: (&str, &str) = ("Authentication credentials were not provided.", "not_authenticated");
const UNKNOWN: (&str, &str) = ("Invalid API key", "invalid_api_key");

async fn accepted_and_refused_keys(world: World) {
    let server = super::api_only(&world);
    for accepted in [
        "Api-Key api-key-tiny-studio",
        "api-key api-key-tiny-studio",
        "API-KEY api-key-tiny-studio",
        "aPi-kEy api-key-tiny-studio",
        "Api-Key    api-key-tiny-studio   ",
    ] {
        let answer = with(&server, Method::GET, ME, Some(accepted.as_bytes())).await;
        assert_eq!(answer.is(accepted, 200)["email"], "tiny@example.com");
    }
    for (value, reason) in [
        (None, NONE),
        (Some(&b""[..]), NONE),
        (Some(b"Api-Key"), NONE),
        (Some(b"Api-Key   "), NONE),
        (Some(b"Bearer api-key-tiny-studio"), NONE),
        (Some(b"Basic YXBpLWtleS10aW55LXN0dWRpbzo="), NONE),
        (Some(b"api-key-tiny-studio"), NONE),
        (Some(b"Api-Key:api-key-tiny-studio"), NONE),
        (Some(b"Api-Key \xff\xfe"), NONE),
        (Some(b"Api-Key nobody"), UNKNOWN),
        (Some(b"Api-Key api-key-tiny-studi"), UNKNOWN),
        (Some(b"Api-Key api-key-tiny-studioo"), UNKNOWN),
        (Some(b"Api-Key API-KEY-TINY-STUDIO"), UNKNOWN),
        (Some(b"Api-Key api-key-tiny-studio api-key-acme-agency"), UNKNOWN),
        (Some(b"Api-Key ' OR 1=1 --"), UNKNOWN),
    ] {
        refused_everywhere(&server, value, reason).await;
    }
}

/// On every route, whatever else may be wrong with the request.
async fn refused_everywhere(server: &Process, value: Option<&[u8]>, (detail, code): (&str, &str)) {
    let (payout, cancel) = (format!("{PAYOUTS}{}/", key()), format!("{PAYOUTS}{}/cancel/", key()));
    for (method, path) in [
        (Method::GET, ME),
        (Method::GET, LEDGER),
        (Method::GET, PAYOUTS),
        (Method::GET, EVENTS),
        (Method::GET, payout.as_str()),
        (Method::POST, PAYOUTS),
        (Method::POST, cancel.as_str()),
    ] {
        let row = format!("{:?} at {method} {path}", value.map(String::from_utf8_lossy));
        let answer = with(server, method, path, value).await;
        assert_eq!(answer.is_problem(&row, 401, code)["detail"], detail, "{row}");
        assert_eq!(answer.header("www-authenticate"), Some("Api-Key"), "{row}");
    }
}

async fn with(server: &Process, method: Method, path: &str, authorization: Option<&[u8]>) -> Answer {
    let mut request = server.client.request(method, format!("{}{path}", server.url));
    if let Some(value) = authorization {
        request = request.header("Authorization", HeaderValue::from_bytes(value).unwrap());
    }
    Answer::to(request).await
}

async fn a_revoked_key_opens_nothing(world: World) {
    let server = super::api_only(&world);
    get(&server, TINY, ME).await.is("before", 200);
    let mut sql = Sql::connect(&world.database.url).await;
    let revoke = "UPDATE api_keys SET revoked_at = created_at WHERE merchant_id = \
                  (SELECT id FROM merchants WHERE email = 'tiny@example.com')";
    assert_eq!(sql.exec(revoke).await, 1);
    // Revoked behind the server's back, as by another process: this one notices within about a second.
    until("the revoked key is refused", async || get(&server, TINY, ME).await.status == 401).await;
    refused_everywhere(&server, Some(b"Api-Key api-key-tiny-studio"), UNKNOWN).await;
    get(&server, ACME, ME).await.is("another's key", 200);
}

/// With a key that no source code names, and with the log turned up as far as it goes.
async fn a_key_is_never_stored_or_logged_in_clear_text(world: World) {
    let created = world.run(&["merchant", "create", "Acme Two", "two@example.com", "--json"]);
    let created: serde_json::Value = serde_json::from_slice(&created.stdout).unwrap();
    let api_key = created["api_key"].as_str().unwrap();
    let mistyped = format!("{api_key}0");
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    command.env("PAYRAIL_ROLE", "api").env("PAYRAIL_LOG", "trace").stderr(File::create(&log).unwrap());
    let server = Process::start(command);

    get(&server, api_key, ME).await.is("the new key", 200);
    get(&server, api_key, LEDGER).await.is("the new key", 200);
    super::ask(&server, api_key, key(), order(100, "demo-bank")).await.is("nothing to pay with", 400);
    super::ask(&server, api_key, key(), "oops").await.is("a bad body", 400);
    get(&server, &mistyped, ME).await.is("the mistyped key", 401);
    server.stop();

    let log = std::fs::read(&log).unwrap();
    assert!(contains(&log, b"/api/v1/me"), "the log tells of the requests");
    assert!(!contains(&log, api_key.as_bytes()), "the log holds no key");
    let kept = everything_kept(&world).await;
    assert!(contains(&kept, b"two@example.com"), "what is searched is the database");
    assert!(!contains(&kept, api_key.as_bytes()), "the database holds no key");
    assert!(!contains(&kept, hex(api_key).as_bytes()), "not as hexadecimal digits either");
    assert!(!contains(&kept, &bits(api_key)), "nor the bits that the digits stand for");
}

/// Every byte of the SQLite files, or every row of every table on PostgreSQL.
async fn everything_kept(world: &World) -> Vec<u8> {
    if let Some(folder) = world.database.folder() {
        return files(folder).into_iter().chain(files(&world.folder)).flatten().collect();
    }
    let mut sql = Sql::connect(&world.database.url).await;
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
    let mut kept = Vec::new();
    for table in sql.texts(tables).await {
        for row in sql.texts(&format!("SELECT t::text FROM {table} t")).await {
            kept.extend(row.into_bytes());
        }
    }
    kept
}

fn files(folder: &Path) -> Vec<Vec<u8>> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.filter(|path| path.is_file()).map(|path| std::fs::read(path).unwrap()).collect()
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// Of the digits after `prk_`.
fn bits(api_key: &str) -> Vec<u8> {
    let digits = &api_key[4..];
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}
