//! Where to start reading the list of due payouts. Dead index entries of finished work stay at the head of the list
//! until a vacuum removes them, and a long transaction delays that. Each read would skip more of them. So while there
//! is work, a read starts where the last one found its first payout.
//!
//! This is for speed only. If a read finds nothing, the whole list is read, and the whole list is read at least once a
//! second. So a payout that became due before that position (a clock that is behind, a slow commit) waits at most a
//! second.

use jiff::{SignedDuration, Timestamp};
use payrail_store::{Result, Store};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::rail::RailId;

const WHOLE_EVERY: SignedDuration = SignedDuration::from_secs(1);

#[derive(Debug)]
pub struct Head {
    /// Where the last read found its first payout; the epoch before the first read.
    from: Timestamp,
    /// When the whole list was last read.
    whole_at: Timestamp,
}

impl Default for Head {
    fn default() -> Self {
        Self { from: Timestamp::UNIX_EPOCH, whole_at: Timestamp::UNIX_EPOCH }
    }
}

impl Head {
    /// Due payouts, the longest due first.
    pub async fn due(
        &mut self,
        store: &Store,
        rail: RailId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(MerchantId, PayoutId)>> {
        if now.duration_since(self.whole_at).abs() < WHOLE_EVERY {
            let due = self.look(store, rail, now, limit).await?;
            if !due.is_empty() {
                return Ok(due);
            }
        }
        (self.from, self.whole_at) = (Timestamp::UNIX_EPOCH, now);
        self.look(store, rail, now, limit).await
    }

    async fn look(
        &mut self,
        store: &Store,
        rail: RailId,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<(MerchantId, PayoutId)>> {
        let due = store.due_from(rail, self.from, now, limit).await?;
        if let Some((_, _, first)) = due.first() {
            self.from = *first;
        }
        Ok(due.into_iter().map(|(merchant, payout, _)| (merchant, payout)).collect())
    }
}
