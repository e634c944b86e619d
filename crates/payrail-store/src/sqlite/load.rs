//! Load what the batch needs. `json_each` is SQLite's `unnest`; ids travel in it as hex.

use serde_json::{Value, json};
use sqlx::SqliteConnection;

use crate::error::Result;
use crate::needs::{Books, Needs, books as assemble};
use crate::rows::{PayoutRow, RecordRow, TipRow};

pub async fn books(on: &mut SqliteConnection, needs: &Needs) -> Result<Books> {
    let tips = tips(on, needs).await?;
    let records = if needs.keys.is_empty() { Vec::new() } else { records(on, needs).await? };
    let payouts = if needs.payouts.is_empty() { Vec::new() } else { payouts(on, needs).await? };
    assemble(tips, records, payouts)
}

async fn tips(on: &mut SqliteConnection, needs: &Needs) -> Result<Vec<TipRow>> {
    let list = needs.merchants.iter().map(|id| json!([id.bucket().get(), id.0.simple().to_string()]));
    // Three subqueries on one row: the newest entry's page is read once and then cached.
    let rows = sqlx::query_as(
        "SELECT m.id AS merchant_id, e.seq, e.available_after, e.held_after,
                (SELECT max(seq) FROM outbox WHERE bucket = m.bucket AND merchant_id = m.id) AS last_event
         FROM json_each($1) n
         CROSS JOIN merchants m ON m.bucket = n.value ->> 0 AND m.id = unhex(n.value ->> 1)
         LEFT JOIN ledger_entries e ON e.bucket = m.bucket AND e.merchant_id = m.id
           AND e.seq = (SELECT max(seq) FROM ledger_entries WHERE bucket = m.bucket AND merchant_id = m.id)",
    )
    .bind(array(list))
    .fetch_all(on)
    .await?;
    Ok(rows)
}

async fn records(on: &mut SqliteConnection, needs: &Needs) -> Result<Vec<RecordRow>> {
    let list = needs.keys.iter().map(|(merchant, key)| {
        json!([merchant.bucket().get(), merchant.0.simple().to_string(), key.0.simple().to_string()])
    });
    let rows = sqlx::query_as(
        "SELECT r.merchant_id, r.key, r.request_hash, r.status, r.body, r.payout_id, r.created_at, r.expires_at
         FROM json_each($1) n
         CROSS JOIN idempotency_records r ON r.bucket = n.value ->> 0 AND r.merchant_id = unhex(n.value ->> 1)
           AND r.key = unhex(n.value ->> 2)",
    )
    .bind(array(list))
    .fetch_all(on)
    .await?;
    Ok(rows)
}

async fn payouts(on: &mut SqliteConnection, needs: &Needs) -> Result<Vec<PayoutRow>> {
    let list = needs.payouts.iter().map(|(merchant, id)| {
        json!([merchant.bucket().get(), merchant.0.simple().to_string(), id.0.simple().to_string()])
    });
    let rows = sqlx::query_as(
        "SELECT p.* FROM json_each($1) n
         CROSS JOIN payouts p ON p.bucket = n.value ->> 0 AND p.merchant_id = unhex(n.value ->> 1)
           AND p.id = unhex(n.value ->> 2)",
    )
    .bind(array(list))
    .fetch_all(on)
    .await?;
    Ok(rows)
}

fn array(items: impl Iterator<Item = Value>) -> String {
    Value::Array(items.collect()).to_string()
}
