//! What chance decides. There is no generator with a state: the dice are a hash, so that a run
//! with a seed can be repeated whatever the order in which its transfers arrive.

use std::fmt;

use sha2::{Digest, Sha256};

use super::settings::HEADING;

const REASONS: [&str; 3] =
    ["Beneficiary account is closed", "Beneficiary account does not exist", "Beneficiary account cannot take credits"];

/// How an arrival of a transfer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    Pay,
    PayInSilence,
    Refuse(&'static str),
    /// Neither paid nor answered.
    Lose,
}

impl Fate {
    pub fn is_silent(self) -> bool {
        matches!(self, Self::PayInSilence | Self::Lose)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::Args)]
#[group(skip)]
pub struct Odds {
    /// How many transfers of 100 are paid
    #[arg(id = "bank-paid-percent", long, env = "PAYRAIL_BANK_PAID_PERCENT")]
    #[arg(help_heading = HEADING, value_name = "PERCENT", default_value_t = Odds::default().paid_percent)]
    pub paid_percent: u8,

    /// How many transfers of 100 are refused; the rest get no answer, and half of those are paid
    #[arg(id = "bank-refused-percent", long, env = "PAYRAIL_BANK_REFUSED_PERCENT")]
    #[arg(help_heading = HEADING, value_name = "PERCENT", default_value_t = Odds::default().refused_percent)]
    pub refused_percent: u8,
}

impl Default for Odds {
    fn default() -> Self {
        Self { paid_percent: 70, refused_percent: 20 }
    }
}

impl fmt::Display for Odds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}% paid, {}% refused", self.paid_percent, self.refused_percent)
    }
}

impl Odds {
    /// Whether chance decides anything.
    pub fn are_random(&self) -> bool {
        self.paid_percent != 100 && self.refused_percent != 100
    }

    /// The fate of the `arrival`th submission of `reference`: always the same under the same seed.
    pub fn fate(&self, seed: u64, reference: &str, arrival: i64) -> Fate {
        let hash = Sha256::new()
            .chain_update(seed.to_be_bytes())
            .chain_update(arrival.to_be_bytes())
            .chain_update(reference)
            .finalize();
        let dice = hash[..8].iter().fold(0, |dice: u64, byte| dice << 8 | u64::from(*byte)) % 100;
        let paid = u64::from(self.paid_percent);
        let refused = u64::from(self.refused_percent);
        match dice {
            d if d < paid => Fate::Pay,
            d if d < paid + refused => Fate::Refuse(REASONS[usize::from(hash[8]) % REASONS.len()]),
            _ if hash[9] & 1 == 0 => Fate::PayInSilence,
            _ => Fate::Lose,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fates(odds: Odds, seed: u64, arrival: i64) -> [i64; 4] {
        let mut count = [0; 4];
        for n in 0..10_000 {
            count[match odds.fate(seed, &format!("PR{n:032X}"), arrival) {
                Fate::Pay => 0,
                Fate::Refuse(_) => 1,
                Fate::PayInSilence => 2,
                Fate::Lose => 3,
            }] += 1;
        }
        count
    }

    #[test]
    fn ten_thousand_transfers_keep_to_the_odds() {
        let expected = [7_000, 2_000, 500, 500];
        for (seed, arrival) in [(0, 1), (1, 1), (u64::MAX, 1), (0, 2)] {
            let count = fates(Odds::default(), seed, arrival);
            // Chi-square over four classes, in thousandths: beyond 16.27 once in a thousand draws.
            let chi: i64 = count.iter().zip(expected).map(|(n, e)| (n - e) * (n - e) * 1_000 / e).sum();
            assert!(chi < 16_270, "seed {seed}, arrival {arrival}: {count:?}");
        }
    }

    #[test]
    fn the_same_seed_repeats_and_another_does_not() {
        let (odds, reference) = (Odds { paid_percent: 50, refused_percent: 0 }, "PR1");
        let line = |seed| (1..100).map(|arrival| odds.fate(seed, reference, arrival)).collect::<Vec<_>>();
        assert_eq!(line(7), line(7));
        assert_ne!(line(7), line(8));
    }

    #[test]
    fn certain_odds_are_certain() {
        let certain = |paid_percent, refused_percent| fates(Odds { paid_percent, refused_percent }, 3, 1);
        assert_eq!(certain(100, 0), [10_000, 0, 0, 0]);
        assert_eq!(certain(0, 100), [0, 10_000, 0, 0]);
        assert_eq!(certain(0, 0)[..2], [0, 0]);
        let random = |paid_percent, refused_percent| Odds { paid_percent, refused_percent }.are_random();
        assert!(!random(100, 0) && !random(0, 100));
        assert!(random(0, 0) && random(99, 1) && random(70, 20), "half of the unanswered are paid");
    }
}
