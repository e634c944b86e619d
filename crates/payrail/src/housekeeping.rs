//! Removes expired rows in the background, a few at a time.

use std::time::Duration;

use jiff::SignedDuration;
use payrail_store::{Result, Store};
use payrail_types::ids::Bucket;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

const EVERY: Duration = Duration::from_secs(600);
/// A refusal is kept for so much longer than promised, because a clock may be wrong by days.
const KEPT_LONGER: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The number of rows in one transaction. Writers wait for it.
const AT_ONCE: u32 = 200;

/// Runs at the start and every ten minutes, until `stop`. Any number of processes may run it.
pub async fn run(store: Store, clock: Clock, stop: CancellationToken) {
    let tidying = async {
        loop {
            match remove_refusals(&store, &clock).await {
                Ok(0) => {}
                Ok(removed) => tracing::info!(removed, "removed expired refusals"),
                Err(error) => {
                    tracing::warn!(%error, "expired refusals could not be removed; the next try is in ten minutes")
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(tidying).await;
}

async fn remove_refusals(store: &Store, clock: &Clock) -> Result<u64> {
    let then = clock.now().saturating_sub(KEPT_LONGER).unwrap_or(jiff::Timestamp::MIN);
    let mut removed = 0;
    for bucket in 0..=u8::MAX {
        loop {
            let now = store.remove_refusals(Bucket::new(bucket), then, AT_ONCE).await?;
            removed += now;
            if now < u64::from(AT_ONCE) {
                break;
            }
        }
    }
    Ok(removed)
}
