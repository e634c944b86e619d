//! How a payout changes. A worker *claims* it for one call to the bank and *reports* what the bank said; operators and
//! merchants do the rest. Each function answers the payout as it is afterwards; the decision checks the transition.

use jiff::Timestamp;

use super::{Attempt, AttemptKind, AttemptOutcome, BankAnswer, Doubt, DoubtReason, Payout, Progress, State, Verdict};
use crate::backoff::{Policy, is_far_ahead, later};
use payrail_types::rail::BankId;

impl Payout {
    /// The one place where `state` and `updated_at` change. `updated_at` never runs backwards, even if the clock does.
    fn with_state(&self, state: State, now: Timestamp) -> Payout {
        Payout { state, updated_at: self.updated_at.max(now), ..self.clone() }
    }

    /// Handles a due payout that was submitted to another bank than its rail's current `bank`. `bank` would answer
    /// "never received" and pay again, so no call is made. The payout stays in doubt until an operator ends it or the
    /// rail uses its bank again.
    pub fn stay_with_its_bank(&self, bank: Option<&BankId>, policy: &Policy, now: Timestamp) -> Option<Payout> {
        let (sent_to, bank) = (self.bank.as_ref()?, bank?);
        let is_due = self.due_at().is_some_and(|due_at| due_at <= now);
        (sent_to != bank && is_due).then(|| {
            // No call was made, so none is unanswered. Nothing changes by itself soon: use the longest wait.
            let at = policy.retry_at(now, self.id, u32::MAX);
            let doubt = self.in_doubt(DoubtReason::other_bank(sent_to), now);
            self.waiting(self.enquiry(policy), at, Some(doubt), now)
        })
    }

    /// Claims the payout for one call to `bank`; `None` unless it is due.
    pub fn claim(
        &self,
        worker: &str,
        bank: Option<&BankId>,
        policy: &Policy,
        now: Timestamp,
    ) -> Option<(Payout, Attempt)> {
        let (kind, doubt) = match &self.state {
            State::Pending { due_at } if *due_at <= now => (AttemptKind::Submit, None),
            State::Processing(p) if p.due_at <= now => match &p.leased_by {
                // The rail's policy may have changed: a bank that cannot close a reference is not asked to.
                None if p.kind == AttemptKind::Close => (self.enquiry(policy), p.doubt.clone()),
                None => (p.kind, p.doubt.clone()),
                // Its worker died or lost its connection, and its call may have gone out: ask first.
                Some(lost) => {
                    let reason = DoubtReason::worker_lost(lost, p.kind);
                    (self.enquiry(policy), Some(self.in_doubt(reason, now)))
                }
            },
            _ => return None,
        };
        let progress = Progress { kind, due_at: later(now, policy.lease), leased_by: Some(worker.to_owned()), doubt };
        let mut payout = self.with_state(State::Processing(progress), now);
        payout.attempts += 1;
        if kind == AttemptKind::Submit {
            payout.submissions += 1;
            payout.bank = bank.cloned();
        }
        let (number, started_at) = (payout.attempts, payout.updated_at);
        let (worker, bank) = (worker.to_owned(), bank.cloned());
        Some((payout, Attempt { payout: self.id, number, kind, worker, bank, started_at }))
    }

    /// Applies the bank's answer to attempt `number`; `None` unless that attempt holds the payout.
    pub fn report(&self, number: u32, answer: &BankAnswer, policy: &Policy, now: Timestamp) -> Option<Payout> {
        let progress = self.held_by(number)?;
        Some(match answer {
            BankAnswer::Paid { utr } => self.with_state(State::Completed { utr: utr.clone() }, now),
            BankAnswer::Refused { reason } => self.with_state(State::Failed { reason: reason.clone() }, now),
            BankAnswer::Closed => {
                let reason = "The bank never received it and refuses it from now on".to_owned();
                self.with_state(State::Failed { reason }, now)
            }
            BankAnswer::NeverReceived => match progress.kind {
                AttemptKind::Enquire if self.submissions < policy.attempts_max => {
                    self.waiting(AttemptKind::Submit, now, progress.doubt.clone(), now)
                }
                AttemptKind::Enquire if policy.never_received_is_final => {
                    let reason = "The bank never received it, and promises that this is final".to_owned();
                    self.with_state(State::Failed { reason }, now)
                }
                AttemptKind::Enquire if policy.can_close => {
                    self.waiting(AttemptKind::Close, now, progress.doubt.clone(), now)
                }
                // The submission may still arrive, and the bank cannot refuse it in advance: no proof either way.
                AttemptKind::Enquire => self.unanswered(DoubtReason::CannotClose, policy, now),
                // Neither is an answer: the bank must know what was just submitted, and must promise what it closes.
                AttemptKind::Submit => self.unanswered(DoubtReason::NotAnAnswerToSubmit, policy, now),
                AttemptKind::Close => self.unanswered(DoubtReason::NotClosed, policy, now),
            },
            BankAnswer::NoAnswer { why } => self.unanswered(DoubtReason::NoAnswer(why.clone()), policy, now),
            BankAnswer::Unreachable { .. } => {
                let mut payout = self.not_sent(progress);
                payout.unanswered += 1;
                let at = policy.retry_at(now, self.id, payout.unanswered);
                payout.waiting(progress.kind, at, progress.doubt.clone(), now)
            }
        })
    }

