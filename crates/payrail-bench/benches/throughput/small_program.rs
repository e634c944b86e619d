//! The yardsticks of SQLite, by a small program: the same two, on plain tables, `synchronous=FULL`.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

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
    connection: Connection,
    next: u64,
}

impl SmallProgram {
    pub fn open(folder: &Path) -> Self {
        let connection = Connection::open(folder.join("yardstick.db")).expect("a file");
        connection.pragma_update(None, "journal_mode", "WAL").expect("a write-ahead log");
        connection.pragma_update(None, "synchronous", "FULL").expect("a setting");
        connection.execute_batch(TABLES).expect("tables");
        Self { connection, next: 1 }
    }

    /// Payouts a second, and microseconds a transaction, with so many rows in each.
    pub fn measure(&mut self, rows: u64, duration: Duration) -> (u64, u64) {
        let begin = Instant::now();
        let first = self.next;
        while begin.elapsed() < duration {
            let sql = ROWS.replace("FIRST", &self.next.to_string()).replace("ROWS", &rows.to_string());
            self.connection.execute_batch(&format!("BEGIN IMMEDIATE;{sql}COMMIT;")).expect("rows");
            self.next += rows;
        }
        let (done, elapsed) = (self.next - first, begin.elapsed());
        let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        (per_second(done, elapsed), micros * rows / done)
    }
}
