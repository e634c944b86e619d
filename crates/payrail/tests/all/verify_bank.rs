//! Differences between the bank's book and ours. Each is named.

use payrail_core::command::Action;
use payrail_core::ids::PayoutId;
use payrail_core::payout::Status;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::engine::{Engine, PATIENCE, instruction};
use crate::fake_bank::{FakeBank, page, paid, says, transfer};
use crate::support::World;
use crate::verify_scene::{Scene, differences, stderr, stdout};

on_both_stores!(
    what_the_bank_paid_and_nobody_asked_for_is_named,
    what_the_bank_paid_otherwise_than_asked_is_named,
    what_is_refunded_here_and_paid_there_is_named,
    returns_that_do_not_agree_are_named,
    what_the_bank_paid_twice_is_named,
    a_bank_that_cannot_be_read_is_an_error,
);

/// The bank's book without its protection.
fn open_book(engine: &Engine<'_>) -> Connection {
    let book = engine.bank_book();
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

async fn what_the_bank_paid_and_nobody_asked_for_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [book] = scene.books().await;
    let rail = scene.engine.rail(PATIENCE);
    let ours = PayoutId::new(jiff::Timestamp::UNIX_EPOCH, book.merchant.bucket(), 7).reference();
    for reference in [ours.as_str(), "SOMEBODY-ELSES"] {
        assert_eq!(rail.submit(instruction(reference, 5, "demo-success")).await.answer.as_str(), "paid");
        scene.expect("paid_unknown", reference);
    }
    // A payout under way may have been paid a moment ago: that is no difference.
    rail.submit(instruction(&book.pending.reference(), 3_000, "demo-success")).await;
    scene.check();
}

async fn what_the_bank_paid_otherwise_than_asked_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [amount, account, utr, unpaid] = scene.books().await;
    let book = open_book(&scene.engine);
    alter(&book, amount.completed, "amount_paise = 1001");
    scene.expect("paid_other_amount", amount.completed.reference());
    alter(&book, account.completed, "bank_account_id = 'somebody-elses'");
    scene.expect("paid_other_account", account.completed.reference());
    scene.alter_payout(utr.completed, "utr = 'SIMB999999999999'").await;
    scene.expect("utr_mismatch", utr.completed.reference());
    alter(&book, unpaid.completed, "status = 'lost', number = NULL");
    scene.expect("completed_unpaid", unpaid.completed);
    scene.check();
}

async fn what_is_refunded_here_and_paid_there_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [failed, cancelled] = scene.books().await;
    let book = open_book(&scene.engine);
    alter(&book, failed.failed, "status = 'paid', reason = NULL, number = 999");
    scene.expect("paid_and_refunded", failed.failed.reference());
    let cancel = Action::Cancel { payout: cancelled.pending };
    scene.engine.send(cancelled.merchant, cancel).await.unwrap();
    scene.engine.rail(PATIENCE).submit(instruction(&cancelled.pending.reference(), 3_000, "demo-success")).await;
    scene.expect("paid_and_refunded", cancelled.pending.reference());
    scene.check();
}

async fn returns_that_do_not_agree_are_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [here, there, waiting] = scene.books().await;
    scene.engine.give_back(here.merchant, here.completed, 9).await.unwrap();
    assert_eq!(scene.engine.status(here.merchant, here.completed).await, Status::Returned);
    scene.expect("returned_here_only", here.completed.reference());

    // The first was read and not credited; the second nobody has read yet.
    let book = scene.engine.bank_book();
    for (number, payout) in [(1, there.completed), (2, waiting.completed)] {
        let back = "INSERT INTO returns VALUES (?, ?, 'came back', 1700000000000000)";
        book.execute(back, (number, payout.reference())).unwrap();
    }
    scene.engine.store.put_setting(payrail::worker::RETURNS_CURSOR, "1").await.unwrap();
    scene.expect("returned_there_only", there.completed.reference());
    scene.check();
}

/// The simulated bank cannot: its book has one row for a reference.
async fn what_the_bank_paid_twice_is_named(world: World) {
    let rows: std::sync::Arc<std::sync::Mutex<Vec<Value>>> = std::sync::Arc::default();
    let list = rows.clone();
    let bank = FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/transfers") => page("transfers", query, &list.lock().unwrap()),
        ("GET", "/v1/returns") => page("returns", query, &[]),
        _ => paid("U1"),
    })
    .await;
    let engine = Engine::start_without_bank(&world, bank.url.clone()).await;
    let merchant = engine.merchant(10_000).await;
    let reference = engine.pay(merchant, 1_000, "demo-success").await.reference();
    engine.worker("w1").round().await.unwrap();
    rows.lock().unwrap().push(transfer(1, &reference, 1_000, "U1"));
    let verify = || world.command(&["verify", "--json"]).env("PAYRAIL_BANK_URL", &bank.url).output().unwrap();
    assert_eq!(verify().status.code(), Some(0));
    rows.lock().unwrap().push(transfer(7, &reference, 1_000, "U1"));
    let output = verify();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(differences(&output), [("paid_twice".to_owned(), reference)]);
}

async fn a_bank_that_cannot_be_read_is_an_error(world: World) {
    let engine = Engine::start_without_bank(&world, String::new()).await;
    engine.merchant(10_000).await;
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
