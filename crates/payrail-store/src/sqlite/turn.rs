//! A turn at the writer's connection. A transaction that fails takes its connection with it: when the disk is full
//! SQLite rolls back by itself, sqlx fails to roll back what is no longer open, and holds the transaction to be open
//! ever after. On a fresh connection the next one finds things as they are.

use scopeguard::ScopeGuard;
use sqlx::Sqlite;
use sqlx::pool::PoolConnection;

use super::SqliteStore;
use crate::error::Result;

type Link = PoolConnection<Sqlite>;

/// Closed, however this is left, unless [`done`] hands it back.
pub(crate) type Turn = ScopeGuard<Link, fn(Link)>;

impl SqliteStore {
    pub(crate) async fn turn(&self) -> Result<Turn> {
        let close: fn(Link) = |mut link| link.close_on_drop();
        Ok(scopeguard::guard(self.writer.acquire().await?, close))
    }
}

/// The connection is as good as before.
pub(crate) fn done(turn: Turn) {
    drop(ScopeGuard::into_inner(turn));
}

#[cfg(test)]
mod tests {
    use crate::Store;

    /// A limit of the connection's stands for the disk's end: SQLite does the same at either.
    #[tokio::test]
    async fn after_the_disk_was_full_the_next_write_goes_through() {
        let folder = std::env::temp_dir().join(format!("payrail_turn_{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let store = Store::open(&format!("sqlite://{}", folder.join("full.db").display()), 1, 1).await.unwrap();
        store.migrate().await.unwrap();
        let Store::Sqlite(sqlite) = &store else { panic!("not SQLite") };
        for _ in 0..3 {
            sqlx::raw_sql("PRAGMA max_page_count = 1").execute(&sqlite.writer).await.unwrap();
            store.put_setting("large", &"x".repeat(1 << 20)).await.unwrap_err();
            store.put_setting("small", "y").await.unwrap();
        }
        assert_eq!(store.setting("small").await.unwrap().as_deref(), Some("y"));
        assert_eq!(store.setting("large").await.unwrap(), None);
        store.close().await;
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
