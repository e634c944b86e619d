//! Claim, lease, bank and refund in a model checker: every scene that can come of them, not a sample. The steps
//! are the core's own decisions; promises 5 to 8 and 10 hold in every scene, and with a fault planted on purpose
//! the checker shows the way to a scene in which one does not.
//!
//! No wait and no lease lasts here, so that every step may come at any moment and time is no part of a scene.

mod calm;
#[path = "../common/mod.rs"]
mod common;
mod moves;
mod promises;
mod scene;

use jiff::SignedDuration;
use payrail_core::backoff::Policy;
use stateright::{Checker, HasDiscoveries, Model, Property};

use common::mutant::Mutant;
use moves::Move;
use scene::Scene;

/// A world to explore.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub mutant: Option<Mutant>,
    pub policy: Policy,
    /// How many payouts the client asks for, each under a key of its own.
    pub keys: usize,
    pub extent: Extent,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Extent {
    /// Two workers, operators, calls that were never sent; and others may come in between what a transaction reads
    /// and what it writes: for as long as it has the merchant's lock, only the bank may.
    Whole,
    /// Without these: for payouts that share a book, a lock and a bank, and else have nothing to do with each other.
    Bare,
    /// The bare one, and the bank's list of returns, true and false.
    Returns,
}

impl Rules {
    fn new(keys: usize, attempts_max: u32, extent: Extent) -> Self {
        let zero = SignedDuration::ZERO;
        let policy = Policy { attempts_max, retry_base: zero, lease: zero, ..Policy::default() };
        Self { mutant: None, policy, keys, extent }
    }
}

impl Model for Rules {
    type State = Scene;
    type Action = Move;

    fn init_states(&self) -> Vec<Scene> {
        vec![Scene::first()]
    }

    fn actions(&self, scene: &Scene, moves: &mut Vec<Move>) {
        scene.may_follow(self, moves);
    }

    fn next_state(&self, scene: &Scene, next: Move) -> Option<Scene> {
        scene.after(&next, self)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        promises::all()
    }
}

/// One payout with all that can happen to it, and two.
fn worlds() -> Vec<Rules> {
    let one = (1..=3).map(|attempts_max| Rules::new(1, attempts_max, Extent::Whole));
    one.chain([Rules::new(2, 1, Extent::Bare), Rules::new(1, 1, Extent::Returns)]).collect()
}

#[test]
fn every_scene_keeps_the_promises() {
    for rules in worlds() {
        let checker = rules.checker().spawn_bfs().join();
        println!(
            "{} payouts, at most {} submissions: {} scenes, {} steps between them, up to {} deep",
            rules.keys,
            rules.policy.attempts_max,
            checker.unique_state_count(),
            checker.state_count(),
            checker.max_depth()
        );
        checker.assert_properties();
    }
}

/// What shows in these scenes; the simulation finds the others.
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
        | Mutant::EndlessLease => true,
        // Of what is answered, written down and told, this model knows nothing.
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
        let world = match mutant {
            Mutant::ReuseReference => (2, Extent::Bare),
            Mutant::CreditPartialReturn | Mutant::IgnoreReturnUtr | Mutant::ReturnTwice => (1, Extent::Returns),
            _ => (1, Extent::Whole),
        };
        let rules = Rules { mutant: Some(mutant), ..Rules::new(world.0, 2, world.1) };
        match (1..DEPTH).find_map(|depth| counterexample(rules, depth)) {
            Some((name, moves)) => println!("{mutant:?} breaks {name}: {moves:?}"),
            None => missed.push(mutant),
        }
    }
    assert!(missed.is_empty(), "no counterexample within {DEPTH} moves: {missed:?}");
}

const DEPTH: usize = 20;

/// A promise that breaks within so many moves, and how.
fn counterexample(rules: Rules, depth: usize) -> Option<(&'static str, Vec<Move>)> {
    let checker = rules.checker().finish_when(HasDiscoveries::AnyFailures).target_max_depth(depth).spawn_bfs().join();
    promises::NAMES.iter().find_map(|name| Some((*name, checker.discovery(name)?.into_actions())))
}
