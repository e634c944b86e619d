//! The banks, each with its own list of payments, and the operators, who have the bank's answer in writing.

use std::collections::{BTreeMap, BTreeSet};

use payrail_core::backoff::{LONGEST_WAIT, Policy};
use payrail_core::bank_return::BankReturn;
use payrail_core::command::{Action, Command, Refusal};
use payrail_core::payout::{AttemptKind, BankAnswer, Payout, Status};
use payrail_types::ids::PayoutId;

use crate::common::bank::{Abilities, Bank, Mood, Verdict, known};
use crate::common::{by, line};
use crate::event::{Asker, Event, Outcome};
use crate::plan::SECOND;
use crate::watch::Kept;
use crate::worker::Sent;
use crate::world::{World, instant};

pub struct BankSide {
    bank: Bank,
    /// By reference: the newest enquiry that got a final "never received".
    denied: BTreeMap<String, u32>,
    /// The real payments, with their payouts.
    pub paid: Vec<PayoutId>,
    /// The list of returns.
    pub returns: Vec<Returned>,
}

/// A line of the list of returns.
pub struct Returned {
    pub payout: PayoutId,
    pub line: BankReturn,
    /// The line is true.
    pub is_true: bool,
    /// The line is recorded, as a credit or an exception.
    taken: bool,
}

impl BankSide {
    pub fn new(policy: &Policy) -> Self {
        let bank = Bank::new(Abilities::of(policy));
        Self { bank, denied: BTreeMap::new(), paid: Vec::new(), returns: Vec::new() }
    }

    /// The lines of this rail's bank.
    pub fn returns_to_take(&self, rail: usize) -> Vec<(usize, usize, PayoutId, BankReturn)> {
        let waiting = self.returns.iter().enumerate().filter(|(_, returned)| !returned.taken);
        waiting.map(|(number, returned)| (rail, number, returned.payout, returned.line.clone())).collect()
    }

    /// The answer to a call, if the bank accepts it. As promised, it pays nothing that was submitted before its final
    /// "never received".
    fn receive(&mut self, call: &Sent, mood: Mood) -> Option<BankAnswer> {
        let Sent { number, step, reference, .. } = call;
        let is_late = self.denied.get(reference).is_some_and(|denied| number < denied);
        if *step == AttemptKind::Submit && is_late {
            return None;
        }
        let answer = self.bank.receive(reference, *step, mood);
        if self.bank.abilities.is_final && *step == AttemptKind::Enquire && answer == BankAnswer::NeverReceived {
            let newest = self.denied.entry(reference.clone()).or_default();
            *newest = (*newest).max(*number);
        }
        Some(answer)
    }

    pub fn all_returns_are_taken(&self) -> bool {
        self.returns.iter().all(|returned| returned.taken)
    }

    pub fn hear_of_return(&mut self, number: usize, outcome: &Outcome) {
        if matches!(outcome, Some(Ok(_) | Err(Refusal::NotReturnable(Status::Returned)))) {
            self.returns[number].taken = true;
        }
    }

    /// The payouts that were really returned.
    pub fn came_back(&self) -> BTreeSet<PayoutId> {
        self.returns.iter().filter(|returned| returned.is_true).map(|returned| returned.payout).collect()
    }
}

impl World {
    pub fn arrive(&mut self, call: Sent) -> Kept {
        let Sent { rail, payout, number, step, back, .. } = call;
        let mood = Mood {
            pays: !self.dice.happens(self.plan.faults.refusal),
            closes: !self.strike(self.plan.faults.not_closed),
        };
        self.banks[rail].bank.repeats_utr = self.strike(self.plan.faults.repeated_utr);
        let before = self.banks[rail].bank.payments();
        let Some(answer) = self.banks[rail].receive(&call, mood) else {
            self.watch.seen.note("too late to be paid");
            return Ok(());
        };
        let paid = self.banks[rail].bank.payments() > before;
        if paid {
            self.banks[rail].paid.push(payout);
            if let (BankAnswer::Paid { utr }, true) = (&answer, self.strike(self.plan.faults.given_back)) {
                self.give_back(rail, payout, utr.as_str());
            }
        }
        self.watch.at_bank(payout, number, step, &answer, paid)?;
        if !self.strike(self.plan.faults.silence) {
            self.send(Event::Heard(back.0, back.1, answer));
        }
        Ok(())
    }

    /// Adds true lines, false lines, or both.
    fn give_back(&mut self, rail: usize, payout: PayoutId, utr: &str) {
        let amount = self.watch.amount(payout);
        if self.strike(self.plan.faults.false_return) {
            match self.dice.below(3) {
                0 => self.list(rail, payout, amount - 1, utr, false),
                1 => self.list(rail, payout, amount, "UTR-OF-NOBODY", false),
                // The same return under two numbers, of which one is true.
                _ => self.list(rail, payout, amount, utr, true),
            }
        }
        if self.dice.one_in(2) {
            self.list(rail, payout, amount, utr, true);
        }
    }

    fn list(&mut self, rail: usize, payout: PayoutId, amount: i64, utr: &str, is_true: bool) {
        let line = line(self.banks[rail].returns.len() as i64 + 1, payout, amount, utr);
        self.watch.listed(payout, &line);
        self.banks[rail].returns.push(Returned { payout, line, is_true, taken: false });
    }

    /// Handles one payout in doubt: asks the bank now, or decides by the bank's letter. Also brings forward what a
    /// wrong clock made due far in the future, even after the faults have stopped.
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
        // Without faults every bank answers, so an operator is needed only where the bank's answers prove nothing.
        let needs_a_person = |payout: &Payout| {
            let rail = self.watch.rail(payout.id);
            payout.is_in_doubt() && (!self.calm || self.banks[rail].bank.abilities.need_a_person())
        };
        let doubts: Vec<_> =
            self.store.payouts().filter(|(_, it)| needs_a_person(it)).map(|(owner, it)| (owner, it.id)).collect();
        if doubts.is_empty() {
            return;
        }
        let (merchant, payout) = self.dice.pick(&doubts);
        self.deeds += 1;
        let by = by("Ana", self.deeds);
        let bank = &mut self.banks[self.watch.rail(payout)].bank;
        if bank.abilities.need_a_person() && self.dice.one_in(2) && *bank.close_by_hand(payout) == Verdict::Closed {
            self.watch.promised_never_to_pay(payout);
        }
        let action = match bank.verdict(payout) {
            Some(verdict) if self.calm || self.dice.one_in(2) => {
                Action::Decide { payout, verdict: known(verdict), reason: "the bank wrote so".to_owned(), by }
            }
            _ => Action::Ask { payout, by },
        };
        let api = self.dice.below(self.plan.apis);
        let api = self.at(api);
        self.send(Event::Asked(api, Command { merchant, action }, Asker::Nobody));
    }
}
