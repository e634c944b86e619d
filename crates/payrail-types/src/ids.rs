//! Ids. The program makes them and hands them in; their structure is defined here.
//!
//! Every row of a merchant is stored under the merchant's *bucket*, 0 to 255, the first column of every
//! key. A payout's id is a UUIDv7 (RFC 9562 §5.7): time-ordered, so that inserts stay together in
//! the index, and with the bucket in the first 8 of the 12 bits of `rand_a`, so that an id alone
//! leads to one shard.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// How many buckets there are; fixed for ever, as stored rows depend on it.
pub const BUCKETS: u16 = 256;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u8);

impl Bucket {
    pub const fn new(number: u8) -> Self {
        Self(number)
    }

    pub const fn get(self) -> u8 {
        self.0
    }

    /// As the `smallint` column has it.
    pub const fn column(self) -> i16 {
        self.0 as i16
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MerchantId(pub Uuid);

impl MerchantId {
    /// The first byte of SHA-256 over the id's 16 bytes: stable, even, and easy to repeat in any
    /// language. Never change it: rows are stored under it.
    pub fn bucket(self) -> Bucket {
        Bucket(Sha256::digest(self.0.as_bytes())[0])
    }

    /// The public id of the merchant's ledger entry number `seq`: a UUIDv5 (RFC 9562 §5.5) in the
    /// merchant's namespace. It is a function of the entry's place, so it needs no column.
    pub fn entry_id(self, seq: i64) -> Uuid {
        Uuid::new_v5(&self.0, &seq.to_be_bytes())
    }
}

impl fmt::Display for MerchantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PayoutId(pub Uuid);

impl PayoutId {
    /// A UUIDv7 of `at`, carrying `bucket`; `random` fills the other 66 bits.
    pub fn new(at: Timestamp, bucket: Bucket, random: u128) -> Self {
        let millis = u128::try_from(at.as_millisecond()).unwrap_or(0) & ((1 << 48) - 1);
        let version = 7_u128 << 76;
        let rand_a = (u128::from(bucket.0) << 4 | (random >> 62) & 0xf) << 64;
        let variant = 0b10_u128 << 62;
        let rand_b = random & ((1 << 62) - 1);
        Self(Uuid::from_u128(millis << 80 | version | rand_a | variant | rand_b))
    }

    /// When it was made, to the millisecond.
    pub fn made_at(self) -> Timestamp {
        let millis = i64::try_from(self.0.as_u128() >> 80).unwrap_or(i64::MAX);
        Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
    }

    /// The bucket that the id carries.
    pub fn bucket(self) -> Bucket {
        Bucket((self.0.as_u128() >> 68) as u8)
    }

    /// The reference that the bank gets, the same in every attempt. With 34 characters it fits
    /// the end-to-end id of ISO 20022 (`Max35Text`).
    pub fn reference(self) -> String {
        format!("PR{:X}", self.0.simple())
    }

    /// The payout that a bank reference names.
    pub fn from_reference(reference: &str) -> Option<Self> {
        let hex = reference.strip_prefix("PR")?;
        let id = Uuid::try_parse(hex).ok().map(Self)?;
        (id.reference() == reference).then_some(id)
    }
}

impl fmt::Display for PayoutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A name for one HTTP request, chosen by the client or by the server. It is for the logs alone, where it connects a
/// request with its consequences; no decision looks at it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    pub const MAX_CHARACTERS: usize = 64;

    /// A client may send anything. Only short, printable ASCII goes into logs and rows.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=Self::MAX_CHARACTERS).contains(&text.len()) && text.bytes().all(|b| matches!(b, b' '..=b'~'));
        fits.then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}
