//! A return credits what the bank paid, once, and only if every fact matches. Anything else is an exception.

#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

mod common;

use payrail_core::bank_return::{BankReturn, Exception, ExceptionKind, Facts};
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{BankAnswer, Exchange, Status, Verdict};
use payrail_types::ids::PayoutId;
use payrail_types::names::Utr;
use payrail_types::rail::BankId;

use common::{Store, at, by, create, fund, key, line, merchant, payout_id, policy};
use payrail_core::writes::Writes;

fn id(number: usize) -> PayoutId {
    payout_id(merchant(0), number)
}

/// Merchant 0 with 1000 paise and payout 1 of 400.
fn store() -> Store {
    let mut store = Store::new(policy(), 2);
    for action in [fund(key(0), 1_000), create(id(1), key(1), 400, "account")] {
        store.one(merchant(0), action, at(0)).unwrap();
    }
    store
}

fn pay(number: usize, utr: &str) -> [Action; 2] {
    let payout = id(number);
    let answer = BankAnswer::Paid { utr: Utr::from_stored(utr) };
    let report = Action::Report { payout, number: 1, answer, exchange: Exchange::default() };
    [Action::Claim { payout, worker: "one".to_owned(), bank: None }, report]
}

fn paid() -> Store {
    let mut store = store();
    for action in pay(1, "UTR1") {
        store.one(merchant(0), action, at(1)).unwrap();
    }
    store
}

fn take(store: &mut Store, line: &BankReturn) -> Writes {
    store.run(&[Command { merchant: merchant(0), action: Action::Return { payout: id(1), line: line.clone() } }], at(2))
}

/// The attack behind the rule: a payout of 60,000, for which the list states 1 paisa and another UTR.
#[test]
fn a_partial_return_credits_nothing() {
    for (stated, utr, kind) in [
        (1, "UTR1", ExceptionKind::ReturnOtherAmount),
        (399, "UTR1", ExceptionKind::ReturnOtherAmount),
        (401, "UTR1", ExceptionKind::ReturnOtherAmount),
        (0, "UTR1", ExceptionKind::ReturnOtherAmount),
        (-400, "UTR1", ExceptionKind::ReturnOtherAmount),
        (i64::MAX, "UTR1", ExceptionKind::ReturnOtherAmount),
        (1, "UTR2", ExceptionKind::ReturnOtherAmount),
        (400, "UTR2", ExceptionKind::ReturnOtherUtr),
        (400, "utr1", ExceptionKind::ReturnOtherUtr),
        (400, "", ExceptionKind::ReturnOtherUtr),
    ] {
        let mut store = paid();
        let line = line(7, id(1), stated, utr);
        let log = take(&mut store, &line);
        assert_eq!(log.replies, [Ok(Reply::Exception(line.id()))]);
        assert!(log.entries.is_empty() && log.updated_payouts.is_empty() && log.events.is_empty(), "{stated} {utr}");
        let [(_, exception)] = &log.exceptions[..] else { panic!("{:?}", log.exceptions) };
        let facts = |amount, utr: &str| Facts { amount_paise: Some(amount), utr: Some(utr.to_owned()) };
        let expected = Exception {
            id: line.id(),
            kind,
            payout: Some(id(1)),
            other_payout: None,
            reference: Some(id(1).reference()),
            return_number: Some(7),
            stated: facts(stated, utr),
            expected: facts(400, "UTR1"),
            detail: exception.detail.clone(),
            created_at: at(2),
        };
        assert_eq!(exception, &expected);
        assert!(exception.detail.contains(&stated.to_string()), "{}", exception.detail);
        assert_eq!(store.payout(id(1)).unwrap().status(), Status::Completed);
        // Reading the line again, after a restart or concurrently, changes nothing.
        let again = take(&mut store, &line);
        assert_eq!(again.replies, log.replies);
        assert!(common::wrote_nothing(&again));
    }
}

