//! Random outcomes of transfers. The random number is a hash, not a generator with a state: so a run with the same seed
//! repeats, in whatever order its transfers arrive.

use sha2::{Digest, Sha256};

use crate::settings::Odds;

const REASONS: [&str; 3] =
    ["Beneficiary account is closed", "Beneficiary account does not exist", "Beneficiary account cannot take credits"];

/// What happens to a submission of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    Pay,
    PayInSilence,
    Refuse(&'static str),
    /// Neither paid nor answered.
    Lose,
}

impl Outcome {
    pub fn is_silent(self) -> bool {
        matches!(self, Self::PayInSilence | Self::Lose)
    }
}

impl Odds {
    /// Whether any outcome is random.
    pub fn are_random(&self) -> bool {
        self.paid_percent != 100 && self.refused_percent != 100
    }

    /// The outcome of the `arrival`th submission of `reference`: always the same under the same seed.
    pub fn outcome(&self, seed: u64, reference: &str, arrival: i64) -> Outcome {
        let hash = Sha256::new()
            .chain_update(seed.to_be_bytes())
            .chain_update(arrival.to_be_bytes())
            .chain_update(reference)
            .finalize();
        let random = hash[..8].iter().fold(0, |random: u64, byte| random << 8 | u64::from(*byte)) % 100;
        let paid = u64::from(self.paid_percent);
        let refused = u64::from(self.refused_percent);
        match random {
            d if d < paid => Outcome::Pay,
            d if d < paid + refused => Outcome::Refuse(REASONS[usize::from(hash[8]) % REASONS.len()]),
            _ if hash[9] & 1 == 0 => Outcome::PayInSilence,
            _ => Outcome::Lose,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcomes(odds: Odds, seed: u64, arrival: i64) -> [i64; 4] {
        let mut count = [0; 4];
        for n in 0..10_000 {
            count[match odds.outcome(seed, &format!("PR{n:032X}"), arrival) {
                Outcome::Pay => 0,
                Outcome::Refuse(_) => 1,
                Outcome::PayInSilence => 2,
                Outcome::Lose => 3,
            }] += 1;
        }
        count
    }

    #[test]
    fn ten_thousand_transfers_keep_to_the_odds() {
        let expected = [7_000, 2_000, 500, 500];
        for (seed, arrival) in [(0, 1), (1, 1), (u64::MAX, 1), (0, 2)] {
            let count = outcomes(Odds::default(), seed, arrival);
            // Chi-square over four classes, in thousandths: beyond 16.27 once in a thousand draws.
            let chi: i64 = count.iter().zip(expected).map(|(n, e)| (n - e) * (n - e) * 1_000 / e).sum();
            assert!(chi < 16_270, "seed {seed}, arrival {arrival}: {count:?}");
        }
    }

    #[test]
    fn the_same_seed_repeats_and_another_does_not() {
        let (odds, reference) = (Odds { paid_percent: 50, refused_percent: 0 }, "PR1");
        let line = |seed| (1..100).map(|arrival| odds.outcome(seed, reference, arrival)).collect::<Vec<_>>();
        assert_eq!(line(7), line(7));
        assert_ne!(line(7), line(8));
    }

    #[test]
    fn certain_odds_are_certain() {
        let certain = |paid_percent, refused_percent| outcomes(Odds { paid_percent, refused_percent }, 3, 1);
        assert_eq!(certain(100, 0), [10_000, 0, 0, 0]);
        assert_eq!(certain(0, 100), [0, 10_000, 0, 0]);
        assert_eq!(certain(0, 0)[..2], [0, 0]);
        let random = |paid_percent, refused_percent| Odds { paid_percent, refused_percent }.are_random();
        assert!(!random(100, 0) && !random(0, 100));
        assert!(random(0, 0) && random(99, 1) && random(70, 20), "half of the unanswered are paid");
    }
}
