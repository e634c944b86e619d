//! The command line, each command as a real process.

use std::collections::BTreeMap;
use std::process::{Command, Output};

use reqwest::StatusCode;
use serde_json::Value;

use crate::support::{TINY, World, key, until};
use crate::verify_fixture::{stderr, stdout};
use payrail_store::testing::Sql;

on_both_stores!(
    migrate_can_be_repeated_and_refuses_what_is_newer,
    commands_that_only_read_refuse_an_older_schema,
    seed_can_be_repeated,
    reset_asks_first_and_then_begins_anew,
    a_new_merchants_key_opens_the_api,
    an_invalid_merchant_is_refused,
    funding_is_told_and_can_be_retried,
    an_invalid_funding_is_refused,
);

fn succeeds(world: &World, arguments: &[&str]) -> String {
    let output = world.run(arguments);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    stdout(&output)
}

/// Exits with this status, prints this on stderr and nothing on stdout.
fn fails(world: &World, arguments: &[&str], code: i32, says: &str) {
    let output = world.run(arguments);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
    assert!(error.contains(says), "{arguments:?}: {error}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The number of rows of each table.
async fn counts(world: &World) -> BTreeMap<&'static str, String> {
    let mut sql = Sql::connect(&world.database.url).await;
    let tables = ["merchants", "merchant_directory", "api_keys", "ledger_entries", "idempotency_records", "outbox"];
    let mut counts = BTreeMap::new();
    for table in tables {
        counts.insert(table, sql.texts(&format!("SELECT cast(count(*) AS text) FROM {table}")).await.remove(0));
    }
    counts
}

async fn migrate_can_be_repeated_and_refuses_what_is_newer(world: World) {
    let first = succeeds(&world, &["migrate"]);
    assert!(first.starts_with("The schema is at version "), "{first}");
    assert_eq!(succeeds(&world, &["migrate"]), first);
    let mut sql = Sql::connect(&world.database.url).await;
    let nothing = if sql.is_postgres() { "''::bytea" } else { "x''" };
    sql.exec(&format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, 'of tomorrow', true, {nothing}, 0)"
    ))
    .await;
    for arguments in [&["migrate"][..], &["serve"], &["seed"]].iter().chain(NEVER_MIGRATE) {
        fails(&world, arguments, 1, "it was written by a newer payrail");
    }
}

/// Commands that need the schema of this version and do not change it.
const NEVER_MIGRATE: &[&[&str]] = &[
    &["verify"],
    &["doubtful"],
    &["exceptions"],
    &["bring-forward"],
    &["returns"],
    &["bank", "confirm"],
    &["merchant", "list"],
    &["admin", "list"],
];

async fn commands_that_only_read_refuse_an_older_schema(world: World) {
    succeeds(&world, &["migrate"]);
    let mut sql = Sql::connect(&world.database.url).await;
    sql.exec("DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)").await;
    let applied = "SELECT cast(max(version) AS text) FROM _sqlx_migrations";
    let before = sql.texts(applied).await;
    for arguments in NEVER_MIGRATE {
        fails(&world, arguments, 1, "the database was last used by an older payrail");
    }
    assert_eq!(sql.texts(applied).await, before, "none of them migrated");
}

async fn seed_can_be_repeated(world: World) {
    let first = succeeds(&world, &["seed"]);
    assert!(first.contains("acme@example.com") && first.contains(TINY), "{first}");
    assert!(first.starts_with("Added 3 demo merchants and 2 operators.\n"), "{first}");
    let before = (counts(&world).await, succeeds(&world, &["merchant", "list", "--json"]));
    let again = succeeds(&world, &["seed"]);
    assert!(again.starts_with("Nothing was added"), "{again}");
    assert_eq!(again.split_once('\n').unwrap().1, first.split_once('\n').unwrap().1);
    let after = (counts(&world).await, succeeds(&world, &["merchant", "list", "--json"]));
    assert_eq!(before, after);
    opening_balances(&world);
    world.verify();
}

fn opening_balances(world: &World) {
    let list = succeeds(world, &["merchant", "list", "--json"]);
    let mut balances: Vec<_> = list
        .lines()
        .map(json)
        .map(|line| (line["email"].as_str().unwrap().to_owned(), line["available_balance_paise"].as_i64().unwrap()))
        .collect();
    balances.sort();
    let expected = [("acme@example.com", 1_000_000), ("fiaz@example.com", 500_000), ("tiny@example.com", 10_000)];
    assert_eq!(balances, expected.map(|(email, paise)| (email.to_owned(), paise)));
}

