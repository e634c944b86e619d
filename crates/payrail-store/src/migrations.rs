//! Brings a schema up to this program's version: forward only, each migration once and in a transaction.
//!
//! Applied migrations are recorded in sqlx's table, which the first versions of this program used. Their databases are
//! updated in place.

use std::collections::BTreeMap;

use sha2::{Digest, Sha384};

use crate::connection::{Connection, Transaction};
use crate::db::values;
use crate::error::{Result, StoreError};

/// A migration's version, description and SQL.
pub(crate) type Migration = (i64, &'static str, &'static str);

pub(crate) const POSTGRES: &[Migration] = include!(concat!(env!("OUT_DIR"), "/postgres_migrations.rs"));
const SQLITE: &[Migration] = include!(concat!(env!("OUT_DIR"), "/sqlite_migrations.rs"));

const TABLE: &str = "CREATE TABLE IF NOT EXISTS _sqlx_migrations (
    version BIGINT PRIMARY KEY, description TEXT NOT NULL,
    installed_on TIMESTAMP{TZ} NOT NULL DEFAULT CURRENT_TIMESTAMP, success BOOLEAN NOT NULL,
    checksum {BYTES} NOT NULL, execution_time BIGINT NOT NULL)";

/// An initial setting of a new database.
const INITIAL: &str = "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";

const fn all(is_sqlite: bool) -> &'static [Migration] {
    if is_sqlite { SQLITE } else { POSTGRES }
}

/// The newest migration that this program knows.
pub(crate) fn newest(is_sqlite: bool) -> i64 {
    all(is_sqlite).last().map_or(0, |(version, ..)| *version)
}

/// Whether there is no schema of any version.
pub(crate) async fn is_new(on: &mut Connection) -> Result<bool> {
    let sql = match on.is_sqlite() {
        true => "SELECT NOT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'settings')",
        false => "SELECT to_regclass('settings') IS NULL",
    };
    Ok(on.one::<(bool,)>(sql, &[]).await?.0)
}

/// For SQLite: applies all in the open transaction. `initial`: the settings of a new database. (For PostgreSQL, see
/// `postgres/migrate.rs`.)
pub(crate) async fn run(on: &mut Transaction, initial: &[(&str, &str)]) -> Result<()> {
    let is_new = is_new(on).await?;
    on.script(&table(true)).await?;
    for migration in pending(SQLITE, applied(on).await?)? {
        apply(on, migration).await?;
    }
    if is_new { remember(on, initial).await } else { Ok(()) }
}

/// Two processes may create a database at once. The first one's settings stay.
async fn remember(on: &mut Connection, initial: &[(&str, &str)]) -> Result<()> {
    for (name, value) in initial {
        on.execute(INITIAL, values![*name, *value]).await?;
    }
    Ok(())
}

/// The checksum is empty for a migration that did not succeed (sqlx could leave such a row).
pub(crate) const CHECKSUM: &str = "substr(checksum, 1, CASE WHEN success THEN 48 ELSE 0 END)";

/// The table of applied migrations.
pub(crate) fn table(is_sqlite: bool) -> String {
    let (zone, bytes) = if is_sqlite { ("", "BLOB") } else { ("TZ", "BYTEA") };
    TABLE.replace("{TZ}", zone).replace("{BYTES}", bytes)
}

async fn applied(on: &mut Connection) -> Result<BTreeMap<i64, Vec<u8>>> {
    let applied = format!("SELECT version, {CHECKSUM} FROM _sqlx_migrations ORDER BY version");
    let rows = on.all::<(i64, Option<Vec<u8>>)>(&applied, &[]).await?;
    // On SQLite, a part of an empty value is NULL.
    Ok(rows.into_iter().map(|(version, checksum)| (version, checksum.unwrap_or_default())).collect())
}

/// Whether the schema is of this version. It changes nothing, so readers may use it.
pub(crate) async fn check(on: &mut Connection) -> Result<()> {
    let pending = pending(all(on.is_sqlite()), applied(on).await?)?;
    match pending.first() {
        None => Ok(()),
        Some((version, description, _)) => Err(StoreError::Migration(format!(
            "the database was last used by an older payrail: migration {version} ({description}) is to be applied. \
             `payrail migrate` does it, and a server does at its start"
        ))),
    }
}

/// The migrations that the database lacks. Fails if it has unknown or different ones. `applied`: version and checksum.
pub(crate) fn pending(
    all: &'static [Migration],
    mut applied: BTreeMap<i64, Vec<u8>>,
) -> Result<Vec<&'static Migration>> {
    let mut pending = Vec::new();
    for migration in all {
        let (version, description, sql) = migration;
        match applied.remove(version) {
            None => pending.push(migration),
            Some(checksum) if checksum == Sha384::digest(sql).as_slice() => {}
            Some(checksum) if checksum.is_empty() => {
                return Err(StoreError::Migration(format!(
                    "migration {version} ({description}) was begun by an earlier program and did not end: restore a \
                     backup"
                )));
            }
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

/// Names the migration that the database refused.
pub(crate) fn failed((version, description, _): &Migration, error: StoreError) -> StoreError {
    match error {
        StoreError::Refused(why) => StoreError::Migration(format!("migration {version} ({description}): {why}")),
        other => other,
    }
}

async fn apply(on: &mut Connection, migration: &Migration) -> Result<()> {
    let (version, description, sql) = migration;
    on.script(sql).await.map_err(|error| failed(migration, error))?;
    let applied = "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                   VALUES ($1, $2, true, $3, 0)";
    on.execute(applied, values![*version, *description, Sha384::digest(sql).as_slice()]).await.map(drop)
}
