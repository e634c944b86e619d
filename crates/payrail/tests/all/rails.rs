//! Two rails, each to a bank of its own: payouts go the way that their process is set to, one bank's outage holds up
//! nobody else, returns come from both, and `verify` compares each payout with its own bank.

use std::path::PathBuf;

use futures::{StreamExt, stream};
use payrail_store::testing::Sql;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::cli_settings::refused;
use crate::fake_bank::{FakeBank, page, says};
use crate::support::{ACME, Process, World, key, until};
use crate::verify_fixture::stdout;

on_both_stores!(
    two_rails_lead_to_two_banks,
    a_rail_without_a_bank_delays_no_other,
    a_payout_never_received_ends_as_its_rail_allows,
);

const HASTE: [(&str, &str); 2] = [("PAYRAIL_POLL_MS", "20"), ("PAYRAIL_RETRY_BASE_MS", "200")];

fn bank(world: &World, book: &str, addr: &str) -> Process {
    let returns = ("PAYRAIL_BANK_RETURNS_AFTER_MS", "0");
    world.start(&["bank"], &[("PAYRAIL_BANK_BOOK", book), ("PAYRAIL_BANK_ADDR", addr), returns])
}

fn file(world: &World, name: &str, text: &str) -> PathBuf {
    let path = world.folder.join(name);
    std::fs::write(&path, text).unwrap();
    path
}

async fn pay(server: &Process, account: &str) -> String {
    // A busy machine may answer "later" or "not known yet": the same key again, as a good client does.
    let key = key();
    for _ in 0..100 {
        let (status, payout) = server.pay(ACME, key, 100, account).await;
        match status {
            StatusCode::CREATED => return payout["id"].as_str().unwrap().to_owned(),
            StatusCode::CONFLICT | StatusCode::SERVICE_UNAVAILABLE => {}
            other => panic!("{other}: {payout}"),
        }
    }
    panic!("never accepted");
}

async fn status_of(server: &Process, payout: &str) -> String {
    let payout = server.json(ACME, &format!("/api/v1/payouts/{payout}/?view=full")).await;
    payout["status"].as_str().unwrap().to_owned()
}

async fn becomes(server: &Process, payout: &str, status: &str) {
    until(status, || async { status_of(server, payout).await == status }).await;
}

async fn transfers(bank: &Process) -> usize {
    let list: Value = bank.client.get(format!("{}/v1/transfers", bank.url)).send().await.unwrap().json().await.unwrap();
    list["transfers"].as_array().unwrap().len()
}

