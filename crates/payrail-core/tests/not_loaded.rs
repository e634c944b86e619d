//! "Not loaded" is not "absent": a decision that needs what the store did not look for fails, with its whole batch.

mod common;

use payrail_core::book::{Book, Books, DecisionError};
use payrail_core::command::{Action, Command, Refusal};
use payrail_core::decide::decide_all;
use payrail_core::payout::{BankAnswer, Exchange, Verdict};
use payrail_types::names::Utr;

use common::{Store, at, by, create, fund, key, line, load, merchant, payout_id, policy, rules};

/// A merchant with funds and a payout that a worker has claimed.
fn store() -> Store {
    let mut store = Store::new(policy(), 1);
    let id = payout_id(merchant(0), 1);
    for action in [
        fund(key(0), 1_000),
        create(id, key(1), 400, "account"),
        Action::Claim { payout: id, worker: "one".into(), bank: None },
    ] {
        store.one(merchant(0), action, at(0)).expect("it is taken");
    }
    store
}

/// One of each action; each declares its needs.
fn actions() -> Vec<Action> {
    let payout = payout_id(merchant(0), 1);
    let (reason, utr) = ("the bank wrote so".to_owned(), Utr::from_stored("UTR1"));
    let answer = BankAnswer::Paid { utr: utr.clone() };
    let verdict = Verdict::Paid { utr };
    vec![
        create(payout_id(merchant(0), 2), key(2), 400, "account"),
        fund(key(3), 10),
        Action::Cancel { payout },
        Action::Claim { payout, worker: "two".to_owned(), bank: None },
        Action::Report { payout, number: 1, answer, exchange: Exchange::default() },
        Action::Release { payout, number: 1 },
        Action::Return { payout, line: line(1, payout, 400, "UTR1") },
        Action::BringForward { payout, reason: reason.clone(), by: by("Ana", 1) },
        Action::Ask { payout, by: by("Ana", 2) },
        Action::Decide { payout, verdict, reason, by: by("Ana", 3) },
    ]
}

type Forget = (&'static str, fn(&mut Book), fn(&Action) -> bool);

/// The list below has everything that a book records. This stops compiling when a book gets a new field.
fn parts(book: &Book) -> [&'static str; 5] {
    let Book {
        merchant: _,
        tip: _,
        last_event: _,
        last_at: _,
        records: _,
        payouts: _,
        returns: _,
        credited: _,
        utrs: _,
    } = book;
    ["key", "payout", "line", "credited line", "UTR"]
}

/// What a store may fail to load, and the actions that need it.
fn forgotten() -> [Forget; 5] {
    let needs_utr = |action: &Action| matches!(action, Action::Report { .. });
    [
        ("key", |book| book.records.clear(), |action| !action.needs().keys.is_empty()),
        ("payout", |book| book.payouts.clear(), |action| !action.needs().payouts.is_empty()),
        ("line", |book| book.returns.clear(), |action| !action.needs().returns.is_empty()),
        ("credited line", |book| book.credited.clear(), |action| !action.needs().returns.is_empty()),
        // (The payout is not in doubt, so an operator's decision is refused before its UTR matters.)
        ("UTR", |book| book.utrs.clear(), needs_utr),
    ]
}

#[test]
fn what_was_not_loaded_is_an_error_and_what_was_is_an_answer() {
    assert_eq!(forgotten().map(|(what, ..)| what), parts(&Book::new(merchant(0))));
    for action in actions() {
        let command = [Command { merchant: merchant(0), action }];
        let books = load(&store().books, &command);
        assert!(decide_all(&mut books.clone(), &command, &rules(policy()), at(1)).is_ok(), "{command:?}");
        for (what, forget, is_needed) in forgotten() {
            let mut books = books.clone();
            books.values_mut().flatten().for_each(forget);
            let before = books.clone();
            let decided = decide_all(&mut books, &command, &rules(policy()), at(1));
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

/// A merchant that the store looked for and did not find is refused. One that it did not look for is an error.
#[test]
fn a_merchant_not_loaded_is_an_error_and_an_absent_one_is_refused() {
    for action in actions() {
        let command = [Command { merchant: merchant(0), action }];
        let absent = decide_all(&mut Books::from([(merchant(0), None)]), &command, &rules(policy()), at(1));
        let absent = absent.expect("it was looked for");
        assert_eq!((absent.is_empty(), &absent.replies[..]), (true, &[Err(Refusal::UnknownMerchant)][..]));
        // Even if other merchants were loaded.
        let another = Some(Book::new(merchant(1)));
        for mut books in
            [Books::new(), Books::from([(merchant(1), None)]), Books::from([(merchant(1), another.clone())])]
        {
            let before = books.clone();
            let decided = decide_all(&mut books, &command, &rules(policy()), at(1));
            let Err(DecisionError::NotLoaded { merchant: named, .. }) = &decided else { panic!("{decided:?}") };
            assert_eq!((*named, books), (merchant(0), before));
        }
    }
}

/// The error ends the batch, whatever comes after it.
#[test]
fn one_merchant_not_loaded_fails_the_whole_batch() {
    let commands = [0, 1].map(|number| Command { merchant: merchant(number), action: fund(key(9), 10) });
    let mut books = load(&Store::new(policy(), 2).books, &commands[..1]);
    assert!(decide_all(&mut books, &commands, &rules(policy()), at(1)).is_err());
}

/// The decisions on the commands before it are lost too: the caller gets no writes at all.
#[test]
fn one_command_without_what_it_needs_fails_the_whole_batch() {
    // Keys come last here, and they were not loaded.
    let commands: Vec<_> =
        actions().into_iter().rev().map(|action| Command { merchant: merchant(0), action }).collect();
    let mut books = load(&store().books, &commands);
    books.values_mut().flatten().for_each(|book| book.records.clear());
    assert!(decide_all(&mut books, &commands, &rules(policy()), at(1)).is_err());
}
