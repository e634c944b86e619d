//! Two payouts that are settled under one UTR at the same moment, in two transactions, do not see each other: neither
//! transaction records the exception. So each worker process looks at what was settled lately, and records what the
//! transactions could not see. The exception's id follows from its payout: however many processes look, it is one.
//!
//! A cursor in the database says up to when everything was looked at. It never passes a transaction that is still
//! open. A database that has no cursor yet is looked through from its beginning, slowly.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use payrail_core::bank_return::Exception;
use payrail_store::{Result, Store};
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;

/// The setting that holds the cursor, in microseconds since 1970.
pub const CURSOR: &str = "shared_utrs_cursor";

const EVERY: Duration = Duration::from_secs(2);
const EVERY_AFTER_TROUBLE: Duration = Duration::from_secs(10);
/// The database's clock may be set back by a little.
const OVERLAP: SignedDuration = SignedDuration::from_secs(1);
/// Ledger entries at a time.
const PAGE: u32 = 2_000;
/// Payouts under one UTR at a time.
const GROUP: u32 = 100;
/// After each page comes a pause of so many times the time that the page took: a long history is no reason to slow
/// clients down.
const PAUSE: u32 = 3;

/// Until `stop`. Any number of processes may do it at once.
pub async fn run(store: Store, clock: Clock, stop: CancellationToken) {
    let looking = async {
        loop {
            let wait = match look(&store, &clock).await {
                Ok(()) => EVERY,
                Err(error) => {
                    tracing::debug!(%error, "settled payouts could not be compared by UTR; trying again later");
                    EVERY_AFTER_TROUBLE
                }
            };
            tokio::time::sleep(wait).await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(looking).await;
}

/// Looks at every settlement since the cursor that is visible by now.
async fn look(store: &Store, clock: &Clock) -> Result<()> {
    let visible = store.settlements_visible_to().await?;
    let cursor = store.setting(CURSOR).await?.and_then(|text| Timestamp::from_microsecond(text.parse().ok()?).ok());
    let cursor = cursor.unwrap_or(Timestamp::UNIX_EPOCH);
    // A clock that was ahead may have taken the cursor with it.
    let mut after = cursor.min(visible).saturating_sub(OVERLAP).unwrap_or(Timestamp::UNIX_EPOCH);
    // What is visible already and later than that is looked at now, and again with the next look.
    let until = visible.max(clock.now());
    loop {
        let begun = Instant::now();
        let Some(through) = store.entries_page(after, until, PAGE).await? else { return Ok(()) };
        for utr in store.shared_utrs_settled(after, through).await? {
            record(store, clock, &utr).await?;
        }
        after = through;
        let reached = through.min(visible);
        if reached > cursor || cursor > visible {
            store.put_setting(CURSOR, &reached.as_microsecond().to_string()).await?;
        }
        tokio::time::sleep(begun.elapsed() * PAUSE).await;
    }
}

async fn record(store: &Store, clock: &Clock, utr: &str) -> Result<()> {
    loop {
        let payouts = store.unrecorded_under(utr, GROUP).await?;
        for (merchant, exception) in Exception::of_shared_utr(utr, &payouts, clock.now()) {
            let payout = exception.payout.map(tracing::field::display);
            tracing::warn!(utr, payout, "two payouts were paid under one UTR");
            store.record_exception_of(merchant, &exception).await?;
        }
        if payouts.len() < GROUP as usize {
            return Ok(());
        }
    }
}