async fn two_rails_lead_to_two_banks(world: World) {
    let (first, second) = (bank(&world, "first.db", "127.0.0.1:0"), bank(&world, "second.db", "127.0.0.1:0"));
    let rails = format!("[rails.second]\nurl = '{}'\n", second.url);
    let by_default = file(&world, "rails.toml", &rails);
    let other_way = file(&world, "other.toml", &format!("default = 'second'\n{rails}"));
    let settings =
        |rails: &PathBuf| [("PAYRAIL_BANK_URL", first.url.clone()), ("PAYRAIL_RAILS", rails.display().to_string())];
    let mut command = world.command(&["serve"]);
    let server = Process::start({
        command.envs(HASTE).envs(settings(&by_default));
        command
    });
    let mut command = world.command(&["serve"]);
    let api = Process::start({
        command.env("PAYRAIL_ROLE", "api").envs(settings(&other_way));
        command
    });

    let (one, two) = (pay(&server, "demo-success").await, pay(&api, "demo-success").await);
    becomes(&server, &one, "completed").await;
    becomes(&server, &two, "completed").await;
    assert_eq!((transfers(&first).await, transfers(&second).await), (1, 1));

    // Both lists of returns begin with number 1.
    let (one, two) = (pay(&server, "demo-return").await, pay(&api, "demo-return").await);
    becomes(&server, &one, "returned").await;
    becomes(&server, &two, "returned").await;

    let read = stdout(&world.run(&["returns"]));
    for rail in ["bank", "second"] {
        assert!(read.contains(&format!("of the rail {rail} is read up to number 1.")), "{read}");
    }
    assert_eq!(stdout(&world.run(&["returns", "--rail", "second"])).lines().count(), 1);

    let addr = second.url.trim_start_matches("http://").to_owned();
    second.kill();
    let held_up = pay(&api, "demo-success").await;
    for _ in 0..10 {
        let id = pay(&server, "demo-success").await;
        becomes(&server, &id, "completed").await;
    }
    assert_ne!(status_of(&server, &held_up).await, "completed");
    let second = bank(&world, "second.db", &addr);
    becomes(&server, &held_up, "completed").await;

    assert_eq!((transfers(&first).await, transfers(&second).await), (12, 3));
    let metrics = server.client.get(format!("{}/metrics", server.url)).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("rail=\"second\""), "{metrics}");
    let verified = world.command(&["verify"]).envs(settings(&by_default)).output().unwrap();
    // The two simulated banks number their UTRs alike, and that is nothing.
    assert!(verified.status.success(), "{}", stdout(&verified));
    let verified = world.command(&["verify", "--json"]).envs(settings(&by_default)).output().unwrap();
    let report: Value = serde_json::from_str(&stdout(&verified)).unwrap();
    assert_eq!((&report["checked"]["bank_transfers"], &report["left_out"]), (&15.into(), &0.into()));
    // Without the second rail its payouts are left out, and that is said.
    let verified = world.command(&["verify"]).env("PAYRAIL_BANK_URL", &first.url).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
    assert!(
        stdout(&verified).contains("3 completed payouts of a bank to which no rail leads"),
        "{}",
        stdout(&verified)
    );
}

/// Thousands of calls that end at once, or never: one rail's trouble is its own.
async fn a_rail_without_a_bank_delays_no_other(world: World) {
    let first = bank(&world, "first.db", "127.0.0.1:0");
    // It takes every call and answers none for an hour.
    let slow =
        [("PAYRAIL_BANK_BOOK", "slow.db"), ("PAYRAIL_BANK_ADDR", "127.0.0.1:0"), ("PAYRAIL_BANK_DELAY_MS", "3600000")];
    let (dead, slow) = (bank(&world, "dead.db", "127.0.0.1:0"), world.start(&["bank"], &slow));
    let rails = format!("[rails.dead]\nurl = '{}'\n[rails.slow]\nurl = '{}'\n", dead.url, slow.url);
    let [by_first, by_dead, by_slow] = ["bank", "dead", "slow"].map(|default| {
        let file = file(&world, &format!("{default}.toml"), &format!("default = '{default}'\n{rails}"));
        let settings = [("PAYRAIL_BANK_URL", first.url.clone()), ("PAYRAIL_RAILS", file.display().to_string())];
        let mut command = world.command(&["serve"]);
        let role = if default == "bank" { "all" } else { "api" };
        Process::start({
            command.envs(HASTE).envs(settings).env("PAYRAIL_ROLE", role);
            command
        })
    });
    let reached = pay(&by_dead, "demo-success").await;
    becomes(&by_first, &reached, "completed").await;
    dead.kill();
    let (stuck, hanging) = tokio::join!(pay_many(&by_dead), pay_many(&by_slow));
    let open = || async {
        let open = "SELECT cast(count(*) AS text) FROM payouts WHERE due_at IS NOT NULL AND status = 'processing'";
        Sql::connect(&world.database.url).await.texts(open).await[0].parse::<usize>().unwrap()
    };
    until("hundreds are tried in vain", || async { open().await >= MANY }).await;
    for _ in 0..20 {
        let id = pay(&by_first, "demo-success").await;
        becomes(&by_first, &id, "completed").await;
    }
    for payout in [stuck, hanging] {
        assert_ne!(status_of(&by_first, &payout).await, "completed");
    }
    assert!(open().await >= MANY, "nothing else went on meanwhile");
}

