//! Where a person's word stands for the bank's: the audit log's decisions against the payouts.

use std::collections::HashMap;

use payrail_core::payout::Status;
use payrail_store::{DecisionFact, Place, Snapshot};
use payrail_types::ids::PayoutId;
use payrail_types::operator::OperatorActionKind;
use payrail_types::word::Word;
use uuid::Uuid;

use super::audit::{Audit, VerifyError};
use super::kind::Kind;

/// What an operator decided of a payout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Paid,
    NotPaid,
}

pub type Decisions = HashMap<PayoutId, Decision>;

impl Decision {
    fn of(action: &str) -> Self {
        if action == OperatorActionKind::DecidedPaid.as_str() { Self::Paid } else { Self::NotPaid }
    }

    /// Whether a payout so decided may be in this status.
    pub fn fits(self, status: Status) -> bool {
        match self {
            Self::Paid => matches!(status, Status::Completed | Status::Returned),
            Self::NotPaid => status == Status::Failed,
        }
    }

    pub fn in_words(self) -> &'static str {
        match self {
            Self::Paid => "an operator decided that it was paid",
            Self::NotPaid => "an operator decided that it was not paid",
        }
    }
}

/// The merchant's, by payout. A doubt ends once, so there is one of a payout at the most.
pub async fn of(snapshot: &mut Snapshot, place: Place, audit: &mut Audit<'_>) -> Result<Decisions, VerifyError> {
    let mut decisions = Decisions::new();
    for DecisionFact { subject, action } in snapshot.decision_facts(place).await? {
        let subject = subject.unwrap_or_default();
        match Uuid::try_parse(&subject) {
            Ok(id) if decisions.insert(PayoutId(id), Decision::of(&action)).is_some() => {
                audit.differ(Kind::DecisionMismatch, id, "an operator's decision is written down twice");
            }
            Ok(_) => {}
            Err(_) => audit.differ(Kind::Unreadable, &subject, format!("{action} of what is no payout's id")),
        }
    }
    Ok(decisions)
}
