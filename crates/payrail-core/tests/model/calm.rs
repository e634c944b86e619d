//! Promise 10: from every scene, if the faults stop, two answered calls end each payout.

use payrail_core::command::{Action, Command, Exchange};
use payrail_core::ids::PayoutId;
use payrail_core::payout::Status;

use crate::Rules;
use crate::common::bank::Mood;
use crate::common::merchant;
use crate::moves::decide;
use crate::scene::Scene;

impl Scene {
    /// Whatever process was in a transaction is dead; from now on the bank answers, and a worker lives to hear it.
    pub fn calm_ends_it(&self, rules: &Rules) -> bool {
        let mut closing = Mood::ALL.into_iter().filter(|mood| mood.closes);
        closing.all(|mood| {
            let mut scene = self.clone();
            scene.open.clear();
            self.book.payouts.keys().all(|payout| scene.ends(*payout, mood, rules))
        })
    }

    fn ends(&mut self, payout: PayoutId, mood: Mood, rules: &Rules) -> bool {
        for _ in 0..2 {
            if self.is_over(payout) {
                break;
            }
            let before = self.calls.len();
            self.ask(Action::Claim { payout, worker: "worker-9".to_owned() }, rules);
            if self.calls.len() == before {
                break;
            }
            self.arrive(before, mood);
            let (number, answer) = (self.calls[before].number, self.calls[before].answer.clone());
            let answer = answer.expect("a calm bank answers");
            self.ask(Action::Report { payout, number, answer, exchange: Exchange::default() }, rules);
        }
        self.is_over(payout)
    }

    fn is_over(&self, payout: PayoutId) -> bool {
        !matches!(self.book.payouts[&payout].status(), Status::Pending | Status::Processing)
    }

    fn ask(&mut self, action: Action, rules: &Rules) {
        let read = self.book.clone();
        let writes = decide(&Command { merchant: merchant(0), action }, read, rules);
        self.write(&writes, rules);
    }
}
