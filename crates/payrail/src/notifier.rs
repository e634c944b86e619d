//! Wakes tasks that wait for news of a merchant. A commit wakes this process's waiters at once, and on PostgreSQL those
//! of the other processes too, by LISTEN and NOTIFY. Both only shorten a wait: every waiter also polls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use payrail_store::{Announcements, Store};
use payrail_types::ids::{BUCKETS, MerchantId};
use tokio::sync::Notify;
use tokio::sync::futures::Notified;
use tokio_util::sync::CancellationToken;

/// A bit for each bucket.
const WORDS: usize = (BUCKETS as usize).div_ceil(64);
/// The shortest interval of announcements. Under load one covers many commits.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(20);
const RECONNECT_AFTER: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub struct Notifier {
    buckets: Box<[Notify]>,
    /// The buckets with news that was not announced yet.
    unannounced: [AtomicU64; WORDS],
    announce: Notify,
}

impl Default for Notifier {
    fn default() -> Self {
        let buckets = (0..BUCKETS).map(|_| Notify::new()).collect();
        Self { buckets, unannounced: Default::default(), announce: Notify::new() }
    }
}

impl Notifier {
    /// Call it after this process committed something in this merchant's book.
    pub fn notify(&self, merchant: MerchantId) {
        let bucket = usize::from(merchant.bucket().get());
        self.wake(bucket);
        self.unannounced[bucket / 64].fetch_or(1 << (bucket % 64), Ordering::Relaxed);
        self.announce.notify_one();
    }

    /// Waits for the next news of this merchant (or of one in the same bucket). Call `enable` on it before a read, so
    /// that no news is missed in between.
    pub fn next(&self, merchant: MerchantId) -> Notified<'_> {
        self.buckets[usize::from(merchant.bucket().get())].notified()
    }

    fn wake(&self, bucket: usize) {
        self.buckets[bucket].notify_waiters();
    }

    fn take_unannounced(&self) -> [u64; WORDS] {
        std::array::from_fn(|word| self.unannounced[word].swap(0, Ordering::Relaxed))
    }
}

/// Announces this process's commits to the others, and receives theirs.
pub struct Exchange {
    pub notifier: Arc<Notifier>,
    /// Wakes this process's worker.
    pub worker: Arc<Notify>,
    pub store: Store,
    pub stop: CancellationToken,
}

impl Exchange {
    /// Runs until the stop. On SQLite it does nothing.
    pub async fn run(self) {
        if self.store.is_sqlite() {
            return;
        }
        let own = format!("{:016x}", rand::random::<u64>());
        let both = async { tokio::join!(self.announce(&own), self.listen(&own)) };
        self.stop.run_until_cancelled(both).await;
    }

    async fn announce(&self, own: &str) {
        loop {
            self.notifier.announce.notified().await;
            let buckets = self.notifier.take_unannounced();
            if let Err(error) = self.store.announce(&message(own, &buckets)).await {
                tracing::debug!(%error, "a commit could not be announced to the other processes; they find it by polling");
            }
            tokio::time::sleep(ANNOUNCE_EVERY).await;
        }
    }

    async fn listen(&self, own: &str) {
        loop {
            match self.store.listen().await {
                Ok(Some(mut announcements)) => self.receive(&mut announcements, own).await,
                Ok(None) => return,
                Err(error) => tracing::warn!(%error, "cannot listen for other processes' commits; trying again"),
            }
            tokio::time::sleep(RECONNECT_AFTER).await;
        }
    }

    async fn receive(&self, announcements: &mut Announcements, own: &str) {
        loop {
            // Earlier announcements may be lost, so wake everybody once.
            (0..self.notifier.buckets.len()).for_each(|bucket| self.notifier.wake(bucket));
            loop {
                match announcements.next().await {
                    Ok(Some(text)) => self.take(&text, own),
                    // The connection broke and was replaced.
                    Ok(None) => break,
                    Err(error) => return tracing::warn!(%error, "the connection for other processes' commits broke"),
                }
            }
        }
    }

    fn take(&self, text: &str, own: &str) {
        let Some((process, buckets)) = parsed(text) else { return };
        if process == own {
            return;
        }
        let has = |bucket: &usize| buckets[bucket / 64] & (1 << (bucket % 64)) != 0;
        (0..self.notifier.buckets.len()).filter(has).for_each(|bucket| self.notifier.wake(bucket));
        self.worker.notify_one();
    }
}

/// Who, and a bit for each bucket.
fn message(process: &str, buckets: &[u64; WORDS]) -> String {
    let words: Vec<_> = buckets.iter().map(|word| format!("{word:x}")).collect();
    format!("{process} {}", words.join(" "))
}

fn parsed(text: &str) -> Option<(&str, [u64; WORDS])> {
    let (process, rest) = text.split_once(' ')?;
    let words: Vec<_> = rest.split(' ').map(|word| u64::from_str_radix(word, 16)).collect::<Result<_, _>>().ok()?;
    Some((process, words.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_comes_back_as_it_went() {
        let buckets = [0, 1, u64::MAX, 1 << 63];
        assert_eq!(parsed(&message("me", &buckets)), Some(("me", buckets)));
        for bad in ["", "me", "me 1 2 3", "me 1 2 3 4 5", "me 1 2 3 x", " 1 2 3 -4"] {
            assert_eq!(parsed(bad), None, "{bad:?}");
        }
    }
}
