//! Events: what the world must learn, in the order in which it happened to the merchant.

use jiff::Timestamp;

use crate::ids::PayoutId;
use crate::payout::Status;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    BalanceFunded,
    PayoutPending,
    PayoutProcessing,
    /// The payout is still `processing`, and its last call got no definite answer.
    PayoutInDoubt,
    PayoutCompleted,
    PayoutFailed,
    PayoutCancelled,
    PayoutReturned,
}

impl EventKind {
    pub const ALL: [Self; 8] = [
        Self::BalanceFunded,
        Self::PayoutPending,
        Self::PayoutProcessing,
        Self::PayoutInDoubt,
        Self::PayoutCompleted,
        Self::PayoutFailed,
        Self::PayoutCancelled,
        Self::PayoutReturned,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BalanceFunded => "balance.funded",
            Self::PayoutPending => "payout.pending",
            Self::PayoutProcessing => "payout.processing",
            Self::PayoutInDoubt => "payout.in_doubt",
            Self::PayoutCompleted => "payout.completed",
            Self::PayoutFailed => "payout.failed",
            Self::PayoutCancelled => "payout.cancelled",
            Self::PayoutReturned => "payout.returned",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// The status that the payout has from then on, if it is another one than before.
    pub const fn status(self) -> Option<Status> {
        match self {
            Self::BalanceFunded | Self::PayoutInDoubt => None,
            Self::PayoutPending => Some(Status::Pending),
            Self::PayoutProcessing => Some(Status::Processing),
            Self::PayoutCompleted => Some(Status::Completed),
            Self::PayoutFailed => Some(Status::Failed),
            Self::PayoutCancelled => Some(Status::Cancelled),
            Self::PayoutReturned => Some(Status::Returned),
        }
    }
}

/// An outbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3, … per merchant, gapless, so that a reader knows when it missed something.
    pub seq: i64,
    pub kind: EventKind,
    pub payout: Option<PayoutId>,
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_to_their_kinds() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::parse("payout.lost"), None);
    }

    #[test]
    fn each_status_is_told_by_one_kind_in_its_own_word() {
        for status in Status::ALL {
            let telling: Vec<_> = EventKind::ALL.into_iter().filter(|kind| kind.status() == Some(status)).collect();
            let words: Vec<_> = telling.iter().map(|kind| kind.as_str()).collect();
            assert_eq!(words, [format!("payout.{}", status.as_str())]);
        }
    }
}
