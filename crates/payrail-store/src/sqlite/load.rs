//! Load what the batch needs: each of its merchants, keys and payouts by primary key (CROSS JOIN keeps SQLite to
//! that order).

use std::sync::LazyLock;

use payrail_core::idempotency::IdempotencyKey;
use payrail_core::ids::{MerchantId, PayoutId};
use sqlx::SqliteConnection;

use super::batch::{Row, Statement};
use crate::error::Result;
use crate::needs::{Books, Needs, books as assemble};

pub async fn books(on: &mut SqliteConnection, needs: &Needs) -> Result<Books> {
    let merchants: Vec<_> = needs.merchants.iter().collect();
    let keys: Vec<_> = needs.keys.iter().collect();
    let payouts: Vec<_> = needs.payouts.iter().collect();
    let tips = TIPS.read(on, &merchants, merchant_needed).await?;
    let records = RECORDS.read(on, &keys, key_needed).await?;
    let payouts = PAYOUTS.read(on, &payouts, payout_needed).await?;
    assemble(tips, records, payouts)
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
