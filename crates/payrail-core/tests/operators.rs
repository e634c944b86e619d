//! What an operator may do about a payout in doubt, when, and what it writes.

mod common;

use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::event::EventKind;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{AttemptKind, BankAnswer, Exchange, Payout, State, Status, Verdict};
use payrail_types::ids::PayoutId;
use payrail_types::names::Utr;
use payrail_types::operator::{OperatorAction, OperatorActionKind};

use common::{MICROSECOND, Store, at, by, create, fund, key, merchant, payout_id, policy};

fn id() -> PayoutId {
    payout_id(merchant(0), 1)
}

fn claim() -> Action {
    Action::Claim { payout: id(), worker: "one".to_owned(), bank: None }
}

fn report(number: u32, answer: BankAnswer) -> Action {
    Action::Report { payout: id(), number, answer, exchange: Exchange::default() }
}

fn silence() -> BankAnswer {
    BankAnswer::NoAnswer { why: "timeout".to_owned() }
}

fn paid() -> Verdict {
    Verdict::Paid { utr: Utr::from_stored("UTR7") }
}

fn ask() -> Action {
    Action::Ask { payout: id(), by: by("Ana", 1) }
}

fn decide(verdict: Verdict) -> Action {
    Action::Decide { payout: id(), verdict, reason: "letter of the bank".to_owned(), by: by("Bela", 2) }
}

/// A payout of 400 of 1000 paise that got no answer at second 10: in doubt, and due half a minute later.
fn in_doubt() -> Store {
    let mut store = Store::new(policy(), 2);
    for (action, seconds) in
        [(fund(key(0), 1_000), 0), (create(id(), key(1), 400, "account"), 0), (claim(), 0), (report(1, silence()), 10)]
    {
        store.one(merchant(0), action, at(seconds)).expect("a step on the way");
    }
    store
}

fn payout(store: &Store) -> Payout {
    store.payout(id()).cloned().expect("it is there")
}

fn balances(store: &Store) -> (i64, i64) {
    let balances = store.books[&merchant(0)].tip.balances;
    (balances.available.get(), balances.held.get())
}

#[test]
fn the_bank_is_asked_now_and_not_later() {
    let mut store = in_doubt();
    let before = payout(&store);
    assert_eq!(store.one(merchant(0), claim(), at(11)), Err(Refusal::NotDue));
    let asked = store.run(&[Command { merchant: merchant(0), action: ask() }], at(11));
    let now = payout(&store);
    assert_eq!(asked.replies, [Ok(Reply::Updated(now.clone()))]);
    assert!(asked.entries.is_empty() && asked.events.is_empty() && asked.closed.is_empty());
    // Only the time is different.
    let (State::Processing(mut expected), State::Processing(progress)) = (before.state.clone(), now.state.clone())
    else {
        panic!("{now:?}");
    };
    expected.due_at = at(11);
    assert_eq!((progress, now.unanswered, now.attempts), (expected, before.unanswered, before.attempts));
    let reply = store.one(merchant(0), claim(), at(11));
    assert!(matches!(reply, Ok(Reply::Claimed { attempt, .. }) if attempt.kind == AttemptKind::Enquire));
}

#[test]
fn a_due_payout_keeps_its_place() {
    let mut store = in_doubt();
    let due_at = payout(&store).due_at().unwrap();
    store.one(merchant(0), ask(), due_at + MICROSECOND).unwrap();
    assert_eq!(payout(&store).due_at(), Some(due_at));
}

