//! The state machine, claims and reports, as tables.

mod common;

use jiff::{SignedDuration, Timestamp};
use payrail_core::payout::{AttemptKind, BankAnswer, DoubtReason, Payout, Progress, State, Status, Verdict};
use payrail_types::names::{BankAccountId, Utr};
use payrail_types::word::Word;

use common::{MICROSECOND, amount, at, merchant, payout_id, policy};

fn pending() -> Payout {
    Payout::new(payout_id(merchant(0), 0), amount(500), BankAccountId::from_stored("account"), at(0))
}

/// Claimed for a call of this kind after `attempts` submissions, under a lease from `at(0)`.
fn claimed(kind: AttemptKind, submissions: u32) -> Payout {
    let progress = Progress { kind, due_at: at(60), leased_by: Some("one".to_owned()), doubt: None };
    Payout { state: State::Processing(progress), submissions, attempts: 7, ..pending() }
}

fn in_state(state: State) -> Payout {
    Payout { state, attempts: 1, submissions: 1, ..pending() }
}

fn over() -> [Payout; 4] {
    let (utr, reason) = (|| Utr::from_stored("UTR1"), || "why".to_owned());
    [
        in_state(State::Completed { utr: utr() }),
        in_state(State::Failed { reason: reason() }),
        in_state(State::Cancelled),
        in_state(State::Returned { utr: utr(), reason: reason() }),
    ]
}

fn paid() -> BankAnswer {
    BankAnswer::Paid { utr: Utr::from_stored("UTR1") }
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
    match payout.report(payout.attempts, answer, &policy(), now) {
        Some(next) if next.status() == Status::Processing => next,
        other => panic!("an end, not a next call: {other:?}"),
    }
}

#[test]
fn the_table_of_transitions_is_the_one_of_the_design() {
    let drawn = "pending>pending pending>processing pending>cancelled processing>processing processing>completed \
                 processing>failed completed>returned";
    let mut legal = Vec::new();
    for (from, to) in Status::all().flat_map(|from| Status::all().map(move |to| (from, to))) {
        if from.transition(to).is_some() {
            legal.push(format!("{}>{}", from.as_str(), to.as_str()));
        }
    }
    let mut drawn: Vec<_> = drawn.split_whitespace().collect();
    drawn.sort();
    legal.sort();
    assert_eq!(legal, drawn);
}

#[test]
fn an_ended_payout_accepts_only_the_return_of_its_payment() {
    for payout in over() {
        let completed = payout.status() == Status::Completed;
        assert_eq!(payout.due_at(), None);
        assert_eq!(payout.claim("two", None, &policy(), at(1_000_000)), None);
        assert_eq!(payout.report(1, &paid(), &policy(), at(1)), None);
        assert_eq!(payout.report(1, &refused(), &policy(), at(1)), None);
        assert_eq!(payout.release(1, at(1)), None);
        assert_eq!(payout.cancel(at(1)), None);
        assert_eq!(payout.ask(at(1)), None);
        assert_eq!(payout.decide(&Verdict::NotPaid, "why", at(1)), None);
        let state = payout.returned("frozen", at(1)).map(|payout| payout.state);
        let returned = State::Returned { utr: Utr::from_stored("UTR1"), reason: "frozen".to_owned() };
        assert_eq!(state, completed.then_some(returned));
    }
}

#[test]
fn a_merchant_may_cancel_until_a_worker_claims() {
    assert_eq!(
        pending().cancel(at(5)).map(|payout| (payout.state, payout.updated_at)),
        Some((State::Cancelled, at(5)))
    );
    assert_eq!(claimed(AttemptKind::Submit, 1).cancel(at(5)), None);
    let handed_back = claimed(AttemptKind::Submit, 1).release(7, at(1)).unwrap();
    assert_eq!(handed_back.cancel(at(5)), None);
    for payout in [pending(), claimed(AttemptKind::Submit, 1)] {
        assert_eq!(payout.returned("frozen", at(5)), None);
    }
}

