//! `payrail-bench fill`: what it writes is as if the engine had written it, and the engine goes on from there.

#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

#[macro_use]
#[path = "../../payrail/tests/all/support.rs"]
#[allow(dead_code)] // The program's own tests use the rest.
mod support;

use std::process::{Command, Output, Stdio};

use payrail_store::testing::Sql;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Process, World, key, until};

on_both_stores!(
    what_is_filled_is_as_if_it_was_worked_for,
    a_kept_answer_is_replayed_to_the_byte,
    filling_again_adds_other_merchants,
    a_server_may_be_at_work_meanwhile,
    bad_options_are_refused,
    a_database_that_is_no_demonstration_is_refused,
    a_demonstration_is_filled_whatever_debug_says,
    a_fill_that_is_stopped_leaves_whole_books,
);

/// `payrail-bench fill`, in this world.
fn command(world: &World, arguments: &[&str]) -> Command {
    let as_payrail = world.command(&[]);
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail-bench"));
    command.arg("fill").args(arguments).current_dir(&world.folder);
    for (name, value) in as_payrail.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn fill(world: &World, arguments: &[&str]) -> Value {
    let output = command(world, &[&["--json"], arguments].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn fails(world: &World, arguments: &[&str], says: &str) {
    let output = command(world, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
    assert!(stderr(&output).contains(says), "{arguments:?}: {}", stderr(&output));
    assert_eq!(stdout(&output), "");
}

async fn count(world: &World, table: &str) -> u64 {
    let counted =
        Sql::connect(&world.database.url).await.texts(&format!("SELECT cast(count(*) AS text) FROM {table}")).await;
    counted[0].parse().unwrap()
}

/// As the command itself derives them.
fn api_key(filled: &Value, number: u64) -> String {
    payrail_bench::api_key(filled["keys_seed"].as_str().unwrap(), number)
}

fn serve(world: &World) -> Process {
    world.serve_with(&[("PAYRAIL_DEMO", "0"), ("PAYRAIL_POLL_MS", "20")])
}

async fn what_is_filled_is_as_if_it_was_worked_for(world: World) {
    let completed = fill(&world, &["--merchants", "3", "--payouts", "200", "--days", "2"]);
    assert_eq!((&completed["payouts"], &completed["ledger_entries"]), (&json!(200), &json!(403)));
    let pending = fill(&world, &["--payouts", "200", "--merchants", "3", "--hot", "--status", "pending"]);
    assert_eq!((&pending["merchants"], &pending["ledger_entries"]), (&json!(3), &json!(203)));
    world.verify();
    assert_eq!(api_key(&completed, 0), completed["first_api_key"].as_str().unwrap());
    let left = payrail_bench::LEFT_PAISE;
    let server = serve(&world);
    for (filled, number, available) in [(&completed, 2, left), (&pending, 0, left), (&pending, 2, left)] {
        assert_eq!(server.balances(&api_key(filled, number)).await.0, available, "merchant {number}");
    }
    let (status, _) = server.pay(&api_key(&completed, 1), key(), 12_345, "demo-success").await;
    assert_eq!(status, StatusCode::CREATED);
    let (hot, busy) = (api_key(&pending, 0), api_key(&completed, 1));
    until("the worker has paid what was pending", || async {
        server.balances(&hot).await == (left, 0) && server.balances(&busy).await == (left - 12_345, 0)
    })
    .await;
    assert!(server.stop().success());
    // Also against the bank's book, in which both kinds of payouts are now paid.
    world.verify();
    // What is filled, what was worked off, and what was asked for anew: no column tells them apart.
    let mut sql = Sql::connect(&world.database.url).await;
    for (table, same) in [
        ("payouts", "status || submissions || attempts || unanswered || coalesce(step || leased_by || reason, '')"),
        ("attempts", "number || step || outcome || substr(sent, 1, 33) || substr(received, 1, 39)"),
        (
            "idempotency_records",
            "status || '/' || length(request_hash) || coalesce(cast(expires_at AS text), 'for ever')",
        ),
    ] {
        let found = sql.texts(&format!("SELECT DISTINCT {same} FROM {table}")).await;
        assert_eq!(found.len(), 1, "{table}: {found:?}");
    }
    let audit =
        sql.texts("SELECT operator || ': ' || action || ', ' || detail FROM operator_actions ORDER BY at").await;
    let told = "payrail-bench: bench_filled, 3 merchants for measuring, with keys, funds and 200";
    assert_eq!(audit[0], format!("{told} completed payouts, and pay those in the bank's book payrail-bank.db"));
    assert_eq!(audit[1], format!("{told} pending payouts"));
}

async fn a_kept_answer_is_replayed_to_the_byte(world: World) {
    let filled = fill(&world, &["--merchants", "1", "--payouts", "20", "--amount-paise", "777", "--no-bank"]);
    let mut sql = Sql::connect(&world.database.url).await;
    let name = if sql.is_postgres() { "cast(key AS text)" } else { "hex(key)" };
    let rows = format!("SELECT {name} || ' ' || body FROM idempotency_records WHERE payout_id IS NOT NULL");
    let kept = sql.texts(&rows).await;
    assert_eq!(kept.len(), 20);
    let server = world.serve_with(&[("PAYRAIL_DEMO", "0"), ("PAYRAIL_ROLE", "api")]);
    let api_key = api_key(&filled, 0);
    for line in kept {
        let (key, body) = line.split_once(' ').unwrap();
        let key = key.parse().unwrap();
        let again = server.pay_raw(&api_key, key, 777, "demo-success").await;
        assert_eq!(again.status(), StatusCode::CREATED);
        assert_eq!(again.headers()["idempotent-replayed"], "true");
        assert_eq!(again.text().await.unwrap(), body);
        let other = server.pay(&api_key, key, 778, "demo-success").await;
        assert_eq!(other.0, StatusCode::UNPROCESSABLE_ENTITY);
        let told: Value = serde_json::from_str(body).unwrap();
        let path = format!("/api/v1/payouts/{}/", told["id"].as_str().unwrap());
        let now = server.json(&api_key, &path).await;
        let same = ["id", "amount_paise", "bank_account_id", "created_at"];
        assert!(same.iter().all(|member| now[member] == told[member]), "{now} {told}");
        assert_eq!((&told["status"], &now["status"]), (&json!("pending"), &json!("completed")));
    }
}

async fn filling_again_adds_other_merchants(world: World) {
    let one = ["--merchants", "2", "--payouts", "120", "--keys-seed", "one"];
    let first = fill(&world, &one);
    fails(&world, &one, "take another --keys-seed");
    assert_eq!(count(&world, "operator_actions").await, 1, "nothing was done, and nothing is said to have been");
    let second = fill(&world, &["--merchants", "2", "--payouts", "120"]);
    assert_ne!(first["first_api_key"], second["first_api_key"]);
    let counts = [count(&world, "merchants").await, count(&world, "payouts").await, count(&world, "api_keys").await];
    assert_eq!(counts, [4, 240, 4]);
    // Nothing but merchants, and less payouts than merchants.
    fill(&world, &["--merchants", "5", "--payouts", "0"]);
    fill(&world, &["--merchants", "5", "--payouts", "2"]);
    assert_eq!(count(&world, "ledger_entries").await, 4 + 240 * 2 + 5 + 5 + 2 * 2);
    world.verify();
}

/// Its worker takes up pending payouts of books that are still being filled.
async fn a_server_may_be_at_work_meanwhile(world: World) {
    fill(&world, &["--merchants", "1", "--payouts", "0"]);
    let server = serve(&world);
    let filled = fill(&world, &["--merchants", "2", "--payouts", "12000", "--status", "pending"]);
    let done = "payouts WHERE status = 'completed'";
    until("the worker is at work", async || count(&world, done).await >= 200).await;
    assert_eq!(filled["payouts"], 12_000);
    assert!(server.stop().success());
    world.verify();
}

async fn bad_options_are_refused(world: World) {
    for (option, value, says) in [
        ("--merchants", "0", "0 is not in 1..=10000000"),
        ("--merchants", "many", "--merchants <NUMBER>"),
        ("--payouts", "-1", "-1"),
        ("--payouts", "1000000001", "is not in 0..=1000000000"),
        ("--status", "failed", "possible values: completed, pending"),
        ("--days", "0", "0 is not in 1..=3650"),
        ("--amount-paise", "0", "--amount-paise: "),
        ("--amount-paise", "9223372036854775807", "would not fit 64 bits"),
        ("--keys-seed", "", "--keys-seed must not be empty"),
        ("--bank-book", "/", "PAYRAIL_BANK_BOOK: "),
    ] {
        fails(&world, &["--hot", option, value], says);
    }
    assert!(count_if_any(&world).await.is_none_or(|merchants| merchants == 0));
}

/// `None` where the tables were not even made.
async fn count_if_any(world: &World) -> Option<u64> {
    let mut sql = Sql::connect(&world.database.url).await;
    sql.try_exec("SELECT 1 FROM merchants").await.ok()?;
    Some(count(world, "merchants").await)
}

async fn a_database_that_is_no_demonstration_is_refused(world: World) {
    // Empty, and with a merchant in it.
    for begin in [&["migrate"][..], &["merchant", "create", "Real Ltd", "real@example.com"]] {
        assert!(world.command(begin).env("PAYRAIL_DEMO", "0").output().unwrap().status.success(), "{begin:?}");
        let before = count(&world, "merchants").await;
        for debug in ["0", "1"] {
            let mut filling = command(&world, &["--merchants", "1", "--payouts", "3"]);
            filling.env("DEBUG", debug).env("SECRET_KEY", "a secret of more than 32 characters");
            let refused = filling.output().unwrap();
            assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
            assert!(stderr(&refused).contains("not created as a demonstration"), "{}", stderr(&refused));
        }
        let after = [count(&world, "merchants").await, count(&world, "payouts").await];
        assert_eq!((after, count(&world, "settings WHERE value = 'demonstration'").await), ([before, 0], 0));
    }
    fails(&world, &["--yes"], "unexpected argument '--yes'");
}

async fn a_demonstration_is_filled_whatever_debug_says(world: World) {
    for payouts in [3, 6] {
        let mut filling = command(&world, &["--merchants", "1", "--payouts", "3"]);
        filling.env("DEBUG", "0").env("SECRET_KEY", "a secret of more than 32 characters");
        let done = filling.output().unwrap();
        assert!(done.status.success(), "{}", stderr(&done));
        assert_eq!(count(&world, "payouts").await, payouts);
    }
    assert_eq!(count(&world, "settings WHERE name = 'created_as' AND value = 'demonstration'").await, 1);
    world.verify();
}

async fn a_fill_that_is_stopped_leaves_whole_books(world: World) {
    assert!(world.command(&["migrate"]).env("PAYRAIL_DEMO", "1").output().unwrap().status.success());
    let mut filling = command(&world, &["--merchants", "3", "--payouts", "100000000", "--no-bank"]);
    let filling = filling.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("it fills", || async { count(&world, "payouts").await > 0 }).await;
    assert!(Command::new("kill").args(["-INT", &filling.id().to_string()]).status().unwrap().success());
    let output = tokio::task::spawn_blocking(|| filling.wait_with_output().unwrap()).await.unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", stderr(&output));
    let verified = world.run(&["verify", "--no-bank"]);
    assert!(verified.status.success(), "{}", stdout(&verified));
}
