//! What can be commanded, what the decision answers, and why it refuses.

use jiff::Timestamp;
use uuid::Uuid;

use crate::bank_return::BankReturn;
use crate::idempotency::{Answer, IdempotencyKey, RequestHash};
use crate::ids::{MerchantId, PayoutId, RequestId};
use crate::money::Amount;
use crate::operator::ByOperator;
use crate::payout::{Attempt, BankAnswer, Payout, Status, Verdict};

/// One wish, of one merchant's book: who, what, and under which idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub merchant: MerchantId,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Accept a payout and hold its funds. `id` is the payout's, if it comes to be.
    Create { id: PayoutId, key: IdempotencyKey, request: PayoutRequest },
    /// Money comes in: by an operator's hand, or (a demo's opening credit) by the program's own.
    Fund { key: IdempotencyKey, amount: Amount, description: String, by: Option<ByOperator> },
    /// The merchant withdraws a payout that no worker has claimed.
    Cancel { payout: PayoutId },
    /// A worker takes a due payout for one call to the bank.
    Claim { payout: PayoutId, worker: String },
    /// What the bank answered to attempt `number`: settles, refunds, or sets the next step.
    Report { payout: PayoutId, number: u32, answer: BankAnswer, exchange: Exchange },
    /// A worker that stops hands back what it claimed and did not send.
    Release { payout: PayoutId, number: u32 },
    /// The bank's list says that it sent the money of a payout back: credits it, or records an exception.
    Return { payout: PayoutId, line: BankReturn },
    /// An operator has a payout in doubt looked into now instead of later.
    Ask { payout: PayoutId, by: ByOperator },
    /// An operator has a payout taken up now that a wrong clock made due far in the future.
    BringForward { payout: PayoutId, reason: String, by: ByOperator },
    /// An operator ends a doubt: a person's written word in place of the bank's. Settles or refunds.
    Decide { payout: PayoutId, verdict: Verdict, reason: String, by: ByOperator },
}

impl Action {
    pub fn key(&self) -> Option<IdempotencyKey> {
        match self {
            Self::Create { key, .. } | Self::Fund { key, .. } => Some(*key),
            Self::Cancel { .. }
            | Self::Claim { .. }
            | Self::Report { .. }
            | Self::Release { .. }
            | Self::Return { .. }
            | Self::Ask { .. }
            | Self::BringForward { .. }
            | Self::Decide { .. } => None,
        }
    }

    /// The UTR under which the action says that its payout was paid.
    pub fn utr(&self) -> Option<&str> {
        match self {
            Self::Report { answer: BankAnswer::Paid { utr }, .. }
            | Self::Decide { verdict: Verdict::Paid { utr }, .. } => Some(utr),
            Self::Report { .. }
            | Self::Decide { .. }
            | Self::Create { .. }
            | Self::Fund { .. }
            | Self::Cancel { .. }
            | Self::Claim { .. }
            | Self::Release { .. }
            | Self::Return { .. }
            | Self::Ask { .. }
            | Self::BringForward { .. } => None,
        }
    }

    /// The line of the bank's list of returns that the action brings.
    pub fn line(&self) -> Option<&BankReturn> {
        match self {
            Self::Return { line, .. } => Some(line),
            Self::Create { .. }
            | Self::Fund { .. }
            | Self::Cancel { .. }
            | Self::Claim { .. }
            | Self::Report { .. }
            | Self::Release { .. }
            | Self::Ask { .. }
            | Self::BringForward { .. }
            | Self::Decide { .. } => None,
        }
    }

    /// The existing payout that the action is about.
    pub fn payout(&self) -> Option<PayoutId> {
        match self {
            Self::Cancel { payout }
            | Self::Claim { payout, .. }
            | Self::Report { payout, .. }
            | Self::Release { payout, .. }
            | Self::Return { payout, .. }
            | Self::Ask { payout, .. }
            | Self::BringForward { payout, .. }
            | Self::Decide { payout, .. } => Some(*payout),
            Self::Create { .. } | Self::Fund { .. } => None,
        }
    }
}

/// A client's request for a payout, already checked in form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutRequest {
    pub amount: Amount,
    pub bank_account_id: String,
    /// For the logs only: the same request under another id is the same request.
    pub request_id: Option<RequestId>,
}

impl PayoutRequest {
    pub fn hash(&self) -> RequestHash {
        RequestHash::of(&["payout", &self.amount.get().to_string(), &self.bank_account_id])
    }
}

/// One call to the bank in words: kept with the attempt, read by people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    pub sent: String,
    pub received: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// To a request under an idempotency key: the first answer, or the first answer again.
    Answered { answer: Answer, replayed: bool },
    /// The payout is the worker's until the lease runs out.
    Claimed { payout: Payout, attempt: Attempt },
    /// The payout after the step.
    Stepped(Payout),
    /// What the bank stated does not fit: it is recorded under this id, and nothing else has changed.
    Exception(Uuid),
}

/// Why a command changed nothing. None of these is remembered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such merchant")]
    UnknownMerchant,
    #[error("no such payout")]
    UnknownPayout,
    #[error("this Idempotency-Key was used for another request; use a new key for a new request")]
    KeyReused,
    #[error("the payout is not due, or another worker has it")]
    NotDue,
    #[error("the attempt is not the one that holds the payout")]
    StaleAttempt,
    #[error("a payout that is {} cannot be cancelled: only a pending one can", .0.as_str())]
    NotCancellable(Status),
    #[error("a payout that is {} cannot be returned now: only a completed one can", .0.as_str())]
    NotReturnable(Status),
    #[error("a payout that is {} and not in doubt is not an operator's to decide", .0.as_str())]
    NotInDoubt(Status),
    #[error("a worker is asking the bank about this payout right now; try again when it is done")]
    Held,
    #[error("the payout is not due far in the future: no step of it is more than an hour away")]
    NotFarAhead,
    #[error("the balance would not fit 64 bits")]
    BalanceTooLarge,
    #[error("the ledger does not bear it out: {0}")]
    Inconsistent(String),
}

/// RFC 3339, UTC, six decimals, `Z`.
pub fn timestamp(at: Timestamp) -> String {
    format!("{at:.6}")
}
