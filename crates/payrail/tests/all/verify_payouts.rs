//! Faults in payouts and their attempts, answers and events, each named by `verify`.

use crate::sabotage::id;
use crate::support::World;
use crate::verify_fixture::Fixture;

on_both_stores!(
    a_status_without_its_ledger_entries_is_named,
    an_unreadable_row_is_named,
    a_payout_without_its_evidence_is_named,
    mismatched_calls_are_named,
    mismatched_answers_are_named,
    mismatched_events_are_named,
);

async fn a_status_without_its_ledger_entries_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [completed, failed, amount] = fixture.books().await;

    fixture.alter_payout(completed.pending, "status = 'completed', due_at = NULL, utr = 'U1'").await;
    for kind in ["payout_mismatch", "event_mismatch", "unproven", "completed_unpaid"] {
        fixture.expect(kind, completed.pending);
    }
    fixture.expect("held_mismatch", completed.merchant);

    fixture.alter_payout(failed.pending, "status = 'failed', due_at = NULL, reason = 'no'").await;
    for kind in ["payout_mismatch", "event_mismatch", "unproven"] {
        fixture.expect(kind, failed.pending);
    }
    fixture.expect("held_mismatch", failed.merchant);

    fixture.alter_payout(amount.pending, "amount_paise = 3001").await;
    fixture.expect("payout_mismatch", amount.pending);
    fixture.expect("held_mismatch", amount.merchant);
    fixture.check();
}

async fn an_unreadable_row_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [word, negative, ended] = fixture.books().await;
    fixture.alter_payout(word.pending, "status = 'sent off'").await;
    fixture.expect("unreadable", word.pending);
    fixture.alter_payout(negative.pending, "amount_paise = -3000").await;
    fixture.expect("unreadable", negative.pending);
    fixture.alter_payout(ended.completed, "status = ''").await;
    fixture.expect("unreadable", ended.completed);
    fixture.check();
}

async fn a_payout_without_its_evidence_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [stranded, utr, reason, due, doubt] = fixture.books().await;
    fixture.alter_payout(stranded.pending, "due_at = NULL").await;
    fixture.expect("stranded", stranded.pending);
    fixture.alter_payout(utr.completed, "utr = NULL").await;
    fixture.expect("payout_state", utr.completed);
    fixture.alter_payout(reason.failed, "reason = NULL").await;
    fixture.expect("payout_state", reason.failed);
    fixture.alter_payout(due.completed, "due_at = created_at").await;
    fixture.expect("payout_state", due.completed);
    fixture.alter_payout(doubt.failed, "doubt_since = created_at, doubt_reason = 'silence'").await;
    fixture.expect("payout_state", doubt.failed);
    fixture.check();
}

async fn mismatched_calls_are_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [lost, leased, counted, denied, nobody, gone_on] = fixture.books().await;

    let payout = fixture.about(lost.completed);
    fixture.remove("attempts", lost.merchant, &payout).await;
    fixture.expect("attempt_mismatch", lost.completed);
    fixture.expect("unproven", lost.completed);

    fixture.alter_payout(leased.pending, "leased_by = 'w1'").await;
    fixture.expect("attempt_mismatch", leased.pending);

    fixture.alter_payout(counted.completed, "submissions = 2").await;
    fixture.expect("attempt_mismatch", counted.completed);

    // Refunded although the bank was only silent.
    let payout = fixture.about(denied.failed);
    fixture.alter("attempts", denied.merchant, &payout, "outcome = 'no_answer'").await;
    fixture.expect("unproven", denied.failed);

    let stranger = id(&fixture.sql, uuid::Uuid::max());
    let (place, now) = (fixture.place(nobody.merchant), fixture.now());
    let columns = "bucket, merchant_id, payout_id, number, step, worker, started_at";
    let values = format!("{place}, {stranger}, 1, 'submit', 'w1', {now}");
    fixture.sql.exec(&format!("INSERT INTO attempts ({columns}) VALUES ({values})")).await;
    fixture.expect("attempt_without_payout", uuid::Uuid::max());

    // Paid by the first call, yet there was a second.
    let payout = id(&fixture.sql, gone_on.completed.0);
    let place = fixture.place(gone_on.merchant);
    let values = format!("{place}, {payout}, 2, 'enquire', 'w1', {now}, 'paid'");
    fixture.sql.exec(&format!("INSERT INTO attempts ({columns}, outcome) VALUES ({values})")).await;
    fixture.alter_payout(gone_on.completed, "attempts = 2").await;
    fixture.expect("unproven", gone_on.completed);
    fixture.check();
}

