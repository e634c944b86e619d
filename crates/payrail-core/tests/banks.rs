//! A payout stays with the bank that it was submitted to, and with the capabilities and the waits of its rail.

mod common;

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::command::{Action, PayoutRequest, Refusal, Reply};
use payrail_core::payout::{
    AttemptKind, AttemptOutcome, BankAnswer, Exchange, Payout, Progress, State, Status, Verdict,
};
use payrail_types::ids::PayoutId;
use payrail_types::names::BankAccountId;
use payrail_types::rail::{BankId, RailId};

use common::{Store, amount, at, by, fund, key, merchant, payout_id, policy};

fn id() -> PayoutId {
    payout_id(merchant(0), 0)
}

fn create(rail: RailId) -> Action {
    let request = PayoutRequest {
        amount: amount(500),
        bank_account_id: BankAccountId::from_stored("account"),
        rail: Some(rail),
        request_id: None,
    };
    Action::Create { id: id(), key: key(1), request }
}

fn claim(bank: &str) -> Action {
    Action::Claim { payout: id(), worker: "one".to_owned(), bank: Some(BankId::new(bank)) }
}

fn report(number: u32, answer: BankAnswer) -> Action {
    Action::Report { payout: id(), number, answer, exchange: Exchange::default() }
}

fn silence() -> BankAnswer {
    BankAnswer::NoAnswer { why: "timeout".to_owned() }
}

fn unreachable() -> BankAnswer {
    BankAnswer::Unreachable { why: "connection refused".to_owned() }
}

/// A book with 500 of 500 paise held for a payout on this rail.
fn store_with(policy: Policy, rails: &'static [(RailId, Policy)], rail: RailId) -> Store {
    let mut store = Store { rails, ..Store::new(policy, 1) };
    store.one(merchant(0), fund(key(0), 500), at(0)).expect("funded");
    store.one(merchant(0), create(rail), at(0)).expect("accepted");
    store
}

fn store() -> Store {
    store_with(policy(), &[], RailId::DEFAULT)
}

fn payout(store: &Store) -> Payout {
    store.payout(id()).expect("there is one").clone()
}

fn progress(store: &Store) -> Progress {
    match payout(store).state {
        State::Processing(progress) => progress,
        other => panic!("not under way: {other:?}"),
    }
}

fn due(store: &Store) -> Timestamp {
    progress(store).due_at
}

#[test]
fn a_submitted_payout_is_never_sent_to_another_bank() {
    let mut store = store();
    let Ok(Reply::Claimed { attempt, .. }) = store.one(merchant(0), claim("first"), at(0)) else { panic!() };
    assert_eq!(attempt.bank, Some(BankId::new("first")));
    store.one(merchant(0), report(1, silence()), at(1)).unwrap();
    for _ in 0..8 {
        let now = due(&store);
        let Ok(Reply::Updated(next)) = store.one(merchant(0), claim("second"), now) else { panic!("a call was made") };
        assert_eq!((next.attempts, next.submissions, next.is_in_doubt()), (1, 1, true));
        assert!(due(&store) > now, "it is looked at again later");
    }
    assert!(progress(&store).doubt.unwrap().reason.as_str().contains("the bank first"));
    // Its own bank is still asked.
    let now = due(&store);
    let Ok(Reply::Claimed { attempt, .. }) = store.one(merchant(0), claim("first"), now) else { panic!() };
    assert_eq!((attempt.number, attempt.kind), (2, AttemptKind::Enquire));
}

#[test]
fn an_operator_ends_what_stayed_with_another_bank() {
    let mut store = store();
    store.one(merchant(0), claim("first"), at(0)).unwrap();
    // Its worker died, and the call may have been sent.
    let now = due(&store);
    store.one(merchant(0), claim("second"), now).unwrap();
    assert_eq!(progress(&store).leased_by, None);
    assert_eq!(store.one(merchant(0), report(1, silence()), now), Err(Refusal::StaleAttempt));
    let decision = Action::Decide {
        payout: id(),
        verdict: Verdict::NotPaid,
        reason: "the first bank's statement".to_owned(),
        by: by("Ana", 1),
    };
    store.one(merchant(0), decision, now).unwrap();
    assert_eq!(payout(&store).status(), Status::Failed);
}

