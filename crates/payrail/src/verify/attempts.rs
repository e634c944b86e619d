//! The calls to the bank that a payout's row and its end rest on.

use std::collections::HashMap;

use payrail_core::payout::Status;
use payrail_store::{AttemptFact, PayoutRow};
use payrail_types::ids::PayoutId;
use payrail_types::word::Word;

use super::audit::Audit;
use super::decisions::Decision;
use super::kind::Kind;

/// One payout's calls.
#[derive(Default)]
pub struct Calls {
    count: i32,
    /// They are numbered 1, 2, 3, …
    has_gap: bool,
    /// Submissions that may have reached the bank.
    submissions: i32,
    /// The newest one's outcome; `None` while it is under way.
    newest: Option<String>,
    /// An outcome that ends a payout, in a call that is not the newest.
    went_on_after: Option<String>,
}

/// The attempts come ordered by payout and number.
pub fn by_payout(attempts: Vec<AttemptFact>) -> HashMap<PayoutId, Calls> {
    let mut calls: HashMap<PayoutId, Calls> = HashMap::new();
    for attempt in attempts {
        calls.entry(PayoutId(attempt.payout_id)).or_default().take(attempt);
    }
    calls
}

impl Calls {
    fn take(&mut self, attempt: AttemptFact) {
        let ended = self.newest.take().filter(|outcome| is_definite(outcome));
        self.went_on_after = ended.or(self.went_on_after.take());
        self.count += 1;
        self.has_gap |= attempt.number != self.count;
        let was_sent = !matches!(attempt.outcome.as_deref(), Some("unreachable" | "released"));
        self.submissions += i32::from(attempt.step == "submit" && was_sent);
        self.newest = attempt.outcome;
    }

    pub fn compare(
        &self,
        id: PayoutId,
        status: Status,
        payout: &PayoutRow<'_>,
        decision: Option<Decision>,
        audit: &mut Audit<'_>,
    ) {
        if let Some(what) = self.counts(payout) {
            audit.differ(Kind::AttemptMismatch, id, what);
        }
        let is_under_way = self.count > 0 && self.newest.is_none();
        if is_under_way != payout.leased_by.is_some() {
            let held = if payout.leased_by.is_some() { "a worker holds it" } else { "no worker holds it" };
            let call = if is_under_way { "its newest call is under way" } else { "no call is" };
            audit.differ(Kind::AttemptMismatch, id, format!("{held}, but {call}"));
        }
        match decision {
            None => {
                if let Some(what) = self.proof(status) {
                    audit.differ(Kind::Unproven, id, what);
                }
            }
            Some(decision) => {
                if let Some(what) = self.doubt_before(decision, status) {
                    audit.differ(Kind::DecisionMismatch, id, what);
                }
            }
        }
    }

    /// An operator's word ends a payout in its own sense, and only one that the bank has left in doubt.
    fn doubt_before(&self, decision: Decision, status: Status) -> Option<String> {
        let decided = decision.in_words();
        if !decision.fits(status) {
            return Some(format!("{decided}, but it is {}", status.as_str()));
        }
        let answer = self.definite().or(self.went_on_after.as_deref());
        answer.map(|answer| format!("{decided}, though the bank had answered {answer:?}"))
    }

    /// The newest call's answer, if it is one that ends a payout.
    fn definite(&self) -> Option<&str> {
        self.newest.as_deref().filter(|outcome| is_definite(outcome))
    }

    fn counts(&self, payout: &PayoutRow<'_>) -> Option<String> {
        let (attempts, submissions) = (payout.attempts, payout.submissions);
        if self.has_gap || self.count != attempts {
            return Some(format!("{attempts} attempts; {} are written down", self.count));
        }
        let wrong = self.submissions != submissions;
        wrong.then(|| format!("{submissions} submissions that count; {} are written down", self.submissions))
    }

    /// Without an operator's decision a payout ends on the bank's word, and goes on without it.
    fn proof(&self, status: Status) -> Option<String> {
        if let Some(outcome) = &self.went_on_after {
            return Some(format!("a call was answered {outcome:?}, and yet another was made"));
        }
        let newest = self.newest.as_deref();
        let is_proven = match status {
            Status::Completed | Status::Returned => newest == Some("paid"),
            Status::Failed => matches!(newest, Some("refused" | "closed")),
            Status::Pending | Status::Cancelled => self.count == 0,
            Status::Processing => self.definite().is_none(),
        };
        let said = newest.unwrap_or("nothing");
        (!is_proven).then(|| format!("{}, but the newest call's answer is {said}", status.as_str()))
    }
}

fn is_definite(outcome: &str) -> bool {
    matches!(outcome, "paid" | "refused" | "closed")
}
