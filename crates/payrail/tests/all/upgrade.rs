//! Upgrades a filled database of the version before the native drivers in place: its tables as sqlx made them from that
//! version's migrations, with sqlx's own list of applied migrations, and rows in every table.

use std::collections::BTreeMap;
use std::path::Path;

use payrail_core::command::{Action, PayoutRequest, Reply};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::payout::Status;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::BankAccountId;
use payrail_types::operator::ByOperator;
use sha2::{Digest, Sha384};

use crate::harness::{Harness, paise, seconds};
use crate::sabotage::id;
use crate::support::{World, key, until};
use crate::verify::every_outcome;
use crate::verify_fixture::{stderr, stdout};
use payrail_store::testing::Sql;

on_both_stores!(a_filled_database_of_the_previous_version_is_upgraded);

/// The last migration of the version that used sqlx.
const LAST_OF_SQLX: i64 = 70;
const TABLES: [&str; 16] = [
    "merchants",
    "merchant_directory",
    "api_keys",
    "settings",
    "ledger_entries",
    "payouts",
    "attempts",
    "idempotency_records",
    "outbox",
    "operator_actions",
    "merchant_sessions",
    "operators",
    "operator_sessions",
    "bank_returns",
    "exceptions",
    "workers",
];

async fn a_filled_database_of_the_previous_version_is_upgraded(world: World) {
    assert!(world.run(&["seed"]).status.success());
    let before = Harness::start(&world).await;
    let Lives { merchant, pending, doubtful } = fill(&before).await;
    let balances = before.balances(merchant).await;
    let old = if world.database.folder().is_none() { World::postgres().await } else { World::sqlite() };
    let mut sql = tables_of_sqlx(&old).await;
    let columns = columns(&mut sql).await;
    let rows = dump(&mut Sql::connect(&world.database.url).await, &columns).await;
    insert(&mut sql, &columns, &rows).await;
    assert_eq!(dump(&mut sql, &columns).await, rows);
    assert!(rows.values().all(|rows| !rows.is_empty()), "every table has rows to lose");

    migrates(&old);
    // One setting is new: the bank of the payouts that do not name theirs.
    let mut migrated = dump(&mut sql, &columns).await;
    let is_new = |row: &String| row.contains("bank_of_old_payouts");
    let settings = migrated.get_mut("settings").expect("there are some");
    assert_eq!(settings.iter().filter(|row| is_new(row)).count(), 1);
    settings.retain(|row| !is_new(row));
    assert_eq!(migrated, rows, "not a byte of it is another");
    let unnamed = "SELECT cast(count(*) AS text) FROM outbox WHERE entry_seq IS NOT NULL";
    assert_eq!(sql.texts(unnamed).await, ["0"]);
    verifies(&old, &before.bank_url);

    // Work continues: waiting payouts are paid, and those in doubt are enquired about.
    let after = Harness::start_without_bank(&old, before.bank_url.clone()).await;
    assert_eq!(after.balances(merchant).await, balances);
    after.clock.advance(seconds(240));
    until("they come to their end", async || {
        after.worker("w9").round().await.unwrap();
        let status = async |payout| after.status(merchant, payout).await;
        status(pending).await == Status::Completed && status(doubtful).await == Status::Completed
    })
    .await;
    after.pay(merchant, 700, "demo-success").await;
    after.worker("w9").round().await.unwrap();
    verifies(&old, &before.bank_url);

    let rows = dump(&mut sql, &columns).await;
    migrates(&old);
    assert_eq!(dump(&mut sql, &columns).await, rows, "a second time changes nothing");
}

fn migrates(world: &World) {
    let output = world.run(&["migrate"]);
    assert!(output.status.success(), "{}{}", stdout(&output), stderr(&output));
}

fn verifies(world: &World, bank_url: &str) {
    let output = world.command(&["verify"]).env("PAYRAIL_BANK_URL", bank_url).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
}

/// A merchant's unfinished payouts.
struct Lives {
    merchant: MerchantId,
    pending: PayoutId,
    doubtful: PayoutId,
}

