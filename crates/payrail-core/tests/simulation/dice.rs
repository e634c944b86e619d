//! The run's only source of randomness: a generator with one seed, whose numbers will never change.

use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt, SeedableRng};

pub struct Dice(Xoshiro256PlusPlus);

/// The odds of something: one in this number, or never for 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct Odds(u32);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.0.random_range(0..end as u64) as usize
    }

    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    pub fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    pub fn happens(&mut self, odds: Odds) -> bool {
        odds.0 > 0 && self.0.random_range(0..odds.0) == 0
    }

    pub fn one_in(&mut self, times: u32) -> bool {
        self.happens(Odds(times))
    }

    /// One of the given odds, or never. Runs with some frequent faults and no others reach cases that runs with a
    /// little of everything do not.
    pub fn odds(&mut self, from: &[u32]) -> Odds {
        if self.one_in(3) { Odds(0) } else { Odds(self.pick(from)) }
    }
}
