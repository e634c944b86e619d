//! Lock and load. LATERAL with LIMIT 1 pins each look-up to its primary key, whatever the planner
//! believes about the tables' sizes.

use sqlx::PgConnection;
use uuid::Uuid;

use crate::error::Result;
use crate::needs::{Books, Needs, books as assemble};
use crate::rows::{PayoutRow, RecordRow, TipRow};

/// In the order of their ids, in every transaction: two lanes cannot deadlock.
pub async fn lock(on: &mut PgConnection, needs: &Needs) -> Result<()> {
    let (buckets, ids) = merchants(needs);
    sqlx::query("SELECT id FROM merchants WHERE bucket = ANY($1) AND id = ANY($2) ORDER BY id FOR NO KEY UPDATE")
        .bind(buckets)
        .bind(ids)
        .execute(on)
        .await?;
    Ok(())
}

pub async fn books(on: &mut PgConnection, needs: &Needs) -> Result<Books> {
    let tips = tips(on, needs).await?;
    let records = if needs.keys.is_empty() { Vec::new() } else { records(on, needs).await? };
    let payouts = if needs.payouts.is_empty() { Vec::new() } else { payouts(on, needs).await? };
    assemble(tips, records, payouts)
}

async fn tips(on: &mut PgConnection, needs: &Needs) -> Result<Vec<TipRow>> {
    let (buckets, ids) = merchants(needs);
    let rows = sqlx::query_as(
        "SELECT m.id AS merchant_id, e.seq, e.available_after, e.held_after, o.seq AS last_event
         FROM merchants m
         LEFT JOIN LATERAL (
             SELECT seq, available_after, held_after FROM ledger_entries
             WHERE bucket = m.bucket AND merchant_id = m.id ORDER BY seq DESC LIMIT 1) e ON true
         LEFT JOIN LATERAL (
             SELECT seq FROM outbox
             WHERE bucket = m.bucket AND merchant_id = m.id ORDER BY seq DESC LIMIT 1) o ON true
         WHERE m.bucket = ANY($1) AND m.id = ANY($2)",
    )
    .bind(buckets)
    .bind(ids)
    .fetch_all(on)
    .await?;
    Ok(rows)
}

async fn records(on: &mut PgConnection, needs: &Needs) -> Result<Vec<RecordRow>> {
    let (buckets, merchants, keys) = triples(needs.keys.iter().map(|(merchant, key)| (*merchant, key.0)));
    let rows = sqlx::query_as(
        "SELECT r.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) AS n(bucket, merchant_id, key)
         CROSS JOIN LATERAL (
             SELECT merchant_id, key, request_hash, status, body, payout_id, created_at, expires_at
             FROM idempotency_records i
             WHERE i.bucket = n.bucket AND i.merchant_id = n.merchant_id AND i.key = n.key LIMIT 1) r",
    )
    .bind(buckets)
    .bind(merchants)
    .bind(keys)
    .fetch_all(on)
    .await?;
    Ok(rows)
}

async fn payouts(on: &mut PgConnection, needs: &Needs) -> Result<Vec<PayoutRow>> {
    let (buckets, merchants, ids) = triples(needs.payouts.iter().map(|(merchant, id)| (*merchant, id.0)));
    let rows = sqlx::query_as(
        "SELECT r.* FROM unnest($1::smallint[], $2::uuid[], $3::uuid[]) AS n(bucket, merchant_id, id)
         CROSS JOIN LATERAL (
             SELECT * FROM payouts p
             WHERE p.bucket = n.bucket AND p.merchant_id = n.merchant_id AND p.id = n.id LIMIT 1) r",
    )
    .bind(buckets)
    .bind(merchants)
    .bind(ids)
    .fetch_all(on)
    .await?;
    Ok(rows)
}

fn merchants(needs: &Needs) -> (Vec<i16>, Vec<Uuid>) {
    needs.merchants.iter().map(|merchant| (merchant.bucket().column(), merchant.0)).unzip()
}

fn triples(items: impl Iterator<Item = (payrail_core::ids::MerchantId, Uuid)>) -> (Vec<i16>, Vec<Uuid>, Vec<Uuid>) {
    items.map(|(merchant, id)| (merchant.bucket().column(), merchant.0, id)).collect()
}
