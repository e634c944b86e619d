//! The yardsticks of SQLite, by a small program: the same two, on plain tables, `synchronous=FULL`.

use std::path::Path;
use std::time::{Duration, Instant};

use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions};

use super::load::per_second;

const TABLES: &str = "
CREATE TABLE y_entries (bucket INTEGER, merchant_id BLOB, seq INTEGER, kind TEXT, amount_paise INTEGER,
    available_after INTEGER, held_after INTEGER, payout_id BLOB, created_at INTEGER,
    PRIMARY KEY (bucket, merchant_id, seq)) WITHOUT ROWID;
CREATE TABLE y_payouts (bucket INTEGER, merchant_id BLOB, id BLOB, amount_paise INTEGER, bank_account_id TEXT,
    status TEXT, due_at INTEGER, created_at INTEGER, PRIMARY KEY (bucket, merchant_id, id)) WITHOUT ROWID;
CREATE TABLE y_keys (bucket INTEGER, merchant_id BLOB, key BLOB, request_hash BLOB, status INTEGER, body TEXT,
    payout_id BLOB, created_at INTEGER, PRIMARY KEY (bucket, merchant_id, key)) WITHOUT ROWID;
";

/// ROWS payouts with random ids, from number FIRST on.
const ROWS: &str = "
INSERT INTO y_payouts WITH RECURSIVE n(n) AS (SELECT FIRST UNION ALL SELECT n + 1 FROM n WHERE n < FIRST + ROWS - 1)
    SELECT n % 100, x'00000000000070008000000000000001', randomblob(16), 1, 'demo-bank-account', 'pending', n, n FROM n;
INSERT INTO y_entries WITH RECURSIVE n(n) AS (SELECT FIRST UNION ALL SELECT n + 1 FROM n WHERE n < FIRST + ROWS - 1)
    SELECT n % 100, x'00000000000070008000000000000001', n, 'hold', 1, 1000000000000, 1, randomblob(16), n FROM n;
INSERT INTO y_keys WITH RECURSIVE n(n) AS (SELECT FIRST UNION ALL SELECT n + 1 FROM n WHERE n < FIRST + ROWS - 1)
    SELECT n % 100, x'00000000000070008000000000000001', randomblob(16), randomblob(32), 201,
        printf('%.*c', 220, 'x'), randomblob(16), n FROM n;
";

pub struct SmallProgram {
    connection: SqliteConnection,
    next: u64,
}

impl SmallProgram {
    pub async fn open(folder: &Path) -> Self {
        let mut connection = SqliteConnectOptions::new()
            .filename(folder.join("yardstick.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .connect()
            .await
            .expect("a file");
        sqlx::raw_sql(TABLES).execute(&mut connection).await.expect("tables");
        Self { connection, next: 1 }
    }

    /// Payouts a second, and microseconds a transaction, with so many rows in each.
    pub async fn measure(&mut self, rows: u64, duration: Duration) -> (u64, u64) {
        let begin = Instant::now();
        let first = self.next;
        while begin.elapsed() < duration {
            let sql = ROWS.replace("FIRST", &self.next.to_string()).replace("ROWS", &rows.to_string());
            let transaction = AssertSqlSafe(format!("BEGIN IMMEDIATE;{sql}COMMIT;"));
            sqlx::raw_sql(transaction).execute(&mut self.connection).await.expect("rows");
            self.next += rows;
        }
        let (done, elapsed) = (self.next - first, begin.elapsed());
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        (per_second(done, elapsed), micros * rows / done)
    }
}
