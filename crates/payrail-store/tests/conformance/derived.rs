//! Derived: a balance is read only from the ledger, at a cost that does not grow with it.

use std::time::Duration;

use payrail_core::command::Command;
use payrail_core::ledger::EntryKind;
use payrail_store::testing::DEADLINE;
use payrail_store::{EntryFilter, Store};

use crate::histories::{Model, Scribe, rules};
use crate::world::{MERCHANTS, World, at, create, fresh_id, fresh_key, merchant};
use payrail_store::testing::Sql as Raw;

on_all_stores!(a_balance_is_the_sum_of_its_book, the_newest_entry_is_found_by_its_key);
on_postgres_only!(no_read_of_the_money_path_scans_a_table, a_page_of_the_ledger_brings_no_payouts_but_its_own);
on_sqlite_only!(the_batchs_look_ups_are_by_key);

/// The sum over the whole book, from the kinds and amounts only.
async fn replayed(store: &Store, number: u8) -> (i64, (i64, i64)) {
    let mut snapshot = store.snapshot_of(merchant(number)).await.unwrap();
    let (mut seq, mut available, mut held) = (0, 0, 0);
    loop {
        let page = snapshot.entries_after(merchant(number), seq, 7).await.unwrap();
        if page.is_empty() {
            return (seq, (available, held));
        }
        for entry in page.into_iter().map(|line| line.entry) {
            seq += 1;
            assert_eq!(entry.seq, seq, "the numbers have no gap");
            let paise = entry.amount.get();
            match entry.kind {
                EntryKind::Fund | EntryKind::Return => available += paise,
                EntryKind::Hold => (available, held) = (available - paise, held + paise),
                EntryKind::Settle => held -= paise,
                EntryKind::Refund => (available, held) = (available + paise, held - paise),
            }
            assert!(available >= 0 && held >= 0);
        }
    }
}

async fn a_balance_is_the_sum_of_its_book(mut world: World) {
    world.rules = rules(0);
    let (mut model, mut scribe) = (Model::new(rules(0)), Scribe::new(4_711));
    for _ in 0..60 {
        let batch = scribe.batch(&model);
        model.run(&batch, scribe.now);
        world.run(&batch, scribe.now).await.unwrap();
    }
    let mut entries = 0;
    for number in 0..MERCHANTS {
        let (seq, balances) = replayed(&world.store, number).await;
        entries += seq;
        assert_eq!(world.store.tip(merchant(number)).await.unwrap().seq, seq);
        assert_eq!(world.balances(merchant(number)).await, balances);
    }
    assert!(entries > 50, "only {entries} entries");
}

const ENTRIES: i64 = 5_000;

/// A long book for merchant 0: funds of one paisa.
pub async fn long_book(raw: &mut Raw) {
    let (bucket, id, now) = (merchant(0).bucket().get(), raw.id(merchant(0).0), raw.at(at(0)));
    let row = format!("SELECT {bucket}, {id}, n, 'fund', 1, n, 0, NULL, NULL, {now}");
    let numbers = match raw {
        Raw::Postgres(_) => format!("FROM generate_series(1, {ENTRIES}) n"),
        Raw::Sqlite(_) => {
            format!(
                "FROM (WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < {ENTRIES}) SELECT n FROM r)"
            )
        }
    };
    raw.exec(&format!("INSERT INTO ledger_entries {row} {numbers}")).await;
    raw.exec("ANALYZE").await;
}

