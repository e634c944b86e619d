//! The bank's side of the net, the bank's own list of what it paid, and the operators, who have its word in writing.

use std::collections::BTreeMap;

use payrail_core::command::{Action, Command, Refusal};
use payrail_core::ids::PayoutId;
use payrail_core::payout::Status;

use crate::common::bank::{Bank, Mood, known};
use crate::common::by;
use crate::event::{Asker, Event, Outcome};
use crate::plan::SECOND;
use crate::watch::Kept;
use crate::worker::Sent;
use crate::world::World;

#[derive(Default)]
pub struct BankSide {
    bank: Bank,
    /// What was really paid, and for which payout.
    pub paid: Vec<PayoutId>,
    /// What was sent back, and whether the books have it.
    pub returns: BTreeMap<PayoutId, bool>,
}

impl BankSide {
    pub fn returns_to_take(&self) -> Vec<PayoutId> {
        self.returns.iter().filter(|(_, taken)| !**taken).map(|(payout, _)| *payout).collect()
    }

    pub fn all_returns_are_taken(&self) -> bool {
        self.returns.values().all(|taken| *taken)
    }

    pub fn hear_of_return(&mut self, payout: PayoutId, outcome: &Outcome) {
        if matches!(outcome, Some(Ok(_) | Err(Refusal::NotReturnable(Status::Returned)))) {
            self.returns.insert(payout, true);
        }
    }
}

impl World {
    pub fn arrive(&mut self, call: Sent) -> Kept {
        let Sent { payout, number, step, reference, back } = call;
        let mood = Mood {
            pays: !self.dice.happens(self.plan.faults.refusal),
            closes: !self.strike(self.plan.faults.not_closed),
        };
        let before = self.bank.bank.payments();
        let answer = self.bank.bank.receive(&reference, step, mood);
        let paid = self.bank.bank.payments() > before;
        if paid {
            self.bank.paid.push(payout);
            if self.strike(self.plan.faults.given_back) {
                self.bank.returns.insert(payout, false);
            }
        }
        self.watch.at_bank(payout, number, step, &answer, paid)?;
        if !self.strike(self.plan.faults.silence) {
            self.send(Event::Heard(back.0, back.1, answer));
        }
        Ok(())
    }

    /// Looks at one of the doubts: has the bank asked now, or ends it by what the bank wrote.
    pub fn operate(&mut self) {
        if self.calm {
            return;
        }
        let wait = self.dice.between(5 * SECOND, 300 * SECOND);
        self.schedule(self.now + wait, Event::Operator);
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
