//! What an operator does by hand, each with its row of the audit log.

use super::{Decision, Result};
use crate::command::{Refusal, timestamp};
use crate::operator::{ByOperator, OperatorAction, words};
use crate::payout::{Payout, Progress, State, Verdict};

impl Decision<'_> {
    /// A doubt ends by a person's word. No call was made, so there is no attempt: the row of the audit log
    /// is the proof, and the movement an ordinary one.
    pub(super) fn end_doubt(&mut self, payout: &Payout, verdict: &Verdict, reason: &str, by: &ByOperator) -> Result {
        let outcome = payout.decide(verdict, reason, self.now).ok_or_else(|| hands_off(payout))?;
        let (word, detail) = match verdict {
            Verdict::Paid { utr } => (words::DECIDED_PAID, Some(format!("UTR {utr}"))),
            Verdict::NotPaid => (words::DECIDED_NOT_PAID, None),
        };
        self.act(by, word, payout.id, Some(reason), detail);
        self.conclude(payout, outcome)
    }

    pub(super) fn ask(&mut self, payout: &Payout, by: &ByOperator) -> Result {
        let next = payout.ask(self.now).ok_or_else(|| hands_off(payout))?;
        let detail = match &next.state {
            State::Processing(Progress { step, .. }) => Some(format!("next step: {}", step.as_str())),
            _ => None,
        };
        self.act(by, words::ASKED_BANK, payout.id, None, detail);
        self.step(next, None, None)
    }

    pub(super) fn bring_forward(&mut self, payout: &Payout, reason: &str, by: &ByOperator) -> Result {
        let next = payout.bring_forward(self.now).ok_or(Refusal::NotFarAhead)?;
        let detail = payout.due_at().map(|due_at| format!("it was due at {}", timestamp(due_at)));
        self.act(by, words::BROUGHT_FORWARD, payout.id, Some(reason), detail);
        self.step(next, None, None)
    }

    pub(super) fn act(
        &mut self,
        by: &ByOperator,
        word: &str,
        subject: impl ToString,
        reason: Option<&str>,
        detail: Option<String>,
    ) {
        self.changes.actions.push(OperatorAction {
            id: by.action_id,
            at: self.at,
            merchant: Some(self.book.merchant),
            operator: by.name.clone(),
            action: word.to_owned(),
            subject: Some(subject.to_string()),
            reason: reason.map(str::to_owned),
            detail,
        });
    }
}

/// Why an operator can do nothing about this payout now.
fn hands_off(payout: &Payout) -> Refusal {
    if payout.is_in_doubt() { Refusal::Held } else { Refusal::NotInDoubt(payout.status()) }
}
