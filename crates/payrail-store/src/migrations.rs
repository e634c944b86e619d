//! Brings a schema up to this program's version: forward only, each migration once and in a transaction.
//!
//! The table of what was applied is the one that sqlx keeps, with which the first versions of this program worked:
//! their databases are updated in place.

use std::collections::BTreeMap;

use sha2::{Digest, Sha384};

use crate::db::{Connection, Transaction, values};
use crate::error::{Result, StoreError};
use crate::settings::INITIAL;

/// Its version, what it does, and its SQL.
type Migration = (i64, &'static str, &'static str);

const POSTGRES: &[Migration] = include!(concat!(env!("OUT_DIR"), "/postgres_migrations.rs"));
const SQLITE: &[Migration] = include!(concat!(env!("OUT_DIR"), "/sqlite_migrations.rs"));

/// Taken by whoever changes the schema of this PostgreSQL database, until its session ends: "PAYR", and the lock's number.
pub(crate) const LOCK: &str = "SELECT pg_advisory_lock(1346459986, 2)";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY, description TEXT NOT NULL,
    installed_on TIMESTAMP{TZ} NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
    checksum {BYTES} NOT NULL, execution_time BIGINT NOT NULL)";

const fn all(is_sqlite: bool) -> &'static [Migration] {
    if is_sqlite { SQLITE } else { POSTGRES }
}

/// The newest migration that this program knows.
pub(crate) fn newest(is_sqlite: bool) -> i64 {
    all(is_sqlite).last().map_or(0, |(version, ..)| *version)
}

/// Whether there is no schema yet, of whatever version.
pub(crate) async fn is_new(on: &mut Connection) -> Result<bool> {
    let sql = match on.is_sqlite() {
        true => "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'settings')",
        false => "SELECT to_regclass('settings') IS NULL",
    };
    Ok(on.one::<(bool,)>(sql, &[]).await?.0)
}

/// All of them in the transaction that has begun. `initial`: the settings of a database that is created by this.
pub(crate) async fn run(on: &mut Transaction, initial: &[(&str, &str)]) -> Result<()> {
    let is_new = is_new(on).await?;
    for migration in pending(on).await? {
        apply(on, migration).await?;
    }
    if is_new { remember(on, initial).await } else { Ok(()) }
}

/// Each in a transaction of its own, under [`LOCK`]. Who dies between the tables and the settings leaves a database
/// that is nothing but a ledger.
pub(crate) async fn run_each(on: &mut Connection, initial: &[(&str, &str)]) -> Result<()> {
    let is_new = is_new(on).await?;
    for migration in pending(on).await? {
        on.script("BEGIN").await?;
        apply(on, migration).await?;
        on.script("COMMIT").await?;
    }
    if is_new { remember(on, initial).await } else { Ok(()) }
}

/// Of two processes that create a database at once, each believes that it did; what the first wrote of itself stays.
async fn remember(on: &mut Connection, initial: &[(&str, &str)]) -> Result<()> {
    for (name, value) in initial {
        on.execute(INITIAL, values![*name, *value]).await?;
    }
    Ok(())
}

/// Those that the database lacks. It must have no others than ours, each as it is here.
async fn pending(on: &mut Connection) -> Result<Vec<&'static Migration>> {
    let is_sqlite = on.is_sqlite();
    let (zone, bytes) = if is_sqlite { ("", "BLOB") } else { ("TZ", "BYTEA") };
    on.script(&quiet(is_sqlite, &TABLE.replace("{TZ}", zone).replace("{BYTES}", bytes))).await?;
    let applied = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
    let mut applied: BTreeMap<i64, Vec<u8>> = on.all::<(i64, Vec<u8>)>(applied, &[]).await?.into_iter().collect();
    let mut pending = Vec::new();
    for migration in all(is_sqlite) {
        let (version, description, sql) = migration;
        match applied.remove(version) {
            None => pending.push(migration),
            Some(checksum) if checksum == Sha384::digest(sql).as_slice() => {}
            Some(_) => {
                return Err(StoreError::Migration(format!(
                    "migration {version} ({description}) was applied in another form than this program has it: the \
                     database belongs to another build of payrail"
                )));
            }
        }
    }
    match applied.keys().next_back() {
        None => Ok(pending),
        Some(version) => Err(StoreError::Migration(format!(
            "the database has migration {version}, which this program does not know: it was written by a newer \
             payrail. Start that one, or restore a backup"
        ))),
    }
}

/// PostgreSQL tells every client that the table is there already.
fn quiet(is_sqlite: bool, sql: &str) -> String {
    if is_sqlite { sql.to_owned() } else { format!("SET client_min_messages = warning; {sql}") }
}

async fn apply(on: &mut Connection, (version, description, sql): &Migration) -> Result<()> {
    let failed = |error: StoreError| match error {
        StoreError::Refused(why) => StoreError::Migration(format!("migration {version} ({description}): {why}")),
        other => other,
    };
    on.script(sql).await.map_err(failed)?;
    let applied = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                   VALUES ($1, $2, true, $3, 0)";
    on.execute(applied, values![*version, *description, Sha384::digest(sql).as_slice()]).await.map(drop)
}
