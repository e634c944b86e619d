//! The bank's list of returns as a whole: missing numbers, unreadable lines, an endless list, and the cursor.

use std::sync::{Arc, Mutex};

use payrail::worker::returns::RETURNS_CURSOR;
use payrail_core::bank_return::ExceptionKind;
use payrail_core::payout::Status;
use payrail_types::word::Word;
use serde_json::{Value, json};

use crate::fake_bank::{FakeBank, paid, returned, says};
use crate::harness::{Harness, seconds};
use crate::returns::{Fixture, exceptions, resolve, utr};
use crate::support::{World, until};

on_both_stores!(
    missing_numbers_are_reported,
    an_implausible_number_does_not_move_the_cursor,
    a_wrong_clock_keeps_no_return_aside,
    a_list_of_garbage_cannot_fill_the_database,
    an_absurd_number_does_not_end_the_list_for_verify,
    an_operator_passes_a_gap_that_no_worker_would,
    a_lost_cursor_changes_nothing,
    unreadable_lines_delay_no_others,
);

async fn missing_numbers_are_reported(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    fixture
        .list([returned(1, &one.reference(), 60_000, &utr(one)), returned(5, &two.reference(), 60_000, &utr(two))])
        .await;
    assert_eq!(fixture.available().await, 200_000);
    assert_eq!(fixture.kinds().await, [ExceptionKind::ReturnsMissing]);
    let detail = fixture.exceptions().await.remove(0).exception.detail;
    assert!(detail.contains("number 5 follows number 1"), "{detail}");
    assert_eq!(fixture.cursor().await.as_deref(), Some("5"));
}

/// Otherwise one absurd number would hide all later returns.
async fn an_implausible_number_does_not_move_the_cursor(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    fixture.list([returned(i64::MAX, &one.reference(), 60_000, &utr(one))]).await;
    assert_eq!((fixture.available().await, fixture.cursor().await), (140_000, None));
    fixture.list([returned(1, &two.reference(), 60_000, &utr(two))]).await;
    assert_eq!((fixture.available().await, fixture.cursor().await.as_deref()), (200_000, Some("1")));
    assert_eq!(fixture.kinds().await, [ExceptionKind::ReturnsMissing]);
}

/// A clock that was a day ahead set it aside. It is retried as soon as the clock is right.
async fn a_wrong_clock_keeps_no_return_aside(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let pending = fixture.harness.pay(fixture.merchant, 1_000, "demo-success").await;
    let day = seconds(25 * 3_600);
    fixture.harness.clock.advance(day);
    let waiting = payrail_store::WaitingReturn {
        merchant: fixture.merchant,
        payout: pending,
        line: payrail_core::bank_return::BankReturn {
            number: 1,
            reference: pending.reference(),
            amount_paise: 1_000,
            utr: utr(pending),
            reason: "came back".to_owned(),
        },
        waits_for: "the payout is processing".to_owned(),
        tries: 0,
        next_try_at: payrail::clock::Clock::Manual(fixture.harness.clock.clone()).now(),
        first_seen_at: jiff::Timestamp::UNIX_EPOCH,
    };
    fixture.harness.store.set_aside(&waiting, jiff::Timestamp::UNIX_EPOCH).await.unwrap();
    fixture.harness.clock.advance(-day);
    fixture.round().await;
    assert_eq!(fixture.harness.status(fixture.merchant, pending).await, Status::Returned);
}

/// A page has at most a hundred lines, like the simulated bank's.
async fn a_list_of_garbage_cannot_fill_the_database(world: World) {
    let bank = FakeBank::open(|method, path, query| match (method, path) {
        ("GET", "/v1/returns") => {
            let after = query.split('&').find_map(|pair| pair.strip_prefix("after=")).unwrap().parse::<i64>().unwrap();
            let lines: Vec<_> = (after + 1..=after + 100).map(|n| returned(n, "SOMEBODY-ELSES", n, "U")).collect();
            says(&json!({ "returns": lines }))
        }
        _ => paid("UTR-$reference"),
    })
    .await;
    let harness = Harness::start_without_bank(&world, bank.url.clone()).await;
    let max = payrail::worker::returns::EXCEPTIONS_MAX;
    // A round reads for at most a minute, which may not be enough on a slow machine.
    until("as many as there may be", || async {
        harness.worker("w1").round().await.unwrap();
        harness.store.count_exceptions().await.unwrap().count >= max
    })
    .await;
    harness.worker("w1").round().await.unwrap();
    assert_eq!(harness.store.count_exceptions().await.unwrap().count, max);
    let asked = bank.count("GET /v1/returns");
    // After an operator resolves some, the worker reads on.
    for line in exceptions(&harness).await.iter().take(1) {
        resolve(&harness, line).await;
    }
    harness.worker("w1").round().await.unwrap();
    assert_eq!(bank.count("GET /v1/returns"), asked + 1);
}

async fn an_absurd_number_does_not_end_the_list_for_verify(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, _] = fixture.payouts;
    let absurd = returned(i64::MAX, &one.reference(), 1, "U1");
    fixture.list([returned(1, &one.reference(), 60_000, &utr(one))]).await;
    assert_eq!(fixture.available().await, 140_000);
    let list = fixture.rows.clone();
    let liar = FakeBank::open(move |method, path, query| match (method, path) {
        ("GET", "/v1/returns") if query.contains("after=0&") => {
            let mut first = list.lock().unwrap().clone();
            first.push(absurd.clone());
            says(&json!({ "returns": first }))
        }
        ("GET", "/v1/returns") if query.contains("after=1&") => {
            says(&json!({ "returns": [returned(2, "SOMEBODY-ELSES", 5, "U2")] }))
        }
        (_, path) => says(&json!({ path.rsplit('/').next().unwrap(): [] })),
    })
    .await;
    let name = liar.url.replace("http://", "address ");
    fixture.harness.store.put_setting(payrail::rail::IDENTITY, &name).await.unwrap();
    fixture.harness.store.put_setting(RETURNS_CURSOR, "2").await.unwrap();
    let rail = payrail::rail::Rail::http(&liar.url, crate::harness::PATIENCE).unwrap();
    let report = payrail::verify::verify(&fixture.harness.store, Some(&rail), |_| {}).await.unwrap();
    let found: Vec<_> = report.differences.iter().map(|difference| difference.kind.as_str()).collect();
    assert!(found.contains(&"return_unaccounted"), "line 2, which nobody took in: {found:?}");
}

