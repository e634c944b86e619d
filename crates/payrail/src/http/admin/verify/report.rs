//! The audit's report, as it is stored and shown.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::clock::timestamp;
use crate::http::shapes::words::DifferenceKind;
use crate::verify;

/// A report contains at most so many differences. `payrail verify` on the command line prints all.
const DIFFERENCES_MAX: usize = 100;

/// The report of a run, or why it failed.
pub type Outcome = Result<verify::Report, String>;

/// The report of an audit.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct VerifyReport {
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    ended_at: String,
    /// The operator who started it.
    by: String,
    checked: VerifyChecked,
    totals: VerifyTotals,
    /// Payouts that wait for a worker or the bank.
    under_way: u64,
    in_doubt: u64,
    /// Whether the bank's book was compared as well.
    bank_checked: bool,
    /// Zero if every book is correct.
    difference_count: u64,
    /// The first 100 differences.
    differences: Vec<Difference>,
    /// Why the run did not finish; null if it did.
    #[schema(required)]
    error: Option<String>,
}

/// How much was checked.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct VerifyChecked {
    merchants: u64,
    entries: u64,
    payouts: u64,
    bank_transfers: u64,
}

/// In paise.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct VerifyTotals {
    funded: i64,
    available: i64,
    held: i64,
    /// Payments less returns.
    paid_out: i64,
}

/// A difference between what is stored and what must be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    kind: DifferenceKind,
    /// A merchant, a payout or a bank reference.
    subject: String,
    what: String,
}

impl From<&verify::Difference> for Difference {
    fn from(found: &verify::Difference) -> Self {
        Self { kind: found.kind.into(), subject: found.subject.clone(), what: found.what.clone() }
    }
}

impl VerifyReport {
    pub fn new(started_at: Timestamp, ended_at: Timestamp, by: String, outcome: Outcome) -> Self {
        let (report, error) = match outcome {
            Ok(report) => (report, None),
            Err(why) => (verify::Report::default(), Some(why)),
        };
        let verify::Progress { merchants, entries, payouts, bank_transfers } = report.checked;
        let totals = &report.totals;
        Self {
            started_at: timestamp(started_at),
            ended_at: timestamp(ended_at),
            by,
            checked: VerifyChecked { merchants, entries, payouts, bank_transfers },
            totals: VerifyTotals {
                funded: totals.funded.get(),
                available: totals.available.get(),
                held: totals.held.get(),
                paid_out: totals.paid_out.get(),
            },
            under_way: report.under_way,
            in_doubt: report.in_doubt,
            bank_checked: report.bank_checked,
            difference_count: report.differences.len() as u64,
            differences: report.differences.iter().take(DIFFERENCES_MAX).map(Difference::from).collect(),
            error,
        }
    }
}
