//! Operators' actions, each with its row in the audit log.

use super::decision::{Decision, Result};
use crate::command::Refusal;
use crate::payout::{Payout, Verdict};
use payrail_types::operator::{ByOperator, OperatorAction, OperatorActionKind};
use payrail_types::word::Word;

impl Decision<'_> {
    /// An operator's statement ends a doubt. No call was made, so there is no attempt: the audit log's row is the
    /// proof, and the movement of money is an ordinary one.
    pub fn end_doubt(&mut self, payout: &Payout, verdict: &Verdict, reason: &str, by: &ByOperator) -> Result {
        let next = payout.decide(verdict, reason, self.now).ok_or_else(|| not_decidable(payout))?;
        let (kind, detail) = match verdict {
            Verdict::Paid { utr } => (OperatorActionKind::DecidedPaid, Some(format!("UTR {utr}"))),
            Verdict::NotPaid => (OperatorActionKind::DecidedNotPaid, None),
        };
        self.act(by, kind, payout.id, Some(reason), detail);
        self.conclude(payout, next)
    }

    pub fn ask(&mut self, payout: &Payout, by: &ByOperator) -> Result {
        let next = payout.ask(self.now).ok_or_else(|| not_decidable(payout))?;
        let detail = next.progress().map(|progress| format!("next step: {}", progress.kind.as_str()));
        self.act(by, OperatorActionKind::AskedBank, payout.id, None, detail);
        self.update(payout, next)
    }

    pub fn bring_forward(&mut self, payout: &Payout, reason: &str, by: &ByOperator) -> Result {
        let next = payout.bring_forward(self.now).ok_or(Refusal::NotFarAhead)?;
        let detail = payout.due_at().map(|due_at| format!("it was due at {due_at:.6}"));
        self.act(by, OperatorActionKind::BroughtForward, payout.id, Some(reason), detail);
        self.update(payout, next)
    }

    pub fn act(
        &mut self,
        by: &ByOperator,
        kind: OperatorActionKind,
        subject: impl ToString,
        reason: Option<&str>,
        detail: Option<String>,
    ) {
        self.writes.actions.push(OperatorAction {
            id: by.action_id,
            at: self.at,
            merchant: Some(self.book.merchant),
            operator: by.name.clone(),
            action: kind,
            subject: Some(subject.to_string()),
            reason: reason.map(str::to_owned),
            detail,
        });
    }
}

/// Why an operator cannot decide about this payout now.
fn not_decidable(payout: &Payout) -> Refusal {
    if payout.is_in_doubt() { Refusal::Held } else { Refusal::NotInDoubt(payout.status()) }
}
