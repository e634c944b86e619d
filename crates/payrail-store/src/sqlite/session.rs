//! What a connection must be like before money moves in it, read back after it was asked for: a file system without
//! shared memory has no WAL, and a library built otherwise may know no foreign keys.

use sqlx::{AssertSqlSafe, SqliteConnection};

use super::BUSY_TIMEOUT;
use crate::error::{Result, StoreError};

pub async fn check(on: &mut SqliteConnection) -> Result<()> {
    let patience = BUSY_TIMEOUT.as_millis().to_string();
    for (pragma, wanted) in [
        ("journal_mode", "wal"),
        // FULL, as SQLite's number for it; EXTRA (3) is never set here.
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("recursive_triggers", "1"),
        ("busy_timeout", patience.as_str()),
    ] {
        let read = AssertSqlSafe(format!("SELECT cast({} AS TEXT) FROM pragma_{pragma}", column(pragma)));
        let found: String = sqlx::query_scalar(read).fetch_one(&mut *on).await?;
        if found != wanted {
            return Err(StoreError::Session(format!(
                "SQLite has {pragma} = {found} where {wanted} is needed, although payrail set it. Most likely the file \
                 system cannot share memory between processes (a network drive): put the file that DATABASE_URL names \
                 on a local disk"
            )));
        }
    }
    Ok(())
}

fn column(pragma: &str) -> &str {
    if pragma == "busy_timeout" { "timeout" } else { pragma }
}

#[cfg(test)]
mod tests {
    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions, SqliteConnection};

    use super::*;

    async fn refusal(connection: &mut SqliteConnection) -> String {
        check(connection).await.unwrap_err().to_string()
    }

    /// A database in memory has no WAL: it stands for a file system that cannot have one.
    #[tokio::test]
    async fn each_setting_that_differs_is_named() {
        let mut memory = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
        assert!(refusal(&mut memory).await.contains("journal_mode = memory where wal is needed"));
        let folder = std::env::temp_dir().join(format!("payrail_session_{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let options = super::super::options(&format!("sqlite://{}", folder.join("a.db").display())).unwrap();
        let mut file = options.connect().await.unwrap();
        check(&mut file).await.unwrap();
        for (pragma, wrong) in
            [("synchronous", "1"), ("foreign_keys", "0"), ("recursive_triggers", "0"), ("busy_timeout", "1")]
        {
            let before = format!("PRAGMA {pragma} = {wrong}");
            sqlx::raw_sql(AssertSqlSafe(before)).execute(&mut file).await.unwrap();
            assert!(refusal(&mut file).await.contains(&format!("{pragma} = {wrong} where")), "{pragma}");
            file = options.connect().await.unwrap();
        }
        drop(file);
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
