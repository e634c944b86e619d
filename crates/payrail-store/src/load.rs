//! Look-ups of what the decisions of a batch need, by the keys that its commands name.

use std::sync::LazyLock;

use crate::db::{Batch, Lookup, Value};
use crate::needs::Needs;

static RECORDS: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("bucket", "smallint"), ("merchant_id", "uuid"), ("key", "uuid")],
        "SELECT merchant_id, key, request_hash, status, body, payout_id, created_at, expires_at \
         FROM idempotency_records i \
         WHERE i.bucket = {bucket} AND i.merchant_id = {merchant_id} AND i.key = {key} LIMIT 1",
    )
});

static PAYOUTS: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("bucket", "smallint"), ("merchant_id", "uuid"), ("id", "uuid")],
        &format!(
            "SELECT {} FROM payouts p \
             WHERE p.bucket = {{bucket}} AND p.merchant_id = {{merchant_id}} AND p.id = {{id}} LIMIT 1",
            crate::rows::PAYOUT_COLUMNS
        ),
    )
});

/// The line itself, and the one that credited its payout.
static RETURNS: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("bucket", "smallint"), ("merchant_id", "uuid"), ("payout_id", "uuid"), ("id", "uuid")],
        "SELECT merchant_id, id, payout_id, status FROM bank_returns b \
         WHERE b.bucket = {bucket} AND b.merchant_id = {merchant_id} AND b.id = {id} \
         UNION ALL \
         SELECT merchant_id, id, payout_id, status FROM bank_returns b \
         WHERE b.bucket = {bucket} AND b.merchant_id = {merchant_id} AND b.payout_id = {payout_id} \
           AND b.status = 'credited' LIMIT 2",
    )
});

/// Over all merchants: a UTR is the bank's, and it must be one payout's alone.
static UTRS: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("merchant_id", "uuid"), ("payout_id", "uuid"), ("utr", "text")],
        "SELECT {merchant_id} AS merchant_id, {utr} AS utr, p.id AS other FROM payouts p \
         WHERE p.utr = {utr} AND p.id <> {payout_id} LIMIT 1",
    )
});

pub fn records(needs: &Needs) -> Batch<'_> {
    let keys = needs
        .keys
        .iter()
        .flat_map(|(merchant, key)| [Value::from(merchant.bucket().column()), merchant.0.into(), key.0.into()]);
    RECORDS.batch(keys.collect())
}

pub fn payouts(needs: &Needs) -> Batch<'_> {
    let keys = needs
        .payouts
        .iter()
        .flat_map(|(merchant, payout)| [Value::from(merchant.bucket().column()), merchant.0.into(), payout.0.into()]);
    PAYOUTS.batch(keys.collect())
}

pub fn returns(needs: &Needs) -> Batch<'_> {
    let keys = needs.returns.iter().flat_map(|(merchant, payout, id)| {
        [Value::from(merchant.bucket().column()), merchant.0.into(), payout.0.into(), (*id).into()]
    });
    RETURNS.batch(keys.collect())
}

pub fn utrs(needs: &Needs) -> Batch<'_> {
    let keys = needs.utrs.iter();
    let keys = keys.flat_map(|(merchant, payout, utr)| [Value::from(merchant.0), payout.0.into(), utr.into()]);
    UTRS.batch(keys.collect())
}

#[cfg(feature = "testing")]
pub fn all() -> [&'static crate::db::Sql; 4] {
    [&*RECORDS, &*PAYOUTS, &*RETURNS, &*UTRS].map(Lookup::sql)
}
