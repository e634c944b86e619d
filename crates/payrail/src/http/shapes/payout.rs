//! A payout: as the first version's clients know it, in full, and with its timeline.

use payrail_core::command::timestamp;
use payrail_core::ids::PayoutId;
use payrail_core::money::Amount;
use payrail_core::payout::{self, State};
use payrail_store::{AttemptLine, LedgerLine};
use serde::Serialize;
use utoipa::ToSchema;

use super::words::{EntryKind, OriginalStatus, PayoutStatus, Step};

/// A payout as clients of the first version know it.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayoutSummary {
    #[schema(value_type = Uuid)]
    id: PayoutId,
    /// Paise.
    #[schema(value_type = i64, minimum = 1)]
    amount_paise: Amount,
    #[schema(max_length = 255)]
    bank_account_id: String,
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
            attempts: payout.attempts,
            created_at: timestamp(payout.created_at),
            updated_at: timestamp(payout.updated_at),
        }
    }
}

/// A payout with everything that is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Payout {
    #[schema(value_type = Uuid)]
    pub id: PayoutId,
    /// Paise.
    #[schema(value_type = i64, minimum = 1)]
    pub amount_paise: Amount,
    #[schema(max_length = 255)]
    pub bank_account_id: String,
    pub status: PayoutStatus,
    /// Submissions that may have reached the bank.
    pub attempts: u32,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    pub updated_at: String,
    /// What the bank knows the payout by, the same in every attempt.
    pub reference: String,
    /// The bank's own reference, once it paid.
    #[schema(required)]
    pub utr: Option<String>,
    /// Why it failed or was returned.
    #[schema(required)]
    pub reason: Option<String>,
    /// Set while the last call to the bank got no definite answer: its funds stay held.
    #[schema(required)]
    pub in_doubt: Option<InDoubt>,
    /// What the next call to the bank will be; null once the payout has reached its end.
    #[schema(required)]
    pub next_step: Option<Step>,
    /// When the next call is due, or when the lease of the worker that has it runs out.
    #[schema(required, format = DateTime)]
    pub next_step_at: Option<String>,
}

/// Since when and why a payout's outcome is not known.
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
            State::Pending { .. } => (Some(payout::Step::Submit), None),
            State::Processing(progress) => (Some(progress.step), progress.doubt.as_ref()),
            _ => (None, None),
        };
        Self {
            id: payout.id,
            amount_paise: payout.amount,
            bank_account_id: payout.bank_account_id.clone(),
            status: payout.status().into(),
            attempts: payout.attempts,
            created_at: timestamp(payout.created_at),
            updated_at: timestamp(payout.updated_at),
            reference: payout.id.reference(),
            utr,
            reason,
            in_doubt: doubt.map(|doubt| InDoubt { since: timestamp(doubt.since), reason: doubt.reason.clone() }),
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
    /// In their order.
    pub calls: Vec<Call>,
    /// In their order.
    pub movements: Vec<Movement>,
}

/// One call to the bank.
#[derive(Debug, Serialize, ToSchema)]
pub struct Call {
    #[schema(minimum = 1)]
    number: u32,
    #[schema(value_type = Step)]
    step: String,
    #[schema(format = DateTime)]
    started_at: String,
    /// Null while it is under way, or when the worker that made it died.
    #[schema(required, format = DateTime)]
    ended_at: Option<String>,
    /// What came of it, in one word.
    #[schema(required)]
    outcome: Option<String>,
    /// What was sent to the bank, in words.
    #[schema(required)]
    sent: Option<String>,
    /// What came back, in words.
    #[schema(required)]
    received: Option<String>,
}

impl From<AttemptLine> for Call {
    fn from(line: AttemptLine) -> Self {
        Self {
            number: line.number,
            step: line.step,
            started_at: timestamp(line.started_at),
            ended_at: line.ended_at.map(timestamp),
            outcome: line.outcome,
            sent: line.sent,
            received: line.received,
        }
    }
}

/// What a payout did in the ledger: its hold, then its settlement or refund, then a return.
#[derive(Debug, Serialize, ToSchema)]
pub struct Movement {
    /// Never `fund`.
    pub kind: EntryKind,
    /// The entry's number in the merchant's book; null for the hold, which is as old as the payout and not
    /// looked up.
    #[schema(required, minimum = 1)]
    pub number: Option<i64>,
    /// Paise; positive, whichever way it moved.
    #[schema(value_type = i64, minimum = 1)]
    pub amount_paise: Amount,
    #[schema(format = DateTime)]
    pub created_at: String,
}

/// The hold from the payout itself, the others from its entries.
pub fn movements(payout: &payout::Payout, entries: &[LedgerLine]) -> Vec<Movement> {
    let hold = Movement {
        kind: EntryKind::Hold,
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
