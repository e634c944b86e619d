//! Tests the auditor. For each kind of difference it plants one in a copy of a small, correct world: in the database,
//! the bank's book or the clients' notes. The auditor must name it. (It may name others too: a deleted payout breaks
//! several guarantees.)

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures::{StreamExt, stream};
use payrail_store::testing::{DEADLINE, Sql};
use serde_json::Value;

use crate::audit::{Word, auditor, run, settles, verify};
use crate::other_bank;
use crate::plants::{PLANTS, Plant};
use crate::processes::Role;
use crate::requests::{Ask, Caller};
use crate::scenario::{Folder, Kind, set_up_clients};
use crate::system::{System, Way};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_auditor_names_whatever_is_planted() {
    let folder = Folder::new("blind", 0);
    let original = small_world(&folder.path).await;
    let word = look(&original).await;
    assert!(word.is_clean, "{}", word.said);
    let looks = PLANTS.iter().map(|(kind, plant)| missed(&original, folder.path.join(kind), kind, plant));
    let missed: Vec<String> = stream::iter(looks).buffer_unordered(4).filter_map(std::future::ready).collect().await;
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

/// The auditor's output if it does not name the difference.
async fn missed(original: &Path, copy: PathBuf, kind: &str, plant: &Plant) -> Option<String> {
    copy_all(original, &copy);
    plant_it(&copy, plant).await;
    let word = look(&copy).await;
    let is_named = !word.is_clean && word.said.contains(&format!("DIFFERENCE {kind}: "));
    (!is_named).then(|| format!("{kind}:\n{}", word.said))
}

#[test]
fn every_difference_that_the_auditor_can_name_is_planted() {
    let rooms = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/auditor")).unwrap();
    let rooms = rooms.map(|room| std::fs::read_to_string(room.unwrap().path()).unwrap());
    let script: String = rooms.collect();
    let first_arguments = script.split("found.add(").skip(1).map(|rest| rest.split(',').next().unwrap());
    let named: BTreeSet<_> = first_arguments.flat_map(|argument| argument.split('"').skip(1).step_by(2)).collect();
    let planted: BTreeSet<_> = PLANTS.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(named, planted);
}

/// One payout of each kind and every other request of clients, for one merchant.
async fn small_world(folder: &Path) -> PathBuf {
    let mut system = System::found(Kind::Sqlite, folder).await;
    system.server("api", Role::Api, Way::Direct).await;
    system.is_ready().await;
    let (shared, merchants) = set_up_clients(&system).await;
    let mut client = Caller::new("client", 1, &shared);
    let (rich, poor) = (&merchants[0], &merchants[3]);
    let pay = |number: u128, account: &str| {
        let key = uuid::Uuid::from_u128(number + 1);
        Ask::Create { key, amount: 100 + number as i64, account: account.to_owned() }
    };
    let mut payouts = Vec::new();
    client.ask(rich, &Ask::Me).await;
    for (number, account) in
        ["demo-success", "demo-success", "demo-fail", "demo-return", "demo-silent", "x"].iter().enumerate()
    {
        payouts.extend(client.ask(rich, &pay(number as u128, account)).await.unwrap().payout());
    }
    client.ask(rich, &pay(0, "demo-success")).await;
    client.ask(rich, &pay(0, "demo-fail")).await;
    client.ask(rich, &Ask::Cancel(payouts[5])).await;
    let fund = Ask::Fund { key: uuid::Uuid::from_u128(99), amount: 50, description: "Brought".to_owned() };
    client.ask(poor, &fund).await;
    client.ask(poor, &pay(20, "demo-success")).await;
    system.server("worker", Role::Worker, Way::Direct).await;
    assert!(settles(&system, DEADLINE).await);
    for ask in [Ask::Me, Ask::List, Ask::Show(payouts[0])] {
        client.ask(rich, &ask).await;
    }
    // Like a worker with the wrong address.
    reqwest::get(format!("{}/v1/identity", system.other_bank.url)).await.unwrap();
    assert!(verify(&system).await.is_clean);
    system.close().await;
    let original = folder.join("original");
    std::fs::create_dir(&original).unwrap();
    for (from, to) in [
        (system.disk.path("payrail.db"), "payrail.db"),
        (system.book.clone(), "bank.db"),
        (folder.join("clients.jsonl"), "clients.jsonl"),
        (folder.join("bank.jsonl"), "bank.jsonl"),
        (folder.join("verify.json"), "verify.json"),
        (folder.join(other_bank::BOOK), other_bank::BOOK),
        (folder.join(other_bank::NOTES), other_bank::NOTES),
    ] {
        copy_as_it_is(&from, &original.join(to)).await;
    }
    system.disk.end().await;
    original
}

/// Copies a database, including its write-ahead log, which may remain after its last process.
async fn copy_as_it_is(from: &Path, to: &Path) {
    if from.extension().is_none_or(|extension| extension != "db") {
        std::fs::copy(from, to).unwrap();
        return;
    }
    let mut database = Sql::connect(&format!("sqlite://{}", from.display())).await;
    database.exec(&format!("VACUUM INTO '{}'", to.display())).await;
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

async fn look(world: &Path) -> Word {
    let url = format!("sqlite://{}", world.join("payrail.db").display());
    run(auditor(world, &url, &world.join("bank.db"))).await
}

async fn plant_it(world: &Path, plant: &Plant) {
    match plant {
        Plant::Rows(sql) => plant_rows(world, sql).await,
        Plant::Text(file, from, to) => {
            let file = world.join(file);
            let text = std::fs::read_to_string(&file).unwrap();
            assert!(text.contains(from), "{from} in {text}");
            std::fs::write(file, text.replacen(from, to, 1)).unwrap();
        }
        Plant::Notes(change) => {
            let file = world.join("clients.jsonl");
            let text = std::fs::read_to_string(&file).unwrap();
            let mut lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            change(&mut lines);
            let changed: String = lines.iter().map(|line| format!("{line}\n")).collect();
            assert_ne!(text, changed, "something was planted");
            std::fs::write(file, changed).unwrap();
        }
    }
}

/// Plants the difference in all three files, after dropping the rules that would refuse it.
async fn plant_rows(world: &Path, sql: &str) {
    let url = format!("sqlite://{}", world.join("payrail.db").display());
    let mut database = Sql::connect(&url).await;
    for (file, name) in [("bank.db", "book"), (other_bank::BOOK, "other")] {
        database.exec(&format!("ATTACH '{}' AS {name}", world.join(file).display())).await;
    }
    database.exec("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").await;
    let rules = "SELECT 'DROP ' || type || ' ' || s || '.' || name FROM ( \
                     SELECT 'main' AS s, type, name, sql FROM main.sqlite_master \
                     UNION ALL SELECT 'book', type, name, sql FROM book.sqlite_master \
                     UNION ALL SELECT 'other', type, name, sql FROM other.sqlite_master) \
                 WHERE type = 'trigger' OR (type = 'index' AND sql LIKE 'CREATE UNIQUE%')";
    for rule in database.texts(rules).await {
        database.exec(&rule).await;
    }
    assert!(database.exec(sql).await > 0, "nothing was planted: {sql}");
}
