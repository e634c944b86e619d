//! Answers, and the order of refusals.

mod common;

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::later;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::event::EventKind;
use payrail_core::idempotency::Answer;
use payrail_core::payout::{BankAnswer, Exchange, Status, Verdict};
use payrail_types::ids::PayoutId;
use payrail_types::names::Utr;
use payrail_types::word::Word;

use common::{MICROSECOND, Store, at, by, create, fund, key, line, merchant, payout_id, policy};

fn id(number: usize) -> PayoutId {
    payout_id(merchant(0), number)
}

/// Two merchants; the first has 1000 paise.
fn store() -> Store {
    let mut store = Store::new(policy(), 2);
    store.one(merchant(0), fund(key(0), 1_000), at(0)).expect("funds");
    store
}

fn answered(reply: Result<Reply, Refusal>) -> (Answer, bool) {
    match reply {
        Ok(Reply::Answered { answer, replayed }) => (answer, replayed),
        other => panic!("not an answer: {other:?}"),
    }
}

fn claim(number: usize) -> Action {
    Action::Claim { payout: id(number), worker: "one".to_owned(), bank: None }
}

fn report(number: usize, attempt: u32, answer: BankAnswer) -> Action {
    Action::Report { payout: id(number), number: attempt, answer, exchange: Exchange::default() }
}

fn paid() -> BankAnswer {
    BankAnswer::Paid { utr: Utr::from_stored("UTR1") }
}

fn give_back(number: usize) -> Action {
    Action::Return { payout: id(number), line: line(1, id(number), 400, "UTR1") }
}

fn ask(number: usize) -> Action {
    Action::Ask { payout: id(number), by: by("Ana", 1) }
}

fn decide(number: usize, verdict: Verdict) -> Action {
    Action::Decide { payout: id(number), verdict, reason: "the bank wrote so".to_owned(), by: by("Bela", 2) }
}

/// A payout of 400 in the given status, under key 1.
fn store_with(status: Status) -> Store {
    let mut store = store();
    let way = match status {
        Status::Pending => vec![],
        Status::Processing => vec![claim(1)],
        Status::Completed => vec![claim(1), report(1, 1, paid())],
        Status::Failed => vec![claim(1), report(1, 1, BankAnswer::Closed)],
        Status::Cancelled => vec![Action::Cancel { payout: id(1) }],
        Status::Returned => vec![claim(1), report(1, 1, paid()), give_back(1)],
    };
    for action in [create(id(1), key(1), 400, "account")].into_iter().chain(way) {
        store.one(merchant(0), action, at(1)).expect("a step on the way");
    }
    assert_eq!(store.payout(id(1)).map(|payout| payout.status()), Some(status));
    store
}

