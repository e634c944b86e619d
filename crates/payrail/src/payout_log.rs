//! The log lines about a payout after its request was answered. Each is inside [`span`], which names the payout, its
//! merchant and the request that created it, so a search for any of the three ids finds them all, over all processes.
//! Bank account numbers are never logged.

use payrail_core::payout::{Attempt, BankAnswer, Payout, Progress, State};
use payrail_types::ids::{MerchantId, PayoutId, RequestId};
use payrail_types::rail::RailId;
use payrail_types::word::Word;
use tracing::{Span, info, warn_span};

/// The span of all lines about this payout. (A span below the log's level would leave its lines without the ids.)
pub fn span(merchant: MerchantId, payout: PayoutId, request: Option<&RequestId>) -> Span {
    warn_span!("payout", merchant_id = %merchant, payout_id = %payout, request_id = request.map(RequestId::as_str))
}

/// Logged before the call: if the process dies during it, this is the last line.
pub fn claimed(attempt: &Attempt) {
    let Attempt { number, kind, worker, .. } = attempt;
    info!(attempt = number, step = kind.as_str(), %worker, "claimed for a call to the bank");
}

pub fn called(attempt: &Attempt, rail: RailId, answer: &BankAnswer) {
    let why = match answer {
        BankAnswer::Refused { reason: why } | BankAnswer::NoAnswer { why } | BankAnswer::Unreachable { why } => {
            Some(masked(why))
        }
        BankAnswer::Paid { .. } | BankAnswer::NeverReceived | BankAnswer::Closed => None,
    };
    let utr = if let BankAnswer::Paid { utr } = answer { Some(utr.as_str()) } else { None };
    let (attempt, step) = (attempt.number, attempt.kind.as_str());
    info!(%rail, attempt, step, answer = answer.outcome().as_str(), utr, why, "the bank was called");
}

/// Logs the payout's state after a committed transition.
pub fn stepped(payout: &Payout) {
    let status = payout.status().as_str();
    match &payout.state {
        State::Pending { .. } => info!(status, "waits for a worker"),
        State::Processing(progress) => goes_on(status, progress),
        State::Completed { utr } => info!(status, %utr, "completed: the hold is settled"),
        State::Failed { reason } => info!(status, reason = masked(reason), "failed: the funds are given back"),
        State::Cancelled => info!(status, "cancelled: the funds are given back"),
        State::Returned { utr, reason } => {
            info!(status, %utr, reason = masked(reason), "returned by the bank: the funds are given back");
        }
    }
}

fn goes_on(status: &str, progress: &Progress) {
    let (step, at) = (progress.kind.as_str(), progress.due_at);
    match &progress.doubt {
        Some(doubt) => info!(
            status,
            next_step = step,
            next_step_at = %at,
            in_doubt_since = %doubt.since,
            reason = masked(doubt.reason.as_str()),
            "in doubt: the funds stay held"
        ),
        None => info!(status, next_step = step, next_step_at = %at, "not done yet"),
    }
}

/// A bank may put an account number into its reasons, so only the last four digits of a long number are kept.
pub fn masked(text: &str) -> String {
    const SHOWN: usize = 4;
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        masked.push_str(before);
        let hidden = if end > 2 * SHOWN { end - SHOWN } else { 0 };
        masked.extend(std::iter::repeat_n('*', hidden));
        masked.push_str(&digits[hidden..]);
        rest = after;
    }
    masked.push_str(rest);
    masked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_number_the_last_four_digits_stay() {
        for (text, expected) in [
            ("", ""),
            ("no such account", "no such account"),
            ("account 123456789012 is closed", "account ********9012 is closed"),
            ("123456789", "*****6789"),
            ("HTTP 503 after 30000 ms", "HTTP 503 after 30000 ms"),
            ("é123456789012€00000000000", "é********9012€*******0000"),
        ] {
            assert_eq!(masked(text), expected, "{text}");
        }
    }
}
