//! Differences between the bank's book and ours, each named by `verify`.

use payrail_core::command::Action;
use payrail_core::payout::Status;
use payrail_types::ids::PayoutId;
use payrail_types::word::Word;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::fake_bank::{FakeBank, page, paid, says, transfer};
use crate::harness::{Harness, PATIENCE, instruction};
use crate::support::World;
use crate::verify_fixture::{Fixture, differences, stderr, stdout};

on_both_stores!(
    a_payment_that_nobody_requested_is_named,
    payments_that_differ_from_their_requests_are_named,
    a_refunded_but_paid_payout_is_named,
    returns_that_do_not_agree_are_named,
    a_payment_made_twice_is_named,
    a_bank_that_cannot_be_read_is_an_error,
);

/// The bank's book without its protection.
fn open_book(harness: &Harness<'_>) -> Connection {
    let book = harness.bank_book();
    book.execute_batch(
        "DROP TRIGGER transfers_final; DROP TRIGGER transfers_kept; PRAGMA ignore_check_constraints = ON",
    )
    .unwrap();
    book
}

fn alter(book: &Connection, payout: PayoutId, change: &str) {
    let sql = format!("UPDATE transfers SET {change} WHERE reference = ?");
    assert_eq!(book.execute(&sql, [payout.reference()]).unwrap(), 1, "{change}");
}

async fn a_payment_that_nobody_requested_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [book] = fixture.books().await;
    let rail = fixture.harness.rail(PATIENCE);
    let ours = PayoutId::new(jiff::Timestamp::UNIX_EPOCH, book.merchant.bucket(), 7).reference();
    for reference in [ours.as_str(), "SOMEBODY-ELSES"] {
        assert_eq!(rail.submit(instruction(reference, 5, "demo-success")).await.answer.outcome().as_str(), "paid");
        fixture.expect("paid_unknown", reference);
    }
    // An unfinished payout may have been paid a moment ago, which is no difference.
    rail.submit(instruction(&book.pending.reference(), 3_000, "demo-success")).await;
    fixture.check();
}

async fn payments_that_differ_from_their_requests_are_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [amount, account, utr, unpaid] = fixture.books().await;
    let book = open_book(&fixture.harness);
    alter(&book, amount.completed, "amount_paise = 1001");
    fixture.expect("paid_other_amount", amount.completed.reference());
    alter(&book, account.completed, "bank_account_id = 'somebody-elses'");
    fixture.expect("paid_other_account", account.completed.reference());
    fixture.alter_payout(utr.completed, "utr = 'SIMB999999999999'").await;
    fixture.expect("utr_mismatch", utr.completed.reference());
    alter(&book, unpaid.completed, "status = 'lost', number = NULL");
    fixture.expect("completed_unpaid", unpaid.completed);
    fixture.check();
}

async fn a_refunded_but_paid_payout_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [failed, cancelled] = fixture.books().await;
    let book = open_book(&fixture.harness);
    alter(&book, failed.failed, "status = 'paid', reason = NULL, number = 999");
    fixture.expect("paid_and_refunded", failed.failed.reference());
    let cancel = Action::Cancel { payout: cancelled.pending };
    fixture.harness.send(cancelled.merchant, cancel).await.unwrap();
    fixture.harness.rail(PATIENCE).submit(instruction(&cancelled.pending.reference(), 3_000, "demo-success")).await;
    fixture.expect("paid_and_refunded", cancelled.pending.reference());
    fixture.check();
}

async fn returns_that_do_not_agree_are_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [here, there, waiting] = fixture.books().await;
    fixture.harness.give_back(here.merchant, here.completed, 9).await.unwrap();
    assert_eq!(fixture.harness.status(here.merchant, here.completed).await, Status::Returned);
    fixture.expect("returned_here_only", here.completed.reference());

    // The first was read and not credited; the second was not read yet.
    let book = fixture.harness.bank_book();
    for (number, payout) in [(1, there.completed), (2, waiting.completed)] {
        let back = "INSERT INTO returns VALUES (?, ?, 'came back', 1700000000000000)";
        book.execute(back, (number, payout.reference())).unwrap();
    }
    fixture.harness.store.put_setting(payrail::worker::returns::RETURNS_CURSOR, "1").await.unwrap();
    fixture.expect("returned_there_only", there.completed.reference());
    fixture.check();
}

/// The simulated bank cannot do this: its book has one row per reference.
async fn a_payment_made_twice_is_named(world: World) {
    let rows: std::sync::Arc<std::sync::Mutex<Vec<Value>>> = std::sync::Arc::default();
    let list = rows.clone();
    let bank = FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/transfers") => page("transfers", query, &list.lock().unwrap()),
        ("GET", "/v1/returns") => page("returns", query, &[]),
        _ => paid("U1"),
    })
    .await;
    let harness = Harness::start_without_bank(&world, bank.url.clone()).await;
    let merchant = harness.merchant(10_000).await;
    let reference = harness.pay(merchant, 1_000, "demo-success").await.reference();
    harness.worker("w1").round().await.unwrap();
    rows.lock().unwrap().push(transfer(1, &reference, 1_000, "U1"));
    let verify = || world.command(&["verify", "--json"]).env("PAYRAIL_BANK_URL", &bank.url).output().unwrap();
    assert_eq!(verify().status.code(), Some(0));
    rows.lock().unwrap().push(transfer(7, &reference, 1_000, "U1"));
    let output = verify();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(differences(&output), [("paid_twice".to_owned(), reference)]);
}

async fn a_bank_that_cannot_be_read_is_an_error(world: World) {
    let harness = Harness::start_without_bank(&world, String::new()).await;
    harness.merchant(10_000).await;
    let says_the_same = FakeBank::open(|_, _, _| says(&json!({ "transfers": [transfer(1, "X", 1, "U1")] }))).await;
    let nonsense = FakeBank::open(|_, _, _| says(&json!({ "transfers": [transfer(1, "X", -1, "U1")] }))).await;
    for url in [&says_the_same.url, &nonsense.url, "http://127.0.0.1:1"] {
        let output = world.command(&["verify"]).env("PAYRAIL_BANK_URL", url).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{url}");
        let error = stderr(&output);
        assert!(error.contains("payrail: the bank's book could not be read: "), "{error}");
        assert!(!stdout(&output).contains("OK"));
    }
    std::fs::write(world.folder.join("payrail-bank.db"), "no book at all, but long enough to be taken for one")
        .unwrap();
    let output = world.run(&["verify"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("PAYRAIL_BANK_BOOK"), "{}", stderr(&output));
}
