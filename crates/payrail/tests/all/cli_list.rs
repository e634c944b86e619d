//! The output of commands: lists, counts, and error messages.

use std::process::Output;

use reqwest::StatusCode;

use crate::support::{ACME, TINY, World, key, until};
use crate::verify_fixture::{stderr, stdout};
use payrail_store::testing::Sql;

on_both_stores!(
    reading_commands_create_no_database,
    lists_keep_the_order_of_creation,
    one_is_singular_and_what_is_left_out_is_said,
    an_operator_is_enabled_again,
    a_start_reports_nothing_that_is_as_it_should_be,
);

fn says(output: &Output, code: i32, words: &[&str]) {
    let error = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{error}");
    assert!(words.iter().all(|word| error.contains(word)), "{words:?}: {error}");
}

async fn reading_commands_create_no_database(world: World) {
    let reading = [
        &["merchant", "list"][..],
        &["admin", "list"],
        &["admin", "disable", "ann"],
        &["admin", "enable", "ann"],
        &["doubtful"],
        &["verify"],
    ];
    let is_sqlite = world.database.url.starts_with("sqlite");
    for arguments in reading {
        let (code, why) =
            if is_sqlite { (2, "which is not there") } else { (1, "without PayRail's tables: `payrail migrate`") };
        says(&world.run(arguments), code, &["DATABASE_URL", why]);
    }
    if is_sqlite {
        assert_eq!(std::fs::read_dir(world.database.folder().unwrap()).unwrap().count(), 0);
    } else {
        let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public'";
        assert_eq!(Sql::connect(&world.database.url).await.texts(tables).await, Vec::<String>::new());
    }
    assert!(world.run(&["migrate"]).status.success());
    assert_eq!(
        stdout(&world.run(&["merchant", "list"])),
        "There is no merchant yet; `payrail merchant create` makes one.\n"
    );
    assert_eq!(stdout(&world.run(&["merchant", "list", "--json"])), "");
}

async fn lists_keep_the_order_of_creation(world: World) {
    // Enough that another order is unlikely to look the same.
    let names: Vec<String> = (0..8).map(|number| format!("Merchant {}", (number * 5) % 8)).collect();
    for name in &names {
        let email = format!("{}@example.com", name.replace(' ', "-"));
        assert!(world.run(&["merchant", "create", name, &email]).status.success());
    }
    for _ in 0..2 {
        let list = stdout(&world.run(&["merchant", "list", "--json"]));
        let listed = list.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["name"].clone());
        assert_eq!(listed.collect::<Vec<_>>(), names);
    }
}

async fn one_is_singular_and_what_is_left_out_is_said(world: World) {
    let bank = world.start::<&str>(&["bank"], &[]);
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "20"), ("PAYRAIL_BANK_URL", bank.url.as_str())]);
    assert_eq!(server.pay(TINY, key(), 6_000, "demo-success").await.0, StatusCode::CREATED);
    until("it is paid", || async { server.balances(TINY).await == (4_000, 0) }).await;
    assert!(server.stop().success());
    bank.stop();
    let verified = world.command(&["verify"]).env("PAYRAIL_LOG", "info").output().unwrap();
    let report = stdout(&verified);
    assert!(report.starts_with("3 merchants, 5 ledger entries, 1 payout, 1 bank transfer\n"), "{report}");
    assert!(!report.contains("Not compared"), "{report}");
    assert!(!stderr(&verified).contains("the simulated bank is running"), "verify announces no bank");
    let report = stdout(&world.run(&["verify", "--no-bank"]));
    assert!(report.contains("Not compared with the bank (--no-bank left it out): whether each completed"), "{report}");
    let elsewhere = world.command(&["verify"]).env("PAYRAIL_BANK_BOOK", "no-such.db").output().unwrap();
    assert!(stdout(&elsewhere).contains("PAYRAIL_BANK_URL is not set, and there is no no-such.db"));
}

async fn an_operator_is_enabled_again(world: World) {
    let password = ("PAYRAIL_ADMIN_PASSWORD", "correct horse battery");
    let run = |arguments: &[&str]| world.command(arguments).env(password.0, password.1).output().unwrap();
    assert_eq!(stdout(&run(&["admin", "create", "ann", "operator"])), "Created ann, whose role is operator.\n");
    // As in earlier versions.
    assert!(run(&["admin", "create", "--name", "bob", "--role", "viewer"]).status.success());
    says(&run(&["admin", "create", "ann"]), 2, &["<ROLE>"]);
    assert_eq!(stdout(&run(&["admin", "enable", "ann"])), "ann was not disabled.\n");
    assert!(run(&["admin", "disable", "ann"]).status.success());
    let told = stdout(&run(&["admin", "password", "ann"]));
    assert!(told.contains("ann is disabled and cannot sign in with it: `payrail admin enable ann`"), "{told}");
    assert_eq!(stdout(&run(&["admin", "enable", "ANN"])), "ann may sign in again, with the password of before.\n");
    assert!(!stdout(&run(&["admin", "password", "ann"])).contains("disabled"));
    assert!(!stdout(&run(&["admin", "list"])).contains("disabled"));
    says(&run(&["admin", "enable", "nobody"]), 2, &["there is no operator \"nobody\""]);
    let words =
        Sql::connect(&world.database.url).await.texts("SELECT action FROM operator_actions ORDER BY at, id").await;
    assert!(words.contains(&"operator_enabled".to_owned()), "{words:?}");
}

