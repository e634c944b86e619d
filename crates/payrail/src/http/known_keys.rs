//! API keys that were looked up a moment ago: a client that sends a thousand requests a second is asked for once.
//! A key that this process revokes is forgotten at once; one that another process revoked, within [`KEPT_FOR`].

use std::time::Duration;

use moka::sync::Cache;
use payrail_store::{Merchant, Result, Store};

type KeyHash = [u8; 32];

/// How long a revoked key may still open the doors of other processes.
const KEPT_FOR: Duration = Duration::from_secs(1);
const KEPT_MOST: u64 = 10_000;

/// Cheap to clone: clones share what they know.
#[derive(Clone, Debug)]
pub struct KnownKeys(Cache<KeyHash, Merchant>);

impl Default for KnownKeys {
    fn default() -> Self {
        Self(Cache::builder().max_capacity(KEPT_MOST).time_to_live(KEPT_FOR).build())
    }
}

impl KnownKeys {
    /// Whose key it is. What is no key is not remembered: strangers do not fill the memory, and a key opens as soon
    /// as it is issued.
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
