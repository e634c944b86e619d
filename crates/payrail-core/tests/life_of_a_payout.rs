//! The state machine, claims and reports, row by row.

mod common;

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::payout::{BankAnswer, Outcome, Payout, Progress, State, Status, Step, Verdict};

use common::{MICROSECOND, amount, at, merchant, payout_id};

fn policy() -> Policy {
    Policy::default()
}

fn pending() -> Payout {
    Payout::new(payout_id(merchant(0), 0), amount(500), "account".to_owned(), at(0))
}

/// Claimed for a call of kind `step` after `attempts` submissions, under a lease from `at(0)`.
fn claimed(step: Step, attempts: u32) -> Payout {
    let progress = Progress { step, due_at: at(60), leased_by: Some("one".to_owned()), doubt: None };
    Payout { state: State::Processing(progress), attempts, calls: 7, ..pending() }
}

fn in_state(state: State) -> Payout {
    Payout { state, calls: 1, attempts: 1, ..pending() }
}

fn over() -> [Payout; 4] {
    let (utr, reason) = (|| "UTR1".to_owned(), || "why".to_owned());
    [
        in_state(State::Completed { utr: utr() }),
        in_state(State::Failed { reason: reason() }),
        in_state(State::Cancelled),
        in_state(State::Returned { utr: utr(), reason: reason() }),
    ]
}

fn paid() -> BankAnswer {
    BankAnswer::Paid { utr: "UTR1".to_owned() }
}

fn refused() -> BankAnswer {
    BankAnswer::Refused { reason: "no such account".to_owned() }
}

fn silence() -> BankAnswer {
    BankAnswer::NoAnswer { why: "timeout".to_owned() }
}

fn unreachable() -> BankAnswer {
    BankAnswer::Unreachable { why: "connection refused".to_owned() }
}

fn progress(payout: &Payout) -> &Progress {
    match &payout.state {
        State::Processing(progress) => progress,
        other => panic!("not under way: {other:?}"),
    }
}

fn go_on(payout: &Payout, answer: &BankAnswer, now: Timestamp) -> Payout {
    match payout.report(payout.calls, answer, &policy(), now) {
        Some(Outcome::GoOn(next)) => next,
        other => panic!("an end, not a next step: {other:?}"),
    }
}

#[test]
fn the_table_of_steps_is_the_one_of_the_design() {
    let drawn = "pending>pending pending>processing pending>cancelled processing>processing processing>completed \
                 processing>failed completed>returned";
    let mut steps = Vec::new();
    for (from, to) in Status::ALL.into_iter().flat_map(|from| Status::ALL.map(|to| (from, to))) {
        if from.may_become(to) {
            steps.push(format!("{}>{}", from.as_str(), to.as_str()));
        }
    }
    let mut drawn: Vec<_> = drawn.split_whitespace().collect();
    drawn.sort();
    steps.sort();
    assert_eq!(steps, drawn);
}

#[test]
fn words_lead_back_to_what_they_name() {
    for status in Status::ALL {
        assert_eq!(Status::parse(status.as_str()), Some(status));
    }
    for step in Step::ALL {
        assert_eq!(Step::parse(step.as_str()), Some(step));
    }
    assert_eq!((Status::parse("Pending"), Step::parse("")), (None, None));
}

#[test]
fn the_original_clients_see_the_original_four() {
    let seen = Status::ALL.map(|status| status.original().as_str());
    assert_eq!(seen, ["pending", "processing", "completed", "failed", "failed", "failed"]);
}

#[test]
fn a_payout_that_is_over_takes_nothing_but_the_return_of_what_was_paid() {
    for payout in over() {
        let completed = payout.status() == Status::Completed;
        assert_eq!(payout.due_at(), None);
        assert_eq!(payout.claim("two", &policy(), at(1_000_000)), None);
        assert_eq!(payout.report(1, &paid(), &policy(), at(1)), None);
        assert_eq!(payout.report(1, &refused(), &policy(), at(1)), None);
        assert_eq!(payout.release(1, at(1)), None);
        assert_eq!(payout.cancel(at(1)), None);
        assert_eq!(payout.ask(at(1)), None);
        assert_eq!(payout.decide(&Verdict::NotPaid, "why", at(1)), None);
        let state = payout.returned("frozen", at(1)).map(|payout| payout.state);
        let returned = State::Returned { utr: "UTR1".to_owned(), reason: "frozen".to_owned() };
        assert_eq!(state, completed.then_some(returned));
    }
}