async fn mismatched_answers_are_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [removed, moved, body, amount, refused] = fixture.books().await;

    let payout = fixture.about(removed.completed);
    fixture.remove("idempotency_records", removed.merchant, &payout).await;
    fixture.expect("record_mismatch", removed.completed);

    let (payout, stranger) = (fixture.about(moved.completed), uuid::Uuid::max());
    let change = format!("payout_id = {}", id(&fixture.sql, stranger));
    fixture.alter("idempotency_records", moved.merchant, &payout, &change).await;
    fixture.expect("record_mismatch", moved.completed);
    fixture.expect("record_without_payout", stranger);

    let payout = fixture.about(body.completed);
    fixture.alter("idempotency_records", body.merchant, &payout, "body = '{\"id\": \"another\"}'").await;
    fixture.expect("record_mismatch", body.completed);

    let payout = fixture.about(amount.completed);
    let change = "body = replace(body, '\"amount_paise\":1000', '\"amount_paise\":1001')";
    fixture.alter("idempotency_records", amount.merchant, &payout, change).await;
    fixture.expect("record_mismatch", amount.completed);

    let payout = fixture.about(refused.completed);
    fixture.alter("idempotency_records", refused.merchant, &payout, "status = 400").await;
    fixture.expect("record_mismatch", refused.completed);

    // Without it the funding could be repeated.
    let funded = fixture.funded(&[100]).await;
    fixture.remove("idempotency_records", funded, "payout_id IS NULL").await;
    fixture.expect("record_mismatch", funded);
    fixture.check();
}

async fn mismatched_events_are_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [middle, last, twice, stranger, none, other, lost, silent] = fixture.books().await;

    let completed = format!("kind = 'payout.completed' AND {}", fixture.about(middle.completed));
    fixture.remove("outbox", middle.merchant, &completed).await;
    fixture.expect("event_gap", middle.merchant);
    fixture.expect("event_mismatch", middle.completed);

    let pending = fixture.about(last.pending);
    fixture.remove("outbox", last.merchant, &pending).await;
    fixture.expect("event_mismatch", last.pending);

    let pending = fixture.about(twice.pending);
    let change = format!("kind = 'payout.completed', payout_id = {}", id(&fixture.sql, twice.completed.0));
    fixture.alter("outbox", twice.merchant, &pending, &change).await;
    fixture.expect("event_mismatch", twice.completed);
    fixture.expect("event_mismatch", twice.pending);
    fixture.expect("event_entry", twice.merchant);

    let (pending, nobody) = (fixture.about(stranger.pending), uuid::Uuid::max());
    let change = format!("payout_id = {}", id(&fixture.sql, nobody));
    fixture.alter("outbox", stranger.merchant, &pending, &change).await;
    fixture.expect("event_mismatch", stranger.pending);
    fixture.expect("event_without_payout", nobody);
    fixture.expect("event_entry", stranger.merchant);

    // The ledger entry that an event names.
    for (book, which, change) in [
        (none, "kind = 'payout.completed'", "entry_seq = NULL"),
        (other, "kind = 'payout.completed'", "entry_seq = entry_seq - 1"),
        (lost, "kind = 'payout.failed'", "entry_seq = 999"),
        (silent, "kind = 'payout.processing' AND seq = 4", "entry_seq = 3"),
    ] {
        fixture.alter("outbox", book.merchant, which, change).await;
        fixture.expect("event_entry", book.merchant);
    }
    // Two events for one entry, both of which match it.
    let repeated = fixture.funded(&[100, 100]).await;
    fixture.alter("outbox", repeated, "seq = 2", "entry_seq = 1").await;
    fixture.expect("event_entry", repeated);

    let funded = fixture.funded(&[100]).await;
    fixture.alter("outbox", funded, "seq = 1", "kind = 'balance.lost'").await;
    fixture.expect("event_mismatch", funded);
    fixture.expect("event_entry", funded);
    fixture.check();
}