#[test]
fn the_right_return_is_credited_once_whatever_else_the_list_says() {
    let mut store = paid();
    assert_eq!(take(&mut store, &line(7, id(1), 1, "UTR1")).exceptions.len(), 1);
    let right = line(8, id(1), 400, "UTR1");
    let log = take(&mut store, &right);
    assert_eq!(
        log.entries.iter().map(|(_, entry)| (entry.kind, entry.amount.get())).collect::<Vec<_>>(),
        [(EntryKind::Return, 400)]
    );
    assert_eq!(
        log.returns.iter().map(|(_, taken)| (&taken.line, taken.credited)).collect::<Vec<_>>(),
        [(&right, true)]
    );
    assert_eq!(take(&mut store, &right).replies, [Err(Refusal::NotReturnable(Status::Returned))]);
    for (number, amount, utr, kind) in [
        (9, 400, "UTR1", ExceptionKind::ReturnAgain),
        (8, 399, "UTR1", ExceptionKind::ReturnOtherAmount),
        (8, 400, "UTR2", ExceptionKind::ReturnOtherUtr),
    ] {
        let log = take(&mut store, &line(number, id(1), amount, utr));
        assert_eq!(log.exceptions.iter().map(|(_, exception)| exception.kind).collect::<Vec<_>>(), [kind]);
        assert!(log.entries.is_empty() && log.updated_payouts.is_empty());
    }
    assert_eq!(store.books[&merchant(0)].tip.balances.available.get(), 1_000);
}

#[test]
fn two_lines_in_one_batch_credit_once() {
    let mut store = paid();
    let lines = [line(1, id(1), 400, "UTR1"), line(1, id(1), 400, "UTR1"), line(2, id(1), 400, "UTR1")];
    let take = |line| Command { merchant: merchant(0), action: Action::Return { payout: id(1), line } };
    let log = store.run(&lines.map(take), at(2));
    assert_eq!((log.entries.len(), log.returns.len(), log.exceptions.len()), (1, 2, 1));
    assert_eq!(log.replies[1], Err(Refusal::NotReturnable(Status::Returned)));
    assert_eq!(log.exceptions[0].1.kind, ExceptionKind::ReturnAgain);
}

/// Before the bank has paid, the amount can be checked but the UTR cannot, so the line must wait.
#[test]
fn a_return_of_an_unfinished_payout_waits_unless_its_amount_is_wrong() {
    let mut store = store();
    let right = line(1, id(1), 400, "UTR1");
    assert_eq!(take(&mut store, &right).replies, [Err(Refusal::NotReturnable(Status::Pending))]);
    assert_eq!(take(&mut store, &line(2, id(1), 1, "UTR1")).exceptions.len(), 1);
    let [claim, report] = pay(1, "UTR1");
    store.one(merchant(0), claim, at(1)).unwrap();
    assert_eq!(take(&mut store, &right).replies, [Err(Refusal::NotReturnable(Status::Processing))]);
    store.one(merchant(0), report, at(1)).unwrap();
    assert_eq!(take(&mut store, &right).entries.len(), 1);
}

#[test]
fn a_return_of_what_was_never_paid_is_an_exception() {
    let mut store = store();
    store.one(merchant(0), Action::Cancel { payout: id(1) }, at(1)).unwrap();
    let log = take(&mut store, &line(1, id(1), 400, "UTR1"));
    assert_eq!(log.exceptions[0].1.kind, ExceptionKind::ReturnOfUnpaid);
    assert_eq!(log.exceptions[0].1.expected, Facts { amount_paise: Some(400), utr: None });
    assert!(log.entries.is_empty() && log.updated_payouts.is_empty());
}

