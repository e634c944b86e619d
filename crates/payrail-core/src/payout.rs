//! A payout and its state machine. `payout/life.rs` has the transitions.

mod attempt;
mod life;

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::ledger::EntryKind;
use payrail_types::ids::{PayoutId, RequestId};
use payrail_types::money::Amount;
use payrail_types::names::{BankAccountId, Utr};
use payrail_types::rail::{BankId, RailId};

pub use attempt::{Attempt, AttemptKind, AttemptOutcome, BankAnswer, DoubtReason, Exchange};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Status {
    /// Accepted, its funds held; no worker has claimed it yet.
    Pending,
    /// A worker has claimed it; the bank may have received it.
    Processing,
    /// The bank paid.
    Completed,
    /// The bank certainly did not pay; the funds were given back.
    Failed,
    /// Withdrawn by the merchant before a worker claimed it; the funds were given back.
    Cancelled,
    /// The bank paid and the money came back later.
    Returned,
}

/// One legal change of a payout's status, and the ledger entry that belongs to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    pub from: Status,
    pub to: Status,
    pub movement: Option<EntryKind>,
}

impl Status {
    /// The state machine: every legal transition. A decision that makes any other fails, and both databases refuse it.
    /// The conformance suite tries all 36 pairs on both against this table.
    pub const TRANSITIONS: [Transition; 7] = [
        // Brought forward: see `Payout::bring_forward`.
        Transition { from: Self::Pending, to: Self::Pending, movement: None },
        Transition { from: Self::Pending, to: Self::Processing, movement: None },
        Transition { from: Self::Pending, to: Self::Cancelled, movement: Some(EntryKind::Refund) },
        Transition { from: Self::Processing, to: Self::Processing, movement: None },
        Transition { from: Self::Processing, to: Self::Completed, movement: Some(EntryKind::Settle) },
        Transition { from: Self::Processing, to: Self::Failed, movement: Some(EntryKind::Refund) },
        Transition { from: Self::Completed, to: Self::Returned, movement: Some(EntryKind::Return) },
    ];

    pub fn transition(self, to: Status) -> Option<Transition> {
        Self::TRANSITIONS.into_iter().find(|transition| (transition.from, transition.to) == (self, to))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    pub id: PayoutId,
    pub amount: Amount,
    pub bank_account_id: BankAccountId,
    /// How it reaches the bank.
    pub rail: RailId,
    /// The bank that its submissions were addressed to; none before the first.
    pub bank: Option<BankId>,
    pub state: State,
    /// Submissions that may have reached the bank.
    pub submissions: u32,
    /// Calls to the bank of any kind: the number of the newest attempt, and the fencing token.
    pub attempts: u32,
    /// Unanswered calls; they determine the next wait.
    pub unanswered: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// The id of the HTTP request that created it: every log line about the payout names it.
    pub request_id: Option<RequestId>,
}

/// Each final state holds its evidence: `Completed` has a UTR and `Failed` a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Pending { due_at: Timestamp },
    Processing(Progress),
    Completed { utr: Utr },
    Failed { reason: String },
    Cancelled,
    Returned { utr: Utr, reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The call in progress (with a lease), or the next one to make (without).
    pub kind: AttemptKind,
    /// When a worker may claim it: at the time of the next call, or when the lease expires.
    pub due_at: Timestamp,
    /// The worker whose claim is current.
    pub leased_by: Option<String>,
    /// Set while a call that may have moved money is unanswered.
    pub doubt: Option<Doubt>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub since: Timestamp,
    pub reason: DoubtReason,
}

/// What an operator knows about a payout in doubt, for example from the bank's statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bank paid, under its own reference.
    Paid { utr: Utr },
    /// The bank did not pay, and never will.
    NotPaid,
}

impl Payout {
    pub fn new(id: PayoutId, amount: Amount, bank_account_id: BankAccountId, now: Timestamp) -> Self {
        Self {
            id,
            amount,
            bank_account_id,
            rail: RailId::DEFAULT,
            bank: None,
            state: State::Pending { due_at: now },
            submissions: 0,
            attempts: 0,
            unanswered: 0,
            created_at: now,
            updated_at: now,
            request_id: None,
        }
    }

    pub fn status(&self) -> Status {
        match self.state {
            State::Pending { .. } => Status::Pending,
            State::Processing(_) => Status::Processing,
            State::Completed { .. } => Status::Completed,
            State::Failed { .. } => Status::Failed,
            State::Cancelled => Status::Cancelled,
            State::Returned { .. } => Status::Returned,
        }
    }

    /// When a worker may claim the payout; `None` once it has ended.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Pending { due_at } => Some(*due_at),
            State::Processing(progress) => Some(progress.due_at),
            State::Completed { .. } | State::Failed { .. } | State::Cancelled | State::Returned { .. } => None,
        }
    }

    /// The bank's reference of the payment, once known.
    pub fn utr(&self) -> Option<&Utr> {
        match &self.state {
            State::Completed { utr } | State::Returned { utr, .. } => Some(utr),
            State::Pending { .. } | State::Processing(_) | State::Failed { .. } | State::Cancelled => None,
        }
    }

    /// Its progress at the bank, from the first claim until it ends.
    pub fn progress(&self) -> Option<&Progress> {
        if let State::Processing(progress) = &self.state { Some(progress) } else { None }
    }

    /// Whether a worker has claimed it.
    pub fn is_held(&self) -> bool {
        self.progress().is_some_and(|progress| progress.leased_by.is_some())
    }

    /// Whether its last call got no definite answer.
    pub fn is_in_doubt(&self) -> bool {
        self.doubt_since().is_some()
    }

    /// Since when its calls have had no definite answer.
    pub fn doubt_since(&self) -> Option<Timestamp> {
        self.progress()?.doubt.as_ref().map(|doubt| doubt.since)
    }
}
