//! The auditor: replays every book from its first entry and compares what it finds with the balances,
//! the payouts and the bank's book. It shares no arithmetic with the code that writes: the movements
//! are spelled out anew here, in 128 bits.

mod bank;
mod book;

use std::collections::HashMap;

use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::money::Paise;
use payrail_core::payout::Status;
use payrail_store::Store;
use serde::Serialize;

use crate::rail::Rail;

/// What was looked at so far.
#[derive(Clone, Copy, Debug, Default, Serialize)]
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
    pub bank_checked: bool,
    pub differences: Vec<Difference>,
}

impl Report {
    fn differ(&mut self, kind: &'static str, subject: impl ToString, what: impl Into<String>) {
        self.differences.push(Difference { kind, subject: subject.to_string(), what: what.into() });
    }
}

/// What the bank's book is compared with.
struct Known {
    status: Status,
    amount: i64,
    paid_by_bank: bool,
}

type KnownPayouts = HashMap<PayoutId, Known>;

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error(transparent)]
    Store(#[from] payrail_store::StoreError),
    #[error("the bank's book could not be read: {0}")]
    Bank(#[from] crate::rail::Error),
}

const MERCHANTS_PAGE: u32 = 500;

/// Merchant by merchant, each in a snapshot of its own, and then the bank: whatever a snapshot calls
/// refunded must not be paid in a book that was read later. So it can run beside a server at work.
pub async fn verify(
    store: &Store,
    rail: Option<&Rail>,
    mut progress: impl FnMut(&Progress),
) -> Result<Report, VerifyError> {
    let mut report = Report::default();
    let mut known = KnownPayouts::new();
    let mut after: Option<MerchantId> = None;
    loop {
        let page = store.merchants(after, MERCHANTS_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        for merchant in &page {
            book::check(store, merchant.id, &mut report, &mut known, &mut progress).await?;
        }
    }
    if let Some(rail) = rail {
        bank::check(store, rail, &mut report, &mut known, &mut progress).await?;
        report.bank_checked = true;
    }
    Ok(report)
}