/// Uses the current program, which writes the same into that version's tables.
async fn fill(harness: &Harness<'_>) -> Lives {
    every_outcome(harness).await;
    let merchant = harness.merchant(100_000).await;
    let returned = harness.pay(merchant, 5_000, "demo-return").await;
    until("money comes back", async || {
        harness.worker("w2").round().await.unwrap();
        harness.status(merchant, returned).await == Status::Returned
    })
    .await;
    let doubtful = harness.pay(merchant, 4_000, "demo-timeout-paid").await;
    harness.worker("w2").round().await.unwrap();
    let request = PayoutRequest {
        amount: paise(900_000),
        bank_account_id: BankAccountId::from_stored("x"),
        rail: None,
        request_id: None,
    };
    let refused = Action::Create { id: fresh(merchant), key: IdempotencyKey(key()), request };
    assert!(
        matches!(harness.send(merchant, refused).await, Ok(Reply::Answered { answer, .. }) if answer.status == 400)
    );
    let by = Some(ByOperator { name: "Ana".to_owned(), action_id: payrail::ids::action_id() });
    let description = "top-up".to_owned();
    harness
        .send(merchant, Action::Fund { key: IdempotencyKey(key()), amount: paise(1), description, by })
        .await
        .unwrap();
    let cancelled = harness.pay(merchant, 300, "demo-success").await;
    harness.send(merchant, Action::Cancel { payout: cancelled }).await.unwrap();
    let pending = harness.pay(merchant, 2_000, "demo-success").await;
    staff(harness.world).await;
    assert_eq!(harness.status(merchant, doubtful).await, Status::Processing);
    Lives { merchant, pending, doubtful }
}

fn fresh(merchant: MerchantId) -> PayoutId {
    payrail::ids::PayoutIds::default().next(merchant, jiff::Timestamp::UNIX_EPOCH)
}

/// A row each of operators, sessions, workers and a resolved exception.
async fn staff(world: &World) {
    let mut sql = Sql::connect(&world.database.url).await;
    let ana = id(&sql, uuid::Uuid::from_u128(7));
    let (hash, now, later) = match sql.is_postgres() {
        true => (format!("'\\x{}'::bytea", "07".repeat(32)), "now()", "now() + interval '1 hour'"),
        false => (format!("x'{}'", "07".repeat(32)), "1700000000000000", "1900000000000000"),
    };
    for statement in [
        format!(
            "INSERT INTO operators (id, name, password_hash, role, created_at) \
             VALUES ({ana}, 'ana', '$argon2id$x', 'operator', {now})"
        ),
        format!(
            "INSERT INTO operator_sessions (hash, operator_id, created_at, expires_at) \
             VALUES ({hash}, {ana}, {now}, {later})"
        ),
        format!(
            "INSERT INTO merchant_sessions (hash, key_hash, created_at, expires_at) \
             SELECT {hash}, hash, {now}, {later} FROM api_keys LIMIT 1"
        ),
        format!(
            "INSERT INTO workers (name, role, started_at, seen_at, recent_answers) VALUES ('w', 'all', {now}, {now}, '[]') \
             ON CONFLICT DO NOTHING"
        ),
        format!(
            "INSERT INTO exceptions (bucket, merchant_id, id, kind, detail, created_at, resolved_at, resolved_by, \
             resolution) SELECT bucket, id, {ana}, 'return_unreadable', 'detail', {now}, {now}, 'ana', 'done' \
             FROM merchants LIMIT 1"
        ),
    ] {
        sql.exec(&statement).await;
    }
}

