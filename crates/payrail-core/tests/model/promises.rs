//! What must hold in every state, and what must occur in some state.

use payrail_core::payout::{Payout, State, Status};
use stateright::Property;

use crate::Rules;
use crate::state::{Life, ModelState};

pub const DERIVED: &str = "3 derived";
pub const ONCE_PER_KEY: &str = "5 once per key";
pub const LEGAL_MOVES: &str = "6 only legal moves";
pub const REFUNDED_AND_PAID: &str = "7 never refunded and paid";
pub const CREDITED_MORE: &str = "7 never credited more than came back";
pub const PAID_TWICE: &str = "8 never paid twice";
pub const STRANDED: &str = "10 nothing is stranded";
pub const OWN_BANK: &str = "each payout has the bank of its rail, and is asked what that bank can do";

pub const NAMES: [&str; 8] =
    [DERIVED, ONCE_PER_KEY, LEGAL_MOVES, REFUNDED_AND_PAID, CREDITED_MORE, PAID_TWICE, STRANDED, OWN_BANK];

pub fn all() -> Vec<Property<Rules>> {
    let mut all = vec![
        always(DERIVED, |_, state| state.broken != Some(DERIVED)),
        always(ONCE_PER_KEY, |rules, state| state.lives.len() <= rules.keys),
        always(LEGAL_MOVES, |_, state| state.broken != Some(LEGAL_MOVES)),
        always(REFUNDED_AND_PAID, |_, state| state.payouts().all(is_refunded_on_proof)),
        always(CREDITED_MORE, |_, state| state.lives.iter().all(|life| life.returned <= u8::from(life.came_back))),
        always(PAID_TWICE, |rules, state| {
            state.broken != Some(PAID_TWICE) && state.payouts().all(|payout| is_paid_once(payout, rules))
        }),
        always(STRANDED, |rules, state| state.calm_ends_it(rules)),
        always(OWN_BANK, |_, state| state.broken != Some(OWN_BANK)),
    ];
    // If nothing happened, all promises would hold. So these must occur.
    all.extend([
        sometimes("pending", |_, state| state.is(Status::Pending)),
        sometimes("completed", |_, state| state.is(Status::Completed)),
        sometimes("failed", |_, state| state.is(Status::Failed)),
        sometimes("cancelled", |_, state| state.is(Status::Cancelled)),
        sometimes("in doubt", |_, state| state.payouts().any(|(payout, _)| payout.is_in_doubt())),
        sometimes("closed", |rules, state| {
            !rules.close() || state.payouts().any(|(payout, _)| fails_with(payout, "refuses it from now on"))
        }),
        sometimes("never received for good", |rules, state| {
            !rules.are_final() || state.payouts().any(|(payout, _)| fails_with(payout, "promises that this is final"))
        }),
        sometimes("told as often as may be", |rules, state| {
            state.payouts().any(|(payout, _)| payout.submissions == rules.attempts_max())
        }),
    ]);
    all
}

fn always(name: &'static str, holds: fn(&Rules, &ModelState) -> bool) -> Property<Rules> {
    Property::always(name, holds)
}

fn sometimes(name: &'static str, shows: fn(&Rules, &ModelState) -> bool) -> Property<Rules> {
    Property::sometimes(name, shows)
}

/// The bank has refused it, so that no late call can make it pay; or it was cancelled before any call.
fn is_refunded_on_proof((payout, life): (&Payout, &Life)) -> bool {
    match payout.state {
        State::Pending { .. } | State::Cancelled => !life.claimed && life.paid == 0,
        State::Failed { .. } => (life.never || life.denied) && life.paid == 0,
        State::Processing(_) | State::Completed { .. } | State::Returned { .. } => life.refunded == 0,
    }
}

fn is_paid_once((payout, life): (&Payout, &Life), rules: &Rules) -> bool {
    let settled = u8::from(matches!(payout.state, State::Completed { .. } | State::Returned { .. }));
    life.paid <= 1 && life.settled == settled && settled <= life.paid && payout.submissions <= rules.attempts_max()
}

impl ModelState {
    fn is(&self, status: Status) -> bool {
        self.payouts().any(|(payout, _)| payout.status() == status)
    }
}

fn fails_with(payout: &Payout, words: &str) -> bool {
    matches!(&payout.state, State::Failed { reason } if reason.contains(words))
}
