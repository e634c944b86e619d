//! Staging on PostgreSQL: arrays.

use payrail_core::ids::MerchantId;
use sqlx::{Connection, PgConnection};

use super::Placed;
use crate::postgres::PostgresStore;
use crate::types::At;

super::room!(PgConnection);

/// The readers' and writers' connections are set up to find rows by their keys; this one scans what is staged, and
/// compiling a plan that is used once would cost more than it saves.
const SETTINGS: &str = "SET enable_seqscan = on; SET jit = off; SET statement_timeout = 0;
    CREATE TEMP TABLE fill_merchants (
        bucket smallint, id uuid, name text, email text, hash bytea, prefix text, created_at timestamptz
    ) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE fill_owners (bucket smallint, id uuid) ON COMMIT DELETE ROWS;
    CREATE TEMP TABLE fill_payouts (
        place bigint, bucket smallint, merchant_id uuid, id uuid, key uuid, answer text, seq bigint, event bigint,
        available bigint, held bigint, created_at timestamptz, claimed_at timestamptz, paid_at timestamptz,
        utr text, sent text, received text
    ) ON COMMIT DELETE ROWS";

pub async fn connection(store: &PostgresStore) -> Result<PgConnection> {
    let mut connection = store.reader.acquire().await?.detach();
    sqlx::raw_sql(SETTINGS).execute(&mut connection).await?;
    Ok(connection)
}

async fn stage_merchants(on: &mut PgConnection, merchants: &[(Merchant, NewKey)]) -> Result<()> {
    let column = merchants.iter();
    sqlx::query(
        "INSERT INTO fill_merchants SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::text[], $4::text[], \
         $5::bytea[], $6::text[], $7::timestamptz[])",
    )
    .bind(column.clone().map(|(merchant, _)| merchant.id.bucket().column()).collect::<Vec<_>>())
    .bind(column.clone().map(|(merchant, _)| merchant.id.0).collect::<Vec<_>>())
    .bind(column.clone().map(|(merchant, _)| merchant.name.as_str()).collect::<Vec<_>>())
    .bind(column.clone().map(|(merchant, _)| merchant.email.as_str()).collect::<Vec<_>>())
    .bind(column.clone().map(|(_, key)| key.hash.as_slice()).collect::<Vec<_>>())
    .bind(column.clone().map(|(_, key)| key.prefix.as_str()).collect::<Vec<_>>())
    .bind(column.map(|(merchant, _)| At(merchant.created_at)).collect::<Vec<_>>())
    .execute(on)
    .await?;
    Ok(())
}

async fn lock_and_stage_owners(on: &mut PgConnection, owners: &[MerchantId]) -> Result<()> {
    let buckets: Vec<i16> = owners.iter().map(|owner| owner.bucket().column()).collect();
    let ids: Vec<_> = owners.iter().map(|owner| owner.0).collect();
    sqlx::query("SELECT id FROM merchants WHERE bucket = ANY($1) AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE")
        .persistent(false)
        .bind(&buckets)
        .bind(&ids)
        .execute(&mut *on)
        .await?;
    sqlx::query("INSERT INTO fill_owners SELECT * FROM unnest($1::smallint[], $2::uuid[])")
        .bind(buckets)
        .bind(ids)
        .execute(on)
        .await?;
    Ok(())
}

async fn stage_payouts(on: &mut PgConnection, placed: &[Placed<'_>]) -> Result<()> {
    let column = placed.iter();
    sqlx::query(
        "INSERT INTO fill_payouts SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::uuid[], $4::uuid[], \
         $5::uuid[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::timestamptz[], \
         $12::timestamptz[], $13::timestamptz[], $14::text[], $15::text[], $16::text[])",
    )
    .bind((0..placed.len() as i64).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.payout.merchant.bucket().column()).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.payout.merchant.0).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.payout.id.0).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.payout.key.0).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.payout.answer.as_str()).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.seq).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.event).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.available).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.held).collect::<Vec<_>>())
    .bind(column.clone().map(|row| At(row.payout.created_at)).collect::<Vec<_>>())
    .bind(column.clone().map(|row| At(row.payout.paid.claimed_at)).collect::<Vec<_>>())
    .bind(column.clone().map(|row| At(row.payout.paid.at)).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.payout.paid.utr.as_str()).collect::<Vec<_>>())
    .bind(column.clone().map(|row| row.payout.paid.sent.as_str()).collect::<Vec<_>>())
    .bind(column.map(|row| row.payout.paid.received.as_str()).collect::<Vec<_>>())
    .execute(on)
    .await?;
    Ok(())
}

/// What autovacuum would come to do by itself, and the statistics that plans rest on. The temporary tables go with
/// their connection.
pub async fn tidy(mut on: PgConnection) -> Result<()> {
    for statement in [
        "VACUUM (ANALYZE) merchants, merchant_directory, api_keys",
        "VACUUM (ANALYZE) ledger_entries",
        "VACUUM (ANALYZE) payouts",
        "VACUUM (ANALYZE) attempts",
        "VACUUM (ANALYZE) idempotency_records",
        "VACUUM (ANALYZE) outbox",
    ] {
        sqlx::raw_sql(statement).execute(&mut on).await?;
    }
    Ok(on.close().await?)
}
