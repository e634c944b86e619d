//! Staging on SQLite: rows as one JSON array of arrays, ids in it as hex.

use payrail_core::ids::MerchantId;
use serde_json::{Value, json};
use sqlx::SqliteConnection;

use super::Placed;
use crate::sqlite::SqliteStore;

super::room!(SqliteConnection);

/// On the one connection that writes, so they are emptied before each use.
const STAGE_MERCHANTS: &str = "CREATE TEMP TABLE IF NOT EXISTS fill_merchants (
        bucket INTEGER, id BLOB, name TEXT, email TEXT, hash BLOB, prefix TEXT, created_at INTEGER
    );
    DELETE FROM fill_merchants";
const STAGE_PAYOUTS: &str = "CREATE TEMP TABLE IF NOT EXISTS fill_owners (bucket INTEGER, id BLOB);
    CREATE TEMP TABLE IF NOT EXISTS fill_payouts (
        place INTEGER PRIMARY KEY, bucket INTEGER, merchant_id BLOB, id BLOB, key BLOB, answer TEXT, seq INTEGER,
        event INTEGER, available INTEGER, held INTEGER, created_at INTEGER, claimed_at INTEGER, paid_at INTEGER,
        utr TEXT, sent TEXT, received TEXT
    );
    DELETE FROM fill_owners;
    DELETE FROM fill_payouts";

async fn stage_merchants(on: &mut SqliteConnection, merchants: &[(Merchant, NewKey)]) -> Result<()> {
    sqlx::raw_sql(STAGE_MERCHANTS).execute(&mut *on).await?;
    let rows = merchants.iter().map(|(merchant, key)| {
        let hash: String = key.hash.iter().map(|byte| format!("{byte:02x}")).collect();
        json!([
            merchant.id.bucket().get(),
            hex(merchant.id.0),
            merchant.name,
            merchant.email,
            hash,
            key.prefix,
            merchant.created_at.as_microsecond(),
        ])
    });
    let insert = "INSERT INTO fill_merchants SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, \
                  unhex(value ->> 4), value ->> 5, value ->> 6 FROM json_each($1)";
    stage(on, insert, rows).await
}

/// The transaction has the only lock that there is.
async fn lock_and_stage_owners(on: &mut SqliteConnection, owners: &[MerchantId]) -> Result<()> {
    sqlx::raw_sql(STAGE_PAYOUTS).execute(&mut *on).await?;
    let rows = owners.iter().map(|owner| json!([owner.bucket().get(), hex(owner.0)]));
    stage(on, "INSERT INTO fill_owners SELECT value ->> 0, unhex(value ->> 1) FROM json_each($1)", rows).await
}

async fn stage_payouts(on: &mut SqliteConnection, placed: &[Placed<'_>]) -> Result<()> {
    let rows = placed.iter().map(|row| {
        let Placed { payout, seq, event, available, held } = row;
        json!([
            payout.merchant.bucket().get(),
            hex(payout.merchant.0),
            hex(payout.id.0),
            hex(payout.key.0),
            payout.answer,
            seq,
            event,
            available,
            held,
            payout.created_at.as_microsecond(),
            payout.paid.claimed_at.as_microsecond(),
            payout.paid.at.as_microsecond(),
            payout.paid.utr,
            payout.paid.sent,
            payout.paid.received,
        ])
    });
    let insert = "INSERT INTO fill_payouts SELECT key, value ->> 0, unhex(value ->> 1), unhex(value ->> 2), \
                  unhex(value ->> 3), value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, \
                  value ->> 10, value ->> 11, value ->> 12, value ->> 13, value ->> 14 FROM json_each($1)";
    stage(on, insert, rows).await
}

async fn stage(on: &mut SqliteConnection, insert: &'static str, rows: impl Iterator<Item = Value>) -> Result<()> {
    let rows = Value::Array(rows.collect()).to_string();
    sqlx::query(insert).bind(rows).execute(on).await?;
    Ok(())
}

fn hex(id: uuid::Uuid) -> String {
    id.simple().to_string()
}

/// Moves the log into the file. (Beside readers it may stay: they read it as well.)
pub async fn tidy(store: &SqliteStore) -> Result<()> {
    let mut writer = store.writer.acquire().await?;
    sqlx::raw_sql(
        "DROP TABLE IF EXISTS temp.fill_merchants; DROP TABLE IF EXISTS temp.fill_owners;
         DROP TABLE IF EXISTS temp.fill_payouts; PRAGMA wal_checkpoint(TRUNCATE)",
    )
    .execute(&mut *writer)
    .await?;
    Ok(())
}