#[test]
fn a_payout_never_sent_may_go_to_another_bank() {
    let mut store = store();
    store.one(merchant(0), claim("first"), at(0)).unwrap();
    store.one(merchant(0), report(1, unreachable()), at(1)).unwrap();
    assert_eq!(payout(&store).bank, None);
    let now = due(&store);
    let Ok(Reply::Claimed { payout, attempt }) = store.one(merchant(0), claim("second"), now) else { panic!() };
    assert_eq!((attempt.kind, payout.bank), (AttemptKind::Submit, Some(BankId::new("second"))));
}

#[test]
fn if_the_bank_cannot_close_nothing_is_refunded_without_proof() {
    let cannot_close = Policy { can_close: false, attempts_max: 2, ..policy() };
    let mut store = store_with(cannot_close, &[], RailId::DEFAULT);
    let mut steps = Vec::new();
    for _ in 0..12 {
        let now = payout(&store).due_at().unwrap();
        let Ok(Reply::Claimed { attempt, .. }) = store.one(merchant(0), claim("first"), now) else { panic!() };
        let answer = if attempt.kind == AttemptKind::Enquire { BankAnswer::NeverReceived } else { silence() };
        steps.push(attempt.kind);
        store.one(merchant(0), report(attempt.number, answer), now).unwrap();
    }
    assert_eq!(steps[..4], [AttemptKind::Submit, AttemptKind::Enquire, AttemptKind::Submit, AttemptKind::Enquire]);
    assert!(steps[4..].iter().all(|step| *step == AttemptKind::Enquire), "{steps:?}");
    assert!(progress(&store).doubt.unwrap().reason.as_str().contains("an operator must decide"));
    assert_eq!(payout(&store).submissions, 2);
}

/// Runs a payout through calls with these answers by kind, until it ends or a maximum is reached. Returns the kinds of
/// the calls.
fn calls(store: &mut Store, answer: impl Fn(AttemptKind) -> BankAnswer) -> Vec<AttemptKind> {
    let mut kinds = Vec::new();
    while let Some(now) = payout(store).due_at().filter(|_| kinds.len() < 12) {
        let Ok(Reply::Claimed { attempt, .. }) = store.one(merchant(0), claim("first"), now) else { panic!() };
        kinds.push(attempt.kind);
        store.one(merchant(0), report(attempt.number, answer(attempt.kind)), now).expect("it holds the payout");
    }
    kinds
}

fn only_enquiries_are_answered(kind: AttemptKind) -> BankAnswer {
    if kind == AttemptKind::Submit { silence() } else { BankAnswer::NeverReceived }
}

const FINAL: Policy = Policy { never_received_is_final: true, ..policy() };

#[test]
fn a_final_never_received_after_the_last_submission_is_proof() {
    use AttemptKind::{Enquire, Submit};
    // If it is final, nothing needs to be closed, even if the bank could.
    for can_close in [false, true] {
        let mut store = store_with(Policy { can_close, attempts_max: 2, ..FINAL }, &[], RailId::DEFAULT);
        assert_eq!(calls(&mut store, only_enquiries_are_answered), [Submit, Enquire, Submit, Enquire]);
        let State::Failed { reason } = payout(&store).state else { panic!("{:?}", payout(&store)) };
        assert_eq!(reason, "The bank never received it, and promises that this is final");
        let balances = store.books[&merchant(0)].tip.balances;
        assert_eq!((balances.available.get(), balances.held.get()), (500, 0));
        let outcomes: Vec<_> = store.log.closed.iter().map(|(_, end)| end.outcome).collect();
        use AttemptOutcome::{Closed, NeverReceived, NoAnswer};
        assert_eq!(outcomes, [NoAnswer, NeverReceived, NoAnswer, Closed]);
    }
}