/// A gap is larger than a worker passes by itself. The bank confirms it, and an operator passes it.
async fn an_operator_passes_a_gap_that_no_worker_would(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    fixture
        .list([returned(1, &one.reference(), 60_000, &utr(one)), returned(5_000, &two.reference(), 60_000, &utr(two))])
        .await;
    assert_eq!((fixture.available().await, fixture.cursor().await.as_deref()), (200_000, Some("1")));
    let reason = "the bank began a new list of numbers";
    for (number, reason, says) in [("4999", reason, "no worker has met"), ("5000", "short", "--reason")] {
        let arguments = ["returns", "--pass-gap-before", number, "--reason", reason];
        crate::cli_settings::refused(&world, &arguments, &[], says);
    }
    let passed = world.run(&["returns", "--pass-gap-before", "5000", "--reason", reason]);
    assert!(passed.status.success(), "{}", String::from_utf8_lossy(&passed.stderr));
    fixture.round().await;
    assert_eq!(fixture.cursor().await.as_deref(), Some("5000"));
    let mut sql = payrail_store::testing::Sql::connect(&world.database.url).await;
    let log = "SELECT reason FROM operator_actions WHERE action = 'returns_gap_passed'";
    assert_eq!(sql.texts(log).await, [reason]);
}

async fn a_lost_cursor_changes_nothing(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    fixture.list([returned(1, &one.reference(), 60_000, &utr(one)), returned(2, &two.reference(), 1, &utr(two))]).await;
    for lost in ["0", "", "x", "-7", "1"] {
        fixture.harness.store.put_setting(RETURNS_CURSOR, lost).await.unwrap();
        fixture.round().await;
        assert_eq!((fixture.available().await, fixture.kinds().await.len()), (140_000, 1));
        assert_eq!(fixture.cursor().await.as_deref(), Some("2"));
    }
}

async fn unreadable_lines_delay_no_others(world: World) {
    let fixture = Fixture::set_up(&world).await;
    let [one, two] = fixture.payouts;
    let bad = |number: Value, amount: Value| {
        json!({ "number": number, "reference": one.reference(), "amount_paise": amount, "utr": utr(one),
                "reason": "bad\u{0}", "returned_at": "2026-01-01T00:00:00Z" })
    };
    let mut without_utr = bad(json!(5), json!(60_000));
    without_utr.as_object_mut().unwrap().remove("utr");
    let rows = vec![
        bad(json!(1), json!(0)),
        bad(json!(2), json!(-60_000)),
        bad(json!(3), json!(i64::MIN)),
        bad(json!(4), json!(u64::MAX)),
        without_utr,
        bad(json!(6), json!("60000")),
        json!({ "number": 7 }),
        returned(8, &two.reference(), 60_000, &utr(two)),
    ];
    let mut text = json!({ "returns": rows }).to_string();
    // Invalid numbers, repeated members, and values that are not objects.
    let twice = format!(r#"{{"amount_paise":1,{}"#, &bad(json!(9), json!(60_000)).to_string()[1..]);
    let huge = bad(json!(10), json!("HUGE")).to_string().replace("\"HUGE\"", "1e999");
    text.truncate(text.len() - 2);
    text.push_str(&format!(r#",{twice},{huge},[],null,"x"]}}"#));
    let list = Arc::new(Mutex::new(text));
    let shown = list.clone();
    let bank = FakeBank::open(move |_, _, query| match query.contains("after=0") {
        true => (200, "application/json", shown.lock().unwrap().clone()),
        false => says(&json!({ "returns": [] })),
    })
    .await;
    // It has the bank's identity.
    let name = bank.url.replace("http://", "address ");
    fixture.harness.store.put_setting(payrail::rail::IDENTITY, &name).await.unwrap();
    let mut sql = crate::sabotage::unprotected(&world).await;
    for payout in fixture.payouts {
        crate::sabotage::alter_payout(&mut sql, payout, "bank = NULL").await;
    }
    let liar = Harness::start_without_bank(&world, bank.url.clone()).await;
    liar.worker("w2").round().await.unwrap();
    assert_eq!(fixture.harness.status(fixture.merchant, two).await, Status::Returned, "the good line is credited");
    assert_eq!(fixture.available().await, 140_000);
    let kinds = fixture.kinds().await;
    let unreadable = kinds.iter().filter(|kind| **kind == ExceptionKind::ReturnUnreadable).count();
    let other_amount = kinds.iter().filter(|kind| **kind == ExceptionKind::ReturnOtherAmount).count();
    assert_eq!((kinds.len(), unreadable, other_amount), (12, 9, 3), "{kinds:?}");
    assert_eq!(fixture.cursor().await.as_deref(), Some("10"));
    assert!(fixture.exceptions().await.iter().all(|line| line.exception.detail.chars().count() < 1_000));
    // Read again, it changes nothing.
    fixture.harness.store.put_setting(RETURNS_CURSOR, "0").await.unwrap();
    liar.worker("w3").round().await.unwrap();
    assert_eq!((fixture.kinds().await.len(), fixture.available().await), (12, 140_000));
}
