//! The parameters that a seed draws for a run: how many of everything, and the odds of each fault.

use jiff::SignedDuration;
use payrail_core::backoff::Policy;
use payrail_core::decide::Rules;
use payrail_types::rail::{BankId, RailId};

use crate::common::bank::Abilities;
use crate::common::{policy, render};
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
    /// The number of each client's requests, sent one after the other.
    pub wishes: u32,
    pub apis: usize,
    pub workers: usize,
    pub lanes: usize,
    /// The maximum number of commands in a transaction.
    pub batch: usize,
    /// The maximum number of concurrent calls of a worker.
    pub slots: usize,
    /// The maximum difference between the processes' clocks.
    pub skew: i64,
    /// Each has a bank of its own.
    pub rails: &'static [(RailId, Policy)],
    /// The number of steps with faults.
    pub storm: u64,
    pub faults: Faults,
}

/// The odds of each fault, at the steps where it can happen.
#[derive(Clone, Copy, Debug, Default)]
pub struct Faults {
    /// A process dies before a step, and is restarted.
    pub death: Odds,
    /// A process is suspended, perhaps for longer than a lease, and then resumes.
    pub pause: Odds,
    /// The outcome of a commit is unknown to its process.
    pub unknown_commit: Odds,
    pub lost_message: Odds,
    pub double_message: Odds,
    /// A message takes hours instead of milliseconds.
    pub late_message: Odds,
    /// The bank executes the call and does not answer.
    pub silence: Odds,
    /// The bank does not pay.
    pub refusal: Odds,
    /// The bank refuses to close a reference.
    pub not_closed: Odds,
    /// The worker cannot connect to the bank, or believes so.
    pub unreachable: Odds,
    /// A worker releases a claim.
    pub release: Odds,
    /// A worker repeats a report.
    pub double_report: Odds,
    /// The shared clock becomes a day wrong, or right again.
    pub clock_jump: Odds,
    /// The bank returns a payment.
    pub given_back: Odds,
    /// The bank's list states another amount, another UTR, or the same return twice.
    pub false_return: Odds,
    /// The bank pays under another payment's UTR.
    pub repeated_utr: Odds,
}

impl Plan {
    pub fn draw(dice: &mut Dice) -> Self {
        let refusal_ttl = SignedDuration::from_micros(dice.pick(&[20 * SECOND, 10 * MINUTE, 24 * HOUR]));
        let names = ["bank", "second", "third"].into_iter().take(dice.pick(&[1, 2, 2, 3]));
        let rails = names.filter_map(RailId::parse).map(|rail| {
            let own = Policy { attempts_max: dice.between(0, 3) as u32, refusal_ttl, ..policy() };
            (rail, dice.pick(&Abilities::ALL).on(own))
        });
        // Leaked: the rules last as long as the process, as in the program.
        let rails: &[_] = rails.collect::<Vec<_>>().leak();
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
            rails,
            storm: dice.pick(&[100, 500, 1_500]),
            faults: Faults::draw(dice),
        }
    }
}

impl Plan {
    pub fn rules(&self) -> Rules {
        let (default_rail, policy) = self.rails[0];
        Rules { rails: self.rails, default_rail, ..Rules::new(policy, render) }
    }

    pub fn bank(&self, rail: usize) -> BankId {
        bank_of(self.rails[rail].0)
    }
}

/// The bank of a rail.
pub fn bank_of(rail: RailId) -> BankId {
    BankId::new(&format!("{rail}-1"))
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