async fn reset_asks_first_and_then_begins_anew(world: World) {
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "20")]);
    assert_eq!(server.pay(TINY, key(), 6_000, "demo-success").await.0, StatusCode::CREATED);
    until("it is paid", || async { server.balances(TINY).await == (4_000, 0) }).await;
    assert!(server.stop().success());
    succeeds(&world, &["merchant", "create", "Extra", "extra@example.com"]);
    let before = counts(&world).await;
    fails(&world, &["reset"], 2, "`payrail reset --yes`");
    assert_eq!(counts(&world).await, before);
    let text = succeeds(&world, &["reset", "--yes"]);
    assert!(text.contains(TINY), "{text}");
    opening_balances(&world);
    assert_eq!(counts(&world).await["ledger_entries"], "3", "the history is gone too");
    world.verify();
}

async fn a_new_merchants_key_opens_the_api(world: World) {
    let human = succeeds(&world, &["merchant", "create", " Chai Stall ", "chai@example.com"]);
    assert!(human.starts_with("Created Chai Stall (chai@example.com), id "), "{human}");
    let key_of_chai = human.trim_end().rsplit_once("Its API key, shown this once: ").unwrap().1;
    assert!(key_of_chai.starts_with("prk_") && key_of_chai.len() == 68, "{human}");
    let made = json(&succeeds(&world, &["merchant", "create", "Dosa Cart", "dosa@example.com", "--json"]));
    assert_eq!((made["name"].as_str(), made["email"].as_str()), (Some("Dosa Cart"), Some("dosa@example.com")));
    let key_of_dosa = made["api_key"].as_str().unwrap();
    succeeds(&world, &["merchant", "fund", made["id"].as_str().unwrap(), "5000"]);
    let server = world.serve_with(&[("PAYRAIL_DEMO", "0")]);
    assert_eq!(server.balances(key_of_chai).await, (0, 0));
    assert_eq!(server.balances(key_of_dosa).await, (5_000, 0));
    assert_eq!(server.pay(key_of_dosa, key(), 5_000, "demo-success").await.0, StatusCode::CREATED);
    assert_eq!(server.pay(key_of_chai, key(), 1, "demo-success").await.0, StatusCode::BAD_REQUEST);
}

async fn an_invalid_merchant_is_refused(world: World) {
    succeeds(&world, &["merchant", "create", "One", "one@example.com"]);
    let before = counts(&world).await;
    fails(&world, &["merchant", "create", "Two", "one@example.com"], 2, "with the address one@example.com already");
    for email in ["", "one", "one @example.com"] {
        fails(&world, &["merchant", "create", "Two", email], 2, "the e-mail address cannot be used");
    }
    fails(&world, &["merchant", "create", "  ", "two@example.com"], 2, "the name cannot be used. It is blank.");
    fails(&world, &["merchant", "create", "T\u{202e}wo", "two@example.com"], 2, "U+202E is character 2");
    fails(&world, &["merchant", "create", "Two", "t\u{200b}wo@example.com"], 2, "U+200B is character 2");
    let fund = ["merchant", "fund", "one@example.com", "5", "--description", "two\nlines"];
    fails(&world, &fund, 2, "the description cannot be used");
    fails(&world, &["merchant", "create", "Two"], 2, "<EMAIL>");
    assert_eq!(counts(&world).await, before);
}

