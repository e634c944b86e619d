//! The commands, the decision's replies, and its reasons to refuse.

use uuid::Uuid;

use crate::bank_return::BankReturn;
use crate::idempotency::{Answer, IdempotencyKey, RequestHash};
use crate::payout::{Attempt, BankAnswer, Exchange, Payout, Status, Verdict};
use payrail_types::ids::{MerchantId, PayoutId, RequestId};
use payrail_types::money::Amount;
use payrail_types::names::{BankAccountId, Utr};
use payrail_types::operator::ByOperator;
use payrail_types::rail::{BankId, RailId};
use payrail_types::word::Word;

/// One action on one merchant's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub merchant: MerchantId,
    pub action: Action,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Accept a payout and hold its funds. `id` becomes the payout's id, if it is accepted.
    Create { id: PayoutId, key: IdempotencyKey, request: PayoutRequest },
    /// Funds the merchant. `by` is `None` for the opening credit of the demo.
    Fund { key: IdempotencyKey, amount: Amount, description: String, by: Option<ByOperator> },
    /// The merchant withdraws a payout that no worker has claimed.
    Cancel { payout: PayoutId },
    /// A worker claims a due payout for one call to this bank, which its rail is configured for now.
    Claim { payout: PayoutId, worker: String, bank: Option<BankId> },
    /// What the bank answered to attempt `number`: settles, refunds, or schedules the next call.
    Report { payout: PayoutId, number: u32, answer: BankAnswer, exchange: Exchange },
    /// A worker that stops releases a payout that it claimed and did not send.
    Release { payout: PayoutId, number: u32 },
    /// The bank's list of returns names a payout: credits its merchant, or records an exception.
    Return { payout: PayoutId, line: BankReturn },
    /// An operator asks the bank about a payout in doubt now instead of later.
    Ask { payout: PayoutId, by: ByOperator },
    /// An operator makes a payout due now that a wrong clock made due far in the future.
    BringForward { payout: PayoutId, reason: String, by: ByOperator },
    /// An operator's written statement replaces the bank's answer and ends a doubt: settles or refunds.
    Decide { payout: PayoutId, verdict: Verdict, reason: String, by: ByOperator },
}

/// The parts of its merchant's book that the decision on an action reads. The store must look for all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub keys: Vec<IdempotencyKey>,
    pub payouts: Vec<PayoutId>,
    /// Ids of lines of the bank's list of returns, each with its payout. That payout's credited line is needed too.
    pub returns: Vec<(PayoutId, Uuid)>,
    /// UTRs, each with the payout that may be paid under it: other payouts of the same bank under that UTR are needed.
    pub utrs: Vec<(PayoutId, Utr)>,
}

impl Action {
    pub fn needs(&self) -> Needs {
        let none = Needs::default();
        match self {
            Self::Create { key, .. } | Self::Fund { key, .. } => Needs { keys: vec![*key], ..none },
            Self::Return { payout, line } => {
                Needs { payouts: vec![*payout], returns: vec![(*payout, line.id())], ..none }
            }
            Self::Report { payout, answer: BankAnswer::Paid { utr }, .. }
            | Self::Decide { payout, verdict: Verdict::Paid { utr }, .. } => {
                Needs { payouts: vec![*payout], utrs: vec![(*payout, utr.clone())], ..none }
            }
            Self::Cancel { payout }
            | Self::Claim { payout, .. }
            | Self::Report { payout, .. }
            | Self::Release { payout, .. }
            | Self::Ask { payout, .. }
            | Self::BringForward { payout, .. }
            | Self::Decide { payout, .. } => Needs { payouts: vec![*payout], ..none },
        }
    }
}

/// A client's request for a payout, already validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayoutRequest {
    pub amount: Amount,
    pub bank_account_id: BankAccountId,
    /// `None` means the default rail. The rail does not make a request a different one.
    pub rail: Option<RailId>,
    /// For the logs only. It does not make a request a different one.
    pub request_id: Option<RequestId>,
}

impl PayoutRequest {
    pub fn hash(&self) -> RequestHash {
        RequestHash::from_parts(&["payout", &self.amount.get().to_string(), self.bank_account_id.as_str()])
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The answer to a request under an idempotency key, first or repeated.
    Answered { answer: Answer, replayed: bool },
    /// The payout is the worker's until the lease runs out.
    Claimed { payout: Payout, attempt: Attempt },
    /// The payout as it is now.
    Updated(Payout),
    /// The bank's line does not match: an exception is recorded under this id, and nothing else has changed.
    Exception(Uuid),
}

/// Why a command changed nothing. A refusal is not remembered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("This merchant does not exist.")]
    UnknownMerchant,
    #[error("This payout does not exist.")]
    UnknownPayout,
    #[error("This key was used for another request. Use a new key for a new request.")]
    KeyReused,
    #[error("This payout is not due, or another worker holds it.")]
    NotDue,
    #[error("This attempt does not hold the payout any more.")]
    StaleAttempt,
    #[error("This payout cannot be cancelled: it is {}. Only a pending payout can be cancelled.", .0.as_str())]
    NotCancellable(Status),
    #[error("This payout cannot be returned now: it is {}. Only a completed payout can be returned.", .0.as_str())]
    NotReturnable(Status),
    #[error("This payout is not in doubt (it is {}).", .0.as_str())]
    NotInDoubt(Status),
    #[error("A worker is calling the bank about this payout right now. Try again when the call has ended.")]
    Held,
    #[error("This payout is not due far in the future: its next attempt is at most an hour away.")]
    NotFarAhead,
    #[error("The balance would not fit into 64 bits.")]
    BalanceTooLarge,
    #[error("The ledger contradicts the payout: {0}.")]
    Inconsistent(String),
}
