//! Append-only: a ledger entry is never changed or removed, and neither is a merchant that has one.

use payrail_core::command::Command;
use payrail_store::testing::DEADLINE;
use payrail_types::ids::MerchantId;

use crate::dump::Dump;
use crate::world::{Paused, World, at, fresh_key, fund, merchant, paid};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    no_entry_is_updated,
    no_entry_is_deleted,
    a_merchant_with_entries_stays,
    a_merchant_stays_though_its_entries_are_younger_than_the_deleters_snapshot,
    a_merchant_stays_though_its_first_entry_is_only_being_written,
);
on_sqlite_only!(no_entry_is_replaced);

/// Fund, hold, settle: entries 1 to 3.
async fn book(world: &World) {
    world.fund(merchant(0), 10_000).await;
    world.ended(merchant(0), 6_000, paid()).await;
}

/// All of these must be refused, and must change nothing.
pub async fn refused_without_a_trace(world: &World, statements: &[String]) {
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    for statement in statements {
        raw.refuses(statement).await;
    }
    if let Raw::Sqlite(_) = raw {
        raw.exec("PRAGMA recursive_triggers = ON").await;
        for statement in statements {
            raw.refuses(statement).await;
        }
    }
    assert_eq!(Dump::of(&mut raw).await, before);
}

async fn no_entry_is_updated(world: World) {
    book(&world).await;
    let mut statements: Vec<_> = [
        "seq = seq + 10",
        "kind = 'refund'",
        "amount_paise = 1",
        "available_after = available_after + 1",
        "held_after = held_after + 1",
        "payout_id = NULL",
        "description = 'bonus'",
        "bucket = bucket + 1",
        "seq = seq",
    ]
    .iter()
    .map(|change| format!("UPDATE ledger_entries SET {change}"))
    .collect();
    statements.push("UPDATE ledger_entries SET amount_paise = 1 WHERE seq = 3".to_owned());
    let upsert = "INSERT INTO ledger_entries SELECT * FROM ledger_entries WHERE seq = 3";
    let key = "(bucket, merchant_id, seq)";
    statements.push(format!("{upsert} ON CONFLICT {key} DO UPDATE SET description = 'bonus'"));
    if world.is_postgres() {
        statements.push(
            "MERGE INTO ledger_entries e USING merchants m ON m.id = e.merchant_id \
             WHEN MATCHED THEN UPDATE SET description = 'bonus'"
                .to_owned(),
        );
    }
    refused_without_a_trace(&world, &statements).await;
}

async fn no_entry_is_deleted(world: World) {
    book(&world).await;
    let mut statements = vec![
        "DELETE FROM ledger_entries".to_owned(),
        "DELETE FROM ledger_entries WHERE seq = 3".to_owned(),
        "DELETE FROM ledger_entries WHERE seq = 1".to_owned(),
    ];
    if world.is_postgres() {
        statements.push("TRUNCATE ledger_entries".to_owned());
        statements.push("TRUNCATE settings, ledger_entries CASCADE".to_owned());
        statements.push(
            "MERGE INTO ledger_entries e USING merchants m ON m.id = e.merchant_id WHEN MATCHED THEN DELETE".to_owned(),
        );
    }
    refused_without_a_trace(&world, &statements).await;
}

/// SQLite's REPLACE deletes conflicting rows, and fires no DELETE trigger unless configured to.
async fn no_entry_is_replaced(world: World) {
    book(&world).await;
    let raw = world.raw().await;
    let mut statements = Vec::new();
    for seq in 1..=3 {
        statements
            .push(format!("INSERT OR REPLACE INTO ledger_entries SELECT * FROM ledger_entries WHERE seq = {seq}"));
    }
    let (bucket, id) = (merchant(0).bucket().get(), raw.id(merchant(0).0));
    for verb in ["REPLACE", "INSERT OR REPLACE"] {
        for values in ["1, 'fund', 1, 1, 0", "3, 'fund', 1, 4001, 6000"] {
            statements.push(format!("{verb} INTO ledger_entries VALUES ({bucket}, {id}, {values}, NULL, NULL, 0)"));
        }
    }
    statements.push("UPDATE OR REPLACE ledger_entries SET seq = 1 WHERE seq = 3".to_owned());
    statements.push("UPDATE OR IGNORE ledger_entries SET amount_paise = 1".to_owned());
    drop(raw);
    refused_without_a_trace(&world, &statements).await;
}

fn merchant_row(raw: &Raw, id: MerchantId) -> String {
    format!("bucket = {} AND id = {}", id.bucket().get(), raw.id(id.0))
}

async fn a_merchant_with_entries_stays(world: World) {
    book(&world).await;
    let mut raw = world.raw().await;
    let row = merchant_row(&raw, merchant(0));
    let stranger = raw.id(fresh_key().0);
    let mut statements = vec![
        format!("DELETE FROM merchants WHERE {row}"),
        "DELETE FROM merchants".to_owned(),
        format!("UPDATE merchants SET id = {stranger} WHERE {row}"),
        format!("UPDATE merchants SET bucket = {} WHERE {row}", merchant(0).bucket().get() ^ 1),
    ];
    if world.is_postgres() {
        statements.push("TRUNCATE merchants".to_owned());
        statements.push("TRUNCATE merchants CASCADE".to_owned());
    }
    refused_without_a_trace(&world, &statements).await;
    // A merchant without entries may be deleted, and any may be renamed.
    assert_eq!(raw.exec(&format!("DELETE FROM merchants WHERE {}", merchant_row(&raw, merchant(1)))).await, 1);
    assert_eq!(raw.exec(&format!("UPDATE merchants SET name = 'Renamed' WHERE {row}")).await, 1);
}

/// The check for entries before a merchant's deletion must not use an old snapshot.
async fn a_merchant_stays_though_its_entries_are_younger_than_the_deleters_snapshot(world: World) {
    let mut raw = world.raw().await;
    raw.exec(if world.is_postgres() { "BEGIN ISOLATION LEVEL REPEATABLE READ" } else { "BEGIN" }).await;
    assert_eq!(raw.count("ledger_entries").await, 0);
    let funded = world.one(merchant(0), fund(fresh_key(), 100), at(0));
    tokio::time::timeout(DEADLINE, funded).await.unwrap().unwrap();
    let delete = format!("DELETE FROM merchants WHERE {}", merchant_row(&raw, merchant(0)));
    let done = raw.try_exec(&delete).await;
    let error = done.expect_err("a merchant with an entry was deleted");
    // SQLite refuses any write on an old snapshot: SQLITE_BUSY_SNAPSHOT.
    let busy = error.code.as_deref() == Some("517");
    assert!(error.is_refusal() || busy, "{error}");
}

async fn a_merchant_stays_though_its_first_entry_is_only_being_written(world: World) {
    let mut raw = world.raw().await;
    let delete = format!("DELETE FROM merchants WHERE {}", merchant_row(&raw, merchant(0)));
    let funded = Command { merchant: merchant(0), action: fund(fresh_key(), 100) };
    let writing = Paused::start(&world.store, vec![funded], world.rules).await;
    let delete = tokio::spawn(async move { raw.refuses(&delete).await });
    world.until_one_waits().await;
    assert!(!delete.is_finished(), "it waits for the merchant's lock");
    writing.finish().await.unwrap();
    delete.await.unwrap();
}