const MANY: usize = 600;

/// Gives the last.
async fn pay_many(server: &Process) -> String {
    let paid: Vec<_> = stream::iter(0..MANY).map(|_| pay(server, "demo-success")).buffer_unordered(32).collect().await;
    paid[MANY - 1].clone()
}

/// Three banks that lose each submission and say so: one closes the reference, one promises that its word is final, one can
/// do neither.
async fn a_payout_never_received_ends_as_its_rail_allows(world: World) {
    let mut banks = Vec::new();
    for _ in 0..3 {
        let status = |status: &str| says(&json!({ "status": status, "reference": "$reference" }));
        let bank = FakeBank::open(move |method, path, query| match (method, path) {
            ("GET", "/v1/transfers") => page("transfers", query, &[]),
            ("GET", "/v1/returns") => page("returns", query, &[]),
            ("GET", _) => status("never_received"),
            (_, close) if close.ends_with("/close") => status("closed"),
            _ => (500, "application/json", "{}".to_owned()),
        });
        banks.push(bank.await);
    }
    let [closes, promises, neither] = &banks[..] else { unreachable!() };
    let rails = format!(
        "[rails.bank]\nattempts_max = 1\n\
         [rails.promises]\nattempts_max = 1\nurl = '{}'\nnever_received_is_final = true\n\
         [rails.neither]\nattempts_max = 1\nurl = '{}'\ncan_close = false\n",
        promises.url, neither.url
    );
    let servers = ["bank", "promises", "neither"].map(|default| {
        let file = file(&world, &format!("{default}.toml"), &format!("default = '{default}'\n{rails}"));
        let role = if default == "bank" { "all" } else { "api" };
        let settings = [("PAYRAIL_BANK_URL", closes.url.clone()), ("PAYRAIL_RAILS", file.display().to_string())];
        let mut command = world.command(&["serve"]);
        Process::start({
            command.envs(HASTE).envs(settings).env("PAYRAIL_ROLE", role);
            command
        })
    });
    let [by_closing, by_promise, by_neither] = &servers;
    let stays = pay(by_neither, "demo-success").await;
    for (server, why) in [(by_closing, "refuses it from now on"), (by_promise, "promises that this is final")] {
        let payout = pay(server, "demo-success").await;
        becomes(by_closing, &payout, "failed").await;
        let shown = by_closing.json(ACME, &format!("/api/v1/payouts/{payout}/?view=full")).await;
        assert!(shown.to_string().contains(why), "{shown}");
    }
    until("it was asked about often", || async { neither.count("GET /v1/transfers/") > 3 }).await;
    assert_eq!(status_of(by_closing, &stays).await, "processing");
    let closed = banks.iter().map(|bank| bank.count("POST /v1/transfers/"));
    assert_eq!(closed.collect::<Vec<_>>(), [1, 0, 0]);
    assert!(banks.iter().all(|bank| bank.count("POST /v1/transfers") - bank.count("POST /v1/transfers/") == 1));
    let settings = [
        ("PAYRAIL_BANK_URL", closes.url.clone()),
        ("PAYRAIL_RAILS", world.folder.join("bank.toml").display().to_string()),
    ];
    let verified = world.command(&["verify"]).envs(settings).output().unwrap();
    assert!(verified.status.success(), "{}", stdout(&verified));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_list_of_rails_is_refused_at_the_start() {
    let world = World::sqlite();
    for (text, says) in [
        ("[rails.x]\ncan_close = false", "rail x: url is missing"),
        ("[rails.x]\nurl = 'http://b'\nurk = 1", "rail x: unknown field `urk`"),
        ("default = 'nowhere'", "there is no rail \"nowhere\""),
    ] {
        let path = file(&world, "rails.toml", text).display().to_string();
        refused(&world, &["serve"], &[("PAYRAIL_RAILS", path.as_str())], says);
    }
    refused(&world, &["serve"], &[("PAYRAIL_RAILS", "no-such-file")], "cannot be read");
}