    /// What the answer to the current call means. A final "never received" after the last submission is proof, like a
    /// closed reference.
    pub fn outcome_of(&self, answer: &BankAnswer, policy: &Policy) -> AttemptOutcome {
        let after_the_last = self.submissions >= policy.attempts_max
            && matches!(&self.state, State::Processing(progress) if progress.kind == AttemptKind::Enquire);
        match answer {
            BankAnswer::NeverReceived if after_the_last && policy.never_received_is_final => AttemptOutcome::Closed,
            answer => answer.outcome(),
        }
    }

    /// Releases the payout: its worker stopped before it made the call.
    pub fn release(&self, number: u32, now: Timestamp) -> Option<Payout> {
        let progress = self.held_by(number)?;
        Some(self.not_sent(progress).waiting(progress.kind, now, progress.doubt.clone(), now))
    }

    /// An operator makes the next call due now; the kind of call does not change. `None` unless the payout is in doubt
    /// and no worker holds it.
    pub fn ask(&self, now: Timestamp) -> Option<Payout> {
        let progress = self.unattended_doubt()?;
        // A payout that is already due keeps its place in the queue.
        Some(self.waiting(progress.kind, progress.due_at.min(now), progress.doubt.clone(), now))
    }

    /// An operator makes a payout due now that a wrong clock made due far in the future; `None` for any other.
    ///
    /// Nothing else changes. A claimed payout stays claimed, so the next worker asks the bank first, as after any
    /// expired lease.
    pub fn bring_forward(&self, now: Timestamp) -> Option<Payout> {
        self.due_at().filter(|due_at| is_far_ahead(*due_at, now))?;
        let state = match &self.state {
            State::Pending { .. } => State::Pending { due_at: now },
            State::Processing(progress) => State::Processing(Progress { due_at: now, ..progress.clone() }),
            State::Completed { .. } | State::Failed { .. } | State::Cancelled | State::Returned { .. } => return None,
        };
        Some(self.with_state(state, now))
    }

    /// An operator ends the doubt; `None` unless it is in doubt and no worker holds it.
    ///
    /// Only here does an operator's written statement replace the bank's own answer. A wrong statement refunds a payout
    /// that was paid, or settles one that was not. So it requires a reason and a row in the audit log, and `verify`
    /// compares it with the bank's book.
    pub fn decide(&self, verdict: &Verdict, reason: &str, now: Timestamp) -> Option<Payout> {
        self.unattended_doubt()?;
        let state = match verdict {
            Verdict::Paid { utr } => State::Completed { utr: utr.clone() },
            Verdict::NotPaid => {
                State::Failed { reason: format!("An operator decided that the bank did not pay: {reason}") }
            }
        };
        Some(self.with_state(state, now))
    }

    /// A worker that holds the payout may be receiving the answer right now. If its lease has expired, another worker
    /// soon takes over and asks.
    fn unattended_doubt(&self) -> Option<&Progress> {
        self.progress().filter(|_| self.is_in_doubt() && !self.is_held())
    }

    /// The merchant cancels the payout; `None` once a worker has claimed it.
    pub fn cancel(&self, now: Timestamp) -> Option<Payout> {
        matches!(self.state, State::Pending { .. }).then(|| self.with_state(State::Cancelled, now))
    }

    /// The bank sent the money back; `None` unless it had been paid.
    pub fn returned(&self, reason: &str, now: Timestamp) -> Option<Payout> {
        let State::Completed { utr } = &self.state else { return None };
        Some(self.with_state(State::Returned { utr: utr.clone(), reason: reason.to_owned() }, now))
    }

    /// The fencing check: only the newest attempt, and only while it holds the payout.
    fn held_by(&self, number: u32) -> Option<&Progress> {
        self.progress().filter(|_| self.is_held() && self.attempts == number)
    }

    /// Uncounts a submission that was never sent.
    fn not_sent(&self, progress: &Progress) -> Payout {
        let submissions = self.submissions - u32::from(progress.kind == AttemptKind::Submit);
        let bank = if submissions > 0 { self.bank.clone() } else { None };
        Payout { submissions, bank, ..self.clone() }
    }

    fn unanswered(&self, reason: DoubtReason, policy: &Policy, now: Timestamp) -> Payout {
        let unanswered = self.unanswered + 1;
        let at = policy.retry_at(now, self.id, unanswered);
        let doubt = self.in_doubt(reason, now);
        Payout { unanswered, ..self.waiting(self.enquiry(policy), at, Some(doubt), now) }
    }

    fn waiting(&self, kind: AttemptKind, due_at: Timestamp, doubt: Option<Doubt>, now: Timestamp) -> Payout {
        self.with_state(State::Processing(Progress { kind, due_at, leased_by: None, doubt }), now)
    }

    /// The next enquiry. Once the submissions are used up, it also closes the reference, if that is needed and the bank
    /// can do it.
    fn enquiry(&self, policy: &Policy) -> AttemptKind {
        let may_submit = self.submissions < policy.attempts_max;
        let closes = policy.can_close && !policy.never_received_is_final;
        if closes && !may_submit { AttemptKind::Close } else { AttemptKind::Enquire }
    }

    /// A doubt keeps its age while its reason changes.
    fn in_doubt(&self, reason: DoubtReason, now: Timestamp) -> Doubt {
        let doubt = self.progress().and_then(|progress| progress.doubt.as_ref());
        Doubt { since: doubt.map_or(now, |doubt| doubt.since), reason }
    }
}