#[test]
fn the_first_claim_submits_under_a_lease() {
    assert_eq!(pending().claim("one", None, &policy(), at(0) - MICROSECOND), None);
    let (payout, attempt) = pending().claim("one", None, &policy(), at(0)).unwrap();
    assert_eq!((attempt.number, attempt.kind, attempt.worker.as_str()), (1, AttemptKind::Submit, "one"));
    assert_eq!((payout.attempts, payout.submissions, payout.unanswered), (1, 1, 0));
    let lease = Progress { kind: AttemptKind::Submit, due_at: at(60), leased_by: Some("one".to_owned()), doubt: None };
    assert_eq!(progress(&payout), &lease);
}

#[test]
fn a_lease_keeps_others_out_until_it_runs_out_and_then_they_ask_first() {
    for (submissions, step) in
        [(1, AttemptKind::Enquire), (2, AttemptKind::Enquire), (3, AttemptKind::Close), (4, AttemptKind::Close)]
    {
        for lost in AttemptKind::all() {
            let payout = claimed(lost, submissions);
            assert_eq!(payout.claim("two", None, &policy(), at(60) - MICROSECOND), None);
            let (taken, attempt) = payout.claim("two", None, &policy(), at(60)).unwrap();
            assert_eq!((attempt.number, attempt.kind), (8, step));
            assert_eq!((taken.submissions, taken.attempts), (submissions, 8));
            let doubt = progress(&taken).doubt.clone().unwrap();
            assert_eq!(doubt.since, at(60));
            assert_eq!(doubt.reason, DoubtReason::worker_lost("one", lost));
        }
    }
}

