//! How long a payout waits after a call that brought no answer.

use jiff::{SignedDuration, Timestamp};

use crate::ids::PayoutId;

/// What may be set about retries. Durations are injected, so tests need not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many submissions may stay unanswered before the bank is asked to refuse the reference
    /// from now on, instead of being told again. The original service made three.
    pub attempts_max: u32,
    /// The wait after the first unanswered call; each further one doubles it.
    pub retry_base: SignedDuration,
    /// No wait grows beyond this: a bank that is back after a long silence is soon noticed.
    pub retry_max: SignedDuration,
    /// How long a claimed payout belongs to its worker. Must be longer than the bank's timeout.
    pub lease: SignedDuration,
    /// How long a refusal for lack of funds is repeated; then the same request is decided anew, and may pay. A key
    /// that made a payout is kept for ever.
    pub refusal_ttl: SignedDuration,
}

/// No wait that settings allow is longer: no lease, and no pause between two calls. A payout that is due later than
/// this was made due by a clock that was wrong.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Whether a payout that is due then will wait for longer than any wait that settings allow.
pub fn is_far_ahead(due_at: Timestamp, now: Timestamp) -> bool {
    due_at > later(now, LONGEST_WAIT)
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            attempts_max: 3,
            retry_base: SignedDuration::from_secs(30),
            retry_max: SignedDuration::from_mins(30),
            lease: SignedDuration::from_secs(60),
            refusal_ttl: SignedDuration::from_hours(24),
        }
    }
}

impl Policy {
    /// When to go on after `unanswered` calls without an answer (1 or more):
    /// base × 2^(unanswered − 1), at most `retry_max`, plus up to a tenth of jitter.
    ///
    /// The jitter is drawn from the payout's id, so that payouts that failed together do not come
    /// back together and yet the decision stays repeatable.
    pub fn retry_at(&self, now: Timestamp, payout: PayoutId, unanswered: u32) -> Timestamp {
        let doublings = unanswered.saturating_sub(1).min(30);
        let wait = self.retry_base.saturating_mul(1 << doublings).min(self.retry_max);
        // Fibonacci hashing: the id's random bits, spread over the top of 64.
        let mixed = (payout.0.as_u128() as u64).wrapping_add(u64::from(unanswered)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let permille = (mixed >> 32) % 101;
        let jitter = wait.saturating_mul(permille as i32) / 1000;
        later(now, wait + jitter)
    }
}

/// `now + wait`, to the microsecond (what both databases keep), at the end of time at the most.
pub fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    let at = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_with_a_tenth_of_jitter_at_the_most() {
        let policy = Policy::default();
        for random in 0..2_000 {
            let id = PayoutId::new(Timestamp::UNIX_EPOCH, crate::ids::Bucket::new(1), random);
            for (unanswered, seconds) in [(1, 30), (2, 60), (3, 120), (4, 240), (7, 1800), (u32::MAX, 1800)] {
                let wait = policy.retry_at(Timestamp::UNIX_EPOCH, id, unanswered).as_millisecond();
                assert!((seconds * 1000..=seconds * 1100).contains(&wait), "{unanswered}: {wait} ms");
            }
        }
    }

    #[test]
    fn the_same_payout_waits_as_long_wherever_it_is_decided() {
        let wait = |random, unanswered| {
            let id = PayoutId::new(Timestamp::UNIX_EPOCH, crate::ids::Bucket::new(1), random);
            Policy::default().retry_at(Timestamp::UNIX_EPOCH, id, unanswered).as_millisecond()
        };
        assert_eq!([wait(1, 1), wait(2, 1), wait(1, 2), wait(u128::MAX, 3)], [30_600, 32_430, 64_860, 124_440]);
    }

    #[test]
    fn payouts_that_failed_together_come_back_apart() {
        let at = |random| {
            let id = PayoutId::new(Timestamp::UNIX_EPOCH, crate::ids::Bucket::new(1), random);
            Policy::default().retry_at(Timestamp::UNIX_EPOCH, id, 1)
        };
        let distinct: std::collections::BTreeSet<_> = (0..100).map(at).collect();
        assert!(distinct.len() > 50, "only {} different times", distinct.len());
    }
}
