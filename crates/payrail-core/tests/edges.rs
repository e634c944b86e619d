//! Regression tests of cases that arbitrary histories rarely reach.

mod common;

use common::{Store, amount, at, create, fund, key, line, merchant, payout_id, policy};
use payrail_core::command::{Action, Refusal};
use payrail_core::event::EventKind;
use payrail_core::payout::{AttemptKind, BankAnswer, Exchange, Payout, Progress, State};
use payrail_types::names::{BankAccountId, Utr};

fn claim() -> Action {
    Action::Claim { payout: payout_id(merchant(0), 0), worker: "one".to_owned(), bank: None }
}

fn report(number: u32, answer: BankAnswer) -> Action {
    Action::Report { payout: payout_id(merchant(0), 0), number, answer, exchange: Exchange::default() }
}

fn store(paise: i64) -> Store {
    let mut store = Store::new(policy(), 1);
    store.one(merchant(0), fund(key(0), paise), at(0)).expect("funds");
    store.one(merchant(0), create(payout_id(merchant(0), 0), key(1), paise, "account"), at(0)).expect("a payout");
    store
}

#[test]
fn a_bank_that_does_not_close_is_not_asked_again_at_once() {
    let progress =
        Progress { kind: AttemptKind::Close, due_at: at(60), leased_by: Some("one".to_owned()), doubt: None };
    let new = Payout::new(payout_id(merchant(0), 0), amount(1), BankAccountId::from_stored("account"), at(0));
    let payout = Payout { state: State::Processing(progress), submissions: 3, attempts: 6, ..new };
    let next = payout.report(6, &BankAnswer::NeverReceived, &policy(), at(9)).unwrap();
    assert!(next.due_at().unwrap() >= at(9 + 30), "due again at once: {next:?}");
    assert!(next.is_in_doubt());
}

#[test]
fn a_doubt_that_begins_with_a_lost_lease_has_an_event() {
    let mut store = store(100);
    for (action, seconds) in [(claim(), 0), (claim(), 60)] {
        store.one(merchant(0), action, at(seconds)).unwrap();
    }
    assert!(store.log.events.iter().any(|(_, event)| event.kind == EventKind::PayoutInDoubt));
}

#[test]
fn a_return_that_does_not_fit_64_bits_is_no_damage() {
    let mut store = store(100);
    let paid = BankAnswer::Paid { utr: Utr::from_stored("UTR1") };
    for action in [claim(), report(1, paid), fund(key(2), i64::MAX)] {
        store.one(merchant(0), action, at(0)).unwrap();
    }
    let give_back =
        Action::Return { payout: payout_id(merchant(0), 0), line: line(1, payout_id(merchant(0), 0), 100, "UTR1") };
    assert_eq!(store.one(merchant(0), give_back, at(1)), Err(Refusal::BalanceTooLarge));
}
