//! The defaults of the settings about retries, and durations as settings have them.

use jiff::SignedDuration;
use payrail_core::backoff::Policy;
use payrail_core::decide::Rules;

use crate::http::idempotency::answers;

/// The defaults of the settings about retries. The longest wait between two calls has no setting.
pub const DEFAULT_POLICY: Policy = Policy {
    attempts_max: 3,
    retry_base: SignedDuration::from_secs(30),
    retry_max: SignedDuration::from_mins(30),
    lease: SignedDuration::from_secs(60),
    can_close: true,
    never_received_is_final: false,
    refusal_ttl: SignedDuration::from_hours(24),
};

/// The rules of a command line, a test or a fill.
pub fn default_rules() -> Rules {
    answers::rules(DEFAULT_POLICY)
}

pub fn in_millis(wait: SignedDuration) -> u64 {
    u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)
}

pub fn millis(number: u64) -> SignedDuration {
    SignedDuration::from_millis(i64::try_from(number).unwrap_or(i64::MAX))
}
