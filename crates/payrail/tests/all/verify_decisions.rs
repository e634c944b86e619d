//! Doubts that an operator ended: what the auditor takes for proof, and what it names.

use payrail_core::command::Action;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::operator::ByOperator;
use payrail_core::payout::{Status, Verdict};
use uuid::Uuid;

use crate::engine::{Engine, PATIENCE};
use crate::sabotage::id;
use crate::support::World;
use crate::verify_scene::{Scene, stdout};

on_both_stores!(
    a_doubt_that_an_operator_ended_rightly_is_no_difference,
    a_decision_that_the_bank_contradicts_is_named,
    a_decision_that_does_not_fit_is_named,
    an_end_without_a_word_of_anybody_is_named,
);

/// A payout of 1,000 in doubt.
async fn doubt(engine: &Engine<'_>, account: &str) -> (MerchantId, PayoutId) {
    let merchant = engine.merchant(10_000).await;
    let payout = engine.pay(merchant, 1_000, account).await;
    engine.worker_with("w1", PATIENCE, 1).round().await.unwrap();
    assert!(engine.payout(merchant, payout).await.is_in_doubt());
    (merchant, payout)
}

async fn decide(engine: &Engine<'_>, (merchant, payout): (MerchantId, PayoutId), verdict: Verdict) {
    let by = ByOperator { name: "Ana".to_owned(), action_id: payrail::ids::action_id() };
    let reason = "letter of the bank".to_owned();
    engine.send(merchant, Action::Decide { payout, verdict, reason, by }).await.unwrap();
}

fn paid(utr: &str) -> Verdict {
    Verdict::Paid { utr: utr.to_owned() }
}

async fn utr_at_bank(engine: &Engine<'_>, payout: PayoutId) -> String {
    let transfers = engine.rail(PATIENCE).paid(0, 100).await.unwrap();
    transfers.into_iter().flatten().find(|transfer| transfer.reference == payout.reference()).unwrap().utr
}

async fn a_doubt_that_an_operator_ended_rightly_is_no_difference(world: World) {
    let engine = Engine::start(&world).await;
    let was_paid = doubt(&engine, "demo-timeout-paid").await;
    let utr = utr_at_bank(&engine, was_paid.1).await;
    decide(&engine, was_paid, paid(&utr)).await;
    let was_not = doubt(&engine, "demo-timeout-unpaid").await;
    decide(&engine, was_not, Verdict::NotPaid).await;
    for ((merchant, payout), status, balances) in
        [(was_paid, Status::Completed, (9_000, 0)), (was_not, Status::Failed, (10_000, 0))]
    {
        assert_eq!((engine.status(merchant, payout).await, engine.balances(merchant).await), (status, balances));
    }
    let output = world.run(&["verify"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
}

async fn a_decision_that_the_bank_contradicts_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let refunded = doubt(&scene.engine, "demo-timeout-paid").await;
    decide(&scene.engine, refunded, Verdict::NotPaid).await;
    scene.expect("decided_not_paid_but_paid", refunded.1.reference());
    let settled = doubt(&scene.engine, "demo-timeout-unpaid").await;
    decide(&scene.engine, settled, paid("UTR-OF-A-DREAM")).await;
    scene.expect("decided_paid_but_unpaid", settled.1);
    let otherwise = doubt(&scene.engine, "demo-timeout-paid").await;
    decide(&scene.engine, otherwise, paid("UTR-OF-ANOTHER")).await;
    scene.expect("utr_mismatch", otherwise.1.reference());
    scene.check();
    let text = stdout(&world.run(&["verify"]));
    let told: Vec<_> = text.lines().filter(|line| line.contains("an operator")).collect();
    assert_eq!(told.len(), 3, "{text}");
}

/// A row of the audit log that nobody's decision made.
async fn plant(scene: &mut Scene<'_>, merchant: MerchantId, subject: &str, action: &str) {
    let (place, row, now) = (scene.place(merchant), id(&scene.sql, payrail::ids::action_id()), scene.now());
    let values = format!("{place}, {row}, {now}, 'Ana', '{action}', '{subject}', 'why', NULL");
    scene.sql.exec(&format!("INSERT INTO operator_actions VALUES ({values})")).await;
}

async fn a_decision_that_does_not_fit_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [agrees, contradicts, early, nowhere, unreadable, twice] = scene.books().await;
    plant(&mut scene, agrees.merchant, &agrees.completed.to_string(), "decided_paid").await;
    scene.expect("decision_mismatch", agrees.completed);
    plant(&mut scene, contradicts.merchant, &contradicts.completed.to_string(), "decided_not_paid").await;
    scene.expect("decision_mismatch", contradicts.completed);
    plant(&mut scene, early.merchant, &early.pending.to_string(), "decided_paid").await;
    scene.expect("decision_mismatch", early.pending);
    let nobody = Uuid::now_v7();
    plant(&mut scene, nowhere.merchant, &nobody.to_string(), "decided_not_paid").await;
    scene.expect("decision_without_payout", nobody);
    plant(&mut scene, unreadable.merchant, "the other one", "decided_paid").await;
    scene.expect("unreadable", "the other one");
    // What is no decision proves nothing and disturbs nothing.
    plant(&mut scene, twice.merchant, &twice.completed.to_string(), "asked_bank").await;
    let doubt = doubt(&scene.engine, "demo-timeout-unpaid").await;
    decide(&scene.engine, doubt, Verdict::NotPaid).await;
    plant(&mut scene, doubt.0, &doubt.1.to_string(), "decided_not_paid").await;
    scene.expect("decision_mismatch", doubt.1);
    let stranger = payrail::ids::merchant_id();
    plant(&mut scene, stranger, "a key", "key_issued").await;
    scene.expect("no_merchant", stranger);
    scene.check();
}

async fn an_end_without_a_word_of_anybody_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    for (account, was_paid) in [("demo-timeout-unpaid", false), ("demo-timeout-paid", true)] {
        let (merchant, payout) = doubt(&scene.engine, account).await;
        let verdict = if was_paid { paid(&utr_at_bank(&scene.engine, payout).await) } else { Verdict::NotPaid };
        decide(&scene.engine, (merchant, payout), verdict).await;
        scene.remove("operator_actions", merchant, &format!("subject = '{payout}'")).await;
        scene.expect("unproven", payout);
    }
    scene.check();
}
