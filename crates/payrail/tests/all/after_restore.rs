//! `payrail after-restore`: on a copy that is older than the last payments, it names each payment that the copy does not
//! have. Payouts that the copy has as unfinished end by themselves, paid once and not refunded.

use payrail_core::payout::Status;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::word::Word;
use serde_json::Value;

use crate::backup::Copy;
use crate::harness::{Harness, PATIENCE, instruction};
use crate::support::{World, until};
use crate::verify_fixture::{differences, stderr, stdout};
use payrail_store::testing::TestDatabase;

on_both_stores!(
    each_payment_that_the_copy_does_not_know_is_named,
    the_copys_unfinished_payouts_are_neither_paid_again_nor_refunded,
    payments_that_differ_are_named,
    without_a_bank_it_says_so,
);

/// One line per finding.
fn findings(world: &World, url: &str, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let mut command = world.command(&[&["after-restore", "--json"], arguments].concat());
    let output = command.env("DATABASE_URL", url).output().unwrap();
    let lines = stdout(&output);
    let lines = lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")));
    assert_eq!(stderr(&output), "");
    (output.status.code(), lines.collect())
}

fn kinds(findings: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut kinds: Vec<_> = findings.iter().map(|it| (text(&it["kind"]), text(&it["reference"]))).collect();
    kinds.sort();
    kinds
}

fn named(kind: &str, payout: PayoutId) -> (String, String) {
    (kind.to_owned(), payout.reference())
}

/// The bank's own line about a payout's payment.
async fn at_bank(harness: &Harness<'_>, payout: PayoutId) -> payrail::rail::PaidTransfer {
    let rows = harness.rail(PATIENCE).paid(0, 1_000).await.unwrap();
    let mut rows = rows.into_iter().map(Result::unwrap).filter(|row| row.reference == payout.reference());
    let first = rows.next().expect("the bank paid it");
    assert!(rows.next().is_none(), "paid twice");
    first
}

async fn completed(harness: &Harness<'_>, merchant: MerchantId, payout: PayoutId) {
    until("the payout is completed", async || {
        harness.worker("w1").round().await.unwrap();
        harness.clock.advance(crate::harness::seconds(240));
        harness.status(merchant, payout).await == Status::Completed
    })
    .await;
}

async fn each_payment_that_the_copy_does_not_know_is_named(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(100_000).await;
    let before = harness.pay(merchant, 1_000, "demo-success").await;
    completed(&harness, merchant, before).await;
    let copy = Copy::take(&world, 0).await;
    assert_eq!(findings(&world, &copy.url, &[]), (Some(0), vec![]));

    let lost = harness.pay(merchant, 4_321, "demo-success").await;
    let failed = harness.pay(merchant, 2_000, "demo-fail").await;
    completed(&harness, merchant, lost).await;
    assert_eq!(harness.status(merchant, failed).await, Status::Failed);
    let returned = harness.pay(merchant, 5_000, "demo-return").await;
    until("money comes back", async || {
        harness.worker("w1").round().await.unwrap();
        harness.status(merchant, returned).await == Status::Returned
    })
    .await;
    let rail = harness.rail(PATIENCE);
    assert_eq!(rail.submit(instruction("SOMEBODY-ELSES", 5, "demo-success")).await.answer.outcome().as_str(), "paid");
    let (code, all) = findings(&world, &world.database.url, &[]);
    assert_eq!((code, all.len()), (Some(1), 1), "where nothing was lost, it is the other's payment alone: {all:#?}");

    let (code, all) = findings(&world, &copy.url, &[]);
    assert_eq!(code, Some(1));
    let mut expected = [lost, returned].map(|payout| named("paid_unknown", payout)).to_vec();
    expected.push(("paid_unknown".to_owned(), "SOMEBODY-ELSES".to_owned()));
    expected.sort();
    assert_eq!(kinds(&all), expected);
    let of = |reference: &str| all.iter().find(|it| it["reference"] == reference).unwrap();
    let (found, paid) = (of(&lost.reference()), at_bank(&harness, lost).await);
    assert_eq!(found["amount_paise"], 4_321);
    assert_eq!(found["bank_account_id"], "demo-success");
    assert_eq!(found["utr"], paid.utr.as_str());
    assert_eq!(found["paid_at"], payrail::clock::timestamp(paid.paid_at));
    assert_eq!(found["made_at"], payrail::clock::timestamp(lost.made_at()));
    assert_eq!(found["bucket"], merchant.bucket().get());
    assert_eq!(found["possible_merchants"], serde_json::json!([merchant]));
    assert_eq!((&found["is_open"], &found["merchant_id"]), (&Value::Bool(true), &Value::Null));
    assert!(found["correction"].as_str().unwrap().contains("settle that with the merchant"), "{found:#}");
    assert!(of(&returned.reference())["correction"].as_str().unwrap().contains("The money is back"));
    assert!(of("SOMEBODY-ELSES")["correction"].as_str().unwrap().contains("whose order"));

    let text = stdout(&world.command(&["after-restore"]).env("DATABASE_URL", &copy.url).output().unwrap());
    assert!(text.contains(&format!("{}: ₹43.21 to \"demo-success\", UTR {}", lost.reference(), paid.utr)), "{text}");
    assert!(text.ends_with("3 open.\n"), "{text}");
    let since = |hours: i64| payrail::clock::timestamp(paid.paid_at + jiff::SignedDuration::from_hours(hours));
    assert_eq!(findings(&world, &copy.url, &["--since", &since(0)]), (Some(1), all));
    assert_eq!(findings(&world, &copy.url, &["--since", &since(1)]), (Some(0), vec![]));
}

