//! Where the work list begins. What a worker has done stays at the head of the database's index until a vacuum
//! takes it away, and every look would pass it by, longer each time (and longer still beside a transaction that
//! has been open for long). So while there is work, a look begins where the last one found the first.
//!
//! It is for speed alone: a look that finds nothing is followed by one at the whole list, and beside any amount of
//! work the whole is looked at once a second. A payout that falls due earlier than what was seen already, from a
//! process whose clock is behind or whose commit was slow, waits no longer than that.

use jiff::{SignedDuration, Timestamp};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_store::{Result, Store};

const WHOLE_EVERY: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug)]
pub struct Head {
    /// Where the last look found the first; nothing is known before the first look.
    from: Timestamp,
    /// When the whole list was looked at last.
    whole_at: Timestamp,
}

impl Default for Head {
    fn default() -> Self {
        Self { from: Timestamp::UNIX_EPOCH, whole_at: Timestamp::UNIX_EPOCH }
    }
}

impl Head {
    /// What is due, the longest due first.
    pub async fn due(&mut self, store: &Store, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
        if now.duration_since(self.whole_at).abs() < WHOLE_EVERY {
            let due = self.look(store, now, limit).await?;
            if !due.is_empty() {
                return Ok(due);
            }
        }
        (self.from, self.whole_at) = (Timestamp::UNIX_EPOCH, now);
        self.look(store, now, limit).await
    }

    async fn look(&mut self, store: &Store, now: Timestamp, limit: u32) -> Result<Vec<(MerchantId, PayoutId)>> {
        let due = store.due_from(self.from, now, limit).await?;
        if let Some((_, _, first)) = due.first() {
            self.from = *first;
        }
        Ok(due.into_iter().map(|(merchant, payout, _)| (merchant, payout)).collect())
    }
}
