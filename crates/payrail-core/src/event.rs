//! Events: what happened to a merchant's money, in order.

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::payout::Status;
use payrail_types::ids::PayoutId;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
pub enum EventKind {
    #[strum(serialize = "balance.funded")]
    BalanceFunded,
    #[strum(serialize = "payout.pending")]
    PayoutPending,
    #[strum(serialize = "payout.processing")]
    PayoutProcessing,
    /// The payout is still `processing`, and its last call got no definite answer.
    #[strum(serialize = "payout.in_doubt")]
    PayoutInDoubt,
    #[strum(serialize = "payout.completed")]
    PayoutCompleted,
    #[strum(serialize = "payout.failed")]
    PayoutFailed,
    #[strum(serialize = "payout.cancelled")]
    PayoutCancelled,
    #[strum(serialize = "payout.returned")]
    PayoutReturned,
}

impl From<Status> for EventKind {
    /// The event of a payout that has just entered this status.
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::PayoutPending,
            Status::Processing => Self::PayoutProcessing,
            Status::Completed => Self::PayoutCompleted,
            Status::Failed => Self::PayoutFailed,
            Status::Cancelled => Self::PayoutCancelled,
            Status::Returned => Self::PayoutReturned,
        }
    }
}

/// An outbox row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3, … per merchant, gapless, so that a reader notices what it missed.
    pub seq: i64,
    pub kind: EventKind,
    pub payout: Option<PayoutId>,
    /// The number of the ledger entry that moved the money; `None` if the event moved none.
    pub entry: Option<i64>,
    pub created_at: Timestamp,
}
