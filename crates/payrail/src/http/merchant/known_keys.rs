//! A cache of API keys: a thousand requests a second need one look-up. A key that this process revokes leaves the cache
//! at once; a key that another process revokes leaves it within [`KEPT_FOR`].

use std::time::Duration;

use moka::sync::Cache;
use payrail_store::{Merchant, Result, Store};

type KeyHash = [u8; 32];

/// How long other processes may still accept a revoked key.
const KEPT_FOR: Duration = Duration::from_secs(1);
const KEPT_MOST: u64 = 10_000;

/// Clones share one cache.
#[derive(Clone, Debug)]
pub struct KnownKeys(Cache<KeyHash, Merchant>);

impl Default for KnownKeys {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(KEPT_MOST).time_to_live(KEPT_FOR).build())
    }
}

impl KnownKeys {
    /// The key's merchant. Invalid keys are not cached: they cannot fill the memory, and a new key works at once.
    pub async fn merchant(&self, store: &Store, hash: &KeyHash) -> Result<Option<Merchant>> {
        if let Some(merchant) = self.0.get(hash) {
            return Ok(Some(merchant));
        }
        let found = store.merchant_of_key(hash).await?;
        if let Some(merchant) = &found {
            self.0.insert(*hash, merchant.clone());
        }
        Ok(found)
    }

    pub fn forget(&self, hash: &[u8]) {
        if let Ok(hash) = KeyHash::try_from(hash) {
            self.0.invalidate(&hash);
        }
    }
}