#[test]
fn an_operator_ends_a_doubt_as_the_bank_would_have() {
    for (verdict, status, kind, event, after) in [
        (paid(), Status::Completed, EntryKind::Settle, EventKind::PayoutCompleted, (600, 0)),
        (Verdict::NotPaid, Status::Failed, EntryKind::Refund, EventKind::PayoutFailed, (1_000, 0)),
    ] {
        let mut store = in_doubt();
        assert!(store.one(merchant(0), decide(verdict.clone()), at(20)).is_ok());
        assert_eq!((payout(&store).status(), balances(&store)), (status, after));
        let (_, entry) = store.log.entries.last().unwrap();
        assert_eq!((entry.kind, entry.payout, entry.amount.get()), (kind, Some(id()), 400));
        assert_eq!(store.log.events.last().map(|(_, event)| event.kind), Some(event));
        // No call was made, so no attempt is written.
        assert_eq!((store.log.opened.len(), store.log.closed.len(), payout(&store).attempts), (1, 1, 1));
        match payout(&store).state {
            State::Completed { utr } => assert_eq!(utr.as_str(), "UTR7"),
            State::Failed { reason } => {
                assert_eq!(reason, "An operator decided that the bank did not pay: letter of the bank");
            }
            other => panic!("{other:?}"),
        }
        // It has ended for a second operator, for the first one, and for a worker's late report.
        for again in [decide(verdict), decide(paid()), decide(Verdict::NotPaid), ask()] {
            assert_eq!(store.one(merchant(0), again, at(21)), Err(Refusal::NotInDoubt(status)));
        }
        for answer in [BankAnswer::Closed, BankAnswer::Paid { utr: Utr::from_stored("UTR8") }] {
            assert_eq!(store.one(merchant(0), report(1, answer), at(21)), Err(Refusal::StaleAttempt));
        }
    }
}

#[test]
fn an_operator_cannot_decide_a_claimed_payout() {
    let mut store = in_doubt();
    store.one(merchant(0), claim(), at(50)).unwrap();
    // During its lease and after it: the worker may still report.
    for seconds in [50, 109, 110, 5_000] {
        for action in [ask(), decide(paid()), decide(Verdict::NotPaid)] {
            assert_eq!(store.one(merchant(0), action, at(seconds)), Err(Refusal::Held), "{seconds}");
        }
    }
    assert!(store.log.actions.is_empty());
    store.one(merchant(0), report(2, silence()), at(5_001)).unwrap();
    assert!(store.one(merchant(0), decide(paid()), at(5_002)).is_ok());
}

#[test]
fn an_operator_cannot_decide_a_payout_that_is_not_in_doubt() {
    let mut store = in_doubt();
    store.one(merchant(0), create(payout_id(merchant(0), 2), key(2), 10, "account"), at(11)).unwrap();
    let ask_of_the_new = Action::Ask { payout: payout_id(merchant(0), 2), by: by("Ana", 1) };
    assert_eq!(store.one(merchant(0), ask_of_the_new, at(12)), Err(Refusal::NotInDoubt(Status::Pending)));
    // Claimed and released: processing, but nothing was sent.
    let second = payout_id(merchant(0), 2);
    store.one(merchant(0), Action::Claim { payout: second, worker: "one".to_owned(), bank: None }, at(12)).unwrap();
    store.one(merchant(0), Action::Release { payout: second, number: 1 }, at(12)).unwrap();
    let (verdict, reason) = (Verdict::NotPaid, "none".to_owned());
    let decision = Action::Decide { payout: second, verdict, reason, by: by("Ana", 1) };
    assert_eq!(store.one(merchant(0), decision, at(13)), Err(Refusal::NotInDoubt(Status::Processing)));
    assert!(store.log.actions.is_empty());
}

#[test]
fn every_action_leaves_exactly_one_row() {
    let mut store = in_doubt();
    let by_hand = |number: usize| Action::Fund {
        key: key(7),
        amount: common::amount(250),
        description: "cheque 12".to_owned(),
        by: Some(by("Ana", number)),
    };
    store.one(merchant(0), by_hand(10), at(11)).unwrap();
    // A colleague's repeat of the funding gets the answer and funds nothing.
    let again = store.one(merchant(0), by_hand(11), at(12));
    assert!(matches!(again, Ok(Reply::Answered { replayed: true, .. })));
    store.one(merchant(0), ask(), at(13)).unwrap();
    store.one(merchant(0), decide(paid()), at(14)).unwrap();
    let row = |number, operator: &str, kind: OperatorActionKind, seconds| OperatorAction {
        id: by("", number).action_id,
        at: at(seconds),
        merchant: Some(merchant(0)),
        operator: operator.to_owned(),
        action: kind,
        subject: Some(id().to_string()),
        reason: None,
        detail: None,
    };
    let text = |text: &str| Some(text.to_owned());
    let entry = merchant(0).entry_id(3).to_string();
    let expected = [
        OperatorAction {
            subject: Some(entry),
            reason: text("cheque 12"),
            detail: text("250 paise"),
            ..row(10, "Ana", OperatorActionKind::Funded, 11)
        },
        OperatorAction { detail: text("next step: enquire"), ..row(1, "Ana", OperatorActionKind::AskedBank, 13) },
        OperatorAction {
            reason: text("letter of the bank"),
            detail: text("UTR UTR7"),
            ..row(2, "Bela", OperatorActionKind::DecidedPaid, 14)
        },
    ];
    assert_eq!(store.log.actions, expected);
}

