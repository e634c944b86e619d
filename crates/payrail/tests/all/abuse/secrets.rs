//! Runs valid and invalid requests with the most detailed log, then searches: no secret is in clear text in a log, an
//! answer to others, a metric, a help text, an error or the database.

use std::fs::File;
use std::path::Path;

use reqwest::header::COOKIE;
use serde_json::{Value, json};

use crate::fake_bank::{FakeBank, paid, says};
use crate::support::{Process, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(no_secret_appears_in_clear_text);

const SERVER_SECRET: &str = "secret-of-the-server-0123456789abcdef";
const PASSWORD: &str = "password-of-the-operator";
const MISTYPED: &str = "password-of-the-operatro";
const BANK_PASSWORD: &str = "password-of-the-bank";
const DATABASE_PASSWORD: &str = "password-of-the-database";
const GUESSED: &str = "prk_guessed-by-somebody-who-was-wrong";

/// The secret itself, and its encodings.
fn spellings(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    vec![secret.to_owned(), hex, base64(secret.as_bytes())]
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    // Whole groups only: the last one depends on the text after the secret.
    for group in bytes.chunks_exact(3) {
        let bits = group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte));
        text.extend((0..4).rev().map(|at| char::from(DIGITS[(bits >> (6 * at) & 63) as usize])));
    }
    text
}

struct Life {
    secrets: Vec<String>,
    /// Text that was shown to others than the secrets' owners.
    told: String,
}

async fn no_secret_appears_in_clear_text(world: World) {
    let bank = FakeBank::open(|method, path, _| match (method, path) {
        ("POST", _) => paid("UTR1"),
        (_, "/v1/transfers") => says(&json!({ "transfers": [] })),
        (_, "/v1/returns") => says(&json!({ "returns": [] })),
        _ => (500, "text/plain", "no".to_owned()),
    })
    .await;
    let bank_url = bank.url.replace("http://", &format!("http://payrail:{BANK_PASSWORD}@"));
    // The test's server accepts any password.
    let database = with_password(&world.database.url);
    let settings = [
        ("DATABASE_URL", database.as_str()),
        ("SECRET_KEY", SERVER_SECRET),
        ("PAYRAIL_BANK_URL", bank_url.as_str()),
        ("PAYRAIL_LOG", "trace"),
        ("PAYRAIL_POLL_MS", "20"),
        ("RUST_BACKTRACE", "1"),
    ];
    let mut create = world.command(&["admin", "create", "--name", "Ana", "--role", "operator"]);
    let created = create.envs(settings).env("PAYRAIL_ADMIN_PASSWORD", PASSWORD).output().unwrap();
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let log = world.folder.join("log");
    let mut command = world.command(&["serve"]);
    command.envs(settings).stderr(File::create(&log).unwrap());
    let server = Process::start(command);
    let mut life = live(&server).await;
    server.stop();

    life.secrets
        .extend([SERVER_SECRET, PASSWORD, MISTYPED, BANK_PASSWORD, DATABASE_PASSWORD, GUESSED].map(str::to_owned));
    life.told.push_str(&String::from_utf8_lossy(&created.stdout));
    life.told.push_str(&String::from_utf8_lossy(&created.stderr));
    life.told.push_str(&what_commands_say(&world, &settings));
    let log = std::fs::read_to_string(&log).unwrap();
    let kept = everything(&world).await;
    assert!(log.contains("/admin/api/v1/merchants") && log.contains("TRACE"), "the log is what it is");
    assert!(
        kept.contains("Ana") && kept.contains("secret-account") && kept.contains("UTR1"),
        "the database is what it is"
    );
    assert!(life.told.contains("DATABASE_URL") && life.told.contains("payrail_lane"), "what was told is what it is");
    for secret in &life.secrets {
        for spelling in spellings(secret) {
            assert!(!log.contains(&spelling), "{secret} is in the log: {}", around(&log, &spelling));
            assert!(!life.told.contains(&spelling), "{secret} was told: {}", around(&life.told, &spelling));
            assert!(!kept.contains(&spelling), "{secret} is in the database");
        }
    }
}