#[test]
fn a_merchant_may_cancel_until_a_worker_claims() {
    assert_eq!(
        pending().cancel(at(5)).map(|payout| (payout.state, payout.updated_at)),
        Some((State::Cancelled, at(5)))
    );
    assert_eq!(claimed(Step::Submit, 1).cancel(at(5)), None);
    let handed_back = claimed(Step::Submit, 1).release(7, at(1)).unwrap();
    assert_eq!(handed_back.cancel(at(5)), None);
    for payout in [pending(), claimed(Step::Submit, 1)] {
        assert_eq!(payout.returned("frozen", at(5)), None);
    }
}

#[test]
fn the_first_claim_submits_under_a_lease() {
    assert_eq!(pending().claim("one", &policy(), at(0) - MICROSECOND), None);
    let (payout, attempt) = pending().claim("one", &policy(), at(0)).unwrap();
    assert_eq!((attempt.number, attempt.step, attempt.worker.as_str()), (1, Step::Submit, "one"));
    assert_eq!((payout.calls, payout.attempts, payout.unanswered), (1, 1, 0));
    let lease = Progress { step: Step::Submit, due_at: at(60), leased_by: Some("one".to_owned()), doubt: None };
    assert_eq!(progress(&payout), &lease);
}

#[test]
fn a_lease_keeps_others_out_until_it_runs_out_and_then_they_ask_first() {
    for (attempts, step) in [(1, Step::Enquire), (2, Step::Enquire), (3, Step::Close), (4, Step::Close)] {
        for lost in Step::ALL {
            let payout = claimed(lost, attempts);
            assert_eq!(payout.claim("two", &policy(), at(60) - MICROSECOND), None);
            let (taken, attempt) = payout.claim("two", &policy(), at(60)).unwrap();
            assert_eq!((attempt.number, attempt.step), (8, step));
            assert_eq!((taken.attempts, taken.calls), (attempts, 8));
            let doubt = progress(&taken).doubt.clone().unwrap();
            assert_eq!(doubt.since, at(60));
            assert!(doubt.reason.contains("one"), "{}", doubt.reason);
        }
    }
}

#[test]
fn only_the_newest_attempt_reports_and_only_once() {
    let payout = claimed(Step::Submit, 1);
    for number in [0, 1, 6, 8, u32::MAX] {
        assert_eq!(payout.report(number, &paid(), &policy(), at(1)), None, "{number}");
        assert_eq!(payout.release(number, at(1)), None, "{number}");
    }
    let reported = go_on(&payout, &silence(), at(1));
    let released = payout.release(7, at(1)).unwrap();
    for done in [reported, released] {
        assert_eq!(done.report(7, &paid(), &policy(), at(2)), None);
        assert_eq!(done.release(7, at(2)), None);
    }
}

/// A worker that is late, but not yet replaced, is still the one who knows.
#[test]
fn a_report_after_the_lease_counts_until_another_has_claimed() {
    let payout = claimed(Step::Submit, 1);
    assert!(matches!(payout.report(7, &paid(), &policy(), at(3_600)), Some(Outcome::Settle(_))));
    let (taken, _) = payout.claim("two", &policy(), at(3_600)).unwrap();
    assert_eq!(taken.report(7, &paid(), &policy(), at(3_601)), None);
}

#[test]
fn definite_answers_end_it_at_any_step() {
    for step in Step::ALL {
        let report = |answer| claimed(step, 2).report(7, &answer, &policy(), at(9)).unwrap();
        let Outcome::Settle(payout) = report(paid()) else { panic!("paid, not settled") };
        assert_eq!((payout.state, payout.updated_at), (State::Completed { utr: "UTR1".to_owned() }, at(9)));
        let Outcome::Refund(payout) = report(refused()) else { panic!("refused, not refunded") };
        assert_eq!(payout.state, State::Failed { reason: "no such account".to_owned() });
        let Outcome::Refund(payout) = report(BankAnswer::Closed) else { panic!("closed, not refunded") };
        let State::Failed { reason } = payout.state else { panic!("{payout:?}") };
        assert!(!reason.is_empty());
    }
}

