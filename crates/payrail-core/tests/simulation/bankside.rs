//! The bank's side of the net, the bank's own list of what it paid, and the operators, who have its word in writing.

use std::collections::BTreeSet;

use payrail_core::backoff::LONGEST_WAIT;
use payrail_core::bank_return::BankReturn;
use payrail_core::command::{Action, Command, Refusal};
use payrail_core::ids::PayoutId;
use payrail_core::payout::{BankAnswer, Status};

use crate::common::bank::{Bank, Mood, known};
use crate::common::{by, line};
use crate::event::{Asker, Event, Outcome};
use crate::plan::SECOND;
use crate::watch::Kept;
use crate::worker::Sent;
use crate::world::{World, instant};

#[derive(Default)]
pub struct BankSide {
    bank: Bank,
    /// What was really paid, and for which payout.
    pub paid: Vec<PayoutId>,
    /// The list of what was sent back.
    pub returns: Vec<Returned>,
}

/// A line of the list of returns.
pub struct Returned {
    pub payout: PayoutId,
    pub line: BankReturn,
    /// Says what was really paid.
    pub is_true: bool,
    /// The books have it, credited or as an exception.
    taken: bool,
}

impl BankSide {
    pub fn returns_to_take(&self) -> Vec<(usize, PayoutId, BankReturn)> {
        let waiting = self.returns.iter().enumerate().filter(|(_, returned)| !returned.taken);
        waiting.map(|(number, returned)| (number, returned.payout, returned.line.clone())).collect()
    }

    pub fn all_returns_are_taken(&self) -> bool {
        self.returns.iter().all(|returned| returned.taken)
    }

    pub fn hear_of_return(&mut self, number: usize, outcome: &Outcome) {
        if matches!(outcome, Some(Ok(_) | Err(Refusal::NotReturnable(Status::Returned)))) {
            self.returns[number].taken = true;
        }
    }

    /// The payouts whose money really came back.
    pub fn came_back(&self) -> BTreeSet<PayoutId> {
        self.returns.iter().filter(|returned| returned.is_true).map(|returned| returned.payout).collect()
    }
}

impl World {
    pub fn arrive(&mut self, call: Sent) -> Kept {
        let Sent { payout, number, step, reference, back } = call;
        let mood = Mood {
            pays: !self.dice.happens(self.plan.faults.refusal),
            closes: !self.strike(self.plan.faults.not_closed),
        };
        self.bank.bank.repeats_utr = self.strike(self.plan.faults.repeated_utr);
        let before = self.bank.bank.payments();
        let answer = self.bank.bank.receive(&reference, step, mood);
        let paid = self.bank.bank.payments() > before;
        if paid {
            self.bank.paid.push(payout);
            if let (BankAnswer::Paid { utr }, true) = (&answer, self.strike(self.plan.faults.given_back)) {
                self.give_back(payout, utr);
            }
        }
        self.watch.at_bank(payout, number, step, &answer, paid)?;
        if !self.strike(self.plan.faults.silence) {
            self.send(Event::Heard(back.0, back.1, answer));
        }
        Ok(())
    }

    /// Truly, falsely, or both.
    fn give_back(&mut self, payout: PayoutId, utr: &str) {
        let amount = self.watch.amount(payout);
        if self.strike(self.plan.faults.false_return) {
            match self.dice.below(3) {
                0 => self.list(payout, amount - 1, utr, false),
                1 => self.list(payout, amount, "UTR-OF-NOBODY", false),
                // The same return under two numbers: one of them is true.
                _ => self.list(payout, amount, utr, true),
            }
        }
        if self.dice.one_in(2) {
            self.list(payout, amount, utr, true);
        }
    }

    fn list(&mut self, payout: PayoutId, amount: i64, utr: &str, is_true: bool) {
        let line = line(self.bank.returns.len() as i64 + 1, payout, amount, utr);
        self.watch.listed(payout, &line);
        self.bank.returns.push(Returned { payout, line, is_true, taken: false });
    }

    /// Looks at one of the doubts: has the bank asked now, or ends it by what the bank wrote.
    /// What a wrong clock made due far in the future, an operator brings forward, in the calm too.
    pub fn operate(&mut self) {
        let wait = self.dice.between(5 * SECOND, 300 * SECOND);
        self.schedule(self.now + wait, Event::Operator);
        let now = instant(self.now + self.jumped);
        let mut ahead = self.store.due_after(now + LONGEST_WAIT);
        if let Some((merchant, payout)) = ahead.next().filter(|_| self.calm || self.now % 2 == 0) {
            drop(ahead);
            self.deeds += 1;
            let action =
                Action::BringForward { payout, reason: "the clock was wrong".to_owned(), by: by("Ana", self.deeds) };
            let api = self.dice.below(self.plan.apis);
            let api = self.at(api);
            return self.send(Event::Asked(api, Command { merchant, action }, Asker::Nobody));
        }
        drop(ahead);
        if self.calm {
            return;
        }
        let doubts: Vec<_> =
            self.store.payouts().filter(|(_, payout)| payout.is_in_doubt()).map(|(owner, p)| (owner, p.id)).collect();
        if doubts.is_empty() {
            return;
        }
        let (merchant, payout) = self.dice.pick(&doubts);
        self.deeds += 1;
        let by = by("Ana", self.deeds);
        let action = match self.bank.bank.verdict(payout) {
            Some(verdict) if self.dice.one_in(2) => {
                Action::Decide { payout, verdict: known(verdict), reason: "the bank wrote so".to_owned(), by }
            }
            _ => Action::Ask { payout, by },
        };
        let api = self.dice.below(self.plan.apis);
        let api = self.at(api);
        self.send(Event::Asked(api, Command { merchant, action }, Asker::Nobody));
    }
}
