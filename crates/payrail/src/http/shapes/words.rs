//! The words that members of the API may have, each the core's own.

use payrail_core::{ledger, payout};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a payout stands. `pending`: accepted, its funds held. `processing`: a worker has claimed it; it
/// may be in doubt. `completed`: the bank paid. `failed`: the bank certainly did not pay, and the funds are
/// back. `cancelled`: withdrawn before the claim. `returned`: paid, and the money came back later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum PayoutStatus {
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
    Returned,
}

impl From<payout::Status> for PayoutStatus {
    fn from(status: payout::Status) -> Self {
        match status {
            payout::Status::Pending => Self::Pending,
            payout::Status::Processing => Self::Processing,
            payout::Status::Completed => Self::Completed,
            payout::Status::Failed => Self::Failed,
            payout::Status::Cancelled => Self::Cancelled,
            payout::Status::Returned => Self::Returned,
        }
    }
}

/// The four statuses that clients of the first version know. A cancelled or returned payout shows as
/// `failed`: its funds are the merchant's again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OriginalStatus {
    Pending,
    Processing,
    Completed,
    Failed,
}

impl From<payout::Status> for OriginalStatus {
    fn from(status: payout::Status) -> Self {
        match status {
            payout::Status::Pending => Self::Pending,
            payout::Status::Processing => Self::Processing,
            payout::Status::Completed => Self::Completed,
            payout::Status::Failed | payout::Status::Cancelled | payout::Status::Returned => Self::Failed,
        }
    }
}

/// What a payout's next call to the bank will be. `submit`: tell the bank to pay. `enquire`: ask what became
/// of it. `close`: ask, and have the bank refuse it for good if it was never received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    Submit,
    Enquire,
    Close,
}

impl From<payout::Step> for Step {
    fn from(step: payout::Step) -> Self {
        match step {
            payout::Step::Submit => Self::Submit,
            payout::Step::Enquire => Self::Enquire,
            payout::Step::Close => Self::Close,
        }
    }
}

/// A movement between two accounts of one book. `fund`: bank → available. `hold`: available → held.
/// `settle`: held → bank. `refund`: held → available. `return`: bank → available.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    Fund,
    Hold,
    Settle,
    Refund,
    Return,
}

impl From<ledger::EntryKind> for EntryKind {
    fn from(kind: ledger::EntryKind) -> Self {
        match kind {
            ledger::EntryKind::Fund => Self::Fund,
            ledger::EntryKind::Hold => Self::Hold,
            ledger::EntryKind::Settle => Self::Settle,
            ledger::EntryKind::Refund => Self::Refund,
            ledger::EntryKind::Return => Self::Return,
        }
    }
}

impl From<EntryKind> for ledger::EntryKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Fund => Self::Fund,
            EntryKind::Hold => Self::Hold,
            EntryKind::Settle => Self::Settle,
            EntryKind::Refund => Self::Refund,
            EntryKind::Return => Self::Return,
        }
    }
}

/// As seen from the merchant's available balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntryType {
    Credit,
    Debit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_the_cores() {
        let word = |value: serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        for status in payout::Status::ALL {
            let json = |value| word(serde_json::to_value::<PayoutStatus>(value).unwrap());
            assert_eq!(json(status.into()), status.as_str());
            let original = serde_json::to_value(OriginalStatus::from(status)).unwrap();
            assert_eq!(word(original), status.original().as_str());
        }
        for step in payout::Step::ALL {
            assert_eq!(word(serde_json::to_value(Step::from(step)).unwrap()), step.as_str());
        }
        for kind in ledger::EntryKind::ALL {
            assert_eq!(word(serde_json::to_value(EntryKind::from(kind)).unwrap()), kind.as_str());
            assert_eq!(ledger::EntryKind::from(EntryKind::from(kind)), kind);
        }
    }
}