/// From the first key to the last, with every failure in between.
async fn live(server: &Process) -> Life {
    let mut told = String::new();
    let url = |path: &str| format!("{}{path}", server.url);
    let sign_in = |name: &str, password: &str| {
        server.client.post(url("/admin/api/v1/session")).json(&json!({ "name": name, "password": password })).send()
    };
    for (name, password) in [("Ana", MISTYPED), (PASSWORD, "whatever"), ("nobody", PASSWORD)] {
        told.push_str(&sign_in(name, password).await.unwrap().text().await.unwrap());
    }
    let answer = sign_in("Ana", PASSWORD).await.unwrap();
    let operator = token(&answer);
    told.push_str(&answer.text().await.unwrap());
    let desk = |path: &str, body: Value| {
        let request = server
            .client
            .post(url(&format!("/admin/api/v1{path}")))
            .header(COOKIE, format!("payrail_operator={operator}"));
        request.header("Idempotency-Key", key().to_string()).json(&body)
    };
    let json = async |request: reqwest::RequestBuilder| request.send().await.unwrap().json::<Value>().await.unwrap();
    let made = json(desk("/merchants", json!({ "name": "New", "email": "new@example.com" }))).await;
    let (merchant, first) = (text(&made["merchant"]["id"]), text(&made["api_key"]));
    let issued = json(desk(&format!("/merchants/{merchant}/keys"), json!({}))).await;
    let path = format!("/merchants/{merchant}/keys/{}", text(&issued["key"]["id"]));
    let rotated = json(desk(&format!("{path}/rotate"), json!({}))).await;
    let path = format!("/merchants/{merchant}/keys/{}", text(&rotated["key"]["id"]));
    let second = text(&rotated["api_key"]);
    json(desk(&format!("/merchants/{merchant}/fund"), json!({ "amount_paise": 1000, "description": "money" }))).await;

    let session = server.client.post(url("/api/v1/session")).json(&json!({ "api_key": second })).send().await.unwrap();
    let merchants = token(&session);
    told.push_str(&session.text().await.unwrap());
    // Valid and invalid requests, with the key in the right place and in wrong ones.
    for (api_key, body) in [
        (first.as_str(), r#"{"amount_paise":100,"bank_account_id":"secret-account"}"#),
        (&first, "oops"),
        (&first, r#"{"amount_paise":99999999,"bank_account_id":"x"}"#),
        (GUESSED, "{}"),
        (&format!("{first}x"), "{}"),
    ] {
        let request = server.post(api_key, "/api/v1/payouts/").header("Idempotency-Key", key().to_string());
        let request = request.header("Content-Type", "application/json").body(body.to_owned());
        told.push_str(&request.send().await.unwrap().text().await.unwrap());
    }
    let bad = server.client.get(url("/api/v1/me/")).header("Authorization", format!("Bearer {first}"));
    told.push_str(&bad.send().await.unwrap().text().await.unwrap());
    until("the bank is asked", || async { server.json(&first, "/api/v1/payouts/").await[0]["status"] == "completed" })
        .await;
    json(desk(&format!("{path}/revoke"), json!({}))).await;
    for path in ["/api/v1/me/", "/api/v1/events/", "/api/v1/ledger/?view=full"] {
        told.push_str(&server.get(&second, path).send().await.unwrap().text().await.unwrap());
        told.push_str(&server.get(&first, path).send().await.unwrap().text().await.unwrap());
    }
    for path in
        ["/merchants", "/actions", "/records", "/payouts", "/ledger", "/overview", "/doubtful", "/verify", "/session"]
    {
        let request = server.client.get(url(&format!("/admin/api/v1{path}")));
        told.push_str(
            &request.header(COOKIE, format!("payrail_operator={operator}")).send().await.unwrap().text().await.unwrap(),
        );
    }
    for path in ["/metrics", "/healthz", "/readyz", "/api/v1/openapi.json", "/api/v1/session"] {
        told.push_str(&server.client.get(url(path)).send().await.unwrap().text().await.unwrap());
    }
    let issued = text(&issued["api_key"]);
    Life { secrets: vec![operator, merchants, first, second, issued], told }
}

fn token(answer: &reqwest::Response) -> String {
    let set = answer.headers()["set-cookie"].to_str().unwrap();
    set.split(';').next().unwrap().split_once('=').unwrap().1.to_owned()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// Help texts, and every kind of error at start.
fn what_commands_say(world: &World, settings: &[(&str, &str)]) -> String {
    let mut said = String::new();
    let nowhere = format!("postgres://payrail:{DATABASE_PASSWORD}@127.0.0.1:1/nowhere");
    let strange = format!("mysql://payrail:{DATABASE_PASSWORD}@127.0.0.1/x");
    let bad_bank = format!("https://payrail:{BANK_PASSWORD}@bank");
    let all = [
        (&["--help"][..], ("PAYRAIL_LOG", "trace")),
        (&["serve", "--help"], ("PAYRAIL_LOG", "trace")),
        (&["bank", "--help"], ("PAYRAIL_LOG", "trace")),
        (&["verify"], ("PAYRAIL_LOG", "trace")),
        (&["merchant", "list"], ("PAYRAIL_LOG", "trace")),
        (&["admin", "list"], ("PAYRAIL_LOG", "trace")),
        (&["health"], ("PAYRAIL_ADDR", "127.0.0.1:1")),
        (&["serve"], ("PAYRAIL_ADDR", "nonsense")),
        (&["serve"], ("DATABASE_URL", &strange)),
        (&["verify"], ("DATABASE_URL", &nowhere)),
        (&["serve"], ("PAYRAIL_BANK_URL", &bad_bank)),
        (&["serve", "--no-such-flag"], ("PAYRAIL_LOG", "trace")),
    ];
    // Concurrently, because some wait for a server that does not exist.
    std::thread::scope(|scope| {
        let running = all.map(|(arguments, more)| {
            scope.spawn(move || {
                world.command(arguments).envs(settings.iter().copied()).env(more.0, more.1).output().unwrap()
            })
        });
        for output in running.map(|running| running.join().unwrap()) {
            said.push_str(&String::from_utf8_lossy(&output.stdout));
            said.push_str(&String::from_utf8_lossy(&output.stderr));
        }
    });
    said
}

fn with_password(url: &str) -> String {
    let Some(rest) = url.strip_prefix("postgres://").or(url.strip_prefix("postgresql://")) else {
        return url.to_owned();
    };
    let (user, place) = rest.split_once('@').unwrap();
    format!("postgres://{}:{DATABASE_PASSWORD}@{place}", user.split(':').next().unwrap())
}

/// Every byte of every file of the world except the log (including the database's WAL), or every row of every table.
async fn everything(world: &World) -> String {
    if let Some(folder) = world.database.folder() {
        let bytes = files(folder).chain(files(&world.folder)).flat_map(|path| std::fs::read(path).unwrap());
        // All secrets are text, so other bytes cannot be part of one.
        return String::from_utf8_lossy(&bytes.collect::<Vec<_>>()).into_owned();
    }
    let mut sql = Sql::connect(&world.database.url).await;
    let tables = sql.texts("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").await;
    assert!(tables.len() > 10, "{tables:?}");
    let mut all = String::new();
    for table in tables {
        // Blobs are read as hexadecimal digits, which is one of the encodings.
        all.extend(sql.texts(&format!("SELECT t::text FROM {table} t")).await);
    }
    all
}

fn files(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    paths.filter(|path| path.is_file() && path.file_name().is_some_and(|name| name != "log"))
}

fn around(text: &str, needle: &str) -> String {
    text.lines().find(|line| line.contains(needle)).unwrap_or_default().chars().take(600).collect()
}
