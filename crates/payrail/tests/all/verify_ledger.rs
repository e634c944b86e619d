//! Faults in the ledger, each planted past the database's own protection, each named by `payrail verify`.

use payrail::ids::PayoutIds;
use payrail_core::ids::PayoutId;

use crate::sabotage::id;
use crate::support::World;
use crate::verify_scene::Scene;

on_both_stores!(
    a_broken_chain_is_named,
    an_entry_that_does_not_fit_its_payout_is_named,
    an_entry_that_makes_no_sense_is_named,
    rows_of_nobody_and_rows_out_of_place_are_named,
);

async fn a_broken_chain_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let gap = scene.funded(&[100, 200, 300]).await;
    scene.alter("ledger_entries", gap, "seq = 3", "seq = 4").await;
    scene.expect("seq_gap", gap);

    let lost = scene.funded(&[100, 200, 300]).await;
    scene.remove("ledger_entries", lost, "seq = 2").await;
    for kind in ["seq_gap", "balance_after", "record_mismatch", "event_mismatch"] {
        scene.expect(kind, lost);
    }

    let raised = scene.funded(&[100, 200, 300]).await;
    scene.alter("ledger_entries", raised, "seq = 3", "available_after = available_after + 1").await;
    scene.expect("balance_after", raised);

    let held = scene.funded(&[100]).await;
    scene.alter("ledger_entries", held, "seq = 1", "held_after = 1").await;
    scene.expect("balance_after", held);

    // All that follows agrees with the lowered amount: only that it was not there is wrong.
    let overdrawn = scene.funded(&[10_000]).await;
    let _ = scene.engine.pay(overdrawn, 6_000, "demo-success").await;
    scene.alter("ledger_entries", overdrawn, "seq = 1", "amount_paise = 5000, available_after = 5000").await;
    scene.alter("ledger_entries", overdrawn, "seq = 2", "available_after = -1000").await;
    scene.expect("overdraft", overdrawn);
    scene.check();
}

async fn an_entry_that_does_not_fit_its_payout_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let [both, twice, forged, uneven, early] = scene.books().await;

    scene.forge(both.merchant, "refund", 1_000, (7_000, 2_000), both.completed).await;
    scene.expect("payout_mismatch", both.completed);
    scene.expect("held_mismatch", both.merchant);

    scene.forge(twice.merchant, "hold", 3_000, (3_000, 6_000), twice.pending).await;
    scene.expect("payout_mismatch", twice.pending);
    scene.expect("held_mismatch", twice.merchant);

    let nobody = PayoutIds::default().next(forged.merchant, jiff::Timestamp::UNIX_EPOCH);
    scene.forge(forged.merchant, "hold", 500, (5_500, 3_500), nobody).await;
    scene.expect("entry_without_payout", nobody);
    scene.expect("held_mismatch", forged.merchant);

    // One wrong amount is one difference, however long the ledger goes on after it.
    let settlement = format!("kind = 'settle' AND {}", scene.about(uneven.completed));
    scene.alter("ledger_entries", uneven.merchant, &settlement, "amount_paise = 999").await;
    for kind in ["balance_after", "held_mismatch"] {
        scene.expect(kind, uneven.merchant);
    }
    scene.expect("payout_mismatch", uneven.completed);

    // The first hold and the settlement change places.
    let payout = scene.about(early.completed);
    for (from, to, after) in [
        ("hold", "swap", "available_after = 9000, held_after = 1000"),
        ("settle", "hold", "available_after = available_after"),
        ("swap", "settle", "available_after = available_after"),
    ] {
        let change = format!("kind = '{to}', {after}");
        scene.alter("ledger_entries", early.merchant, &format!("kind = '{from}' AND {payout}"), &change).await;
    }
    scene.expect("payout_mismatch", early.completed);
    scene.expect("balance_after", early.merchant);
    scene.expect("overdraft", early.merchant);
    scene.check();
}

async fn an_entry_that_makes_no_sense_is_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let gift = scene.funded(&[100, 200]).await;
    scene.alter("ledger_entries", gift, "seq = 2", "kind = 'gift'").await;
    for kind in ["unreadable", "balance_after", "record_mismatch", "event_mismatch"] {
        scene.expect(kind, gift);
    }

    let negative = scene.funded(&[100, 200]).await;
    scene.alter("ledger_entries", negative, "seq = 2", "amount_paise = -50, available_after = 50").await;
    scene.expect("unreadable", negative);

    let owned = scene.funded(&[100]).await;
    let nobody = PayoutIds::default().next(owned, jiff::Timestamp::UNIX_EPOCH);
    let change = format!("payout_id = {}", id(&scene.sql, nobody.0));
    scene.alter("ledger_entries", owned, "seq = 1", &change).await;
    scene.expect("unreadable", owned);

    // PostgreSQL's types do not let this in.
    if !scene.sql.is_postgres() {
        let no_id = scene.funded(&[100]).await;
        scene.alter("ledger_entries", no_id, "seq = 1", "kind = 'hold', payout_id = x'07'").await;
        scene.expect("unreadable", no_id);
    }

    let far = scene.funded(&[i64::MAX - 1]).await;
    let before_all = i64::MIN + 1;
    scene.alter("ledger_entries", far, "seq = 1", &format!("seq = {before_all}")).await;
    scene.expect("seq_gap", far);
    scene.check();
}

async fn rows_of_nobody_and_rows_out_of_place_are_named(world: World) {
    let mut scene = Scene::set(&world).await;
    let gone = scene.funded(&[100]).await;
    let row = format!("bucket = {} AND id = {}", gone.bucket().get(), id(&scene.sql, gone.0));
    assert_eq!(scene.sql.exec(&format!("DELETE FROM merchants WHERE {row}")).await, 1);
    for _in_ledger_records_and_outbox in 0..3 {
        scene.expect("no_merchant", gone);
    }

    // A merchant under another bucket, with all that it has: nobody would ever find it.
    let moved = scene.funded(&[100]).await;
    let other = moved.bucket().get() ^ 1;
    for table in ["ledger_entries", "idempotency_records", "outbox"] {
        scene.alter(table, moved, "true", &format!("bucket = {other}")).await;
    }
    let row = format!("id = {}", id(&scene.sql, moved.0));
    assert_eq!(scene.sql.exec(&format!("UPDATE merchants SET bucket = {other} WHERE {row}")).await, 1);
    scene.expect("misplaced", moved);

    // An entry that lies outside of all buckets.
    let outside = scene.funded(&[100, 100]).await;
    scene.alter("ledger_entries", outside, "seq = 2", "bucket = 300").await;
    for kind in ["no_merchant", "record_mismatch", "event_mismatch"] {
        scene.expect(kind, outside);
    }

    // A payout whose id leads to another bucket: what the bank says of it would find nobody.
    let lost = scene.funded(&[10_000]).await;
    let elsewhere =
        PayoutId::new(jiff::Timestamp::UNIX_EPOCH, payrail_core::ids::Bucket::new(lost.bucket().get() ^ 1), 7);
    scene.engine.pay_as(lost, elsewhere, 1_000, "demo-success").await;
    scene.expect("misplaced", elsewhere);
    scene.check();
}
