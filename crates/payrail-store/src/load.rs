//! Look-ups of a batch's rows by the keys in its commands.

use crate::db::{Batch, Value};
use crate::needs::Needs;
use crate::tables::{bank_returns, idempotency_records, payouts};

pub fn records(needs: &Needs) -> Batch<'_> {
    let keys = needs
        .keys
        .iter()
        .flat_map(|(merchant, key)| [Value::from(merchant.bucket().column()), merchant.0.into(), key.0.into()]);
    idempotency_records::BY_KEY.batch(keys.collect())
}

pub fn payouts(needs: &Needs) -> Batch<'_> {
    let keys = needs
        .payouts
        .iter()
        .flat_map(|(merchant, payout)| [Value::from(merchant.bucket().column()), merchant.0.into(), payout.0.into()]);
    payouts::BY_KEY.batch(keys.collect())
}

pub fn returns(needs: &Needs) -> Batch<'_> {
    let keys = needs.returns.iter().flat_map(|(merchant, payout, id)| {
        [Value::from(merchant.bucket().column()), merchant.0.into(), payout.0.into(), (*id).into()]
    });
    bank_returns::BY_LINE.batch(keys.collect())
}

pub fn utrs(needs: &Needs) -> Batch<'_> {
    let keys = needs.utrs.iter().flat_map(|(merchant, payout, utr)| {
        [Value::from(merchant.bucket().column()), merchant.0.into(), payout.0.into(), utr.as_str().into()]
    });
    payouts::BY_UTR.batch(keys.collect())
}

#[cfg(feature = "testing")]
pub fn all() -> [&'static crate::db::Sql; 4] {
    [&*idempotency_records::BY_KEY, &*payouts::BY_KEY, &*bank_returns::BY_LINE, &*payouts::BY_UTR]
        .map(crate::db::Lookup::sql)
}