/// Neither answers an enquiry, and silence is no answer.
#[test]
fn only_an_enquirys_answer_can_be_final() {
    let one = Policy { attempts_max: 1, ..FINAL };
    for answer in [BankAnswer::NeverReceived, silence(), unreachable()] {
        let mut store = store_with(one, &[], RailId::DEFAULT);
        let kinds = calls(&mut store, |kind| match kind {
            AttemptKind::Enquire => silence(),
            _ => answer.clone(),
        });
        assert_eq!((kinds.len(), payout(&store).status()), (12, Status::Processing), "{answer:?}");
    }
    let mut store = store_with(Policy { never_received_is_final: false, ..one }, &[], RailId::DEFAULT);
    calls(&mut store, |_| silence());
    assert_eq!(progress(&store).kind, AttemptKind::Close);
    // An answer to a close is not an answer to an enquiry, even if the rail's policy now promises that it is final.
    let now = due(&store);
    store.one(merchant(0), claim("first"), now).unwrap();
    store.policy = one;
    let number = payout(&store).attempts;
    store.one(merchant(0), report(number, BankAnswer::NeverReceived), now).unwrap();
    assert_eq!((progress(&store).kind, payout(&store).status()), (AttemptKind::Enquire, Status::Processing));
}

#[test]
fn a_bank_that_cannot_close_any_more_is_asked_instead() {
    let one = Policy { attempts_max: 1, ..policy() };
    let mut store = store_with(one, &[], RailId::DEFAULT);
    calls(&mut store, |_| silence());
    assert_eq!(progress(&store).kind, AttemptKind::Close);
    store.policy = Policy { can_close: false, ..one };
    let now = due(&store);
    let Ok(Reply::Claimed { attempt, .. }) = store.one(merchant(0), claim("first"), now) else { panic!() };
    assert_eq!(attempt.kind, AttemptKind::Enquire);
}

/// A payout whose rail is no longer configured uses the common policy, which promises nothing.
#[test]
fn each_payout_follows_its_own_rails_policy() {
    let [closes, stays, is_final, unknown] =
        ["closes", "stays", "final", "unknown"].map(|name| RailId::parse(name).unwrap());
    let one = Policy { attempts_max: 1, ..policy() };
    let cannot = Policy { can_close: false, ..one };
    let rails: &[_] = Box::leak(Box::new([
        (closes, one),
        (stays, cannot),
        (is_final, Policy { never_received_is_final: true, ..one }),
    ]));
    for (rail, last, status) in [
        (closes, AttemptKind::Close, Status::Failed),
        (stays, AttemptKind::Enquire, Status::Processing),
        (is_final, AttemptKind::Enquire, Status::Failed),
        (unknown, AttemptKind::Close, Status::Failed),
    ] {
        let mut store = store_with(one, rails, rail);
        let kinds = calls(&mut store, |kind| match kind {
            AttemptKind::Close => BankAnswer::Closed,
            kind => only_enquiries_are_answered(kind),
        });
        assert_eq!((kinds.last(), payout(&store).status()), (Some(&last), status), "{rail}: {kinds:?}");
    }
}

#[test]
fn each_rail_has_its_own_waits() {
    let slow = RailId::parse("slow").unwrap();
    let own = Policy { retry_base: SignedDuration::from_mins(10), ..policy() };
    let rails: &[_] = Box::leak(Box::new([(slow, own)]));
    for (rail, least, most) in [(RailId::DEFAULT, 30, 60), (slow, 600, 700)] {
        let mut store = store_with(policy(), rails, rail);
        assert_eq!(payout(&store).rail, rail);
        store.one(merchant(0), claim("first"), at(0)).unwrap();
        store.one(merchant(0), report(1, silence()), at(0)).unwrap();
        let wait = due(&store).duration_since(at(0)).as_secs();
        assert!((least..most).contains(&wait), "{rail}: {wait} s");
    }
}
