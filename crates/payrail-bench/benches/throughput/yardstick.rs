//! What the same database does without PayRail, in the same run: the textbook's way of a payout, the limit of
//! what it can write at all, and one small durable transaction. By `pgbench`, prepared, on plain tables with
//! PayRail's columns.

use std::process::{Command, Stdio};
use std::time::Duration;

/// A primary key each, and not one check.
const TABLES: &str = "
CREATE TABLE y_merchants (bucket smallint, id uuid, n int PRIMARY KEY, balance bigint);
INSERT INTO y_merchants SELECT n % 256, gen_random_uuid(), n, 1000000000000 FROM generate_series(0, 100) n;
CREATE TABLE y_entries (bucket smallint, merchant_id uuid, seq bigint, kind text, amount_paise bigint,
    available_after bigint, held_after bigint, payout_id uuid, created_at timestamptz,
    PRIMARY KEY (bucket, merchant_id, seq));
CREATE TABLE y_payouts (bucket smallint, merchant_id uuid, id uuid, amount_paise bigint, bank_account_id text,
    status text, due_at timestamptz, created_at timestamptz, PRIMARY KEY (bucket, merchant_id, id));
CREATE TABLE y_keys (bucket smallint, merchant_id uuid, key uuid, request_hash bytea, status smallint, body text,
    payout_id uuid, created_at timestamptz, PRIMARY KEY (bucket, merchant_id, key));
CREATE TABLE y_small (n bigint);
CREATE SEQUENCE y_seq;
";

/// One transaction a payout: lock, key, balance, payout, entry, record. `FIRST` to 100 are the merchants.
const TEXTBOOK: &str = r"
\set n random(FIRST, LAST)
BEGIN;
SELECT bucket, id, balance, gen_random_uuid() AS payout, gen_random_uuid() AS key FROM y_merchants WHERE n = :n FOR UPDATE \gset
SELECT body FROM y_keys WHERE bucket = :bucket AND merchant_id = :id AND key = :key;
INSERT INTO y_payouts VALUES (:bucket, :id, :payout, 1, 'demo-bank-account', 'pending', now(), now());
INSERT INTO y_entries VALUES (:bucket, :id, nextval('y_seq'), 'hold', 1, :balance::bigint - 1, 1, :payout, now());
INSERT INTO y_keys VALUES (:bucket, :id, :key, sha256('x'), 201, repeat('x', 220), :payout, now());
UPDATE y_merchants SET balance = :balance::bigint - 1 WHERE n = :n;
COMMIT;
";

/// The rows of 200 payouts a transaction, ids in the order of time as PayRail's are; nothing is checked.
const LIMIT: &str = r"
BEGIN;
WITH n AS (SELECT nextval('y_seq') AS n FROM generate_series(1, 200))
INSERT INTO y_payouts SELECT n % 100, IDS, 1, 'demo-bank-account', 'pending', now(), now() FROM n;
WITH n AS (SELECT nextval('y_seq') AS n FROM generate_series(1, 200))
INSERT INTO y_entries SELECT n % 100, MERCHANT, n, 'hold', 1, 1000000000000, 1, gen_random_uuid(), now() FROM n;
WITH n AS (SELECT nextval('y_seq') AS n FROM generate_series(1, 200))
INSERT INTO y_keys SELECT n % 100, MERCHANT, gen_random_uuid(), sha256('x'), 201, repeat('x', 220), gen_random_uuid(), now() FROM n;
COMMIT;
";
const MERCHANT: &str = "'00000000-0000-7000-8000-000000000001'::uuid";
const IDS: &str = "MERCHANT, lpad(to_hex(n), 32, '0')::uuid";

const SMALL: &str = "INSERT INTO y_small VALUES (1);";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yardstick {
    TextbookSpread,
    TextbookHot,
    TextbookOneClient,
    Limit,
    OneSmallTransaction,
}

impl Yardstick {
    pub const ALL: [(&str, Self); 5] = [
        ("textbook, spread", Self::TextbookSpread),
        ("textbook, hot", Self::TextbookHot),
        ("textbook, one client", Self::TextbookOneClient),
        ("limit", Self::Limit),
        ("one small transaction", Self::OneSmallTransaction),
    ];

    /// Clients, rows of payouts a transaction, and the script.
    fn plan(self) -> (u32, u64, String) {
        match self {
            Self::TextbookSpread => (16, 1, TEXTBOOK.replace("FIRST", "1").replace("LAST", "100")),
            Self::TextbookHot => (16, 1, TEXTBOOK.replace("FIRST", "0").replace("LAST", "0")),
            Self::TextbookOneClient => (1, 1, TEXTBOOK.replace("FIRST", "1").replace("LAST", "100")),
            Self::Limit => (2, 200, LIMIT.replace("IDS", IDS).replace("MERCHANT", MERCHANT)),
            Self::OneSmallTransaction => (1, 1, SMALL.to_owned()),
        }
    }
}

pub struct Measured {
    pub payouts: u64,
    pub per_second: u64,
    /// Microseconds a transaction takes, on average.
    pub latency: u64,
}

pub fn prepare(url: &str) {
    let psql = Command::new("psql").args([url, "-qX", "-v", "ON_ERROR_STOP=1", "-c", TABLES]).status();
    assert!(psql.expect("psql is on PATH: use scripts/with-postgres").success(), "the yardsticks' tables");
}

pub fn measure(url: &str, yardstick: Yardstick, duration: Duration) -> Measured {
    let (clients, rows, script) = yardstick.plan();
    let file = std::env::temp_dir().join(format!("payrail-yardstick-{}.sql", std::process::id()));
    // A statement is one line to pgbench only if it ends in a semicolon; it may span lines.
    std::fs::write(&file, script).expect("a temporary file");
    let seconds = duration.as_secs().max(1).to_string();
    let (clients, threads) = (clients.to_string(), clients.min(2).to_string());
    let ran = Command::new("pgbench")
        .args(["-n", "-M", "prepared", "-T", &seconds, "-c", &clients, "-j", &threads, "-f"])
        .arg(&file)
        .arg(url)
        .stderr(Stdio::inherit())
        .output()
        .expect("pgbench is on PATH: use scripts/with-postgres");
    let _ = std::fs::remove_file(&file);
    let text = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "pgbench: {text}");
    let transactions = number_after(&text, "actually processed: ");
    // "latency average = 1.234 ms": in microseconds, as a whole number.
    let latency = number_after(&text, "latency average = ") * 1_000 + decimals_after(&text, "latency average = ");
    let per_second = number_after(&text, "tps = ") * rows + decimals_after(&text, "tps = ") * rows / 1_000;
    Measured { payouts: transactions * rows, per_second, latency }
}

fn number_after(text: &str, words: &str) -> u64 {
    let rest = text.split(words).nth(1).unwrap_or_else(|| panic!("no {words:?} in {text}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().expect("a number")
}

/// The first three decimals.
fn decimals_after(text: &str, words: &str) -> u64 {
    let rest = text.split(words).nth(1).and_then(|rest| rest.split_once('.')).map_or("", |(_, decimals)| decimals);
    let digits: String = rest.chars().take_while(char::is_ascii_digit).take(3).collect();
    format!("{digits:0<3}").parse().unwrap_or(0)
}
