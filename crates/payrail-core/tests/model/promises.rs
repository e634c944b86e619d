//! What must hold in every scene, and what some scene must show.

use payrail_core::payout::{Payout, State, Status};
use stateright::Property;

use crate::Rules;
use crate::scene::{Life, Scene};

pub const DERIVED: &str = "3 derived";
pub const ONCE_PER_KEY: &str = "5 once per key";
pub const LEGAL_MOVES: &str = "6 only legal moves";
pub const REFUNDED_AND_PAID: &str = "7 never refunded and paid";
pub const CREDITED_MORE: &str = "7 never credited more than came back";
pub const PAID_TWICE: &str = "8 never paid twice";
pub const STRANDED: &str = "10 nothing is stranded";

pub const NAMES: [&str; 7] =
    [DERIVED, ONCE_PER_KEY, LEGAL_MOVES, REFUNDED_AND_PAID, CREDITED_MORE, PAID_TWICE, STRANDED];

pub fn all() -> Vec<Property<Rules>> {
    let mut all = vec![
        always(DERIVED, |_, scene| scene.broken != Some(DERIVED)),
        always(ONCE_PER_KEY, |rules, scene| scene.lives.len() <= rules.keys),
        always(LEGAL_MOVES, |_, scene| scene.broken != Some(LEGAL_MOVES)),
        always(REFUNDED_AND_PAID, |_, scene| scene.payouts().all(is_refunded_on_proof)),
        always(CREDITED_MORE, |_, scene| scene.lives.iter().all(|life| life.returned <= u8::from(life.came_back))),
        always(PAID_TWICE, |rules, scene| {
            scene.broken != Some(PAID_TWICE) && scene.payouts().all(|payout| is_paid_once(payout, rules))
        }),
        always(STRANDED, |rules, scene| scene.calm_ends_it(rules)),
    ];
    // A world in which nothing happens keeps all promises.
    all.extend([
        sometimes("pending", |_, scene| scene.is(Status::Pending)),
        sometimes("completed", |_, scene| scene.is(Status::Completed)),
        sometimes("failed", |_, scene| scene.is(Status::Failed)),
        sometimes("cancelled", |_, scene| scene.is(Status::Cancelled)),
        sometimes("in doubt", |_, scene| scene.payouts().any(|(payout, _)| payout.is_in_doubt())),
        sometimes("closed", |_, scene| scene.payouts().any(|(payout, _)| is_closed(payout))),
        sometimes("told as often as may be", |rules, scene| {
            scene.payouts().any(|(payout, _)| payout.attempts == rules.policy.attempts_max)
        }),
    ]);
    all
}

fn always(name: &'static str, holds: fn(&Rules, &Scene) -> bool) -> Property<Rules> {
    Property::always(name, holds)
}

fn sometimes(name: &'static str, shows: fn(&Rules, &Scene) -> bool) -> Property<Rules> {
    Property::sometimes(name, shows)
}

/// The bank has decided against it, so that no late call can make it pay; or it was withdrawn before any call.
fn is_refunded_on_proof((payout, life): (&Payout, &Life)) -> bool {
    match payout.state {
        State::Pending { .. } | State::Cancelled => !life.claimed && life.paid == 0,
        State::Failed { .. } => life.never && life.paid == 0,
        State::Processing(_) | State::Completed { .. } | State::Returned { .. } => life.refunded == 0,
    }
}

fn is_paid_once((payout, life): (&Payout, &Life), rules: &Rules) -> bool {
    let settled = u8::from(matches!(payout.state, State::Completed { .. } | State::Returned { .. }));
    life.paid <= 1 && life.settled == settled && settled <= life.paid && payout.attempts <= rules.policy.attempts_max
}

impl Scene {
    fn is(&self, status: Status) -> bool {
        self.payouts().any(|(payout, _)| payout.status() == status)
    }
}

fn is_closed(payout: &Payout) -> bool {
    matches!(&payout.state, State::Failed { reason } if reason.contains("refuses it from now on"))
}
