//! A model checker for claim, lease, bank and refund: it visits every reachable state, not a sample. The steps are the
//! core's own decisions. Promises 5 to 8 and 10 hold in every state. With a planted fault the checker finds a path to a
//! state that breaks one.
//!
//! All waits and leases are zero, so that every step is possible at any moment and time is not part of a state.

mod calm;
#[path = "../common/mod.rs"]
mod common;
mod moves;
mod promises;
mod state;

use jiff::SignedDuration;
use payrail_core::backoff::Policy;
use payrail_types::rail::{BankId, RailId};
use stateright::{Checker, HasDiscoveries, Model, Property};

use common::bank::Abilities;
use common::mutant::Mutant;
use common::policy;
use moves::Move;
use state::ModelState;

/// A world to explore.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub mutant: Option<Mutant>,
    /// Each has a bank of its own; payouts use them in turn.
    pub rails: &'static [(RailId, Policy)],
    /// The number of payouts that the client requests, each under its own key.
    pub keys: usize,
    pub extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extent {
    /// Two workers, operators, and calls that were never sent. Other steps may come between the reads and the writes of
    /// a transaction; while it has the merchant's lock, only the bank's may.
    Whole,
    /// Without these, for several payouts that share only a book, a lock and a bank.
    Bare,
    /// `Bare`, with true and false lines in the bank's list of returns.
    Returns,
}

impl Rules {
    /// One bank, which can close references.
    fn new(keys: usize, attempts_max: u32, extent: Extent) -> Self {
        Self::on(&Abilities::ALL[..1], keys, attempts_max, extent)
    }

    fn on(banks: &[Abilities], keys: usize, attempts_max: u32, extent: Extent) -> Self {
        let zero = SignedDuration::ZERO;
        let policy = Policy { attempts_max, retry_base: zero, lease: zero, ..policy() };
        let names = ["bank", "second"].into_iter().filter_map(RailId::parse);
        let rails = names.zip(banks).map(|(rail, bank)| (rail, bank.on(policy))).collect::<Vec<_>>();
        Self { mutant: None, rails: rails.leak(), keys, extent }
    }

    pub fn attempts_max(&self) -> u32 {
        self.rails[0].1.attempts_max
    }

    /// Whether there is a bank that can and must close references.
    pub fn close(&self) -> bool {
        self.rails.iter().any(|(_, policy)| policy.can_close && !policy.never_received_is_final)
    }

    pub fn are_final(&self) -> bool {
        self.rails.iter().any(|(_, policy)| policy.never_received_is_final)
    }

    /// The index of the `number`th payout's rail.
    pub fn rail(&self, number: usize) -> usize {
        number % self.rails.len()
    }

    pub fn bank(&self, rail: usize) -> BankId {
        BankId::new(self.rails[rail].0.as_str())
    }

    pub fn of_decisions(&self) -> payrail_core::decide::Rules {
        payrail_core::decide::Rules { rails: self.rails, ..common::rules(self.rails[0].1) }
    }
}

impl Model for Rules {
    type State = ModelState;
    type Action = Move;

    fn init_states(&self) -> Vec<ModelState> {
        vec![ModelState::first(self)]
    }

    fn actions(&self, state: &ModelState, moves: &mut Vec<Move>) {
        state.may_follow(self, moves);
    }

