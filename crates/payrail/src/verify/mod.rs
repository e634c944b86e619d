//! The auditor: replays every book from its first entry and compares what it finds with the balances,
//! the payouts, the calls to the bank, the kept answers, the outbox and the bank's book. It shares no
//! arithmetic with the code that writes: the movements are spelled out anew here, in 128 bits, and
//! the rows are read as they lie there.
//!
//! It keeps in mind about fifty bytes for each payout of one merchant at a time and, for the bank's
//! book, about as much for each of [`PAYOUTS_AT_ONCE`] payouts and the last bucket's.

mod attempts;
mod bank;
mod book;
mod decisions;
mod flow;
mod kept;
mod ledger;
mod payouts;
mod returns;

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use payrail_core::backoff::{LONGEST_WAIT, later};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::money::Paise;
use payrail_core::payout::Status;
use payrail_store::{Place, Store, StoreError};
use serde::Serialize;
use uuid::Uuid;

use crate::rail::Rail;

/// What was looked at so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub merchants: u64,
    pub entries: u64,
    pub payouts: u64,
    pub bank_transfers: u64,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Stable: what kind of fault it is.
    pub kind: &'static str,
    /// Whose: a merchant, a payout or a bank reference.
    pub subject: String,
    pub what: String,
}

#[derive(Debug, Default, Serialize)]
pub struct Totals {
    pub funded: Paise,
    pub available: Paise,
    pub held: Paise,
    /// What left for the bank, less what it returned.
    pub paid_out: Paise,
}

#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub checked: Progress,
    pub totals: Totals,
    pub under_way: u64,
    pub in_doubt: u64,
    pub exceptions_open: u64,
    pub returns_waiting: u64,
    pub bank_checked: bool,
    pub differences: Vec<Difference>,
}

/// What the bank's book is compared with. Texts are kept as their hashes: they only need to be equal.
struct Known {
    status: Option<Status>,
    amount: i64,
    account: u64,
    utr: Option<u64>,
    /// It ended by an operator's word.
    is_decided: bool,
    paid_by_bank: bool,
    /// A line of the bank's list of returns belongs to it.
    has_line: bool,
}

/// The audit under way.
struct Audit<'a> {
    report: Report,
    known: HashMap<PayoutId, Known>,
    /// The lines of the bank's list of returns of which it is known here what became of them: of the merchants in
    /// `known`, and those that concern no merchant.
    lines: HashSet<Uuid>,
    nobodys: HashSet<Uuid>,
    /// Nothing is due later than this, unless a clock was wrong.
    latest_due: Timestamp,
    progress: &'a mut (dyn FnMut(&Progress) + Send),
}

impl Audit<'_> {
    fn differ(&mut self, kind: &'static str, subject: impl ToString, what: impl Into<String>) {
        let difference = Difference { kind, subject: subject.to_string(), what: what.into() };
        self.report.differences.push(difference);
    }

    fn saw(&mut self, count: impl FnOnce(&mut Progress)) {
        count(&mut self.report.checked);
        (self.progress)(&self.report.checked);
    }
}

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("the tables are not those of this version of payrail: {0}. `payrail migrate` makes or updates them")]
    Schema(String),
    #[error(transparent)]
    Store(StoreError),
    #[error("the bank's book could not be read: {0}")]
    Bank(#[from] crate::rail::Error),
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        match error {
            // The auditor only reads, and what can be refused of a read is the name of a table or a column.
            StoreError::Refused(text) => Self::Schema(text),
            other => Self::Store(other),
        }
    }
}

/// Payouts after which the bank's book is compared before the next bucket's merchants are looked at.
pub const PAYOUTS_AT_ONCE: usize = 1_000_000;
const MERCHANTS_PAGE: u32 = 500;

/// Merchant by merchant, each in a snapshot of its own, and then the bank: whatever a snapshot calls
/// refunded must not be paid in a book that was read later. So it can run while a server runs.
pub async fn verify(
    store: &Store,
    rail: Option<&Rail>,
    progress: impl FnMut(&Progress) + Send,
) -> Result<Report, VerifyError> {
    verify_in_parts(store, rail, PAYOUTS_AT_ONCE, progress).await
}

/// The bank's book is read once for each part; a part ends with a bucket.
pub async fn verify_in_parts(
    store: &Store,
    rail: Option<&Rail>,
    payouts_at_once: usize,
    mut progress: impl FnMut(&Progress) + Send,
) -> Result<Report, VerifyError> {
    let (lines, nobodys, known) = (HashSet::new(), HashSet::new(), HashMap::new());
    let latest_due = later(store.clock().now(), LONGEST_WAIT);
    let report = Report::default();
    let mut audit = Audit { report, known, lines, nobodys, latest_due, progress: &mut progress };
    let rail = match bank::another(store, rail, &mut audit).await? {
        true => None,
        false => rail,
    };
    strays(store, &mut audit).await?;
    let taken = bank::returns_taken(store).await?;
    returns::check_nobodys(store, &mut audit).await?;
    let mut first_bucket = i16::MIN;
    let mut last = Place { bucket: i16::MIN, merchant_id: Uuid::nil() };
    loop {
        let page = store.snapshot().await?.places(last, MERCHANTS_PAGE).await?;
        if page.is_empty() {
            break;
        }
        for place in page {
            if place.bucket != last.bucket && audit.known.len() >= payouts_at_once {
                bank::check(store, rail, first_bucket..=last.bucket, taken, &mut audit).await?;
                audit.known.clear();
                audit.lines.clear();
                first_bucket = last.bucket + 1;
            }
            last = place;
            match book::check(store, place, &mut audit).await {
                // A value that is none in its column: the rest of this book cannot be read, the others can.
                Err(VerifyError::Store(StoreError::Corrupt(why))) => {
                    audit.differ("unreadable", MerchantId(place.merchant_id), why);
                }
                done => done?,
            }
        }
    }
    bank::check(store, rail, first_bucket..=i16::MAX, taken, &mut audit).await?;
    returns::check_utrs(store, &mut audit).await?;
    audit.report.bank_checked = rail.is_some();
    Ok(audit.report)
}

/// Buckets that are searched for strays in one statement.
const BUCKETS_AT_ONCE: usize = 16;
const STRAYS_NAMED: u32 = 100;

/// Rows of merchants that do not exist: no merchant's book would show them.
async fn strays(store: &Store, audit: &mut Audit<'_>) -> Result<(), VerifyError> {
    for first in (0..256).step_by(BUCKETS_AT_ONCE) {
        let last = first + BUCKETS_AT_ONCE as i16 - 1;
        // The ends take in what lies in no bucket at all.
        let (first, last) = (if first == 0 { i16::MIN } else { first }, if last == 255 { i16::MAX } else { last });
        for stray in store.snapshot().await?.strays(first, last, STRAYS_NAMED).await? {
            let what = format!("{} has rows of a merchant that does not exist in bucket {}", stray.place, stray.bucket);
            audit.differ("no_merchant", MerchantId(stray.merchant_id), what);
        }
    }
    Ok(())
}