async fn a_start_reports_nothing_that_is_as_it_should_be(world: World) {
    for _ in 0..2 {
        let output = world.command(&["migrate"]).env("PAYRAIL_LOG", "info").output().unwrap();
        assert!(output.status.success());
        assert_eq!(stderr(&output), "");
    }
}

#[test]
fn a_backup_says_where_it_cannot_go() {
    let world = World::sqlite();
    assert!(world.run(&["seed"]).status.success());
    assert!(world.run(&["backup", "copy.db"]).status.success());
    says(&world.run(&["backup", "copy.db"]), 2, &["copy.db is there already", "name a new file"]);
    says(&world.run(&["backup", "."]), 2, &[". is a folder"]);
    says(&world.run(&["backup", "no/copy.db"]), 2, &["there is no folder no for the copy"]);
}

#[test]
fn a_setting_that_is_wrong_is_answered_with_what_is_right() {
    let world = World::sqlite();
    for arguments in [&["serve"][..], &["migrate"], &["verify"], &["merchant", "list"], &["backup", "x"]] {
        for (url, given) in
            [("mysql://root:geheim@db/x", "there is no store for mysql:"), ("payrail.db", "it has none")]
        {
            let output = world.command(arguments).env("DATABASE_URL", url).output().unwrap();
            says(&output, 2, &["DATABASE_URL must begin with sqlite:// or postgres://", given]);
            assert!(!stderr(&output).contains("geheim"));
        }
    }
    for value in ["", "maybe"] {
        says(&world.command(&["migrate"]).env("DEBUG", value).output().unwrap(), 2, &["DEBUG: ", "it must be 1 or 0"]);
    }
}

/// At once, and not after the pool's timeout of five seconds.
#[test]
fn a_closed_port_is_named_with_its_cause() {
    let world = World::sqlite();
    let closed = || {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().to_string()
    };
    let url = format!("postgres://payrail:geheim@{}/x", closed());
    for arguments in [&["migrate"][..], &["serve"], &["verify"]] {
        let output = world.command(arguments).env("DATABASE_URL", &url).output().unwrap();
        says(&output, 1, &["DATABASE_URL", "Connection refused"]);
        assert!(!stderr(&output).contains("geheim") && !stderr(&output).contains("timed out"));
    }
    let addr = closed();
    let output = world.command(&["health"]).env("PAYRAIL_ADDR", &addr).output().unwrap();
    says(&output, 1, &[&format!("http://{addr}/readyz cannot be asked: Connection refused")]);
    let output = world.run(&["health", &format!("http://user:geheim@{addr}/healthz?geheim")]);
    says(&output, 1, &[&format!("http://{addr}/healthz cannot be asked: Connection refused")]);
    assert!(!stderr(&output).contains("geheim"));
}

#[tokio::test(flavor = "multi_thread")]
async fn health_says_what_it_was_answered() {
    let world = World::sqlite();
    let server = world.serve();
    let output = world.run(&["health", &format!("{}/api/v1/nope", server.url)]);
    says(&output, 1, &["/api/v1/nope answered 404 Not Found: There is no path /api/v1/nope here"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_wrong_is_answered_with_what_is_right() {
    let world = World::sqlite();
    let server = world.serve();
    for (path, status, detail) in [
        ("/api/v1/nope/", 404, "There is no path /api/v1/nope here. /api/v1/openapi.json lists the API's paths."),
        ("/api/v1/payouts/?view=x", 400, "view: unknown value `x`; the known ones are `original` and `full`."),
        (
            "/api/v1/ledger/?view=full&kind=x",
            400,
            "kind: unknown value `x`; the known ones are `fund`, `hold`, `settle`, `refund`, `return`.",
        ),
        ("/api/v1/payouts/?limit=x", 400, "limit: a whole number is expected."),
        ("/api/v1/payouts/?limit=", 400, "limit: a whole number is expected."),
    ] {
        let answer = server.get(ACME, path).send().await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
        let answer: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(answer["detail"], detail, "{path}");
    }
}
