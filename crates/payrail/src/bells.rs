//! Bells for those who wait for news of a merchant, one a bucket: rung after a commit, in this process only.
//! They shorten a wait; whoever listens looks again by itself now and then.

use payrail_core::ids::{BUCKETS, MerchantId};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

#[derive(Debug)]
pub struct Bells(Box<[Notify]>);

impl Default for Bells {
    fn default() -> Self {
        Self((0..BUCKETS).map(|_| Notify::new()).collect())
    }
}

impl Bells {
    /// Rings for everyone who waits for news of this merchant (or of one in the same bucket).
    pub fn ring(&self, merchant: MerchantId) {
        self.of(merchant).notify_waiters();
    }

    /// The next ring. Call `enable` on it before looking, and none is missed in between.
    pub fn next_ring(&self, merchant: MerchantId) -> Notified<'_> {
        self.of(merchant).notified()
    }

    fn of(&self, merchant: MerchantId) -> &Notify {
        &self.0[usize::from(merchant.bucket().get())]
    }
}
