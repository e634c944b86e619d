//! The auditor. It replays every book from its first entry and compares the result with the balances, the payouts, the
//! calls to the bank, the stored answers, the outbox and the bank's book. It shares no arithmetic with the code that
//! writes: it has its own rules for the movements, computes in 128 bits, and reads the rows as they are stored.
//!
//! It uses about fifty bytes of memory for each payout of the current merchant and, for the bank's book, about as much
//! for each of [`PAYOUTS_AT_ONCE`] payouts and those of the last bucket.

pub mod after_restore;
mod attempts;
mod audit;
mod bank;
mod banks;
mod book;
mod decisions;
mod flow;
mod kept;
mod kind;
mod ledger;
mod payouts;
mod returns;

use std::collections::{HashMap, HashSet};

use payrail_core::backoff::{LONGEST_WAIT, later};
use payrail_store::{Place, Store, StoreError};
use payrail_types::ids::MerchantId;
use uuid::Uuid;

use crate::rail::Rail;
use audit::Audit;
pub use audit::{Difference, Progress, Report, VerifyError};
pub use kind::Kind;

/// After so many payouts the bank's book is compared, before the next bucket's merchants are read.
pub const PAYOUTS_AT_ONCE: usize = 1_000_000;
const MERCHANTS_PAGE: u32 = 500;

/// Checks each merchant in its own snapshot, and then the banks: a payout that a snapshot shows as refunded must not be
/// paid in a book that is read later. So the audit can run beside a server. Each payout is compared with the book of
/// the bank that it was submitted to, if a rail leads there.
pub async fn verify<'r>(
    store: &Store,
    rails: impl IntoIterator<Item = &'r Rail>,
    progress: impl FnMut(&Progress) + Send,
) -> Result<Report, VerifyError> {
    verify_in_parts(store, rails, PAYOUTS_AT_ONCE, progress).await
}

/// The banks' books are read once for each part; a part ends with a bucket.
pub async fn verify_in_parts<'r>(
    store: &Store,
    rails: impl IntoIterator<Item = &'r Rail>,
    payouts_at_once: usize,
    mut progress: impl FnMut(&Progress) + Send,
) -> Result<Report, VerifyError> {
    let rails: Vec<Rail> = rails.into_iter().cloned().collect();
    let (lines, without_merchant, known) = (HashSet::new(), HashSet::new(), HashMap::new());
    let latest_due = later(store.clock().now(), LONGEST_WAIT);
    let report = Report::default();
    let old_bank = store.setting(OLD_BANK).await?.map(|bank| payouts::hash(&bank));
    let mut audit = Audit { report, known, lines, without_merchant, old_bank, latest_due, progress: &mut progress };
    orphans(store, &mut audit).await?;
    let books = banks::books(store, &rails, &mut audit).await?;
    returns::check_without_merchant(store, &mut audit).await?;
    let mut first_bucket = i16::MIN;
    let mut last = Place { bucket: i16::MIN, merchant_id: Uuid::nil() };
    loop {
        let page = store.places(last, MERCHANTS_PAGE).await?;
        if page.is_empty() {
            break;
        }
        for place in page {
            if place.bucket != last.bucket && audit.known.len() >= payouts_at_once {
                bank::check(store, &books, first_bucket..=last.bucket, &mut audit).await?;
                audit.known.clear();
                audit.lines.clear();
                first_bucket = last.bucket + 1;
            }
            last = place;
            match book::check(store, place, &mut audit).await {
                // A stored value is invalid. The rest of this book cannot be read; the other books can.
                Err(VerifyError::Store(StoreError::Corrupt(why))) => {
                    audit.differ(Kind::Unreadable, MerchantId(place.merchant_id), why);
                }
                done => done?,
            }
        }
    }
    bank::check(store, &books, first_bucket..=i16::MAX, &mut audit).await?;
    returns::check_utrs(store, &mut audit).await?;
    audit.report.bank_checked = !books.is_empty();
    Ok(audit.report)
}

/// The setting that names the bank of the payouts of an earlier version, which name none.
const OLD_BANK: &str = "bank_of_old_payouts";

/// How many buckets one statement searches for orphans.
const BUCKETS_AT_ONCE: usize = 16;
const ORPHANS_NAMED: u32 = 100;

/// Finds rows of merchants that do not exist, and merchants in a wrong cell; no merchant's book shows them.
async fn orphans(store: &Store, audit: &mut Audit<'_>) -> Result<(), VerifyError> {
    for first in (0..256).step_by(BUCKETS_AT_ONCE) {
        let last = first + BUCKETS_AT_ONCE as i16 - 1;
        // The first and the last range include rows with an invalid bucket.
        let (first, last) = (if first == 0 { i16::MIN } else { first }, if last == 255 { i16::MAX } else { last });
        for orphan in store.orphans(first, last, ORPHANS_NAMED).await? {
            let what =
                format!("{} has rows of a merchant that does not exist in bucket {}", orphan.place, orphan.bucket);
            audit.differ(Kind::NoMerchant, MerchantId(orphan.merchant_id), what);
        }
    }
    for place in store.outside_their_cell(ORPHANS_NAMED).await? {
        let what = format!("stored in a cell that does not hold its bucket {}", place.bucket);
        audit.differ(Kind::Misplaced, MerchantId(place.merchant_id), what);
    }
    Ok(())
}
