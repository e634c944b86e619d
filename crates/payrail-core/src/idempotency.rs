//! Idempotency keys: the client's name for a request, and what is stored under it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ledger::Balances;
use crate::payout::Payout;
use payrail_types::ids::PayoutId;
use payrail_types::money::{Amount, Paise};

/// A UUID. Upper case, braces, missing hyphens, `urn:uuid:` and the quotes of the IETF draft
/// (draft-ietf-httpapi-idempotency-key-header) all name the same key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
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

/// The hash of a request in canonical form: two requests are the same if and only if their hashes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestHash(pub [u8; 32]);

impl RequestHash {
    /// Hashes the parts in order, each with its length before it, so that no two lists collide.
    pub fn from_parts(parts: &[&str]) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        Self(hash.finalize().into())
    }
}

/// What happened to a request under a key: the input of [`Render`].
#[derive(Clone, Copy, Debug)]
pub enum Answerable<'a> {
    Accepted(&'a Payout),
    InsufficientFunds { available: Paise, requested: Amount, remembered_until: Timestamp },
    Funded { entry_id: Uuid, amount: Amount, balances: Balances },
}

/// Renders the answer. It is called once per key; its result is stored.
pub type Render = fn(&Answerable<'_>) -> Answer;

/// An answer, byte for byte as the client gets it every time. No decision reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// What is stored under a key. The record of a key that made a payout (or moved money) never expires.
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