async fn funding_is_told_and_can_be_retried(world: World) {
    succeeds(&world, &["merchant", "create", "One", "one@example.com"]);
    let human = succeeds(&world, &["merchant", "fund", "one@example.com", "12345678"]);
    assert_eq!(human, "One was funded. Available: ₹1,23,456.78, held: ₹0.00.\n");
    let once = key().to_string();
    let fund = ["merchant", "fund", "one@example.com", "22", "--idempotency-key", &once, "--json"];
    let first = succeeds(&world, &fund);
    assert_eq!(json(&first)["available_balance_paise"], 12_345_700);
    assert_eq!(json(&first)["amount_paise"], 22);
    assert_eq!(succeeds(&world, &fund), first, "the same answer again");
    let human = succeeds(&world, &fund[..6]);
    assert!(human.starts_with("One had this funding already. Available: ₹1,23,457.00"), "{human}");
    let other = ["merchant", "fund", "one@example.com", "23", "--idempotency-key", &once];
    fails(&world, &other, 1, "was used for another request");
    let list = succeeds(&world, &["merchant", "list"]);
    assert!(list.contains("₹1,23,457.00 available") && list.contains("One <one@example.com>"), "{list}");
    let list = json(&succeeds(&world, &["merchant", "list", "--json"]));
    assert_eq!((&list["available_balance_paise"], &list["held_balance_paise"]), (&12_345_700.into(), &0.into()));
    world.verify();
    // The audit log has each executed action, and no repeated request.
    let rows = "SELECT operator || ': ' || action || ', ' || reason || ', ' || detail \
                FROM operator_actions WHERE action = 'funded' ORDER BY at";
    let told = ["12345678", "22"].map(|paise| format!("command line: funded, Funds received, {paise} paise"));
    assert_eq!(Sql::connect(&world.database.url).await.texts(rows).await, told);
}

async fn an_invalid_funding_is_refused(world: World) {
    succeeds(&world, &["merchant", "create", "One", "one@example.com"]);
    succeeds(&world, &["merchant", "fund", "one@example.com", "1"]);
    let before = counts(&world).await;
    let stranger = key().to_string();
    for who in ["two@example.com", "nobody", &stranger] {
        fails(&world, &["merchant", "fund", who, "1"], 2, "`payrail merchant list` shows them");
    }
    for amount in ["0", "-5"] {
        fails(&world, &["merchant", "fund", "one@example.com", amount], 2, "one paisa or more");
    }
    for amount in ["1.5", "9223372036854775808", "many"] {
        fails(&world, &["merchant", "fund", "one@example.com", amount], 2, "AMOUNT_PAISE");
    }
    let elsewhere = world.folder.join("mistyped.db");
    let fund = ["merchant", "fund", "one@example.com", "5"];
    let output =
        world.command(&fund).env("DATABASE_URL", format!("sqlite://{}", elsewhere.display())).output().unwrap();
    assert!(!output.status.success() && stderr(&output).contains("is not there"), "{}", stderr(&output));
    assert!(!elsewhere.exists(), "a funding creates no database");
    let too_much = ["merchant", "fund", "one@example.com", "9223372036854775807"];
    fails(&world, &too_much, 1, "would not fit into 64 bits");
    let bad_key = ["merchant", "fund", "one@example.com", "1", "--idempotency-key", "again"];
    fails(&world, &bad_key, 2, "--idempotency-key must be a UUID");
    assert_eq!(counts(&world).await, before);
    world.verify();
}

fn help(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail"));
    let names = ["DATABASE_URL", "SECRET_KEY", "PAYRAIL_BANK_URL"];
    for (name, value) in names.into_iter().zip(["postgres://u:geheim@host/x", "geheim-geheim", "http://u:geheim@bank"])
    {
        command.env(name, value);
    }
    command.args(arguments).output().unwrap()
}

#[test]
fn help_lists_the_commands_and_the_settings_and_tells_no_secret() {
    let output = help(&["--help"]);
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0));
    for command in ["serve", "bank", "migrate", "seed", "reset", "verify", "merchant"] {
        assert!(text.lines().any(|line| line.starts_with(&format!("  {command} "))), "{command} is not in {text}");
        assert_eq!(help(&[command, "--help"]).status.code(), Some(0), "{command}");
    }
    let serve = stdout(&help(&["serve", "--help"]));
    let names = ["DATABASE_URL", "SECRET_KEY", "DEBUG", "RESET_DATA", "PAYRAIL_ADDR", "PAYRAIL_ROLE", "PAYRAIL_LANES"];
    let more = ["PAYRAIL_BANK_URL", "PAYRAIL_LEASE_MS", "PAYRAIL_GRACE_MS", "PAYRAIL_BANK_BOOK", "PAYRAIL_LOG"];
    for name in names.into_iter().chain(more) {
        assert!(text.contains(name), "{name} is not in {text}");
        assert!(serve.contains(name), "{name} is not in {serve}");
    }
    for text in [&text, &serve] {
        assert!(!text.contains("geheim"), "{text}");
        assert!(!text.contains("not-for-production"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
    let output = help(&["--version"]);
    assert!(stdout(&output).starts_with("payrail "), "{}", stdout(&output));
}
