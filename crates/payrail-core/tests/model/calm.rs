//! Promise 10: from every state, if the faults stop, two answered calls end each payout.

use payrail_core::command::{Action, Command};
use payrail_core::payout::{Exchange, Status};
use payrail_types::ids::PayoutId;

use crate::Rules;
use crate::common::bank::Mood;
use crate::common::merchant;
use crate::moves::{Move, decide};
use crate::state::{ModelState, Open, number};

impl ModelState {
    /// Open transactions are lost. From now on the banks answer and the workers stay alive. An operator ends what the
    /// bank can neither close nor promise not to pay.
    pub fn calm_ends_it(&self, rules: &Rules) -> bool {
        let mut closing = Mood::ALL.into_iter().filter(|mood| mood.closes);
        closing.all(|mood| {
            let mut state = self.clone();
            state.open.clear();
            self.book.payouts.keys().all(|payout| state.ends(*payout, mood, rules))
        })
    }

    fn ends(&mut self, payout: PayoutId, mood: Mood, rules: &Rules) -> bool {
        for _ in 0..2 {
            if self.is_over(payout) {
                break;
            }
            let before = self.calls.len();
            let bank = Some(rules.bank(rules.rail(number(payout))));
            self.ask(Action::Claim { payout, worker: "worker-9".to_owned(), bank }, rules);
            if self.calls.len() == before {
                break;
            }
            self.arrive(before, mood);
            let (number, answer) = (self.calls[before].number, self.calls[before].answer.clone());
            let answer = answer.expect("a calm bank answers");
            self.ask(Action::Report { payout, number, answer, exchange: Exchange::default() }, rules);
        }
        if !self.is_over(payout) && self.bank(payout).abilities.need_a_person() {
            if let Some(decided) = self.after(&Move::Decide(number(payout)), rules) {
                *self = decided;
            }
            for Open { command, .. } in std::mem::take(&mut self.open) {
                self.ask(command.action, rules);
            }
        }
        self.is_over(payout)
    }

    fn is_over(&self, payout: PayoutId) -> bool {
        !matches!(self.payout(payout).status(), Status::Pending | Status::Processing)
    }

    fn ask(&mut self, action: Action, rules: &Rules) {
        let read = self.book.clone();
        let writes = decide(&Command { merchant: merchant(0), action }, read, rules);
        self.write(&writes, rules);
    }
}
