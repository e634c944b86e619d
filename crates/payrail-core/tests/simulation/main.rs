//! Deterministic simulation of clients, processes, workers, banks and their faults, on a virtual clock, in one thread,
//! from one seed, around the real decision.
//!
//! `PAYRAIL_SIM_SEED=7 cargo test -p payrail-core --test simulation -- --nocapture` runs one seed and prints its trace;
//! `PAYRAIL_SIM_SEEDS=100000` runs that many seeds.

#[path = "../common/mod.rs"]
mod common;

mod audit;
mod bankside;
mod client;
mod dice;
mod event;
mod mutants;
mod plan;
mod process;
mod store;
mod watch;
mod worker;
mod world;

use common::mutant::Mutant;
use watch::{Broken, PLACES, Seen};
use world::{Figures, World};

const SEEDS: u64 = 3_000;

fn run(seed: u64, mutant: Option<Mutant>) -> Result<(Figures, Seen), Broken> {
    let mut world = World::new(seed, mutant, false);
    world.run().map(|()| (world.figures, world.watch.seen))
}

/// Runs a seed again, and returns its trace and its result.
fn trace_of(seed: u64, mutant: Option<Mutant>) -> (Vec<String>, Result<Figures, Broken>) {
    let mut world = World::new(seed, mutant, true);
    let end = world.run();
    (world.trace.take().unwrap_or_default(), end.map(|()| world.figures))
}

#[allow(clippy::disallowed_methods)] // The seeds may be set from outside.
fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[test]
#[allow(clippy::disallowed_methods)] // The duration is only printed.
fn no_seed_breaks_a_promise() {
    let seeds = match setting("PAYRAIL_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..setting("PAYRAIL_SIM_SEEDS").unwrap_or(SEEDS),
    };
    let begun = std::time::Instant::now();
    let (mut sum, mut places) = (Figures::default(), Seen::default());
    for seed in seeds.clone() {
        match std::panic::catch_unwind(|| run(seed, None)) {
            Ok(Ok((figures, seen))) => {
                sum.add(&figures);
                places.add(&seen);
            }
            Ok(Err(broken)) => fail(seed, &broken),
            Err(_) => panic!("seed {seed} panics: {}", again(seed)),
        }
    }
    if let Some(seed) = setting("PAYRAIL_SIM_SEED") {
        println!("{}", trace_of(seed, None).0.join("\n"));
    }
    let a_minute = u128::from(sum.steps) * 60_000 / begun.elapsed().as_millis().max(1);
    let seeds = seeds.end - seeds.start;
    println!("{seeds} seeds, {sum:?}, {a_minute} steps a minute\n{:?}", places.0);
    let rare: Vec<_> = PLACES.split(", ").filter(|place| !places.0.contains_key(place)).collect();
    assert!(seeds < 1_000 || rare.is_empty(), "never seen: {rare:?}");
}

fn fail(seed: u64, broken: &Broken) {
    let (trace, _) = trace_of(seed, None);
    let last = trace[trace.len().saturating_sub(60)..].join("\n");
    panic!("seed {seed}: {broken}\nThe last of {} steps:\n{last}\n{}", trace.len(), again(seed));
}

fn again(seed: u64) -> String {
    format!("PAYRAIL_SIM_SEED={seed} cargo test -p payrail-core --test simulation -- --nocapture")
}

#[test]
fn the_same_seed_makes_the_same_run() {
    for seed in 0..20 {
        let (first, second) = (trace_of(seed, None), trace_of(seed, None));
        assert!(first == second, "seed {seed} makes two different runs");
        assert_ne!(first.0, trace_of(seed + 1_000, None).0, "two seeds make one run");
    }
}
