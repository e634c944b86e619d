//! Two concurrent transactions that settle payouts of one bank under one UTR do not see each other, so neither records
//! the exception. Each worker process therefore checks recent settlements and records what the transactions could not
//! see. The exception's id is derived from its payout, so any number of processes record it once.
//!
//! A cursor in the database has the time up to which everything was checked. It never passes an open transaction. A
//! database without a cursor is checked from its beginning, slowly.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use payrail_core::bank_return::Exception;
use payrail_store::{Result, Store};
use payrail_types::names::Utr;
use payrail_types::rail::BankId;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::payout_log;

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
/// After each page comes a pause of this many times the page's duration, so that a long history does not slow clients
/// down.
const PAUSE: u32 = 3;

/// Runs until `stop`. Any number of processes may run it at once.
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

/// Checks every visible settlement since the cursor.
async fn look(store: &Store, clock: &Clock) -> Result<()> {
    let visible = store.settlements_visible_to().await?;
    let cursor = store.setting(CURSOR).await?.and_then(|text| Timestamp::from_microsecond(text.parse().ok()?).ok());
    let cursor = cursor.unwrap_or(Timestamp::UNIX_EPOCH);
    // A clock that was ahead may have moved the cursor too far.
    let mut after = cursor.min(visible).saturating_sub(OVERLAP).unwrap_or(Timestamp::UNIX_EPOCH);
    // Later settlements that are already visible are checked now, and again next time.
    let until = visible.max(clock.now());
    loop {
        let begun = Instant::now();
        let Some(through) = store.entries_page(after, until, PAGE).await? else { return Ok(()) };
        for (bank, utr) in store.shared_utrs_settled(after, through).await? {
            record(store, clock, &bank, &utr).await?;
        }
        after = through;
        let reached = through.min(visible);
        if reached > cursor || cursor > visible {
            store.put_setting(CURSOR, &reached.as_microsecond().to_string()).await?;
        }
        tokio::time::sleep(begun.elapsed() * PAUSE).await;
    }
}

async fn record(store: &Store, clock: &Clock, bank: &BankId, utr: &Utr) -> Result<()> {
    loop {
        let payouts = store.unrecorded_under(bank, utr, GROUP).await?;
        for (merchant, exception) in Exception::from_shared_utr(utr, &payouts, clock.now()) {
            if let Some(id) = exception.payout {
                let payout = store.payout(merchant, id).await?;
                let request = payout.as_ref().and_then(|payout| payout.request_id.as_ref());
                let other = exception.other_payout.map(tracing::field::display);
                payout_log::span(merchant, id, request)
                    .in_scope(|| tracing::warn!(%bank, %utr, other, "a bank paid two payouts under one UTR"));
            }
            store.record_exception_of(merchant, &exception).await?;
        }
        if payouts.len() < GROUP as usize {
            return Ok(());
        }
    }
}