/// Books of versions that stored no lines: the first matching line is the credited one, and a second is an exception.
#[test]
fn a_payout_returned_before_lines_were_kept_takes_its_own_line_and_no_second() {
    let mut store = paid();
    take(&mut store, &line(3, id(1), 400, "UTR1"));
    let book = store.books.get_mut(&merchant(0)).unwrap();
    book.returns.clear();
    book.credited.clear();
    let log = take(&mut store, &line(3, id(1), 400, "UTR1"));
    assert_eq!((log.returns.len(), log.returns[0].1.credited), (1, true));
    assert!(
        log.entries.is_empty() && log.updated_payouts.is_empty() && log.events.is_empty() && log.exceptions.is_empty()
    );
    assert_eq!(take(&mut store, &line(4, id(1), 400, "UTR1")).exceptions[0].1.kind, ExceptionKind::ReturnAgain);
}

#[test]
fn a_second_payout_under_one_utr_is_settled_and_is_an_exception() {
    let mut store = paid();
    store.one(merchant(0), create(id(2), key(2), 100, "account"), at(1)).unwrap();
    let [claim, report] = pay(2, "UTR1");
    store.one(merchant(0), claim, at(2)).unwrap();
    let log = store.run(&[Command { merchant: merchant(0), action: report }], at(2));
    assert_eq!(log.entries[0].1.kind, EntryKind::Settle, "the bank's answer about this payout is definite");
    assert_eq!(
        log.exceptions,
        [(merchant(0), Exception::duplicate_utr(id(2), id(1), &Utr::from_stored("UTR1"), at(2)))]
    );
}

/// For payouts of two merchants, in one batch, and by an operator's decision.
#[test]
fn a_utr_of_another_merchants_payout_in_the_same_batch_is_seen() {
    let mut store = store();
    let other = payout_id(merchant(1), 9);
    for action in [fund(key(0), 500), create(other, key(1), 100, "account")] {
        store.one(merchant(1), action, at(0)).unwrap();
    }
    let claim = Action::Claim { payout: other, worker: "one".to_owned(), bank: None };
    let answer = BankAnswer::NoAnswer { why: "timeout".to_owned() };
    let doubt = Action::Report { payout: other, number: 1, answer, exchange: Exchange::default() };
    for action in [claim, doubt] {
        store.one(merchant(1), action, at(0)).unwrap();
    }
    let [claim, report] = pay(1, "UTR1");
    store.one(merchant(0), claim, at(1)).unwrap();
    let verdict = Verdict::Paid { utr: Utr::from_stored("UTR1") };
    let decide = Action::Decide { payout: other, verdict, reason: "a letter".to_owned(), by: by("Ana", 1) };
    let batch = [(merchant(0), report), (merchant(1), decide)].map(|(merchant, action)| Command { merchant, action });
    let log = store.run(&batch, at(2));
    assert_eq!(
        log.exceptions,
        [(merchant(1), Exception::duplicate_utr(other, id(1), &Utr::from_stored("UTR1"), at(2)))]
    );
}

/// For payouts of one bank and another in one batch, and of the same bank later.
#[test]
fn only_the_bank_that_paid_may_not_use_a_utr_again() {
    let mut store = store();
    for (number, bank) in [(1, "A"), (2, "B"), (3, "B"), (4, "A")] {
        let (payout, worker, bank) = (id(number), "one".to_owned(), Some(BankId::new(bank)));
        if number > 1 {
            store.one(merchant(0), create(payout, key(number as u8), 100, "account"), at(0)).unwrap();
        }
        store.one(merchant(0), Action::Claim { payout, worker, bank }, at(0)).unwrap();
    }
    let mut settle = |numbers: [usize; 2], now| {
        let reports = numbers.map(|number| pay(number, "UTR1")[1].clone());
        store.run(&reports.map(|action| Command { merchant: merchant(0), action }), at(now)).exceptions
    };
    assert_eq!(settle([1, 2], 1), []);
    let again = |payout, other, now| {
        (merchant(0), Exception::duplicate_utr(id(payout), id(other), &Utr::from_stored("UTR1"), at(now)))
    };
    assert_eq!(settle([3, 4], 2), [again(3, 2, 2), again(4, 1, 2)]);
}
