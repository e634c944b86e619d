//! Every row of every table in one notation, to compare databases with each other and with their earlier state.

use std::collections::BTreeMap;

use payrail_store::testing::Sql as Raw;

#[derive(Debug, PartialEq, Eq)]
pub struct Dump(pub BTreeMap<&'static str, Vec<String>>);

/// A column's name, and before it how it is written: `#` bytes or an id in hex, `@` microseconds.
const TABLES: [(&str, &str); 15] = [
    ("merchants", "bucket #id name email @created_at"),
    ("merchant_directory", "email bucket #merchant_id"),
    ("api_keys", "#hash prefix bucket #merchant_id @created_at @revoked_at"),
    ("operators", "#id name password_hash role @created_at @disabled_at"),
    ("operator_sessions", "#hash #operator_id @created_at @expires_at"),
    ("merchant_sessions", "#hash #key_hash @created_at @expires_at"),
    ("settings", "name value"),
    (
        "ledger_entries",
        "bucket #merchant_id seq kind amount_paise available_after held_after #payout_id description @created_at",
    ),
    (
        "payouts",
        "bucket #merchant_id #id amount_paise bank_account_id status submissions attempts unanswered step @due_at leased_by \
         @doubt_since doubt_reason utr reason @created_at @updated_at",
    ),
    ("attempts", "bucket #merchant_id #payout_id number step worker @started_at outcome sent received @ended_at"),
    ("idempotency_records", "bucket #merchant_id #key #request_hash status body #payout_id @created_at @expires_at"),
    ("outbox", "bucket #merchant_id seq kind #payout_id @created_at entry_seq"),
    (
        "bank_returns",
        "bucket #merchant_id #id number reference #payout_id amount_paise utr reason status waits_for tries \
         @next_try_at @first_seen_at @updated_at",
    ),
    // Without the other payout of a UTR, because any of several may be named.
    (
        "exceptions",
        "bucket #merchant_id #id kind #payout_id reference return_number stated_paise stated_utr expected_paise \
         expected_utr @created_at @resolved_at resolved_by resolution",
    ),
    ("operator_actions", "bucket #merchant_id #id @at operator action subject reason detail"),
];

impl Dump {
    pub async fn of(raw: &mut Raw) -> Self {
        let mut tables = BTreeMap::new();
        for (table, columns) in TABLES {
            let columns: Vec<_> = columns.split(' ').map(|column| expression(raw, column)).collect();
            let rows = raw.texts(&format!("SELECT {} FROM {table}", columns.join(" || '|' || "))).await;
            tables.insert(table, sorted(rows.into_iter().filter(|row| !is_of_birth(table, row)).collect()));
        }
        Self(tables)
    }

    pub fn is_empty(&self) -> bool {
        self.0.values().all(Vec::is_empty)
    }
}

/// Rows that every database has from the beginning.
fn is_of_birth(table: &str, row: &str) -> bool {
    table == "settings" && ["created_as|", "database_id|"].iter().any(|name| row.starts_with(name))
}

/// The two databases sort text differently.
fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

fn expression(raw: &Raw, column: &str) -> String {
    let name = column.trim_start_matches(['#', '@']);
    let text = match (&column[..1], raw) {
        ("#", Raw::Sqlite(_)) => format!("lower(hex({name}))"),
        ("#", Raw::Postgres(_)) => format!("replace(ltrim({name}::text, '\\x'), '-', '')"),
        ("@", Raw::Postgres(_)) => format!("(extract(epoch from {name}) * 1000000)::bigint::text"),
        _ => format!("cast({name} AS text)"),
    };
    format!("CASE WHEN {name} IS NULL THEN '~' ELSE {text} END")
}
