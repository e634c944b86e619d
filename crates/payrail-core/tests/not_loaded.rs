//! "Not loaded" is not "absent": a decision that needs what the store did not look for fails, and with it the batch.

mod common;

use payrail_core::backoff::Policy;
use payrail_core::command::{Action, Command, Exchange};
use payrail_core::decide::{Book, decide_all};
use payrail_core::payout::{BankAnswer, Verdict};

use common::{Store, at, by, create, fund, key, line, load, merchant, payout_id, rules};

/// A merchant with funds and a payout that a worker has claimed.
fn store() -> Store {
    let mut store = Store::new(Policy::default(), 1);
    let id = payout_id(merchant(0), 1);
    for action in
        [fund(key(0), 1_000), create(id, key(1), 400, "account"), Action::Claim { payout: id, worker: "one".into() }]
    {
        store.one(merchant(0), action, at(0)).expect("it is taken");
    }
    store
}

/// One of each action; each says for itself what it needs.
fn actions() -> Vec<Action> {
    let payout = payout_id(merchant(0), 1);
    let (reason, utr) = ("the bank wrote so".to_owned(), "UTR1".to_owned());
    let answer = BankAnswer::Paid { utr: utr.clone() };
    let verdict = Verdict::Paid { utr };
    vec![
        create(payout_id(merchant(0), 2), key(2), 400, "account"),
        fund(key(3), 10),
        Action::Cancel { payout },
        Action::Claim { payout, worker: "two".to_owned() },
        Action::Report { payout, number: 1, answer, exchange: Exchange::default() },
        Action::Release { payout, number: 1 },
        Action::Return { payout, line: line(1, payout, 400, "UTR1") },
        Action::BringForward { payout, reason: reason.clone(), by: by("Ana", 1) },
        Action::Ask { payout, by: by("Ana", 2) },
        Action::Decide { payout, verdict, reason, by: by("Ana", 3) },
    ]
}

type Forget = (&'static str, fn(&mut Book), fn(&Action) -> bool);

/// What a store may forget, and which actions need it.
fn forgotten() -> [Forget; 4] {
    let needs_utr = |action: &Action| matches!(action, Action::Report { .. });
    [
        ("key", |book| book.loaded.keys.clear(), |action| action.key().is_some()),
        ("payout", |book| book.loaded.payouts.clear(), |action| action.payout().is_some()),
        ("line", |book| book.loaded.returns.clear(), |action| action.line().is_some()),
        // (The payout is not in doubt: an operator's word is refused before its UTR matters.)
        ("UTR", |book| book.loaded.utrs.clear(), needs_utr),
    ]
}

#[test]
fn what_was_not_looked_for_is_an_error_and_what_was_is_an_answer() {
    for action in actions() {
        let command = [Command { merchant: merchant(0), action }];
        let books = load(&store().books, &command);
        assert!(decide_all(&mut books.clone(), &command, &rules(Policy::default()), at(1)).is_ok(), "{command:?}");
        for (what, forget, is_needed) in forgotten() {
            let mut books = books.clone();
            books.values_mut().for_each(forget);
            let before = books.clone();
            let decided = decide_all(&mut books, &command, &rules(Policy::default()), at(1));
            match is_needed(&command[0].action) {
                true => {
                    let error = decided.expect_err("it was not loaded").to_string();
                    assert!(error.contains(what), "{error}");
                    assert_eq!(books, before, "the books are as they were");
                }
                false => assert!(decided.is_ok(), "{command:?} needs no {what}"),
            }
        }
    }
}

/// What was decided for the commands before it is lost with it: the caller gets no writes at all.
#[test]
fn one_command_without_what_it_needs_fails_the_whole_batch() {
    // Keys come last here, and they are what was forgotten.
    let commands: Vec<_> =
        actions().into_iter().rev().map(|action| Command { merchant: merchant(0), action }).collect();
    let mut books = load(&store().books, &commands);
    books.values_mut().for_each(|book| book.loaded.keys.clear());
    assert!(decide_all(&mut books, &commands, &rules(Policy::default()), at(1)).is_err());
}
