//! The audit's state and its report.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use payrail_core::payout::Status;
use payrail_store::StoreError;
use payrail_types::ids::PayoutId;
use payrail_types::money::Paise;
use payrail_types::word::Word;
use serde::{Serialize, Serializer};
use uuid::Uuid;

use super::kind::Kind;
use crate::rail;

/// How much was checked so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    pub merchants: u64,
    pub entries: u64,
    pub payouts: u64,
    pub bank_transfers: u64,
}

/// A difference between what is stored and what must be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    #[serde(serialize_with = "word")]
    pub kind: Kind,
    /// A merchant, a payout or a bank reference.
    pub subject: String,
    pub what: String,
}

fn word<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}

#[derive(Debug, Default, Serialize)]
pub struct Totals {
    pub funded: Paise,
    pub available: Paise,
    pub held: Paise,
    /// Payments less returns.
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
    /// Payouts that were submitted to a bank that no rail leads to. They are compared with no book.
    pub left_out: u64,
    pub differences: Vec<Difference>,
}

/// A payout, for the comparison with the bank's book. Texts are kept as hashes, because they are only compared.
pub struct Known {
    pub status: Option<Status>,
    pub amount: i64,
    pub account: u64,
    pub utr: Option<u64>,
    /// The bank that it was submitted to. `None` if it was not submitted, or by an earlier version.
    pub bank: Option<u64>,
    /// An operator decided it.
    pub is_decided: bool,
    pub paid_by_bank: bool,
    /// A line of the bank's list of returns belongs to it.
    pub has_line: bool,
}

/// The running audit.
pub struct Audit<'a> {
    pub report: Report,
    pub known: HashMap<PayoutId, Known>,
    /// The returns that are recorded for the merchants in `known`.
    pub lines: HashSet<Uuid>,
    /// The returns that are recorded for no merchant.
    pub without_merchant: HashSet<Uuid>,
    /// The bank of the payouts of earlier versions, which name none.
    pub old_bank: Option<u64>,
    /// A payout that is due later shows that a clock was wrong.
    pub latest_due: Timestamp,
    pub progress: &'a mut (dyn FnMut(&Progress) + Send),
}

impl Audit<'_> {
    pub fn differ(&mut self, kind: Kind, subject: impl ToString, what: impl Into<String>) {
        let difference = Difference { kind, subject: subject.to_string(), what: what.into() };
        self.report.differences.push(difference);
    }

    pub fn saw(&mut self, count: impl FnOnce(&mut Progress)) {
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
    Bank(#[from] rail::Error),
}

impl From<StoreError> for VerifyError {
    fn from(error: StoreError) -> Self {
        match error {
            // The auditor only reads. A database refuses a read if a table or a column does not exist.
            StoreError::Refused(text) => Self::Schema(text),
            other => Self::Store(other),
        }
    }
}
