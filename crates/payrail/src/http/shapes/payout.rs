//! A payout: in the first version's form, in full, and with its timeline.

use payrail_core::ledger;
use payrail_core::payout::{self, State};
use payrail_store::{AttemptLine, LedgerLine};
use payrail_types::ids::PayoutId;
use payrail_types::money::Amount;
use payrail_types::names::{BankAccountId, Utr};
use serde::Serialize;
use utoipa::ToSchema;

use super::words::{AttemptOutcome, EntryKind, OriginalStatus, PayoutStatus, Step, WordOf};
use crate::clock::timestamp;

/// A payout in the first version's form.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayoutSummary {
    #[schema(value_type = Uuid)]
    id: PayoutId,
    /// Paise.
    #[schema(value_type = i64, minimum = 1)]
    amount_paise: Amount,
    #[schema(value_type = String, max_length = 255)]
    bank_account_id: BankAccountId,
    status: OriginalStatus,
    /// Submissions that may have reached the bank.
    attempts: u32,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    created_at: String,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    updated_at: String,
}

impl From<&payout::Payout> for PayoutSummary {
    fn from(payout: &payout::Payout) -> Self {
        Self {
            id: payout.id,
            amount_paise: payout.amount,
            bank_account_id: payout.bank_account_id.clone(),
            status: payout.status().into(),
            attempts: payout.submissions,
            created_at: timestamp(payout.created_at),
            updated_at: timestamp(payout.updated_at),
        }
    }
}

/// A payout with all its members.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Payout {
    #[schema(value_type = Uuid)]
    pub id: PayoutId,
    /// Paise.
    #[schema(value_type = i64, minimum = 1)]
    pub amount_paise: Amount,
    #[schema(value_type = String, max_length = 255)]
    pub bank_account_id: BankAccountId,
    pub status: PayoutStatus,
    /// Submissions that may have reached the bank.
    pub attempts: u32,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// The payout's reference at the bank, the same in every attempt.
    pub reference: String,
    /// The bank's own reference, once it paid.
    #[schema(required, value_type = Option<String>)]
    pub utr: Option<Utr>,
    /// Why it failed or was returned.
    #[schema(required)]
    pub reason: Option<String>,
    /// Set while the last call to the bank got no definite answer: its funds stay held.
    #[schema(required)]
    pub in_doubt: Option<InDoubt>,
    /// The next call to the bank; null for a payout in a final state.
    #[schema(required)]
    pub next_step: Option<Step>,
    /// When the next call is due, or when the lease of the worker that claimed the payout expires.
    #[schema(required, format = DateTime)]
    pub next_step_at: Option<String>,
}

/// Since when and why a payout's outcome is unknown.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InDoubt {
    #[schema(format = DateTime)]
    pub since: String,
    pub reason: String,
}

impl From<&payout::Payout> for Payout {
    fn from(payout: &payout::Payout) -> Self {
        let (utr, reason) = match &payout.state {
            State::Completed { utr } => (Some(utr.clone()), None),
            State::Failed { reason } => (None, Some(reason.clone())),
            State::Returned { utr, reason } => (Some(utr.clone()), Some(reason.clone())),
            _ => (None, None),
        };
        let (next_step, doubt) = match &payout.state {
            State::Pending { .. } => (Some(payout::AttemptKind::Submit), None),
            State::Processing(progress) => (Some(progress.kind), progress.doubt.as_ref()),
            _ => (None, None),
        };
        Self {
            id: payout.id,
            amount_paise: payout.amount,
            bank_account_id: payout.bank_account_id.clone(),
            status: payout.status().into(),
            attempts: payout.submissions,
            created_at: timestamp(payout.created_at),
            updated_at: timestamp(payout.updated_at),
            reference: payout.id.reference(),
            utr,
            reason,
            in_doubt: doubt
                .map(|doubt| InDoubt { since: timestamp(doubt.since), reason: doubt.reason.as_str().to_owned() }),
            next_step: next_step.map(Step::from),
            next_step_at: payout.due_at().map(timestamp),
        }
    }
}

/// A payout, every call to the bank, and every movement of its money.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayoutTimeline {
    #[serde(flatten)]
    pub payout: Payout,
    /// In order.
    pub calls: Vec<Call>,
    /// In order.
    pub movements: Vec<Movement>,
}

/// One call to the bank.
#[derive(Debug, Serialize, ToSchema)]
pub struct Call {
    #[schema(minimum = 1)]
    number: u32,
    step: Step,
    #[schema(format = DateTime)]
    started_at: String,
    /// Null while the call is running, or if its worker died.
    #[schema(required, format = DateTime)]
    ended_at: Option<String>,
    /// The call's outcome.
    #[schema(required)]
    outcome: Option<AttemptOutcome>,
    /// The request to the bank, as text.
    #[schema(required)]
    sent: Option<String>,
    /// The bank's answer, as text.
    #[schema(required)]
    received: Option<String>,
}

impl From<AttemptLine> for Call {
    fn from(line: AttemptLine) -> Self {
        Self {
            number: line.number,
            step: line.kind.into(),
            started_at: timestamp(line.started_at),
            ended_at: line.ended_at.map(timestamp),
            outcome: line.outcome.map(Into::into),
            sent: line.sent,
            received: line.received,
        }
    }
}

/// A payout's movement in the ledger: its hold, its settlement or refund, or its return.
#[derive(Debug, Serialize, ToSchema)]
pub struct Movement {
    /// Never `fund`.
    pub kind: EntryKind,
    /// The entry's number in the merchant's book; null for the hold, which is as old as the payout.
    #[schema(required, minimum = 1)]
    pub number: Option<i64>,
    /// Paise; positive in either direction.
    #[schema(value_type = i64, minimum = 1)]
    pub amount_paise: Amount,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// The hold is derived from the payout, the others from its entries.
pub fn movements(payout: &payout::Payout, entries: &[LedgerLine]) -> Vec<Movement> {
    let hold = Movement {
        kind: WordOf(ledger::EntryKind::Hold),
        number: None,
        amount_paise: payout.amount,
        created_at: timestamp(payout.created_at),
    };
    let others = entries.iter().map(|line| Movement {
        kind: line.entry.kind.into(),
        number: Some(line.entry.seq),
        amount_paise: line.entry.amount,
        created_at: timestamp(line.entry.created_at),
    });
    std::iter::once(hold).chain(others).collect()
}