/// The store's statement, identified by its first and last words.
pub fn statement(source: &str, first: &str) -> String {
    let start = source.find(first).unwrap_or_else(|| panic!("the store has no {first:?} any more"));
    let end = source[start..].find('"').unwrap();
    source[start..start + end].replace('\\', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

async fn the_newest_entry_is_found_by_its_key(world: World) {
    let mut raw = world.raw().await;
    long_book(&mut raw).await;
    let (bucket, id) = (merchant(0).bucket().get().to_string(), raw.id(merchant(0).0));
    let tip = statement(include_str!("../../src/tables/ledger_entries.rs"), "SELECT seq, available_after");
    let plan = raw.plan(&tip.replace("$1", &bucket).replace("$2", &id)).await.join("\n");
    if world.is_postgres() {
        assert!(plan.contains("Index Scan Backward using ledger_entries_pkey"), "{plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("Sort"), "{plan}");
    } else {
        assert_eq!(plan, "SEARCH ledger_entries USING PRIMARY KEY (bucket=? AND merchant_id=?)");
    }
    assert_eq!(world.balances(merchant(0)).await, (ENTRIES, 0));
}

async fn the_batchs_look_ups_are_by_key(world: World) {
    let mut raw = world.raw().await;
    for sql in payrail_store::testing::sqlite_look_ups() {
        let sql = (1..30)
            .rev()
            .fold(sql, |sql, number| sql.replace(&format!("?{number}"), "NULL").replace(&format!("${number}"), "NULL"));
        let plan = raw.plan(&sql).await;
        assert!(plan.iter().all(|line| !line.starts_with("SCAN")), "{sql}: {plan:#?}");
        assert!(plan.iter().any(|line| line.contains("USING")), "{sql}: {plan:#?}");
    }
}

/// The server's own count of reads, for the store's real statements.
async fn no_read_of_the_money_path_scans_a_table(world: World) {
    let mut raw = world.raw().await;
    long_book(&mut raw).await;
    let before = reads(&mut raw, "ledger_entries").await;
    let store = world.second_store().await;
    for round in 0..10 {
        assert_eq!(store.tip(merchant(0)).await.unwrap().seq, ENTRIES + round);
        assert_eq!(store.ledger(merchant(0), i64::MAX, 20).await.unwrap().len(), 20);
        let wish = Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), fresh_key(), 1) };
        assert!(store.execute(&[wish], &world.rules, &|| at(1)).await.unwrap()[0].is_ok());
    }
    // A backend publishes its counts when it ends.
    drop(store);
    let after = counted(&mut raw, "ledger_entries", before.1 + 10 * 20).await;
    assert_eq!(after.0, before.0, "the ledger was read from end to end");
    let rows = after.1 - before.1;
    assert!((200..=1_000).contains(&rows), "10 rounds read {rows} entries");
}

/// Without ANALYZE, PostgreSQL does not know how many payouts a merchant has.
async fn a_page_of_the_ledger_brings_no_payouts_but_its_own(world: World) {
    world.fund(merchant(0), 1_000).await;
    let order = |_| Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), fresh_key(), 1) };
    world.run(&(0..500).map(order).collect::<Vec<_>>(), at(0)).await.unwrap();
    let mut raw = world.raw().await;
    let before = reads(&mut raw, "payouts").await;
    let store = world.second_store().await;
    let everyones = EntryFilter::default();
    let its_own = EntryFilter { merchant: Some(merchant(0)), ..EntryFilter::default() };
    assert_eq!(store.ledger(merchant(0), i64::MAX, 50).await.unwrap().len(), 50);
    assert_eq!(store.search_entries(&everyones, None, 50).await.unwrap().items.len(), 50);
    assert_eq!(store.search_entries(&its_own, None, 50).await.unwrap().items.len(), 50);
    drop(store);
    let after = counted(&mut raw, "payouts", before.1 + 3 * 50).await;
    assert_eq!(after.0, before.0, "the payouts were read from end to end");
    let rows = after.1 - before.1;
    assert!((150..=400).contains(&rows), "3 pages of 50 entries read {rows} payouts");
}

/// The same once at least so many rows have been counted.
async fn counted(raw: &mut Raw, table: &str, rows: i64) -> (i64, i64) {
    let counting = async {
        loop {
            let counts = reads(raw, table).await;
            if counts.1 >= rows {
                return counts;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(DEADLINE, counting).await.expect("the server counts what it reads")
}

/// Whole scans of a table, and rows of it found by an index.
async fn reads(raw: &mut Raw, table: &str) -> (i64, i64) {
    raw.exec("SELECT pg_stat_force_next_flush()").await;
    raw.exec("SELECT pg_stat_clear_snapshot()").await;
    let sql = "SELECT seq_scan || ' ' || idx_tup_fetch FROM pg_stat_user_tables WHERE relname";
    let line = raw.texts(&format!("{sql} = '{table}'")).await.remove(0);
    let (whole, found) = line.split_once(' ').unwrap();
    (whole.parse().unwrap(), found.parse().unwrap())
}
