//! Refusals whose time is over. No request is answered with them any more; left alone, they would fill the disk of whoever
//! has a client that is refused all day.

use jiff::Timestamp;
use payrail_core::ids::Bucket;

use crate::Store;
use crate::db::{Connection, values};
use crate::error::Result;

impl Store {
    /// Removes up to `most` refusals of a bucket whose time was over before `then`, and says how many.
    pub async fn remove_refusals(&self, bucket: Bucket, then: Timestamp, most: u32) -> Result<u64> {
        write!(self, refusals::remove(bucket, then, most))
    }
}

/// The time is compared twice: a key that a payout has taken over meanwhile has none.
pub(crate) async fn remove(on: &mut Connection, bucket: Bucket, then: Timestamp, most: u32) -> Result<u64> {
    let done = on
        .execute(
            "DELETE FROM idempotency_records WHERE bucket = $1 AND expires_at < $2 AND (merchant_id, key) IN \
         (SELECT merchant_id, key FROM idempotency_records WHERE bucket = $1 AND expires_at < $2 LIMIT $3)",
            values![bucket.column(), then, i64::from(most)],
        )
        .await?;
    Ok(done)
}