    fn next_state(&self, state: &ModelState, next: Move) -> Option<ModelState> {
        state.after(&next, self)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}

/// One payout with everything that can happen to it, and two payouts.
fn worlds() -> Vec<Rules> {
    let one = (1..=3).map(|attempts_max| Rules::new(1, attempts_max, Extent::Whole));
    let others = [Rules::new(2, 1, Extent::Bare), Rules::new(1, 1, Extent::Returns)];
    // Banks that promise, banks that can do nothing, and two rails side by side.
    let [closes, is_final, both, neither] = Abilities::ALL;
    let abilities = [is_final, both, neither].into_iter().flat_map(|bank| [1, 2].map(|max| (bank, max)));
    let abilities = abilities.map(|(bank, attempts_max)| Rules::on(&[bank], 1, attempts_max, Extent::Whole));
    let pairs = [[closes, is_final], [closes, neither], [is_final, neither]];
    let pairs = pairs.map(|pair| Rules::on(&pair, 2, 1, Extent::Bare));
    one.chain(others).chain(abilities).chain(pairs).collect()
}

#[test]
fn every_state_keeps_the_promises() {
    for rules in worlds() {
        let checker = rules.checker().spawn_bfs().join();
        println!(
            "{} payouts, banks {:?}, at most {} submissions: {} states, {} steps between them, up to {} deep",
            rules.keys,
            rules.rails.iter().map(|(_, policy)| Abilities::of(policy)).collect::<Vec<_>>(),
            rules.attempts_max(),
            checker.unique_state_count(),
            checker.state_count(),
            checker.max_depth()
        );
        checker.assert_properties();
    }
}

/// The faults that show in these states. The simulation finds the others.
fn touches(mutant: Mutant) -> bool {
    match mutant {
        Mutant::SkipLock
        | Mutant::ReadBeforeLock
        | Mutant::ForgetReplay
        | Mutant::RefundOnSilence
        | Mutant::TrustNeverReceived
        | Mutant::SettleTwice
        | Mutant::CreditPartialReturn
        | Mutant::IgnoreReturnUtr
        | Mutant::ReturnTwice
        | Mutant::ReuseReference
        | Mutant::NewReferences
        | Mutant::LoseFencing
        | Mutant::ResubmitUnasked
        | Mutant::CancelAfterClaim
        | Mutant::EndlessLease
        | Mutant::AssumeClosing
        | Mutant::AssumeFinal
        | Mutant::OnePolicy
        | Mutant::MixRails => true,
        // This model has no answers, records and events.
        Mutant::AnswerBeforeCommit
        | Mutant::TornCommit
        | Mutant::LoadNoKeys
        | Mutant::LoadNoPayouts
        | Mutant::AnswerAnyRequest
        | Mutant::RenderAgain
        | Mutant::ForgetHold
        | Mutant::LoseEvent => false,
    }
}

#[test]
fn every_planted_fault_has_a_counterexample() {
    let mut missed = Vec::new();
    for mutant in Mutant::ALL.into_iter().filter(|mutant| touches(*mutant)) {
        let [closes, is_final, _, neither] = Abilities::ALL;
        let world = match mutant {
            Mutant::ReuseReference => Rules::new(2, 2, Extent::Bare),
            Mutant::CreditPartialReturn | Mutant::IgnoreReturnUtr | Mutant::ReturnTwice => {
                Rules::new(1, 2, Extent::Returns)
            }
            Mutant::AssumeClosing => Rules::on(&[neither], 1, 1, Extent::Whole),
            Mutant::OnePolicy | Mutant::MixRails => Rules::on(&[closes, is_final], 2, 1, Extent::Bare),
            _ => Rules::new(1, 2, Extent::Whole),
        };
        let rules = Rules { mutant: Some(mutant), ..world };
        match (1..DEPTH).find_map(|depth| counterexample(rules, depth)) {
            Some((name, moves)) => println!("{mutant:?} breaks {name}: {moves:?}"),
            None => missed.push(mutant),
        }
    }
    assert!(missed.is_empty(), "no counterexample within {DEPTH} moves: {missed:?}");
}

const DEPTH: usize = 20;

/// A promise that breaks within this many moves, and the path.
fn counterexample(rules: Rules, depth: usize) -> Option<(&'static str, Vec<Move>)> {
    let checker = rules.checker().finish_when(HasDiscoveries::AnyFailures).target_max_depth(depth).spawn_bfs().join();
    promises::NAMES.iter().find_map(|name| Some((*name, checker.discovery(name)?.into_actions())))
}