async fn the_copys_unfinished_payouts_are_neither_paid_again_nor_refunded(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(100_000).await;
    let doubtful = harness.pay(merchant, 3_000, "demo-timeout-paid").await;
    harness.worker("w1").round().await.unwrap();
    let claimed = harness.pay(merchant, 2_500, "demo-success").await;
    harness.claim(merchant, claimed, "dies with the server").await;
    let pending = harness.pay(merchant, 2_000, "demo-success").await;
    let copy = Copy::take(&world, 0).await;
    for payout in [doubtful, claimed, pending] {
        completed(&harness, merchant, payout).await;
    }
    let balances = harness.balances(merchant).await;
    let payments = harness.rail(PATIENCE).paid(0, 1_000).await.unwrap();

    let (code, all) = findings(&world, &copy.url, &[]);
    let mut expected = [doubtful, claimed, pending].map(|payout| named("paid_under_way", payout)).to_vec();
    expected.sort();
    assert_eq!((code, kinds(&all)), (Some(0), expected), "workers mend them");
    let statuses: Vec<_> = all.iter().map(|it| it["status"].as_str().unwrap()).collect();
    assert_eq!(statuses.iter().filter(|status| **status == "pending").count(), 1, "{statuses:?}");
    assert!(all.iter().all(|it| it["merchant_id"] == serde_json::json!(merchant) && it["is_open"] == false));

    let restored = World::on(TestDatabase::at(copy.url.clone()));
    let there = Harness::start_without_bank(&restored, harness.bank_url.clone()).await;
    for payout in [doubtful, claimed, pending] {
        completed(&there, merchant, payout).await;
        assert_eq!(there.payout(merchant, payout).await.state, harness.payout(merchant, payout).await.state);
    }
    assert_eq!(there.balances(merchant).await, balances, "nothing was refunded");
    assert_eq!(harness.rail(PATIENCE).paid(0, 1_000).await.unwrap(), payments, "nothing was paid again");
    assert_eq!(findings(&world, &copy.url, &[]), (Some(0), vec![]));
    let verified = world.command(&["verify"]).env("DATABASE_URL", &copy.url).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", stdout(&verified));
}

async fn payments_that_differ_are_named(world: World) {
    let harness = Harness::start(&world).await;
    let merchant = harness.merchant(100_000).await;
    let ended = harness.pay(merchant, 1_000, "demo-success").await;
    completed(&harness, merchant, ended).await;
    let under_way = harness.pay(merchant, 2_000, "demo-success").await;
    let cancelled = harness.pay(merchant, 3_000, "demo-success").await;
    let copy = Copy::take(&world, 0).await;
    for payout in [under_way, cancelled] {
        completed(&harness, merchant, payout).await;
    }
    let book = harness.bank_book();
    book.execute_batch("DROP TRIGGER transfers_final").unwrap();
    for payout in [ended, under_way] {
        let more = "UPDATE transfers SET amount_paise = amount_paise + 1 WHERE reference = ?";
        assert_eq!(book.execute(more, [payout.reference()]).unwrap(), 1);
    }
    // In the restored database the merchant can cancel what the bank has paid: so a worker should run first.
    let restored = World::on(TestDatabase::at(copy.url.clone()));
    let there = Harness::start_without_bank(&restored, harness.bank_url.clone()).await;
    let cancel = payrail_core::command::Action::Cancel { payout: cancelled };
    there.send(merchant, cancel).await.unwrap();

    let (code, all) = findings(&world, &copy.url, &[]);
    let mut expected = vec![
        named("paid_other_amount", ended),
        named("paid_other_amount", under_way),
        named("paid_and_refunded", cancelled),
    ];
    expected.sort();
    assert_eq!((code, kinds(&all)), (Some(1), expected.clone()));
    let found = all.iter().find(|it| it["reference"] == ended.reference()).unwrap();
    assert_eq!((&found["amount_paise"], &found["ledger_amount_paise"]), (&1_001.into(), &1_000.into()));
    // It agrees with `verify`.
    let verified = world.command(&["verify", "--json"]).env("DATABASE_URL", &copy.url).output().unwrap();
    assert_eq!(differences(&verified), expected);
}

async fn without_a_bank_it_says_so(world: World) {
    assert!(world.run(&["migrate"]).status.success());
    let output = world.run(&["after-restore"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("there is no bank to ask: PAYRAIL_BANK_URL is not set"), "{}", stderr(&output));
    let output = world.command(&["after-restore"]).env("PAYRAIL_BANK_URL", "http://127.0.0.1:1").output().unwrap();
    assert_eq!(output.status.code(), Some(1), "a bank that does not answer has not said that nothing is open");
    assert!(stderr(&output).contains("the bank's book could not be read"), "{}", stderr(&output));
}
