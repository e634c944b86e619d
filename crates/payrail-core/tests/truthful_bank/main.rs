//! Promises 7 and 10 (never refunded and paid; nothing is stranded), with two banks that answer truthfully, late or not
//! at all, while calls are delayed, repeated and lost, and workers die.

#[path = "../common/mod.rs"]
mod common;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::command::{Action, Reply};
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{self, BankAnswer, Exchange, State};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::rail::{BankId, RailId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use common::bank::{Abilities, Bank, Call, Mood, Verdict, arrive, known, silence};
use common::{Store, at, by, create_on, full_return, fund, key, merchant, payout_id, policy};

const MERCHANTS: u8 = 2;

/// The next event between worker and bank. Payouts and calls are counted back from the newest.
#[derive(Clone, Debug)]
enum Move {
    Wait {
        millis: i64,
    },
    Claim {
        payout: u8,
        worker: u8,
    },
    /// A call reaches the bank, however late, and possibly for the second time.
    Arrive {
        call: u8,
        mood: Mood,
    },
    /// A worker reports the bank's answer, or silence if there is none, possibly again.
    Hear {
        call: u8,
    },
    /// A worker times out, whether or not the call has arrived or ever will.
    GiveUp {
        call: u8,
    },
    /// A worker knows, or (`wrongly`) believes, that its call was never sent.
    NotSent {
        call: u8,
        release: bool,
        wrongly: bool,
    },
    Cancel {
        payout: u8,
    },
    Return {
        payout: u8,
    },
    Ask {
        payout: u8,
    },
    /// An operator ends a doubt by the bank's letter, or without one by a `guess`: paid or not.
    Decide {
        payout: u8,
        guess: Option<bool>,
    },
}

fn moves() -> impl Strategy<Value = Move> {
    let payout = || 0..4u8;
    let call = || prop_oneof![5 => Just(0u8), 2 => Just(1), 2 => 2..8u8];
    let millis = prop_oneof![2 => 0..1_000i64, 3 => 20_000..140_000i64, 1 => 0..4_000_000i64];
    prop_oneof![
        4 => millis.prop_map(|millis| Move::Wait { millis }),
        6 => (payout(), 0..2u8).prop_map(|(payout, worker)| Move::Claim { payout, worker }),
        4 => (call(), moods()).prop_map(|(call, mood)| Move::Arrive { call, mood }),
        4 => call().prop_map(|call| Move::Hear { call }),
        3 => call().prop_map(|call| Move::GiveUp { call }),
        1 => (call(), any::<bool>(), any::<bool>())
            .prop_map(|(call, release, wrongly)| Move::NotSent { call, release, wrongly }),
        1 => payout().prop_map(|payout| Move::Cancel { payout }),
        1 => payout().prop_map(|payout| Move::Return { payout }),
        1 => payout().prop_map(|payout| Move::Ask { payout }),
        1 => (payout(), guesses()).prop_map(|(payout, guess)| Move::Decide { payout, guess }),
    ]
}

fn guesses() -> impl Strategy<Value = Option<bool>> {
    prop_oneof![3 => Just(None), 1 => any::<bool>().prop_map(Some)]
}

fn moods() -> impl Strategy<Value = Mood> {
    (any::<bool>(), any::<bool>()).prop_map(|(pays, closes)| Mood { pays, closes })
}

/// This many times the usual number of cases. A failure writes no files.
fn cases(times: u32) -> ProptestConfig {
    let usual = ProptestConfig::default();
    ProptestConfig { cases: times * usual.cases, failure_persistence: None, ..usual }
}

proptest! {
    #![proptest_config(cases(2))]

    #[test]
    fn never_refunded_and_paid_and_nothing_is_stranded(
        attempts_max in 0..4u32,
        banks in [select(Abilities::ALL.to_vec()), select(Abilities::ALL.to_vec())],
        payouts in 1..4usize,
        storm in vec(moves(), 0..120),
        last in vec(moods(), 1..8),
    ) {
        let mut world = World::new(Policy { attempts_max, ..policy() }, banks, payouts);
        for step in &storm {
            world.happen(step);
            world.check();
        }
        world.calm_down(&last);
        world.late_calls_arrive(&last);
        world.check();
        world.check_the_end();
    }
}

struct World {
    store: Store,
    /// One per rail; payouts use them in turn.
    banks: [Bank; 2],
    now: Timestamp,
    payouts: Vec<(MerchantId, PayoutId)>,
    calls: Vec<Call>,
    /// Payouts that an operator ended by a guess: only these may differ between books and bank.
    guessed: BTreeSet<PayoutId>,
    deeds: usize,
}

impl World {
    fn new(policy: Policy, banks: [Abilities; 2], payouts: usize) -> Self {
        let names = ["bank", "second"].into_iter().filter_map(RailId::parse);
        let rails: &[_] = names.zip(banks).map(|(rail, bank)| (rail, bank.on(policy))).collect::<Vec<_>>().leak();
        let mut store = Store { rails, ..Store::new(policy, MERCHANTS) };
        let owners = (0..MERCHANTS).map(merchant).cycle();
        let payouts: Vec<_> = owners.zip(0..payouts).map(|(owner, n)| (owner, payout_id(owner, n))).collect();
        for (n, (owner, id)) in (0..).zip(&payouts) {
            store.one(*owner, fund(key(2 * n), 100), at(0)).expect("funds");
            let rail = rails[usize::from(n) % 2].0;
            store.one(*owner, create_on(rail, *id, key(2 * n + 1), 100, "account"), at(0)).expect("a payout");
        }
        let (banks, calls, guessed) = (banks.map(Bank::new), Vec::new(), BTreeSet::new());
        World { store, banks, now: at(0), payouts, calls, guessed, deeds: 0 }
    }

    fn rail(&self, payout: PayoutId) -> usize {
        self.payouts.iter().position(|(_, id)| *id == payout).expect("one of ours") % 2
    }

    fn verdict(&self, payout: PayoutId) -> Option<&Verdict> {
        self.banks[self.rail(payout)].verdict(payout)
    }

    fn happen(&mut self, step: &Move) {
        match step {
            Move::Wait { millis } => self.now += SignedDuration::from_millis(*millis),
            Move::Claim { payout, worker } => {
                let (owner, payout) = self.payout(*payout);
                self.claim(owner, payout, *worker);
            }
            Move::Arrive { call, mood } => {
                self.on_call(*call, |world, n| world.arrive(n, *mood));
            }
            Move::Hear { call } => self.on_call(*call, |world, n| {
                let answer = world.calls[n].answer.clone().unwrap_or(silence());
                world.report(n, answer);
            }),
            Move::GiveUp { call } => self.on_call(*call, |world, n| world.report(n, silence())),
            Move::NotSent { call, release, wrongly } => {
                self.on_call(*call, |world, n| world.not_sent(n, *release, *wrongly));
            }
            Move::Cancel { payout } => {
                let (owner, payout) = self.payout(*payout);
                let _ = self.store.one(owner, Action::Cancel { payout }, self.now);
            }
            Move::Return { payout } => {
                let (owner, payout) = self.payout(*payout);
                let line = full_return(1, self.store.payout(payout).expect("one of ours"));
                let _ = self.store.one(owner, Action::Return { payout, line }, self.now);
            }
            Move::Ask { payout } => {
                let (owner, payout) = self.payout(*payout);
                self.ask(owner, payout);
            }
            Move::Decide { payout, guess } => {
                let (owner, payout) = self.payout(*payout);
                self.decide(owner, payout, *guess);
            }
        }
    }

    fn ask(&mut self, owner: MerchantId, payout: PayoutId) {
        self.deeds += 1;
        let asked = self.store.one(owner, Action::Ask { payout, by: by("Ana", self.deeds) }, self.now);
        // It is due now, so a worker finds it.
        if asked.is_ok() {
            assert!(self.claim(owner, payout, 5), "asked for, and not due");
        }
    }

    fn decide(&mut self, owner: MerchantId, payout: PayoutId, guess: Option<bool>) {
        let verdict = match (guess, self.verdict(payout)) {
            (Some(true), _) => payout::Verdict::Paid { utr: Utr::from_stored("as it was remembered") },
            (Some(false), _) => payout::Verdict::NotPaid,
            (None, Some(verdict)) => known(verdict),
            (None, None) => return,
        };
        self.deeds += 1;
        let (by, reason) = (by("Bela", self.deeds), "the bank wrote so".to_owned());
        let decided = self.store.one(owner, Action::Decide { payout, verdict, reason, by }, self.now);
        if decided.is_ok() && guess.is_some() {
            self.guessed.insert(payout);
        }
    }

    fn payout(&self, back: u8) -> (MerchantId, PayoutId) {
        self.payouts[usize::from(back) % self.payouts.len()]
    }

    fn on_call(&mut self, back: u8, act: impl FnOnce(&mut Self, usize)) {
        if let Some(n) = self.calls.len().checked_sub(1 + usize::from(back)) {
            act(self, n);
        }
    }

    fn claim(&mut self, owner: MerchantId, payout: PayoutId, worker: u8) -> bool {
        let bank = Some(BankId::new(self.store.rails[self.rail(payout)].0.as_str()));
        let claim = Action::Claim { payout, worker: format!("worker-{worker}"), bank };
        let Ok(Reply::Claimed { attempt, .. }) = self.store.one(owner, claim, self.now) else { return false };
        self.calls.push(Call::new(&attempt, payout.reference()));
        true
    }

    fn arrive(&mut self, n: usize, mood: Mood) {
        let rail = self.rail(self.calls[n].payout);
        arrive(&mut self.calls, n, &mut self.banks[rail], mood);
    }

    fn report(&mut self, n: usize, answer: BankAnswer) {
        let Call { payout, number, .. } = self.calls[n];
        let owner = self.owner(payout);
        let report = Action::Report { payout, number, answer, exchange: Exchange::default() };
        let _ = self.store.one(owner, report, self.now);
    }

    /// A worker that is wrong about this does no harm, because the reference is the same.
    fn not_sent(&mut self, n: usize, release: bool, wrongly: bool) {
        let Call { payout, number, .. } = self.calls[n];
        if !wrongly && self.calls[n].answer.is_some() {
            return;
        }
        self.calls[n].withheld |= !wrongly;
        if release {
            let owner = self.owner(payout);
            let _ = self.store.one(owner, Action::Release { payout, number }, self.now);
        } else {
            self.report(n, BankAnswer::Unreachable { why: "connection refused".to_owned() });
        }
    }

    fn owner(&self, payout: PayoutId) -> MerchantId {
        self.payouts.iter().find(|(_, id)| *id == payout).expect("one of ours").0
    }

    /// From now on the banks always answer and the workers stay alive. What a bank can neither close nor promise not to
    /// pay, its staff block and an operator decides.
    fn calm_down(&mut self, moods: &[Mood]) {
        for (n, (owner, payout)) in self.payouts.clone().into_iter().enumerate() {
            let mood = Mood { closes: true, ..moods[n % moods.len()] };
            for round in 0.. {
                let Some(due_at) = self.store.payout(payout).and_then(|payout| payout.due_at()) else { break };
                // At most an enquiry and a submission after it.
                let rail = self.rail(payout);
                if round == 2 && self.banks[rail].abilities.need_a_person() {
                    self.banks[rail].close_by_hand(payout);
                    self.decide(owner, payout, None);
                    continue;
                }
                assert!(round < 2, "stranded: {:?}", self.store.payout(payout));
                self.now = self.now.max(due_at);
                assert!(self.claim(owner, payout, 9), "due, and not to be claimed");
                let call = self.calls.len() - 1;
                self.arrive(call, mood);
                self.report(call, self.calls[call].answer.clone().expect("a calm bank answers"));
            }
        }
    }

    /// Delayed submissions reach the bank at the end.
    fn late_calls_arrive(&mut self, moods: &[Mood]) {
        for n in 0..self.calls.len() {
            self.arrive(n, Mood { pays: true, ..moods[n % moods.len()] });
        }
    }

    /// The ledger never contradicts the bank, except by an operator's guess.
    fn check(&self) {
        for (_, entry) in &self.store.log.entries {
            let Some(payout) = entry.payout.filter(|payout| !self.guessed.contains(payout)) else { continue };
            let verdict = self.verdict(payout);
            match entry.kind {
                EntryKind::Settle => assert!(matches!(verdict, Some(Verdict::Paid { .. })), "settled: {verdict:?}"),
                EntryKind::Refund => assert!(!matches!(verdict, Some(Verdict::Paid { .. })), "refunded and paid"),
                _ => {}
            }
        }
    }

    fn check_the_end(&self) {
        for (_, id) in &self.payouts {
            let payout = self.store.payout(*id).expect("a payout does not vanish");
            let verdict = self.verdict(*id);
            let is_final = self.banks[self.rail(*id)].abilities.is_final;
            match &payout.state {
                State::Completed { .. } | State::Failed { .. } | State::Returned { .. }
                    if self.guessed.contains(id) => {}
                State::Completed { utr } | State::Returned { utr, .. } => {
                    assert_eq!(verdict, Some(&Verdict::Paid { utr: utr.clone() }));
                }
                State::Failed { .. } if verdict.is_none() => assert!(is_final, "refunded on no word: {payout:?}"),
                State::Failed { .. } => assert!(matches!(verdict, Some(Verdict::Refused | Verdict::Closed))),
                State::Cancelled => assert_eq!(verdict, None, "cancelled, and yet the bank heard of it"),
                State::Pending { .. } | State::Processing(_) => panic!("stranded: {payout:?}"),
            }
        }
        assert!(self.store.books.values().all(|book| book.tip.balances.held.get() == 0));
    }
}
