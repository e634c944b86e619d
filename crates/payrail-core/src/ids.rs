//! Who is who. Ids are made outside and come in; what they carry is decided here.
//!
//! Everything a merchant owns lies in the merchant's *bucket*, 0 to 255, the first column of every
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
#[serde(transparent)]
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
#[serde(transparent)]
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

    /// The bucket that the id carries.
    pub fn bucket(self) -> Bucket {
        Bucket((self.0.as_u128() >> 68) as u8)
    }

    /// What the bank knows the payout by, the same in every attempt. With 34 characters it fits
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

/// What a client, or the server for it, calls one HTTP request. It is for the logs alone, where it leads from a
/// request to everything that came of it; no decision looks at it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_never_change() {
        let id = |text: &str| MerchantId(Uuid::parse_str(text).unwrap());
        assert_eq!(MerchantId(Uuid::nil()).bucket(), Bucket(0x37));
        assert_eq!(id("2edc2490-a9d6-4bdb-805b-670867013dca").bucket(), Bucket(0x57));
    }

    #[test]
    fn a_bucket_is_its_number_in_every_type() {
        for number in [0, 1, 0x57, 255] {
            assert_eq!((Bucket::new(number).get(), Bucket::new(number).column()), (number, i16::from(number)));
        }
    }

    #[test]
    fn an_entrys_id_never_changes_and_is_its_alone() {
        let (one, two) = (MerchantId(Uuid::nil()), MerchantId(Uuid::max()));
        assert_eq!(one.entry_id(1).to_string(), "a4fa647d-efa2-51e1-b720-c856fd893973");
        assert_eq!([one.entry_id(1), one.entry_id(2), two.entry_id(1)].map(|id| id.get_version_num()), [5, 5, 5]);
        assert!(one.entry_id(1) != one.entry_id(2) && one.entry_id(1) != two.entry_id(1));
    }

    #[test]
    fn ids_are_shown_as_uuids() {
        let text = "2edc2490-a9d6-4bdb-805b-670867013dca";
        let id = Uuid::parse_str(text).unwrap();
        assert_eq!((MerchantId(id).to_string(), PayoutId(id).to_string()), (text.to_owned(), text.to_owned()));
    }

    #[test]
    fn a_payout_id_is_a_uuid_v7_that_carries_time_and_bucket() {
        let at = Timestamp::from_millisecond(1_795_000_000_123).unwrap();
        for bucket in [0, 1, 0x5a, 255].map(Bucket) {
            for random in [0, u128::MAX] {
                let id = PayoutId::new(at, bucket, random);
                assert_eq!(id.bucket(), bucket);
                assert_eq!(id.0.get_version_num(), 7);
                assert_eq!(id.0.get_variant(), uuid::Variant::RFC4122);
                assert_eq!(id.0.as_u128() >> 80, 1_795_000_000_123);
            }
        }
    }

    #[test]
    fn a_reference_leads_back_to_its_payout() {
        let id = PayoutId::new(Timestamp::UNIX_EPOCH, Bucket(7), 42);
        assert_eq!(id.reference().len(), 34);
        assert_eq!(PayoutId::from_reference(&id.reference()), Some(id));
        assert_eq!(PayoutId::from_reference(&id.reference().to_lowercase()), None);
        assert_eq!(PayoutId::from_reference("PR"), None);
    }

    #[test]
    fn a_request_id_is_short_and_printable() {
        let longest = "x".repeat(RequestId::MAX_CHARACTERS);
        for text in ["a", "the client's own", "2edc2490-a9d6-4bdb-805b-670867013dca", longest.as_str()] {
            assert_eq!(RequestId::parse(text).as_ref().map(RequestId::as_str), Some(text));
        }
        let longer = format!("{longest}x");
        for text in ["", longer.as_str(), "a\nb", "a\u{1b}[2J", "\0", "é", "\u{202e}"] {
            assert_eq!(RequestId::parse(text), None, "{text:?}");
        }
    }
}