#[test]
fn what_follows_an_answer_that_is_not_definite() {
    use Step::{Close, Enquire, Submit};
    // The call and the submissions so far; the answer; the next call, the submissions that count,
    // whether it must wait, whether it is in doubt.
    for (step, attempts, answer, next, count, waits, doubt) in [
        (Submit, 1, silence(), Enquire, 1, true, true),
        (Submit, 3, silence(), Close, 3, true, true),
        (Enquire, 1, silence(), Enquire, 1, true, true),
        (Close, 3, silence(), Close, 3, true, true),
        (Submit, 1, BankAnswer::NeverReceived, Enquire, 1, true, true),
        (Submit, 3, BankAnswer::NeverReceived, Close, 3, true, true),
        (Enquire, 1, BankAnswer::NeverReceived, Submit, 1, false, false),
        (Enquire, 2, BankAnswer::NeverReceived, Submit, 2, false, false),
        (Enquire, 3, BankAnswer::NeverReceived, Close, 3, false, false),
        (Submit, 1, unreachable(), Submit, 0, true, false),
        (Submit, 3, unreachable(), Submit, 2, true, false),
        (Enquire, 1, unreachable(), Enquire, 1, true, false),
        (Close, 3, unreachable(), Close, 3, true, false),
    ] {
        let payout = go_on(&claimed(step, attempts), &answer, at(9));
        let row = format!("{step:?} {attempts} {answer:?}");
        let Progress { step, due_at, leased_by, doubt: doubts } = progress(&payout);
        assert_eq!((*step, payout.attempts, payout.calls), (next, count, 7), "{row}");
        assert_eq!((*due_at > at(9), payout.unanswered), (waits, u32::from(waits)), "{row}");
        assert_eq!(doubts.as_ref().map(|doubt| doubt.since), doubt.then_some(at(9)), "{row}");
        assert_eq!((payout.is_in_doubt(), leased_by), (doubt, &None), "{row}");
    }
}

#[test]
fn a_doubt_keeps_its_age() {
    let first = go_on(&claimed(Step::Submit, 1), &silence(), at(9));
    let (taken, attempt) = first.claim("two", &policy(), at(100)).unwrap();
    assert_eq!(attempt.step, Step::Enquire);
    let why = BankAnswer::NoAnswer { why: "500".to_owned() };
    for answer in [why, unreachable(), BankAnswer::NeverReceived] {
        let next = go_on(&taken, &answer, at(101));
        assert_eq!(progress(&next).doubt.as_ref().map(|doubt| doubt.since), Some(at(9)), "{answer:?}");
    }
    let (lost, _) = taken.claim("three", &policy(), at(1_000)).unwrap();
    assert_eq!(progress(&lost).doubt.as_ref().map(|doubt| doubt.since), Some(at(9)));
}

#[test]
fn what_was_handed_back_was_not_sent() {
    for (step, attempts, left) in
        [(Step::Submit, 1, 0), (Step::Submit, 3, 2), (Step::Enquire, 2, 2), (Step::Close, 3, 3)]
    {
        let payout = claimed(step, attempts).release(7, at(9)).unwrap();
        let waiting = Progress { step, due_at: at(9), leased_by: None, doubt: None };
        assert_eq!((progress(&payout), payout.attempts, payout.unanswered), (&waiting, left, 0));
        let (_, attempt) = payout.claim("two", &policy(), at(9)).unwrap();
        assert_eq!((attempt.number, attempt.step), (8, step));
    }
}

/// The original's life of a payout on a silent bank: told, asked, asked again, with waits of 30, 60,
/// 120 … seconds, until half an hour; and an end as soon as the bank speaks.
#[test]
fn a_silent_bank_is_asked_at_growing_intervals_for_as_long_as_it_takes() {
    let (mut payout, mut now) = (pending(), at(0));
    for seconds in [30, 60, 120, 240, 480, 960, 1800, 1800, 1800] {
        let (taken, attempt) = payout.claim("one", &policy(), now).unwrap();
        assert_eq!(attempt.step == Step::Submit, attempt.number == 1);
        payout = go_on(&taken, &silence(), now);
        let due_at = payout.due_at().unwrap();
        let wait = due_at.duration_since(now);
        let longest = SignedDuration::from_millis(seconds * 1_100);
        assert!((SignedDuration::from_secs(seconds)..=longest).contains(&wait), "{wait:?}");
        assert_eq!(payout.claim("one", &policy(), due_at - MICROSECOND), None);
        now = due_at;
    }
    let (taken, attempt) = payout.claim("one", &policy(), now).unwrap();
    assert!(matches!(taken.report(attempt.number, &paid(), &policy(), now), Some(Outcome::Settle(_))));
}

/// Three times told and three times denied: then the bank is asked to refuse it for good.
#[test]
fn a_bank_that_loses_every_submission_is_told_three_times() {
    let (mut payout, mut now) = (pending(), at(0));
    let mut steps = Vec::new();
    for answer in [silence(), BankAnswer::NeverReceived].iter().cycle().take(6) {
        let (taken, attempt) = payout.claim("one", &policy(), now).unwrap();
        steps.push(attempt.step.as_str());
        payout = go_on(&taken, answer, now);
        now = payout.due_at().unwrap();
    }
    assert_eq!(steps, ["submit", "enquire", "submit", "enquire", "submit", "close"]);
    let (taken, attempt) = payout.claim("one", &policy(), now).unwrap();
    assert_eq!(attempt.step, Step::Close);
    assert!(matches!(taken.report(attempt.number, &BankAnswer::Closed, &policy(), now), Some(Outcome::Refund(_))));
}
