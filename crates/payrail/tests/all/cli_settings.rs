//! Bad settings are refused at start, with exit status 2 and a message that names the setting, before any data is
//! touched.

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};

use crate::support::{self, World};
use crate::verify_fixture::{stderr, stdout};

on_both_stores!(bad_settings_are_refused_by_name, a_port_in_use_is_refused_by_name, an_invalid_database_is_refused);

/// Its output after its end. It must end by itself, because it is refused.
fn ended(mut command: Command, what: &str) -> Output {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    if support::ended(&mut child).is_none() {
        child.kill().unwrap();
        panic!("{what} was not refused: {}", stdout(&child.wait_with_output().unwrap()));
    }
    child.wait_with_output().unwrap()
}

/// One sentence, with the setting's name in it.
pub fn refused(world: &World, arguments: &[&str], settings: &[(&str, &str)], name: &str) {
    let mut command = world.command(arguments);
    command.envs(settings.iter().copied());
    let output = ended(command, &format!("{settings:?}"));
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{settings:?}: {error}");
    assert!(error.starts_with("payrail: ") && error.trim_end().lines().count() == 1, "{settings:?}: {error}");
    assert!(error.contains(name), "{settings:?}: {error}");
    assert!(!error.contains("geheim"), "{error}");
    assert_eq!(stdout(&output), "", "{settings:?}");
}

/// No file and no table was created.
fn nothing_was_made(world: &World) {
    let error = stderr(&world.run(&["verify"]));
    let says = if world.database.url.starts_with("sqlite:") { "is not there" } else { "`payrail migrate` makes" };
    assert!(error.contains(says), "{error}");
}

async fn bad_settings_are_refused_by_name(world: World) {
    for (name, value) in [
        ("PAYRAIL_ADDR", "nonsense"),
        ("PAYRAIL_ADDR", ""),
        ("PAYRAIL_ADDR", "localhost"),
        ("PAYRAIL_ROLE", "chief"),
        ("DEBUG", "maybe"),
        ("RESET_DATA", "2"),
        ("PAYRAIL_DEMO", "perhaps"),
        ("SECRET_KEY", "too short"),
        ("SECRET_KEY", ""),
        ("PAYRAIL_LOG", "[["),
        ("PAYRAIL_CONNECTIONS", "0"),
        ("PAYRAIL_HEAD_MS", "0"),
        ("PAYRAIL_BODY_MS", "86400001"),
        ("PAYRAIL_IDLE_MS", "-1"),
        ("PAYRAIL_STALL_MS", "soon"),
        ("PAYRAIL_STREAMS", "0"),
        ("PAYRAIL_STREAMS_PER_MERCHANT", "100001"),
        ("PAYRAIL_TRUSTED_PROXIES", "proxy.example"),
        ("PAYRAIL_TRUSTED_PROXIES", "10.0.0.1,0.0.0.0/0"),
        ("PAYRAIL_FORWARDED_HEADER", "x-real-ip"),
        ("PAYRAIL_LANES", "0"),
        ("PAYRAIL_LANES", "257"),
        ("PAYRAIL_LANES", "-1"),
        ("PAYRAIL_QUEUE", "0"),
        ("PAYRAIL_BATCH", "0"),
        ("PAYRAIL_PATIENCE_MS", "0"),
        ("PAYRAIL_REFUSAL_TTL_MS", "3599999"),
        ("PAYRAIL_REFUSAL_TTL_MS", "3155760000001"),
        ("PAYRAIL_WORKER_CONCURRENCY", "0"),
        ("PAYRAIL_ATTEMPTS_MAX", "0"),
        ("PAYRAIL_RETRY_BASE_MS", "0"),
        ("PAYRAIL_BANK_TIMEOUT_MS", "0"),
        ("PAYRAIL_LEASE_MS", "9999"),
        ("PAYRAIL_CORS_ORIGINS", "example.com"),
        ("PAYRAIL_BANK_URL", "bank:8001"),
        ("PAYRAIL_BANK_URL", "https://u:geheim@bank"),
        ("PAYRAIL_BANK_ADDR", "here"),
        ("PAYRAIL_BANK_BOOK", ""),
        ("PAYRAIL_BANK_PAID_PERCENT", "101"),
        ("PAYRAIL_BANK_REFUSED_PERCENT", "31"),
        ("PAYRAIL_BANK_DELAY_MS", "-1"),
        ("PAYRAIL_BANK_RANDOM_DELAY_MS", "soon"),
    ] {
        refused(&world, &["serve"], &[(name, value)], name);
    }
    refused(&world, &[], &[("PAYRAIL_ADDR", "nonsense")], "PAYRAIL_ADDR");
    refused(&world, &["serve"], &[("PAYRAIL_ROLE", "worker")], "PAYRAIL_BANK_URL");
    let percents = [("PAYRAIL_BANK_PAID_PERCENT", "60"), ("PAYRAIL_BANK_REFUSED_PERCENT", "41")];
    refused(&world, &["bank"], &percents, "PAYRAIL_BANK_REFUSED_PERCENT");
    if world.database.url.starts_with("postgres") {
        for arguments in [&["serve"][..], &["seed"], &["reset", "--yes"], &["merchant", "list"]] {
            refused(&world, arguments, &[("DEBUG", "0")], "SECRET_KEY");
        }
    }
    nothing_was_made(&world);
}

async fn a_port_in_use_is_refused_by_name(world: World) {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    refused(&world, &["serve"], &[("PAYRAIL_ADDR", &addr)], "PAYRAIL_ADDR");
    nothing_was_made(&world);
    refused(&world, &["serve"], &[("PAYRAIL_BANK_ADDR", &addr)], "PAYRAIL_BANK_ADDR");
    refused(&world, &["bank"], &[("PAYRAIL_BANK_ADDR", &addr)], "PAYRAIL_BANK_ADDR");
}

async fn an_invalid_database_is_refused(world: World) {
    let mut urls = vec!["mysql://x".to_owned(), String::new(), "payrail.db".to_owned()];
    if let Some((server, _)) =
        world.database.url.rsplit_once('/').filter(|_| world.database.url.starts_with("postgres"))
    {
        let server = server.replace("payrail@", "payrail:geheim@");
        urls.push(format!("{server}/there-is-no-such-database"));
        urls.push(format!("{server}999999/x"));
    } else {
        let junk = world.folder.join("junk.db");
        std::fs::write(&junk, "no database at all, but long enough to be taken for one").unwrap();
        urls.extend(["sqlite:///no/such/folder/x.db", "sqlite:///"].map(str::to_owned));
        urls.push(format!("sqlite://{}", world.folder.display()));
        urls.push(format!("sqlite://{}", junk.display()));
    }
    for url in &urls {
        for arguments in [&["serve"][..], &["migrate"], &["verify"], &["merchant", "list"]] {
            refused(&world, arguments, &[("DATABASE_URL", url)], "DATABASE_URL");
        }
    }
}

/// A server that does not answer yet is not a bad setting: the exit status is 1, and the message names it too.
#[test]
fn a_server_that_does_not_answer_is_named() {
    let world = World::sqlite();
    let mut command = world.command(&["migrate"]);
    command.env("DATABASE_URL", "postgres://payrail:geheim@127.0.0.1:1/x");
    let output = ended(command, "nobody listens there");
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("DATABASE_URL") && !error.contains("geheim"), "{error}");
}
