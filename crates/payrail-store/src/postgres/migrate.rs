//! Migrations on PostgreSQL. Each has its own transaction, which first takes the lock and then checks what remains to
//! do.
//!
//! Lock and settings end with the transaction, each statement is a separate message, and none is prepared. So it also
//! works through a pooler that shares sessions, and leaves nothing behind there.

use std::collections::BTreeMap;

use sha2::{Digest, Sha384};
use tokio_postgres::Client;

use super::session::{self, literal, text};
use super::{citus, schema, split};
use crate::error::{Result, StoreError};
use crate::migrations::{self, Migration, POSTGRES, failed};

/// "PAYR", and the lock's number.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1346459986, 2)";

/// A migration has no timeout, and neither has the wait for another process's.
const PATIENT: [&str; 5] = [
    "SET LOCAL statement_timeout = 0",
    "SET LOCAL lock_timeout = 0",
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    "SET LOCAL synchronous_commit = on",
    // Suppress a notice for every existing table.
    "SET LOCAL client_min_messages = warning",
];

const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// `initial`: the settings of a new database.
pub async fn run(client: &Client, schema: &str, initial: &[(&str, &str)]) -> Result<()> {
    if text(client, "SELECT pg_is_in_recovery()").await? == "t" {
        return Err(StoreError::Unavailable(session::READ_ONLY.to_owned()));
    }
    while transaction(client, schema, apply_next(client, schema, initial)).await? {}
    Ok(())
}

/// Runs the work under the lock. An error rolls it back.
async fn transaction<T>(client: &Client, schema: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
    client.batch_execute(BEGIN).await?;
    let done = async {
        lock(client, schema).await?;
        work.await
    };
    match done.await {
        Ok(done) => {
            client.batch_execute("COMMIT").await?;
            Ok(done)
        }
        Err(error) => {
            // A lost connection has already rolled back.
            let _ = client.batch_execute("ROLLBACK").await;
            Err(error)
        }
    }
}

async fn lock(client: &Client, schema: &str) -> Result<()> {
    for setting in PATIENT {
        client.batch_execute(setting).await?;
    }
    let name = literal(schema);
    client.batch_execute(&format!("SELECT set_config('search_path', quote_ident({name}), true)")).await?;
    client.batch_execute(LOCK).await?;
    schema::check(client, schema).await
}

async fn is_new(client: &Client) -> Result<bool> {
    Ok(text(client, "SELECT to_regclass('settings') IS NULL").await? == "t")
}

/// False if nothing is left to do. The settings of a new database are written with their table: a process that starts
/// beside this one must never see the table without them.
async fn apply_next(client: &Client, schema: &str, initial: &[(&str, &str)]) -> Result<bool> {
    client.batch_execute(&migrations::table(false)).await?;
    let pending = migrations::pending(POSTGRES, applied(client).await?)?;
    let next = pending.first();
    if let Some(migration) = next {
        let was_new = is_new(client).await?;
        apply(client, migration).await?;
        if was_new && !is_new(client).await? {
            remember(client, initial).await?;
        }
    }
    // Also where nothing was left to do: an administrator may have distributed the schema meanwhile.
    if schema::is_distributed(client, schema).await? {
        citus::bind_functions(client, schema).await?;
    }
    Ok(next.is_some())
}

async fn applied(client: &Client) -> Result<BTreeMap<i64, Vec<u8>>> {
    let applied = format!("SELECT version, encode({}, 'hex') FROM _sqlx_migrations", migrations::CHECKSUM);
    let rows = session::rows(client, &applied).await?;
    Ok(rows.iter().filter_map(|row| Some((row.first()?.parse().ok()?, from_hex(row.get(1)?)?))).collect())
}

async fn apply(client: &Client, migration: &Migration) -> Result<()> {
    let (version, description, sql) = migration;
    for statement in split::statements(sql) {
        client.batch_execute(statement).await.map_err(|error| failed(migration, error.into()))?;
    }
    let (description, checksum) = (literal(description), hex(&Sha384::digest(sql)));
    let row = format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES ({version}, {description}, true, decode('{checksum}', 'hex'), 0)"
    );
    Ok(client.batch_execute(&row).await?)
}

async fn remember(client: &Client, initial: &[(&str, &str)]) -> Result<()> {
    for (name, value) in initial {
        let (name, value) = (literal(name), literal(value));
        let row = format!("INSERT INTO settings (name, value) VALUES ({name}, {value})");
        client.batch_execute(&row).await?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (In the conformance suite PostgreSQL itself parses each of them.)
    #[test]
    fn no_migration_ends_in_the_middle_of_a_statement() {
        const BEGINNINGS: [&str; 10] =
            ["CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE", "COMMENT", "SELECT", "WITH", "DO"];
        for (version, _, sql) in POSTGRES {
            let statements = split::statements(sql);
            assert!(!statements.is_empty());
            for statement in statements {
                let mut lines = statement.lines().map(str::trim);
                let code = lines.find(|line| !line.is_empty() && !line.starts_with("--"));
                let code = code.unwrap_or_default();
                assert!(BEGINNINGS.iter().any(|word| code.starts_with(word)), "{version}: {statement}");
                assert_eq!(statement.matches("$$").count() % 2, 0, "{version}: {statement}");
            }
        }
    }

    #[test]
    fn a_checksum_comes_back_as_it_went() {
        let bytes = [0, 1, 0x7f, 0xff];
        assert_eq!(from_hex(&hex(&bytes)), Some(bytes.to_vec()));
        assert_eq!(from_hex("0g"), None);
    }
}
