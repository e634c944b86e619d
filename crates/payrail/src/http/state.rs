//! The state that all handlers share. It imports no handler.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use payrail_store::Store;
use payrail_types::rail::RailId;
use tokio_util::sync::CancellationToken;

use super::admin::state::AdminState;
use super::merchant::events::stream_limit::StreamLimit;
use super::merchant::known_keys::KnownKeys;
use super::plumbing::rate_limit::Limit;
use crate::clock::Clock;
use crate::ids::PayoutIds;
use crate::keys::KeyHasher;
use crate::lanes::Engine;
use crate::readiness::Readiness;
use crate::worker::BankWatch;

/// The state that all handlers share. Cloning it is cheap, because every layer does it for every request.
#[derive(Clone, Debug)]
pub struct Api(Arc<Parts>);

impl Api {
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(parts))
    }

    /// The stored hash of a session's token. A session from demo mode is void outside of it, because a published
    /// password may have begun it.
    pub fn session_hash(&self, token: &str) -> [u8; 32] {
        match self.is_demo {
            true => self.hasher.hash(&format!("demo {token}")),
            false => self.hasher.hash(token),
        }
    }
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

#[derive(Debug)]
pub struct Parts {
    pub store: Store,
    pub engine: Engine,
    pub hasher: KeyHasher,
    pub known_keys: KnownKeys,
    pub clock: Clock,
    pub rails: ApiRails,
    /// Whether this process can serve.
    pub readiness: Readiness,
    pub ids: PayoutIds,
    /// Whether pages may show the demo merchants' keys.
    pub is_demo: bool,
    /// Whether cookies are sent over HTTPS only.
    pub secure_cookies: bool,
    /// Cancelled when the server stops, which ends all streams.
    pub stop: CancellationToken,
    pub streams: StreamLimit,
    /// How long the body of a request may take.
    pub body_time: Duration,
    /// Attempts to sign in, by address.
    pub sign_ins: Limit<IpAddr>,
    pub admin: AdminState,
}

/// What the API knows about the rails.
#[derive(Debug)]
pub struct ApiRails {
    pub configured: Vec<RailId>,
    /// The rail of new payouts.
    pub default: RailId,
    /// What this process's workers know about their banks, if there are workers.
    pub banks: Vec<(RailId, Arc<BankWatch>)>,
}

/// People rarely mistype thirty times in a row, or sign in every two seconds.
pub fn sign_ins() -> Limit<IpAddr> {
    Limit::new(NonZeroU32::MIN.saturating_add(29), Duration::from_secs(2))
}
