//! All that can happen to one payout, tried out: every reachable scene of the payout, the bank and
//! the calls under way, not a sample of them. No wait and no lease lasts here, so that every step
//! may come at any moment and time is no part of the scene.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use payrail_core::backoff::Policy;
use payrail_core::payout::{BankAnswer, Outcome, Payout, State, Status, Step};

use crate::common::{amount, at, merchant, payout_id};
use crate::model::{Bank, Call, Mood, Verdict};
use crate::{known, silence};

const MOODS: [Mood; 4] = [
    Mood { pays: true, closes: true },
    Mood { pays: true, closes: false },
    Mood { pays: false, closes: true },
    Mood { pays: false, closes: false },
];

/// The number under which the newest call of every scene goes, so that scenes can be compared.
const NEWEST: u32 = 1_000;

#[derive(Clone, Debug)]
struct Scene {
    payout: Payout,
    bank: Bank,
    calls: Vec<Call>,
}

#[test]
fn in_no_way_is_a_payout_refunded_and_paid_or_stranded() {
    for attempts_max in 1..=4 {
        let zero = SignedDuration::ZERO;
        let policy = Policy { attempts_max, retry_base: zero, lease: zero, ..Policy::default() };
        let scenes = explore(&policy);
        for scene in &scenes {
            scene.check(&policy);
            scene.check_that_calm_ends_it(&policy);
        }
        let statuses: BTreeSet<_> = scenes.iter().map(|scene| scene.payout.status()).collect();
        assert_eq!(statuses.len(), 5, "all but `returned`, in {} scenes", scenes.len());
    }
}

fn explore(policy: &Policy) -> Vec<Scene> {
    let payout = Payout::new(payout_id(merchant(0), 0), amount(1), "account".to_owned(), at(0));
    let mut found = BTreeSet::new();
    let mut scenes = Vec::new();
    let mut open = vec![Scene { payout, bank: Bank::default(), calls: Vec::new() }];
    while let Some(scene) = open.pop() {
        if found.insert(format!("{scene:?}")) {
            open.extend(scene.all_that_may_follow(policy).into_iter().map(Scene::in_essence));
            scenes.push(scene);
        }
    }
    scenes
}

impl Scene {
    fn all_that_may_follow(&self, policy: &Policy) -> Vec<Scene> {
        let mut next: Vec<_> = self.claimed(policy).into_iter().collect();
        next.extend(self.payout.cancel(at(0)).map(|payout| self.with(payout)));
        next.extend(self.payout.ask(at(0)).map(|payout| self.with(payout)));
        next.extend(self.decided());
        for n in 0..self.calls.len() {
            next.extend(MOODS.map(|mood| self.arrived(n, mood)));
            let heard = self.calls[n].answer.clone();
            next.extend(heard.into_iter().chain([silence()]).map(|answer| self.reported(n, &answer, policy)));
            next.extend(self.not_sent(n, policy));
        }
        next
    }

    fn claimed(&self, policy: &Policy) -> Option<Scene> {
        let (payout, attempt) = self.payout.claim("worker", policy, at(0))?;
        let mut next = self.with(payout);
        let (payout, number, step) = (attempt.payout, attempt.number, attempt.step);
        next.calls.push(Call { payout, number, step, answer: None, withheld: false });
        Some(next)
    }

    /// An operator who has it from the bank in writing: what the bank has not decided, nobody knows.
    fn decided(&self) -> Option<Scene> {
        let verdict = known(self.bank.verdict(self.payout.id)?);
        match self.payout.decide(&verdict, "the bank wrote so", at(0))? {
            Outcome::Settle(payout) | Outcome::Refund(payout) => Some(self.with(payout)),
            Outcome::GoOn(payout) => panic!("decided, and it goes on: {payout:?}"),
        }
    }

    fn arrived(&self, n: usize, mood: Mood) -> Scene {
        let mut next = self.clone();
        let call = &mut next.calls[n];
        if !call.withheld {
            let answer = next.bank.receive(&call.payout.reference(), call.step, mood);
            call.answer.get_or_insert(answer);
        }
        next
    }

    fn reported(&self, n: usize, answer: &BankAnswer, policy: &Policy) -> Scene {
        match self.payout.report(self.calls[n].number, answer, policy, at(0)) {
            Some(Outcome::Settle(payout) | Outcome::Refund(payout) | Outcome::GoOn(payout)) => self.with(payout),
            None => self.clone(),
        }
    }

    /// The worker says that it did not send: rightly, or not.
    fn not_sent(&self, n: usize, policy: &Policy) -> Vec<Scene> {
        let released = self.payout.release(self.calls[n].number, at(0)).map(|payout| self.with(payout));
        let why = "connection refused".to_owned();
        let told = [self.reported(n, &BankAnswer::Unreachable { why }, policy)].into_iter().chain(released);
        told.flat_map(|wrongly| {
            let mut rightly = wrongly.clone();
            rightly.calls[n].withheld = rightly.calls[n].answer.is_none();
            [wrongly, rightly]
        })
        .collect()
    }

    fn with(&self, payout: Payout) -> Scene {
        Scene { payout, ..self.clone() }
    }

    /// The scene without what can make no difference any more, so that there are few enough of them.
    fn in_essence(mut self) -> Scene {
        let newest = self.payout.calls;
        let decided = self.bank.verdict(self.payout.id).is_some();
        for call in &mut self.calls {
            call.number = if call.number == newest { NEWEST } else { 0 };
            // Its report will not be taken: nothing but its arrival matters.
            call.answer.take_if(|_| call.number == 0);
        }
        self.calls.retain(|call| call.number == NEWEST || !(decided || call.withheld || call.step == Step::Enquire));
        self.calls.sort_by_key(|call| (call.number, call.step));
        self.calls.dedup_by_key(|call| (call.number, call.step));
        self.payout.calls = if newest == 0 { 0 } else { NEWEST };
        // It sets the waits, of which there are none.
        self.payout.unanswered = 0;
        self
    }

    fn check(&self, policy: &Policy) {
        let verdict = self.bank.verdict(self.payout.id);
        let fine = match &self.payout.state {
            State::Pending { .. } | State::Cancelled => verdict.is_none() && self.calls.is_empty(),
            State::Processing(_) => true,
            State::Completed { .. } => matches!(verdict, Some(Verdict::Paid { .. })),
            // The bank has decided against it, so that no late call can make it pay.
            State::Failed { .. } => matches!(verdict, Some(Verdict::Refused | Verdict::Closed)),
            State::Returned { .. } => false,
        };
        assert!(fine, "{self:#?}");
        assert!(self.payout.attempts <= policy.attempts_max, "told too often: {self:#?}");
    }

    /// Two calls that are answered are enough, from anywhere.
    fn check_that_calm_ends_it(&self, policy: &Policy) {
        for mood in MOODS.into_iter().filter(|mood| mood.closes) {
            let mut scene = self.clone();
            for _ in 0..2 {
                let Some(claimed) = scene.claimed(policy) else { break };
                let n = claimed.calls.len() - 1;
                let arrived = claimed.arrived(n, mood);
                let answer = arrived.calls[n].answer.clone().expect("a calm bank answers");
                scene = arrived.reported(n, &answer, policy);
                scene.clone().in_essence().check(policy);
            }
            assert!(!matches!(scene.payout.status(), Status::Pending | Status::Processing), "stranded: {self:#?}");
        }
    }
}
