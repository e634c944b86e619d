//! The client's name for a request, and what is remembered of it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ids::PayoutId;
use crate::ledger::Balances;
use crate::money::{Amount, Paise};
use crate::payout::Payout;

/// A UUID. Upper case, braces, missing hyphens, `urn:uuid:` and the quotes of the IETF draft
/// (draft-ietf-httpapi-idempotency-key-header) all name the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(pub Uuid);

impl IdempotencyKey {
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bare = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text);
        Uuid::try_parse(&bare.to_ascii_lowercase()).ok().map(Self)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What was asked, canonically: two requests are the same if and only if their hashes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHash(pub [u8; 32]);

impl RequestHash {
    /// Over the parts in order, each with its length before it, so that no two lists collide.
    pub fn of(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// What happened to a request under a key, for whoever words the answer.
#[derive(Clone, Copy, Debug)]
pub enum Answerable<'a> {
    Accepted(&'a Payout),
    InsufficientFunds { available: Paise, requested: Amount, remembered_until: Timestamp },
    Funded { entry_id: Uuid, amount: Amount, balances: Balances },
}

/// Words the answer. It is called once for each key: what it gave then is kept.
pub type Render = fn(&Answerable<'_>) -> Answer;

/// An answer as the client got it, and gets it again, to the byte. What it says is no business of a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// The memory of a key. One that made a payout (or moved money) never expires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    pub key: IdempotencyKey,
    pub request: RequestHash,
    pub answer: Answer,
    pub payout: Option<PayoutId>,
    pub created_at: Timestamp,
    pub expires_at: Option<Timestamp>,
}

impl Record {
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_key_has_many_spellings() {
        let plain = "2edc2490-a9d6-4bdb-805b-670867013dca";
        let key = IdempotencyKey::parse(plain);
        assert!(key.is_some());
        for spelling in [
            "2EDC2490-A9D6-4BDB-805B-670867013DCA",
            "2edc2490a9d64bdb805b670867013dca",
            "{2edc2490-a9d6-4bdb-805b-670867013dca}",
            "urn:uuid:2edc2490-a9d6-4bdb-805b-670867013dca",
            "URN:UUID:2edc2490-a9d6-4bdb-805b-670867013dca",
            "\"2edc2490-a9d6-4bdb-805b-670867013dca\"",
            "  2edc2490-a9d6-4bdb-805b-670867013dca ",
        ] {
            assert_eq!(IdempotencyKey::parse(spelling), key, "{spelling}");
        }
        assert_eq!(key.map(|key| key.to_string()).as_deref(), Some(plain));
    }

    #[test]
    fn what_is_no_uuid_is_no_key() {
        for text in
            ["", "abc", "2edc2490-a9d6-4bdb-805b-670867013dc", "\"", "\"\"", "2edc2490-a9d6-4bdb-805b-670867013dcz"]
        {
            assert_eq!(IdempotencyKey::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_hash_never_changes() {
        let hash = RequestHash::of(&["fund", "100", "a memo"]).0;
        let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex, "62c9c080ea689e4828d098d000396af5a1b9774fb4dd7c9712d4a8c0f24179e8",
            "stored records would no longer be found equal"
        );
    }

    #[test]
    fn the_hash_tells_lists_apart() {
        assert_ne!(RequestHash::of(&["ab", "c"]), RequestHash::of(&["a", "bc"]));
        assert_ne!(RequestHash::of(&["ab"]), RequestHash::of(&["ab", ""]));
        assert_eq!(RequestHash::of(&["ab", "c"]), RequestHash::of(&["ab", "c"]));
    }
}
