//! The auditor is not blind: of a small world that is in order, a copy for each kind of difference, with one planted
//! by hand in the database, the bank's book or the clients' notes; and it must name it. (Others it may name, too:
//! whoever drops a payout breaks more than one promise.)

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use futures::{StreamExt, stream};
use payrail_store::testing::DEADLINE;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use crate::audit::{Word, auditor, run, settles, verify};
use crate::other_bank;
use crate::plants::{PLANTS, Plant};
use crate::processes::Role;
use crate::requests::{Ask, Caller};
use crate::scene::{Folder, Kind, open_street};
use crate::town::{Town, Way};

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

/// What the auditor says instead of the difference's name.
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

/// One payout of each kind, and whatever else clients do, on one merchant's book.
async fn small_world(folder: &Path) -> PathBuf {
    let mut town = Town::found(Kind::Sqlite, folder).await;
    town.server("api", Role::Api, Way::Direct).await;
    town.is_ready().await;
    let (street, merchants) = open_street(&town).await;
    let mut client = Caller::new("client", 1, &street);
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
    town.server("worker", Role::Worker, Way::Direct).await;
    assert!(settles(&town, DEADLINE).await);
    for ask in [Ask::Me, Ask::List, Ask::Show(payouts[0])] {
        client.ask(rich, &ask).await;
    }
    // As a worker does that was led there.
    reqwest::get(format!("{}/v1/identity", town.other_bank.url)).await.unwrap();
    assert!(verify(&town).await.is_clean);
    town.close().await;
    let original = folder.join("original");
    std::fs::create_dir(&original).unwrap();
    for (from, to) in [
        (town.disk.path("payrail.db"), "payrail.db"),
        (town.book.clone(), "bank.db"),
        (folder.join("clients.jsonl"), "clients.jsonl"),
        (folder.join("bank.jsonl"), "bank.jsonl"),
        (folder.join("verify.json"), "verify.json"),
        (folder.join(other_bank::BOOK), other_bank::BOOK),
        (folder.join(other_bank::NOTES), other_bank::NOTES),
    ] {
        copy_as_it_is(&from, &original.join(to)).await;
    }
    town.disk.end().await;
    original
}

/// A database with what is still in its write-ahead log, which may outlive its last process.
async fn copy_as_it_is(from: &Path, to: &Path) {
    if from.extension().is_none_or(|extension| extension != "db") {
        std::fs::copy(from, to).unwrap();
        return;
    }
    let mut database = SqliteConnection::connect(&format!("sqlite://{}", from.display())).await.unwrap();
    exec(&mut database, &format!("VACUUM INTO '{}'", to.display())).await;
    database.close().await.unwrap();
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

/// In all three files, with nothing left that would refuse it.
async fn plant_rows(world: &Path, sql: &str) {
    let url = format!("sqlite://{}", world.join("payrail.db").display());
    let mut database = SqliteConnection::connect(&url).await.unwrap();
    for (file, name) in [("bank.db", "book"), (other_bank::BOOK, "other")] {
        exec(&mut database, &format!("ATTACH '{}' AS {name}", world.join(file).display())).await;
    }
    exec(&mut database, "PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").await;
    let rules = "SELECT 'DROP ' || type || ' ' || s || '.' || name FROM ( \
                     SELECT 'main' AS s, type, name, sql FROM main.sqlite_master \
                     UNION ALL SELECT 'book', type, name, sql FROM book.sqlite_master \
                     UNION ALL SELECT 'other', type, name, sql FROM other.sqlite_master) \
                 WHERE type = 'trigger' OR (type = 'index' AND sql LIKE 'CREATE UNIQUE%')";
    let rules: Vec<String> = sqlx::query_scalar(rules).fetch_all(&mut database).await.unwrap();
    for rule in rules {
        exec(&mut database, &rule).await;
    }
    assert!(exec(&mut database, sql).await > 0, "nothing was planted: {sql}");
    database.close().await.unwrap();
}

async fn exec(database: &mut SqliteConnection, sql: &str) -> u64 {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(database).await;
    done.unwrap_or_else(|error| panic!("{error} in {sql}")).rows_affected()
}
