//! Faults in payouts and in what is kept beside them: calls, answers, events. Each is named.

use crate::sabotage::id;
use crate::support::World;
use crate::verify_scene::Scene;

on_both_stores!(
    a_status_that_the_ledger_does_not_bear_out_is_named,
    a_row_that_makes_no_sense_is_named,
    a_payout_without_its_evidence_is_named,
    calls_that_do_not_fit_are_named,
    answers_that_do_not_fit_are_named,
    events_that_do_not_fit_are_named,
);

async fn a_status_that_the_ledger_does_not_bear_out_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [completed, failed, amount] = scene.books().await;

    scene.alter_payout(completed.pending, "status = 'completed', due_at = NULL, utr = 'U1'").await;
    for kind in ["payout_mismatch", "event_mismatch", "unproven", "completed_unpaid"] {
        scene.expect(kind, completed.pending);
    }
    scene.expect("held_mismatch", completed.merchant);

    scene.alter_payout(failed.pending, "status = 'failed', due_at = NULL, reason = 'no'").await;
    for kind in ["payout_mismatch", "event_mismatch", "unproven"] {
        scene.expect(kind, failed.pending);
    }
    scene.expect("held_mismatch", failed.merchant);

    scene.alter_payout(amount.pending, "amount_paise = 3001").await;
    scene.expect("payout_mismatch", amount.pending);
    scene.expect("held_mismatch", amount.merchant);
    scene.check();
}

async fn a_row_that_makes_no_sense_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [word, negative, ended] = scene.books().await;
    scene.alter_payout(word.pending, "status = 'sent off'").await;
    scene.expect("unreadable", word.pending);
    scene.alter_payout(negative.pending, "amount_paise = -3000").await;
    scene.expect("unreadable", negative.pending);
    scene.alter_payout(ended.completed, "status = ''").await;
    scene.expect("unreadable", ended.completed);
    scene.check();
}

async fn a_payout_without_its_evidence_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [stranded, utr, reason, due, doubt] = scene.books().await;
    scene.alter_payout(stranded.pending, "due_at = NULL").await;
    scene.expect("stranded", stranded.pending);
    scene.alter_payout(utr.completed, "utr = NULL").await;
    scene.expect("payout_state", utr.completed);
    scene.alter_payout(reason.failed, "reason = NULL").await;
    scene.expect("payout_state", reason.failed);
    scene.alter_payout(due.completed, "due_at = created_at").await;
    scene.expect("payout_state", due.completed);
    scene.alter_payout(doubt.failed, "doubt_since = created_at, doubt_reason = 'silence'").await;
    scene.expect("payout_state", doubt.failed);
    scene.check();
}

async fn calls_that_do_not_fit_are_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [lost, leased, counted, denied, nobody, gone_on] = scene.books().await;

    let payout = scene.about(lost.completed);
    scene.remove("attempts", lost.merchant, &payout).await;
    scene.expect("attempt_mismatch", lost.completed);
    scene.expect("unproven", lost.completed);

    scene.alter_payout(leased.pending, "leased_by = 'w1'").await;
    scene.expect("attempt_mismatch", leased.pending);

    scene.alter_payout(counted.completed, "attempts = 2").await;
    scene.expect("attempt_mismatch", counted.completed);

    // Refunded though the bank had only been silent.
    let payout = scene.about(denied.failed);
    scene.alter("attempts", denied.merchant, &payout, "outcome = 'no_answer'").await;
    scene.expect("unproven", denied.failed);

    let stranger = id(&scene.sql, uuid::Uuid::max());
    let (place, now) = (scene.place(nobody.merchant), scene.now());
    let columns = "bucket, merchant_id, payout_id, number, step, worker, started_at";
    let values = format!("{place}, {stranger}, 1, 'submit', 'w1', {now}");
    scene.sql.exec(&format!("INSERT INTO attempts ({columns}) VALUES ({values})")).await;
    scene.expect("attempt_without_payout", uuid::Uuid::max());

    // Paid at the first call, and yet there was a second.
    let payout = id(&scene.sql, gone_on.completed.0);
    let place = scene.place(gone_on.merchant);
    let values = format!("{place}, {payout}, 2, 'enquire', 'w1', {now}, 'paid'");
    scene.sql.exec(&format!("INSERT INTO attempts ({columns}, outcome) VALUES ({values})")).await;
    scene.alter_payout(gone_on.completed, "calls = 2").await;
    scene.expect("unproven", gone_on.completed);
    scene.check();
}

async fn answers_that_do_not_fit_are_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [removed, moved, body, amount, refused] = scene.books().await;

    let payout = scene.about(removed.completed);
    scene.remove("idempotency_records", removed.merchant, &payout).await;
    scene.expect("record_mismatch", removed.completed);

    let (payout, stranger) = (scene.about(moved.completed), uuid::Uuid::max());
    let change = format!("payout_id = {}", id(&scene.sql, stranger));
    scene.alter("idempotency_records", moved.merchant, &payout, &change).await;
    scene.expect("record_mismatch", moved.completed);
    scene.expect("record_without_payout", stranger);

    let payout = scene.about(body.completed);
    scene.alter("idempotency_records", body.merchant, &payout, "body = '{\"id\": \"another\"}'").await;
    scene.expect("record_mismatch", body.completed);

    let payout = scene.about(amount.completed);
    let change = "body = replace(body, '\"amount_paise\":1000', '\"amount_paise\":1001')";
    scene.alter("idempotency_records", amount.merchant, &payout, change).await;
    scene.expect("record_mismatch", amount.completed);

    let payout = scene.about(refused.completed);
    scene.alter("idempotency_records", refused.merchant, &payout, "status = 400").await;
    scene.expect("record_mismatch", refused.completed);

    // Without it the funding could be repeated.
    let funded = scene.funded(&[100]).await;
    scene.remove("idempotency_records", funded, "payout_id IS NULL").await;
    scene.expect("record_mismatch", funded);
    scene.check();
}

async fn events_that_do_not_fit_are_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [middle, last, twice, stranger] = scene.books().await;

    let completed = format!("kind = 'payout.completed' AND {}", scene.about(middle.completed));
    scene.remove("outbox", middle.merchant, &completed).await;
    scene.expect("event_gap", middle.merchant);
    scene.expect("event_mismatch", middle.completed);

    let pending = scene.about(last.pending);
    scene.remove("outbox", last.merchant, &pending).await;
    scene.expect("event_mismatch", last.pending);

    let pending = scene.about(twice.pending);
    let change = format!("kind = 'payout.completed', payout_id = {}", id(&scene.sql, twice.completed.0));
    scene.alter("outbox", twice.merchant, &pending, &change).await;
    scene.expect("event_mismatch", twice.completed);
    scene.expect("event_mismatch", twice.pending);

    let (pending, nobody) = (scene.about(stranger.pending), uuid::Uuid::max());
    let change = format!("payout_id = {}", id(&scene.sql, nobody));
    scene.alter("outbox", stranger.merchant, &pending, &change).await;
    scene.expect("event_mismatch", stranger.pending);
    scene.expect("event_without_payout", nobody);

    let funded = scene.funded(&[100]).await;
    scene.alter("outbox", funded, "seq = 1", "kind = 'balance.lost'").await;
    scene.expect("event_mismatch", funded);
    scene.check();
}
