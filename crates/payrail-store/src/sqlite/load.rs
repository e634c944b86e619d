//! Load what the batch needs: each of its merchants, keys and payouts by primary key (CROSS JOIN keeps SQLite to
//! that order).

use std::sync::LazyLock;

use payrail_core::idempotency::IdempotencyKey;
use payrail_core::ids::{MerchantId, PayoutId};
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::batch::{Row, Statement};
use crate::error::Result;
use crate::needs::{Books, Needs, Rows, books as assemble};

pub async fn books(on: &mut SqliteConnection, needs: &Needs) -> Result<Books> {
    let merchants: Vec<_> = needs.merchants.iter().collect();
    let keys: Vec<_> = needs.keys.iter().collect();
    let payouts: Vec<_> = needs.payouts.iter().collect();
    let tips = TIPS.read(on, &merchants, merchant_needed).await?;
    let records = RECORDS.read(on, &keys, key_needed).await?;
    let payouts = PAYOUTS.read(on, &payouts, payout_needed).await?;
    let returns: Vec<_> = needs.returns.iter().collect();
    let utrs: Vec<_> = needs.utrs.iter().collect();
    let returns = RETURNS.read(on, &returns, return_needed).await?;
    let utrs = UTRS.read(on, &utrs, utr_needed).await?;
    assemble(needs, Rows { tips, records, payouts, returns, utrs })
}

/// Sub-queries on one row: the newest entry's page is read once and then cached.
static TIPS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, id",
        "SELECT m.id AS merchant_id, e.seq, e.available_after, e.held_after, e.created_at AS last_at,
                (SELECT max(seq) FROM outbox WHERE bucket = m.bucket AND merchant_id = m.id) AS last_event
         FROM n CROSS JOIN merchants m ON m.bucket = n.bucket AND m.id = n.id
         LEFT JOIN ledger_entries e ON e.bucket = m.bucket AND e.merchant_id = m.id
           AND e.seq = (SELECT max(seq) FROM ledger_entries WHERE bucket = m.bucket AND merchant_id = m.id)",
    )
});

fn merchant_needed(row: &mut Row, merchant: &&MerchantId) {
    row.owner(**merchant);
}

static RECORDS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, key",
        "SELECT r.merchant_id, r.key, r.request_hash, r.status, r.body, r.payout_id, r.created_at, r.expires_at
         FROM n CROSS JOIN idempotency_records r
           ON r.bucket = n.bucket AND r.merchant_id = n.merchant_id AND r.key = n.key",
    )
});

fn key_needed(row: &mut Row, (merchant, key): &&(MerchantId, IdempotencyKey)) {
    row.owner(*merchant).put(key.0);
}

static PAYOUTS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, id",
        "SELECT p.* FROM n CROSS JOIN payouts p
           ON p.bucket = n.bucket AND p.merchant_id = n.merchant_id AND p.id = n.id",
    )
});

fn payout_needed(row: &mut Row, (merchant, id): &&(MerchantId, PayoutId)) {
    row.owner(*merchant).put(id.0);
}

static RETURNS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, payout_id, id",
        "SELECT b.merchant_id, b.id, b.payout_id, b.status FROM n CROSS JOIN bank_returns b
           ON b.bucket = n.bucket AND b.merchant_id = n.merchant_id AND b.id = n.id
         UNION ALL
         SELECT b.merchant_id, b.id, b.payout_id, b.status FROM n CROSS JOIN bank_returns b
           ON b.bucket = n.bucket AND b.merchant_id = n.merchant_id AND b.payout_id = n.payout_id
             AND b.status = 'credited'",
    )
});

fn return_needed(row: &mut Row, (merchant, payout, id): &&(MerchantId, PayoutId, Uuid)) {
    row.owner(*merchant).put(payout.0).put(*id);
}

/// Over all merchants: a UTR is the bank's, and it must be one payout's alone.
static UTRS: LazyLock<Statement> = LazyLock::new(|| {
    Statement::over(
        "bucket, merchant_id, payout_id, utr",
        "SELECT n.merchant_id, n.utr,
                (SELECT p.id FROM payouts p WHERE p.utr = n.utr AND p.id <> n.payout_id LIMIT 1) AS other FROM n",
    )
});

fn utr_needed(row: &mut Row, (merchant, payout, utr): &&(MerchantId, PayoutId, String)) {
    row.owner(*merchant).put(payout.0).text(utr.as_str());
}
