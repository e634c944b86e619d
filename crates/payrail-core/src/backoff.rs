//! How long a payout waits after an unanswered call.

use jiff::{SignedDuration, Timestamp};

use payrail_types::ids::PayoutId;

/// The settings of retries. Durations are injected, so tests need not wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// How many submissions may stay unanswered. After that PayRail no longer submits: it asks the bank to refuse the
    /// reference from now on.
    pub attempts_max: u32,
    /// Whether the rail's bank can refuse a reference from now on. Without this or a final "never received",
    /// nothing proves that a submission will never be paid: the payout stays in doubt until the bank or an operator
    /// ends it.
    pub can_close: bool,
    /// Whether the rail's bank promises that "never received" is final: after that answer it pays no submission made
    /// before the enquiry, however late one arrives. Then no reference needs to be closed.
    pub never_received_is_final: bool,
    /// The wait after the first unanswered call; each further one doubles it.
    pub retry_base: SignedDuration,
    /// The longest wait. It bounds how late PayRail notices that the bank is back.
    pub retry_max: SignedDuration,
    /// How long a claimed payout belongs to its worker. It must be longer than the bank's timeout.
    pub lease: SignedDuration,
    /// How long a refusal for lack of funds is repeated. After that the same request is decided anew and may pay. A key
    /// that made a payout never expires.
    pub refusal_ttl: SignedDuration,
}

/// The longest wait that any setting allows, for a lease or between two calls. If a payout is due later than this, a
/// wrong clock set its time.
pub const LONGEST_WAIT: SignedDuration = SignedDuration::from_hours(1);

/// Whether a payout that is due at `due_at` waits longer than any setting allows.
pub fn is_far_ahead(due_at: Timestamp, now: Timestamp) -> bool {
    due_at > later(now, LONGEST_WAIT)
}

impl Policy {
    /// When to go on after `unanswered` calls without an answer (1 or more):
    /// base × 2^(unanswered − 1), at most `retry_max`, plus up to a tenth of jitter.
    ///
    /// The jitter is derived from the payout's id, so payouts that failed together are retried at different times and
    /// the decision stays deterministic.
    pub fn retry_at(&self, now: Timestamp, payout: PayoutId, unanswered: u32) -> Timestamp {
        let doublings = unanswered.saturating_sub(1).min(30);
        let wait = self.retry_base.saturating_mul(1 << doublings).min(self.retry_max);
        // Fibonacci hashing spreads the id's random bits over the top bits.
        let mixed = (payout.0.as_u128() as u64).wrapping_add(u64::from(unanswered)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let permille = (mixed >> 32) % 101;
        let jitter = wait.saturating_mul(permille as i32) / 1000;
        later(now, wait + jitter)
    }
}

/// `now + wait`, saturating, to the microsecond (the precision of both databases).
pub fn later(now: Timestamp, wait: SignedDuration) -> Timestamp {
    let at = now.checked_add(wait).unwrap_or(Timestamp::MAX);
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(Timestamp::MAX)
}
