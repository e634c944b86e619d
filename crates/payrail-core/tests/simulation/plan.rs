//! What kind of a run a seed makes: how many of everything, and how often what goes wrong.

use jiff::SignedDuration;
use payrail_core::backoff::Policy;

use crate::dice::{Dice, Odds};

/// Microseconds; the only unit of the virtual clock.
pub const MILLISECOND: i64 = 1_000;
pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;

#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub merchants: u8,
    pub clients: usize,
    /// What each client wants, one after the other.
    pub wishes: u32,
    pub apis: usize,
    pub workers: usize,
    pub lanes: usize,
    /// Commands in a transaction, at the most.
    pub batch: usize,
    /// Calls of one worker at the same time.
    pub slots: usize,
    /// How far the processes' clocks may be apart.
    pub skew: i64,
    pub policy: Policy,
    /// How many steps the faults go on.
    pub storm: u64,
    pub faults: Faults,
}

/// How often, at the steps where it can happen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A process dies before a step, and comes back.
    pub death: Odds,
    /// A process stops for a while, perhaps for longer than a lease, and goes on as if nothing had happened.
    pub pause: Odds,
    /// What became of a commit is not known to who made it.
    pub unknown_commit: Odds,
    pub lost_message: Odds,
    pub double_message: Odds,
    /// A message takes hours instead of milliseconds.
    pub late_message: Odds,
    /// The bank does what it is told and says nothing.
    pub silence: Odds,
    /// The bank does not pay.
    pub refusal: Odds,
    /// The bank does not close a reference when it is asked to.
    pub not_closed: Odds,
    /// No connection to the bank; or the worker believes so.
    pub unreachable: Odds,
    /// A worker hands back what it has claimed.
    pub release: Odds,
    /// A worker reports once more what it has reported.
    pub double_report: Odds,
    /// The clock that all processes share is a day wrong from now on, or right again.
    pub clock_jump: Odds,
    /// The bank sends money back that it paid.
    pub given_back: Odds,
    /// The bank's list states another amount, another UTR, or the same return twice.
    pub false_return: Odds,
    /// The bank pays under a UTR that another payment has.
    pub repeated_utr: Odds,
}

impl Plan {
    pub fn draw(dice: &mut Dice) -> Self {
        let policy = Policy {
            attempts_max: dice.between(0, 3) as u32,
            refusal_ttl: SignedDuration::from_micros(dice.pick(&[20 * SECOND, 10 * MINUTE, 24 * HOUR])),
            ..Policy::default()
        };
        Self {
            merchants: dice.pick(&[1, 1, 2, 3]),
            clients: 1 + dice.below(6),
            wishes: 2 + dice.below(12) as u32,
            apis: 1 + dice.below(2),
            workers: 1 + dice.below(3),
            lanes: 1 + dice.below(2),
            batch: dice.pick(&[1, 3, 16]),
            slots: dice.pick(&[1, 4]),
            skew: dice.pick(&[0, 200 * MILLISECOND, 5 * SECOND]),
            policy,
            storm: dice.pick(&[100, 500, 1_500]),
            faults: Faults::draw(dice),
        }
    }
}

impl Faults {
    fn draw(dice: &mut Dice) -> Self {
        Self {
            death: dice.odds(&[20, 60, 200]),
            pause: dice.odds(&[20, 60, 200]),
            unknown_commit: dice.odds(&[4, 30]),
            lost_message: dice.odds(&[3, 10, 50]),
            double_message: dice.odds(&[3, 20]),
            late_message: dice.odds(&[4, 20]),
            silence: dice.odds(&[2, 10]),
            refusal: dice.odds(&[2, 5]),
            not_closed: dice.odds(&[2, 5]),
            unreachable: dice.odds(&[4, 20]),
            release: dice.odds(&[4, 20]),
            double_report: dice.odds(&[3, 10]),
            clock_jump: dice.odds(&[40, 200]),
            given_back: dice.odds(&[2, 6]),
            false_return: dice.odds(&[1, 2]),
            repeated_utr: dice.odds(&[3, 10]),
        }
    }
}
