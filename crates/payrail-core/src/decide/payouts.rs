//! A payout's calls to the bank: claim, report and release; and cancellation before the first call.

use super::decision::{Decision, Result};
use crate::bank_return::Exception;
use crate::command::{Refusal, Reply};
use crate::payout::{AttemptOutcome, BankAnswer, Exchange, Payout, State};
use crate::writes::AttemptEnd;
use payrail_types::rail::BankId;

impl Decision<'_> {
    pub fn claim(&mut self, payout: &Payout, worker: &str, bank: Option<&BankId>) -> Result {
        let policy = self.rules.policy_of(payout);
        if let Some(next) = payout.stay_with_its_bank(bank, policy, self.now) {
            if payout.is_held() {
                // The previous worker never reported on its call, and no later call will end that attempt.
                self.close(payout, payout.attempts, AttemptOutcome::NoAnswer, Exchange::default());
            }
            return self.update(payout, next);
        }
        let (next, attempt) = payout.claim(worker, bank, policy, self.now).ok_or(Refusal::NotDue)?;
        self.writes.opened.push((self.book.merchant, attempt.clone()));
        self.update(payout, next.clone())?;
        Ok(Reply::Claimed { payout: next, attempt })
    }

    pub fn report(&mut self, payout: &Payout, number: u32, answer: &BankAnswer, exchange: &Exchange) -> Result {
        let policy = self.rules.policy_of(payout);
        let next = payout.report(number, answer, policy, self.now).ok_or(Refusal::StaleAttempt)?;
        self.close(payout, number, payout.outcome_of(answer, policy), exchange.clone());
        self.conclude(payout, next)
    }

    pub fn release(&mut self, payout: &Payout, number: u32) -> Result {
        let next = payout.release(number, self.now).ok_or(Refusal::StaleAttempt)?;
        self.close(payout, number, AttemptOutcome::Released, Exchange::default());
        self.update(payout, next)
    }

    pub fn cancel(&mut self, payout: &Payout) -> Result {
        let next = payout.cancel(self.now).ok_or(Refusal::NotCancellable(payout.status()))?;
        self.update(payout, next)
    }

    /// Applies a definite outcome, from the bank or an operator. If another payout has the same UTR, it also records an
    /// exception for a person to resolve.
    pub fn conclude(&mut self, before: &Payout, after: Payout) -> Result {
        if let State::Completed { utr } = &after.state
            && let Some(other) = self.book.other_of_utr(after.id, utr)?
        {
            let exception = Exception::duplicate_utr(after.id, other, utr, self.now);
            self.writes.exceptions.push((self.book.merchant, exception));
        }
        self.update(before, after)
    }

    fn close(&mut self, payout: &Payout, number: u32, outcome: AttemptOutcome, exchange: Exchange) {
        let ended_at = self.now.max(payout.updated_at);
        let end = AttemptEnd { payout: payout.id, number, outcome, exchange, ended_at };
        self.writes.closed.push((self.book.merchant, end));
    }
}