#[test]
fn only_the_newest_attempt_reports_and_only_once() {
    let payout = claimed(AttemptKind::Submit, 1);
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

/// A late worker that was not replaced may still report.
#[test]
fn a_report_after_the_lease_counts_until_another_has_claimed() {
    let payout = claimed(AttemptKind::Submit, 1);
    assert!(matches!(
        payout.report(7, &paid(), &policy(), at(3_600)),
        Some(Payout { state: State::Completed { .. }, .. })
    ));
    let (taken, _) = payout.claim("two", None, &policy(), at(3_600)).unwrap();
    assert_eq!(taken.report(7, &paid(), &policy(), at(3_601)), None);
}

#[test]
fn definite_answers_end_it_at_any_step() {
    for step in AttemptKind::all() {
        let report = |answer| claimed(step, 2).report(7, &answer, &policy(), at(9)).unwrap();
        let payout = report(paid());
        assert_eq!((payout.state, payout.updated_at), (State::Completed { utr: Utr::from_stored("UTR1") }, at(9)));
        let payout = report(refused());
        assert_eq!(payout.state, State::Failed { reason: "no such account".to_owned() });
        let payout = report(BankAnswer::Closed);
        let State::Failed { reason } = payout.state else { panic!("{payout:?}") };
        assert!(!reason.is_empty());
    }
}

#[test]
fn next_steps_after_an_indefinite_answer() {
    use AttemptKind::{Close, Enquire, Submit};
    // The call and the submissions so far; the answer; the next call, the submissions that count,
    // whether it must wait, whether it is in doubt.
    for (step, submissions, answer, next, count, waits, doubt) in [
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
        let payout = go_on(&claimed(step, submissions), &answer, at(9));
        let row = format!("{step:?} {submissions} {answer:?}");
        let Progress { kind, due_at, leased_by, doubt: doubts } = progress(&payout);
        assert_eq!((*kind, payout.submissions, payout.attempts), (next, count, 7), "{row}");
        assert_eq!((*due_at > at(9), payout.unanswered), (waits, u32::from(waits)), "{row}");
        assert_eq!(doubts.as_ref().map(|doubt| doubt.since), doubt.then_some(at(9)), "{row}");
        assert_eq!((payout.is_in_doubt(), leased_by), (doubt, &None), "{row}");
    }
}

#[test]
fn a_doubt_keeps_its_age() {
    let first = go_on(&claimed(AttemptKind::Submit, 1), &silence(), at(9));
    let (taken, attempt) = first.claim("two", None, &policy(), at(100)).unwrap();
    assert_eq!(attempt.kind, AttemptKind::Enquire);
    let why = BankAnswer::NoAnswer { why: "500".to_owned() };
    for answer in [why, unreachable(), BankAnswer::NeverReceived] {
        let next = go_on(&taken, &answer, at(101));
        assert_eq!(progress(&next).doubt.as_ref().map(|doubt| doubt.since), Some(at(9)), "{answer:?}");
    }
    let (lost, _) = taken.claim("three", None, &policy(), at(1_000)).unwrap();
    assert_eq!(progress(&lost).doubt.as_ref().map(|doubt| doubt.since), Some(at(9)));
}

#[test]
fn a_released_payout_was_not_sent() {
    for (step, submissions, left) in [
        (AttemptKind::Submit, 1, 0),
        (AttemptKind::Submit, 3, 2),
        (AttemptKind::Enquire, 2, 2),
        (AttemptKind::Close, 3, 3),
    ] {
        let payout = claimed(step, submissions).release(7, at(9)).unwrap();
        let waiting = Progress { kind: step, due_at: at(9), leased_by: None, doubt: None };
        assert_eq!((progress(&payout), payout.submissions, payout.unanswered), (&waiting, left, 0));
        let (_, attempt) = payout.claim("two", None, &policy(), at(9)).unwrap();
        assert_eq!((attempt.number, attempt.kind), (8, step));
    }
}

/// A payout at a silent bank: submitted, then enquired about again and again with waits of 30, 60, 120 … seconds, up to
/// half an hour. It ends as soon as the bank answers.
#[test]
fn a_silent_bank_is_asked_at_growing_intervals_for_as_long_as_it_takes() {
    let (mut payout, mut now) = (pending(), at(0));
    for seconds in [30, 60, 120, 240, 480, 960, 1800, 1800, 1800] {
        let (taken, attempt) = payout.claim("one", None, &policy(), now).unwrap();
        assert_eq!(attempt.kind == AttemptKind::Submit, attempt.number == 1);
        payout = go_on(&taken, &silence(), now);
        let due_at = payout.due_at().unwrap();
        let wait = due_at.duration_since(now);
        let longest = SignedDuration::from_millis(seconds * 1_100);
        assert!((SignedDuration::from_secs(seconds)..=longest).contains(&wait), "{wait:?}");
        assert_eq!(payout.claim("one", None, &policy(), due_at - MICROSECOND), None);
        now = due_at;
    }
    let (taken, attempt) = payout.claim("one", None, &policy(), now).unwrap();
    assert!(matches!(
        taken.report(attempt.number, &paid(), &policy(), now),
        Some(Payout { state: State::Completed { .. }, .. })
    ));
}

/// After three submissions that were never received, the bank is asked to refuse the reference for good.
#[test]
fn a_bank_that_loses_every_submission_gets_three() {
    let (mut payout, mut now) = (pending(), at(0));
    let mut steps = Vec::new();
    for answer in [silence(), BankAnswer::NeverReceived].iter().cycle().take(6) {
        let (taken, attempt) = payout.claim("one", None, &policy(), now).unwrap();
        steps.push(attempt.kind.as_str());
        payout = go_on(&taken, answer, now);
        now = payout.due_at().unwrap();
    }
    assert_eq!(steps, ["submit", "enquire", "submit", "enquire", "submit", "close"]);
    let (taken, attempt) = payout.claim("one", None, &policy(), now).unwrap();
    assert_eq!(attempt.kind, AttemptKind::Close);
    assert!(matches!(
        taken.report(attempt.number, &BankAnswer::Closed, &policy(), now),
        Some(Payout { state: State::Failed { .. }, .. })
    ));
}