/// What sqlx made of an empty database: a table for each migration's checksum, and the tables themselves.
async fn tables_of_sqlx(world: &World) -> Sql {
    if let Some(folder) = world.database.folder() {
        std::fs::File::create(folder.join("payrail.db")).unwrap();
    }
    let mut sql = Sql::connect(&world.database.url).await;
    let (store, time, bytes) = match sql.is_postgres() {
        true => ("postgres", "TIMESTAMPTZ NOT NULL DEFAULT now()", "BYTEA"),
        false => ("sqlite", "TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "BLOB"),
    };
    sql.exec(&format!(
        "CREATE TABLE IF NOT EXISTS _sqlx_migrations (version BIGINT PRIMARY KEY, description TEXT NOT NULL, \
         installed_on {time}, success BOOLEAN NOT NULL, checksum {bytes} NOT NULL, execution_time BIGINT NOT NULL)"
    ))
    .await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../payrail-store/migrations").join(store);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    for file in files {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let (number, what) = name.split_once('_').unwrap();
        let number: i64 = number.parse().unwrap();
        if number <= LAST_OF_SQLX {
            let text = std::fs::read_to_string(&file).unwrap();
            let checksum: String = Sha384::digest(&text).iter().map(|byte| format!("{byte:02x}")).collect();
            let checksum = if sql.is_postgres() { format!("'\\x{checksum}'") } else { format!("x'{checksum}'") };
            sql.exec(&text).await;
            sql.exec(&format!(
                "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                 VALUES ({number}, '{}', TRUE, {checksum}, 1234567)",
                what.replace('_', " ")
            ))
            .await;
        }
    }
    sql
}

/// Inserts the rows unchanged, with the triggers off meanwhile.
async fn insert(sql: &mut Sql, columns: &Columns, rows: &BTreeMap<&'static str, Vec<String>>) {
    let triggers = match sql.is_postgres() {
        true => vec![],
        false => {
            sql.texts("SELECT name || char(10) || sql FROM sqlite_master WHERE type = 'trigger' ORDER BY rowid").await
        }
    };
    if sql.is_postgres() {
        sql.exec("SET session_replication_role = replica").await;
    }
    for trigger in &triggers {
        sql.exec(&format!("DROP TRIGGER {}", trigger.split_once('\n').unwrap().0)).await;
    }
    // A session names its key: parents first.
    for table in TABLES {
        for row in &rows[table] {
            sql.exec(&format!("INSERT INTO {table} ({}) VALUES ({row})", columns[table].join(", "))).await;
        }
    }
    for trigger in &triggers {
        sql.exec(trigger.split_once('\n').unwrap().1).await;
    }
    if sql.is_postgres() {
        sql.exec("RESET session_replication_role").await;
    }
}

/// The columns of that version, by table.
type Columns = BTreeMap<&'static str, Vec<String>>;

async fn columns(sql: &mut Sql) -> Columns {
    let mut columns = Columns::new();
    for table in TABLES {
        let names = match sql.is_postgres() {
            true => format!(
                "SELECT column_name::text FROM information_schema.columns \
                 WHERE table_schema = 'public' AND table_name = '{table}' ORDER BY ordinal_position"
            ),
            false => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
        };
        columns.insert(table, sql.texts(&names).await);
    }
    columns
}

/// A column's current name. (In `payouts`; attempts had no such columns.)
fn name_now<'a>(table: &str, column: &'a str) -> &'a str {
    match (table, column) {
        ("payouts", "attempts") => "submissions",
        ("payouts", "calls") => "attempts",
        _ => column,
    }
}

/// Every row, each column as an SQL literal, under the current column names.
async fn dump(sql: &mut Sql, columns: &Columns) -> BTreeMap<&'static str, Vec<String>> {
    let is_old = sql.try_exec("SELECT calls FROM payouts LIMIT 0").await.is_ok();
    let mut rows = BTreeMap::new();
    for (table, names) in columns {
        let literal = |name: &String| {
            let name = if is_old { name } else { name_now(table, name) };
            if sql.is_postgres() { format!("quote_nullable({name}::text)") } else { format!("quote({name})") }
        };
        let row = names.iter().map(literal).collect::<Vec<_>>().join(" || ', ' || ");
        let mut found = sql.texts(&format!("SELECT {row} FROM {table}")).await;
        found.sort();
        rows.insert(*table, found);
    }
    rows
}
