//! A payout's way: claimed for a call to the bank, reported on, released, withdrawn.

use super::{AttemptEnd, Decision, Result};
use crate::bank_return::Exception;
use crate::command::{Exchange, Refusal, Reply};
use crate::event::EventKind;
use crate::ledger::EntryKind;
use crate::payout::{BankAnswer, Outcome, Payout, State};

impl Decision<'_> {
    pub(super) fn claim(&mut self, payout: &Payout, worker: &str) -> Result {
        let (next, attempt) = payout.claim(worker, &self.rules.policy, self.now).ok_or(Refusal::NotDue)?;
        let event = match attempt.number {
            1 => Some(EventKind::PayoutProcessing),
            // A lease that ran out is a doubt of its own.
            _ => newly_in_doubt(payout, &next),
        };
        self.changes.opened.push(attempt.clone());
        self.step(next.clone(), None, event)?;
        Ok(Reply::Claimed { payout: next, attempt })
    }

    pub(super) fn report(&mut self, payout: &Payout, number: u32, answer: &BankAnswer, exchange: &Exchange) -> Result {
        let policy = &self.rules.policy;
        let outcome = payout.report(number, answer, policy, self.now).ok_or(Refusal::StaleAttempt)?;
        self.close(payout, number, answer.as_str(), exchange.clone());
        self.conclude(payout, outcome)
    }

    pub(super) fn release(&mut self, payout: &Payout, number: u32) -> Result {
        let next = payout.release(number, self.now).ok_or(Refusal::StaleAttempt)?;
        self.close(payout, number, "released", Exchange::default());
        self.step(next, None, None)
    }

    pub(super) fn cancel(&mut self, payout: &Payout) -> Result {
        let next = payout.cancel(self.now).ok_or(Refusal::NotCancellable(payout.status()))?;
        self.step(next, Some(EntryKind::Refund), Some(EventKind::PayoutCancelled))
    }

    /// Settles, refunds or goes on, as it came out.
    pub(super) fn conclude(&mut self, before: &Payout, outcome: Outcome) -> Result {
        match outcome {
            Outcome::Settle(next) => self.settle(next),
            Outcome::Refund(next) => self.step(next, Some(EntryKind::Refund), Some(EventKind::PayoutFailed)),
            Outcome::GoOn(next) => {
                let event = newly_in_doubt(before, &next);
                self.step(next, None, event)
            }
        }
    }

    /// The bank's answer is definite about this payout, whatever it said about another: a UTR that two payouts have
    /// is for a person to look into.
    fn settle(&mut self, next: Payout) -> Result {
        if let State::Completed { utr } = &next.state
            && let Some(other) = self.book.other_of_utr(next.id, utr)?
        {
            self.changes.exceptions.push(Exception::duplicate_utr(next.id, other, utr, self.now));
        }
        self.step(next, Some(EntryKind::Settle), Some(EventKind::PayoutCompleted))
    }

    fn close(&mut self, payout: &Payout, number: u32, outcome: &'static str, exchange: Exchange) {
        let ended_at = self.now.max(payout.updated_at);
        self.changes.closed.push(AttemptEnd { payout: payout.id, number, outcome, exchange, ended_at });
    }
}

fn newly_in_doubt(before: &Payout, after: &Payout) -> Option<EventKind> {
    (after.is_in_doubt() && !before.is_in_doubt()).then_some(EventKind::PayoutInDoubt)
}
