//! Bank account ids that force an outcome. Any other id has a random outcome.

use std::time::Duration;

use crate::odds::Outcome;

/// Paid.
pub const SUCCESS: &str = "demo-success";
/// Refused.
pub const FAIL: &str = "demo-fail";
/// Paid, but no submission is ever answered.
pub const TIMEOUT_PAID: &str = "demo-timeout-paid";
/// Not paid, and no submission is ever answered: to an enquiry it was never received.
pub const TIMEOUT_UNPAID: &str = "demo-timeout-unpaid";
/// Paid, and later returned.
pub const RETURN: &str = "demo-return";
/// Not paid, and neither submissions nor enquiries are answered: it stays in doubt.
pub const SILENT: &str = "demo-silent";
/// Paid, but [`SLOWNESS`] after it arrived. Until then the bank has not received it.
pub const SLOW: &str = "demo-slow";

pub const SLOWNESS: Duration = Duration::from_secs(2);

pub(crate) fn forced(bank_account_id: &str) -> Option<Outcome> {
    match bank_account_id {
        SUCCESS | RETURN | SLOW => Some(Outcome::Pay),
        FAIL => Some(Outcome::Refuse("Beneficiary account is closed")),
        TIMEOUT_PAID => Some(Outcome::PayInSilence),
        TIMEOUT_UNPAID | SILENT => Some(Outcome::Lose),
        _ => None,
    }
}