#[test]
fn an_accepted_payouts_answer_is_rendered_by_the_program_and_stored() {
    let mut store = store();
    let (answer, replayed) = answered(store.one(merchant(0), create(id(1), key(1), 400, "account"), at(1)));
    let body = format!(r#"{{"id":"{}","amount":400}}"#, id(1));
    assert_eq!((&answer, replayed), (&Answer { status: 201, body }, false));
    assert_eq!(store.books[&merchant(0)].records[&key(1)].as_ref().unwrap().answer, answer);
}

#[test]
fn a_shortfall_tells_what_there_is_and_how_long_it_is_remembered() {
    let now = Timestamp::from_microsecond(1_800_000_000_000_120).unwrap();
    let (answer, _) = answered(store().one(merchant(0), create(id(1), key(1), 1_001, "account"), now));
    let until = "2027-01-16T08:00:00.00012Z";
    let body = format!(r#"{{"available":1000,"requested":1001,"until":"{until}"}}"#);
    assert_eq!(answer, Answer { status: 400, body });
}

#[test]
fn a_funding_tells_the_entry_and_both_balances() {
    let mut store = store_with(Status::Pending);
    let (answer, _) = answered(store.one(merchant(0), fund(key(2), 50), at(2)));
    let body = format!(r#"{{"id":"{}","amount":50,"available":650,"held":400}}"#, merchant(0).entry_id(3));
    assert_eq!(answer, Answer { status: 201, body });
}

#[test]
fn the_last_paisa_can_be_spent_and_not_one_more() {
    let mut store = store();
    assert_eq!(answered(store.one(merchant(0), create(id(1), key(1), 1_000, "account"), at(1))).0.status, 201);
    assert_eq!(answered(store.one(merchant(0), create(id(2), key(2), 1, "account"), at(1))).0.status, 400);
    assert_eq!(answered(store.one(merchant(1), create(id(3), key(1), 1, "account"), at(1))).0.status, 400);
}

/// The answer is the first one, whatever has happened to the payout and the money since.
#[test]
fn a_repeated_request_gets_the_first_answer_in_every_status() {
    for status in Status::all() {
        let mut store = store_with(status);
        let first = store.books[&merchant(0)].records[&key(1)].as_ref().unwrap().answer.clone();
        store.one(merchant(0), create(id(2), key(2), 600, "account"), at(2)).unwrap();
        let again = store.one(merchant(0), create(id(9), key(1), 400, "account"), at(1_000_000_000));
        assert_eq!(answered(again), (first, true), "{status:?}");
        assert_eq!(store.payout(id(9)), None);
    }
}

#[test]
fn a_refusal_is_repeated_until_it_expires_though_money_came() {
    let mut store = store();
    let day = SignedDuration::from_hours(24);
    let late = |n| create(id(n), key(1), 2_000, "account");
    let (first, _) = answered(store.one(merchant(0), late(1), at(1)));
    store.one(merchant(0), fund(key(2), 5_000), at(2)).unwrap();
    let again = store.one(merchant(0), late(2), at(1) + day - MICROSECOND);
    assert_eq!(answered(again), (first, true));
    let other = store.one(merchant(0), create(id(3), key(1), 2_001, "account"), at(1) + day - MICROSECOND);
    assert_eq!(other, Err(Refusal::KeyReused));
    // From then on the key is free for any request. If it creates a payout then, it never expires.
    let (answer, replayed) = answered(store.one(merchant(0), create(id(4), key(1), 3_000, "account"), at(1) + day));
    assert_eq!((answer.status, replayed), (201, false));
    assert_eq!(store.one(merchant(0), late(5), at(1) + day * 1_000), Err(Refusal::KeyReused));
}

#[test]
fn a_key_is_for_one_request_of_one_merchant() {
    let mut store = store_with(Status::Pending);
    for other in [
        create(id(2), key(1), 401, "account"),
        create(id(2), key(1), 400, "Account"),
        // A shortfall does not hide the misuse.
        create(id(2), key(1), 400_000, "account"),
        fund(key(1), 400),
        fund(key(0), 1_001),
        create(id(2), key(0), 1_000, "top-up"),
    ] {
        assert_eq!(store.one(merchant(0), other.clone(), at(2)), Err(Refusal::KeyReused), "{other:?}");
    }
    let (answer, replayed) = answered(store.one(merchant(1), fund(key(1), 7), at(2)));
    assert_eq!((answer.status, replayed), (201, false));
}

#[test]
fn the_same_request_twice_in_one_batch_pays_once() {
    let mut store = store();
    let twice = [1, 2].map(|n| Command { merchant: merchant(0), action: create(id(n), key(1), 700, "account") });
    let log = store.run(&twice, at(1));
    let [first, second] = [0, 1].map(|n| answered(log.replies[n].clone()));
    assert_eq!((first.1, second.1), (false, true));
    assert_eq!(first.0, second.0);
    assert_eq!((log.new_payouts.len(), log.entries.len(), log.records.len()), (1, 1, 1));
}

#[test]
fn each_status_refuses_what_does_not_become_it() {
    use Refusal::{NotCancellable, NotDue, NotInDoubt, NotReturnable, StaleAttempt};
    for status in Status::all() {
        let (pending, completed) = (status == Status::Pending, status == Status::Completed);
        let processing = status == Status::Processing;
        for (action, taken, refusal) in [
            (claim(1), pending, NotDue),
            (report(1, 1, paid()), processing, StaleAttempt),
            (report(1, 2, paid()), false, StaleAttempt),
            (Action::Release { payout: id(1), number: 1 }, processing, StaleAttempt),
            (Action::Release { payout: id(1), number: 2 }, false, StaleAttempt),
            (Action::Cancel { payout: id(1) }, pending, NotCancellable(status)),
            // A return of an unpaid payout is recorded as an exception.
            (give_back(1), completed || matches!(status, Status::Failed | Status::Cancelled), NotReturnable(status)),
            (ask(1), false, NotInDoubt(status)),
            (decide(1, Verdict::NotPaid), false, NotInDoubt(status)),
            (decide(1, Verdict::Paid { utr: Utr::from_stored("UTR1") }), false, NotInDoubt(status)),
        ] {
            let reply = store_with(status).one(merchant(0), action.clone(), at(2));
            assert_eq!(reply.err(), (!taken).then_some(refusal), "{status:?} {action:?}");
        }
    }
}

#[test]
fn merchants_neither_see_nor_move_each_others_money() {
    let actions = || {
        [
            claim(1),
            report(1, 1, paid()),
            Action::Release { payout: id(1), number: 1 },
            Action::Cancel { payout: id(1) },
            give_back(1),
            ask(1),
            decide(1, Verdict::NotPaid),
        ]
    };
    for status in Status::all() {
        for action in actions() {
            let mut store = store_with(status);
            assert_eq!(store.one(merchant(1), action, at(2)), Err(Refusal::UnknownPayout));
        }
    }
    for action in actions().into_iter().chain([fund(key(0), 1), create(id(2), key(1), 1, "account")]) {
        assert_eq!(store_with(Status::Pending).one(merchant(9), action, at(2)), Err(Refusal::UnknownMerchant));
    }
}

#[test]
fn a_sum_beyond_64_bits_is_refused_and_not_remembered() {
    let mut store = store_with(Status::Pending);
    let room = i64::MAX - 1_000;
    assert_eq!(store.one(merchant(0), fund(key(2), room + 1), at(2)), Err(Refusal::BalanceTooLarge));
    assert_eq!(answered(store.one(merchant(0), fund(key(2), room), at(2))).0.status, 201);
    // A hold moves money within the merchant's accounts, so it cannot overflow.
    let (answer, _) = answered(store.one(merchant(0), create(id(2), key(3), i64::MAX - 400, "account"), at(2)));
    assert_eq!(answer.status, 201);
}

#[test]
fn events_tell_the_life_in_order() {
    let mut store = store();
    let silence = || BankAnswer::NoAnswer { why: "timeout".to_owned() };
    for (action, seconds) in [
        (create(id(1), key(1), 400, "account"), 1),
        (claim(1), 1),
        (report(1, 1, silence()), 2),
        (claim(1), 1_000),
        // A doubt has one event, however long it lasts.
        (report(1, 2, silence()), 1_001),
        (claim(1), 10_000),
        (report(1, 3, paid()), 10_001),
        (give_back(1), 20_000),
    ] {
        store.one(merchant(0), action, at(seconds)).unwrap();
    }
    let told: Vec<_> = store.log.events.iter().map(|(_, event)| (event.seq, event.kind)).collect();
    let kinds = [
        EventKind::BalanceFunded,
        EventKind::PayoutPending,
        EventKind::PayoutProcessing,
        EventKind::PayoutInDoubt,
        EventKind::PayoutCompleted,
        EventKind::PayoutReturned,
    ];
    assert_eq!(told, (1..).zip(kinds).collect::<Vec<_>>());
}

#[test]
fn time_ends_and_does_not_wrap() {
    assert_eq!(later(Timestamp::MAX, SignedDuration::from_secs(1)).as_microsecond(), Timestamp::MAX.as_microsecond());
    let nanos = Timestamp::from_nanosecond(1_500).unwrap();
    assert_eq!(later(nanos, SignedDuration::from_nanos(700)), Timestamp::from_nanosecond(2_000).unwrap());
}
