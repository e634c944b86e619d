//! Doubts that an operator ended: what the auditor accepts as proof, and what it names.

use payrail_core::command::Action;
use payrail_core::payout::{Status, Verdict};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::operator::ByOperator;
use uuid::Uuid;

use crate::harness::{Harness, PATIENCE};
use crate::sabotage::id;
use crate::support::World;
use crate::verify_fixture::{Fixture, stdout};

on_both_stores!(
    a_doubt_that_an_operator_ended_rightly_is_no_difference,
    a_decision_that_the_bank_contradicts_is_named,
    a_mismatched_decision_is_named,
    an_end_without_proof_is_named,
);

/// A payout of 1,000 in doubt.
async fn doubt(harness: &Harness<'_>, account: &str) -> (MerchantId, PayoutId) {
    let merchant = harness.merchant(10_000).await;
    let payout = harness.pay(merchant, 1_000, account).await;
    harness.worker_with("w1", PATIENCE, 1).round().await.unwrap();
    assert!(harness.payout(merchant, payout).await.is_in_doubt());
    (merchant, payout)
}

async fn decide(harness: &Harness<'_>, (merchant, payout): (MerchantId, PayoutId), verdict: Verdict) {
    let by = ByOperator { name: "Ana".to_owned(), action_id: payrail::ids::action_id() };
    let reason = "letter of the bank".to_owned();
    harness.send(merchant, Action::Decide { payout, verdict, reason, by }).await.unwrap();
}

fn paid(utr: &str) -> Verdict {
    Verdict::Paid { utr: Utr::from_stored(utr) }
}

async fn utr_at_bank(harness: &Harness<'_>, payout: PayoutId) -> String {
    let transfers = harness.rail(PATIENCE).paid(0, 100).await.unwrap();
    transfers.into_iter().flatten().find(|transfer| transfer.reference == payout.reference()).unwrap().utr
}

async fn a_doubt_that_an_operator_ended_rightly_is_no_difference(world: World) {
    let harness = Harness::start(&world).await;
    let was_paid = doubt(&harness, "demo-timeout-paid").await;
    let utr = utr_at_bank(&harness, was_paid.1).await;
    decide(&harness, was_paid, paid(&utr)).await;
    let was_not = doubt(&harness, "demo-timeout-unpaid").await;
    decide(&harness, was_not, Verdict::NotPaid).await;
    for ((merchant, payout), status, balances) in
        [(was_paid, Status::Completed, (9_000, 0)), (was_not, Status::Failed, (10_000, 0))]
    {
        assert_eq!((harness.status(merchant, payout).await, harness.balances(merchant).await), (status, balances));
    }
    let output = world.run(&["verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

async fn a_decision_that_the_bank_contradicts_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let refunded = doubt(&fixture.harness, "demo-timeout-paid").await;
    decide(&fixture.harness, refunded, Verdict::NotPaid).await;
    fixture.expect("decided_not_paid_but_paid", refunded.1.reference());
    let settled = doubt(&fixture.harness, "demo-timeout-unpaid").await;
    decide(&fixture.harness, settled, paid("UTR-OF-A-DREAM")).await;
    fixture.expect("decided_paid_but_unpaid", settled.1);
    let otherwise = doubt(&fixture.harness, "demo-timeout-paid").await;
    decide(&fixture.harness, otherwise, paid("UTR-OF-ANOTHER")).await;
    fixture.expect("utr_mismatch", otherwise.1.reference());
    fixture.check();
    let text = stdout(&world.run(&["verify"]));
    let told: Vec<_> = text.lines().filter(|line| line.contains("an operator")).collect();
    assert_eq!(told.len(), 3, "{text}");
}

/// A row of the audit log without a decision.
async fn plant(fixture: &mut Fixture<'_>, merchant: MerchantId, subject: &str, action: &str) {
    let (place, row, now) = (fixture.place(merchant), id(&fixture.sql, payrail::ids::action_id()), fixture.now());
    let values = format!("{place}, {row}, {now}, 'Ana', '{action}', '{subject}', 'why', NULL");
    fixture.sql.exec(&format!("INSERT INTO operator_actions VALUES ({values})")).await;
}

async fn a_mismatched_decision_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [agrees, contradicts, early, nowhere, unreadable, twice] = fixture.books().await;
    plant(&mut fixture, agrees.merchant, &agrees.completed.to_string(), "decided_paid").await;
    fixture.expect("decision_mismatch", agrees.completed);
    plant(&mut fixture, contradicts.merchant, &contradicts.completed.to_string(), "decided_not_paid").await;
    fixture.expect("decision_mismatch", contradicts.completed);
    plant(&mut fixture, early.merchant, &early.pending.to_string(), "decided_paid").await;
    fixture.expect("decision_mismatch", early.pending);
    let nobody = Uuid::now_v7();
    plant(&mut fixture, nowhere.merchant, &nobody.to_string(), "decided_not_paid").await;
    fixture.expect("decision_without_payout", nobody);
    plant(&mut fixture, unreadable.merchant, "the other one", "decided_paid").await;
    fixture.expect("unreadable", "the other one");
    // Other actions prove nothing and cause no difference.
    plant(&mut fixture, twice.merchant, &twice.completed.to_string(), "asked_bank").await;
    let doubt = doubt(&fixture.harness, "demo-timeout-unpaid").await;
    decide(&fixture.harness, doubt, Verdict::NotPaid).await;
    plant(&mut fixture, doubt.0, &doubt.1.to_string(), "decided_not_paid").await;
    fixture.expect("decision_mismatch", doubt.1);
    let stranger = payrail::ids::merchant_id();
    plant(&mut fixture, stranger, "a key", "key_issued").await;
    fixture.expect("no_merchant", stranger);
    fixture.check();
}

async fn an_end_without_proof_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    for (account, was_paid) in [("demo-timeout-unpaid", false), ("demo-timeout-paid", true)] {
        let (merchant, payout) = doubt(&fixture.harness, account).await;
        let verdict = if was_paid { paid(&utr_at_bank(&fixture.harness, payout).await) } else { Verdict::NotPaid };
        decide(&fixture.harness, (merchant, payout), verdict).await;
        fixture.remove("operator_actions", merchant, &format!("subject = '{payout}'")).await;
        fixture.expect("unproven", payout);
    }
    fixture.check();
}
