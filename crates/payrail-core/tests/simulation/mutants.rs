//! Checks that the simulation finds each planted fault, and soon.

use crate::common::mutant::Mutant;
use crate::run;

const SEEDS: u64 = 300;

#[test]
fn every_planted_fault_is_found() {
    let mut missed = Vec::new();
    for mutant in Mutant::ALL {
        match (0..SEEDS).find_map(|seed| Some((seed, run(seed, Some(mutant)).err()?))) {
            Some((seed, broken)) => println!("{mutant:?}: seed {seed} breaks {broken}"),
            None => missed.push(mutant),
        }
    }
    assert!(missed.is_empty(), "not found in {SEEDS} seeds: {missed:?}");
}
