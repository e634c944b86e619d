//! The stored answer of each idempotency key.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use jiff::Timestamp;
use payrail_core::idempotency::{Answer, IdempotencyKey, Record, RequestHash};
use payrail_types::ids::{Bucket, MerchantId, PayoutId};
use uuid::Uuid;

use super::owned::{Owned, rows_of};
use crate::db::{Batch, Columns, FromRow, Lookup, TableRow, Visitor, Write, columns_of, values};
use crate::error::{Result, StoreError};
use crate::store::Store;

#[derive(Debug, Default)]
pub struct RecordRow<'a> {
    pub key: Uuid,
    pub request_hash: Cow<'a, [u8]>,
    pub status: i16,
    pub body: Cow<'a, str>,
    pub payout_id: Option<Uuid>,
    pub created_at: Timestamp,
    /// `None`: the answer is kept for ever.
    pub expires_at: Option<Timestamp>,
}

impl<'a> TableRow<'a> for RecordRow<'a> {
    const TABLE: &'static str = "idempotency_records";

    fn columns(&mut self, visitor: &mut impl Visitor<'a>) -> Result<()> {
        visitor.column("key", &mut self.key)?;
        visitor.column("request_hash", &mut self.request_hash)?;
        visitor.column("status", &mut self.status)?;
        visitor.column("body", &mut self.body)?;
        visitor.column("payout_id", &mut self.payout_id)?;
        visitor.column("created_at", &mut self.created_at)?;
        visitor.column("expires_at", &mut self.expires_at)
    }
}

impl<'a> From<&'a Record> for RecordRow<'a> {
    fn from(record: &'a Record) -> Self {
        Self {
            key: record.key.0,
            request_hash: record.request.0.as_slice().into(),
            status: record.answer.status.cast_signed(),
            body: record.answer.body.as_str().into(),
            payout_id: record.payout.map(|id| id.0),
            created_at: record.created_at,
            expires_at: record.expires_at,
        }
    }
}

impl TryFrom<RecordRow<'_>> for Record {
    type Error = StoreError;

    fn try_from(row: RecordRow<'_>) -> Result<Self> {
        let hash = row.request_hash.as_ref().try_into();
        Ok(Record {
            key: IdempotencyKey(row.key),
            request: RequestHash(hash.map_err(|_| StoreError::Corrupt("a request hash of another length".into()))?),
            answer: Answer { status: row.status.cast_unsigned(), body: row.body.into_owned() },
            payout: row.payout_id.map(PayoutId),
            created_at: row.created_at,
            expires_at: row.expires_at,
        })
    }
}

impl FromRow for (MerchantId, Record) {
    fn from_row(row: &mut Columns<'_>) -> Result<Self> {
        let owned = Owned::<RecordRow>::from_row(row)?;
        Ok((owned.merchant(), owned.row.try_into()?))
    }
}

/// Columns of a record `i` with its owner.
pub(crate) static OWNED: LazyLock<String> = LazyLock::new(|| columns_of::<Owned<RecordRow>>("i"));
/// Columns of a record `i`.
pub(crate) static COLUMNS: LazyLock<String> = LazyLock::new(|| columns_of::<RecordRow>("i"));

pub(crate) static BY_KEY: LazyLock<Lookup> = LazyLock::new(|| {
    Lookup::new(
        &[("bucket", "smallint"), ("merchant_id", "uuid"), ("key", "uuid")],
        &format!(
            "SELECT {} FROM idempotency_records i \
             WHERE i.bucket = {{bucket}} AND i.merchant_id = {{merchant_id}} AND i.key = {{key}} LIMIT 1",
            *OWNED
        ),
    )
});

/// Writes records of new keys. (ON CONFLICT would cost a third more of PostgreSQL's time.)
static INSERT: LazyLock<Write> = LazyLock::new(Write::insert::<Owned<RecordRow>>);

/// Replaces an expired refusal by the key's new answer, but never a permanent record.
static REPLACE: LazyLock<Write> =
    LazyLock::new(|| Write::replace::<Owned<RecordRow>>("key", "idempotency_records.expires_at IS NOT NULL"));

/// Finds the keys of a batch that already have a record.
pub(crate) type KnownKeys = BTreeSet<(MerchantId, IdempotencyKey)>;

pub(crate) fn batches<'w>(records: &'w [(MerchantId, Record)], known: &KnownKeys) -> [Batch<'w>; 2] {
    // A batch may have several refusals of one key that expire at once. The last one counts.
    let last: BTreeMap<_, _> = records.iter().map(|row| ((row.0, row.1.key), row)).collect();
    let (replaced, fresh): (Vec<_>, Vec<_>) = last.into_values().partition(|row| known.contains(&(row.0, row.1.key)));
    [INSERT.batch(rows_of::<_, RecordRow>(fresh)), REPLACE.batch(rows_of::<_, RecordRow>(replaced))]
}

impl Store {
    /// Removes up to `most` refusals of a bucket that expired before `then`, and returns their number. They answer no
    /// request any more, and a client that is refused all day would fill the disk.
    pub async fn remove_refusals(&self, bucket: Bucket, then: Timestamp, most: u32) -> Result<u64> {
        let mut on = self.of_bucket(bucket).begin().await?;
        // The time is compared again, because a payout may have used the key meanwhile.
        let sql = "DELETE FROM idempotency_records WHERE bucket = $1 AND expires_at < $2 AND (merchant_id, key) IN \
                   (SELECT merchant_id, key FROM idempotency_records WHERE bucket = $1 AND expires_at < $2 \
                    LIMIT $3 + 0)";
        let removed = on.execute(sql, values![bucket.column(), then, i64::from(most)]).await?;
        on.commit().await?;
        Ok(removed)
    }
}