/// In one batch, like one after the other, the second decision finds no doubt.
#[test]
fn of_two_decisions_at_once_one_counts() {
    let mut store = in_doubt();
    let both = [decide(Verdict::NotPaid), decide(paid())].map(|action| Command { merchant: merchant(0), action });
    let log = store.run(&both, at(20));
    assert!(log.replies[0].is_ok());
    assert_eq!(log.replies[1], Err(Refusal::NotInDoubt(Status::Failed)));
    assert_eq!((log.entries.len(), log.actions.len(), balances(&store)), (1, 1, (1_000, 0)));
}

fn funded() -> Store {
    let mut store = Store::new(policy(), 2);
    store.one(merchant(0), fund(key(0), 1_000), at(0)).expect("a funding");
    store
}

fn bring_forward() -> Action {
    Action::BringForward { payout: id(), reason: "the clock was wrong".to_owned(), by: by("Ana", 3) }
}

/// Only payouts due later than any setting allows, to the microsecond.
#[test]
fn only_payouts_of_a_wrong_clock_are_brought_forward() {
    let (hour, day) = (3_600, 25 * 3_600);
    let mut store = funded();
    store.one(merchant(0), create(id(), key(1), 100, "account"), at(day)).unwrap();
    assert_eq!(store.one(merchant(0), bring_forward(), at(day - hour)), Err(Refusal::NotFarAhead));
    assert_eq!(store.one(merchant(0), claim(), at(0)), Err(Refusal::NotDue));
    store.one(merchant(0), bring_forward(), at(day - hour) - MICROSECOND).unwrap();
    assert_eq!(store.one(merchant(0), bring_forward(), at(0)), Ok(Reply::Updated(store.payout(id()).unwrap().clone())));
    assert_eq!(store.payout(id()).unwrap().due_at(), Some(at(0)));
    assert_eq!(store.one(merchant(0), bring_forward(), at(0)), Err(Refusal::NotFarAhead));
    store.one(merchant(0), claim(), at(0)).unwrap();
    let kinds: Vec<_> = store.log.actions.iter().map(|action| action.action).collect();
    assert_eq!(kinds, [OperatorActionKind::BroughtForward; 2]);
}

/// It was claimed under a clock that was a day fast, and its call may have been sent, so an enquiry comes before a
/// resubmission. Until that claim the first worker's report still counts.
#[test]
fn a_claimed_payout_that_is_brought_forward_is_enquired_about_first() {
    let day = 25 * 3_600;
    let mut store = funded();
    store.one(merchant(0), create(id(), key(1), 100, "account"), at(0)).unwrap();
    store.one(merchant(0), claim(), at(day)).unwrap();
    store.one(merchant(0), bring_forward(), at(1)).unwrap();
    let Ok(Reply::Claimed { attempt, payout }) = store.one(merchant(0), claim(), at(1)) else { panic!("not claimed") };
    assert_eq!((attempt.kind, attempt.number, payout.is_in_doubt()), (AttemptKind::Enquire, 2, true));
    let late = report(1, BankAnswer::Paid { utr: Utr::from_stored("UTR1") });
    assert_eq!(store.one(merchant(0), late, at(2)), Err(Refusal::StaleAttempt));
    let told = report(2, BankAnswer::Paid { utr: Utr::from_stored("UTR1") });
    store.one(merchant(0), told, at(3)).unwrap();
    assert_eq!(store.one(merchant(0), bring_forward(), at(4)), Err(Refusal::NotFarAhead));
}
