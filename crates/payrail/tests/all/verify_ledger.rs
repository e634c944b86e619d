//! Faults in the ledger, planted with the database's protection off, each named by `payrail verify`.

use payrail::ids::PayoutIds;
use payrail_types::ids::PayoutId;

use crate::sabotage::id;
use crate::support::World;
use crate::verify_fixture::Fixture;

on_both_stores!(
    a_broken_chain_is_named,
    an_entry_that_does_not_match_its_payout_is_named,
    an_unreadable_entry_is_named,
    orphaned_and_misplaced_rows_are_named,
);

async fn a_broken_chain_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let gap = fixture.funded(&[100, 200, 300]).await;
    fixture.alter("ledger_entries", gap, "seq = 3", "seq = 4").await;
    for kind in ["seq_gap", "event_entry"] {
        fixture.expect(kind, gap);
    }

    let lost = fixture.funded(&[100, 200, 300]).await;
    fixture.remove("ledger_entries", lost, "seq = 2").await;
    for kind in ["seq_gap", "balance_after", "record_mismatch", "event_mismatch", "event_entry"] {
        fixture.expect(kind, lost);
    }

    let raised = fixture.funded(&[100, 200, 300]).await;
    fixture.alter("ledger_entries", raised, "seq = 3", "available_after = available_after + 1").await;
    fixture.expect("balance_after", raised);

    let held = fixture.funded(&[100]).await;
    fixture.alter("ledger_entries", held, "seq = 1", "held_after = 1").await;
    fixture.expect("balance_after", held);

    // All later entries agree with the lowered amount, so only the overdraft is wrong.
    let overdrawn = fixture.funded(&[10_000]).await;
    let _ = fixture.harness.pay(overdrawn, 6_000, "demo-success").await;
    fixture.alter("ledger_entries", overdrawn, "seq = 1", "amount_paise = 5000, available_after = 5000").await;
    fixture.alter("ledger_entries", overdrawn, "seq = 2", "available_after = -1000").await;
    fixture.expect("overdraft", overdrawn);
    fixture.check();
}

async fn an_entry_that_does_not_match_its_payout_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let [both, twice, forged, uneven, early] = fixture.books().await;

    fixture.forge(both.merchant, "refund", 1_000, (7_000, 2_000), both.completed).await;
    fixture.expect("payout_mismatch", both.completed);
    fixture.expect("held_mismatch", both.merchant);

    fixture.forge(twice.merchant, "hold", 3_000, (3_000, 6_000), twice.pending).await;
    fixture.expect("payout_mismatch", twice.pending);
    fixture.expect("held_mismatch", twice.merchant);

    let nobody = PayoutIds::default().next(forged.merchant, jiff::Timestamp::UNIX_EPOCH);
    fixture.forge(forged.merchant, "hold", 500, (5_500, 3_500), nobody).await;
    fixture.expect("entry_without_payout", nobody);
    fixture.expect("held_mismatch", forged.merchant);

    // One wrong amount is one difference, however many entries follow.
    let settlement = format!("kind = 'settle' AND {}", fixture.about(uneven.completed));
    fixture.alter("ledger_entries", uneven.merchant, &settlement, "amount_paise = 999").await;
    for kind in ["balance_after", "held_mismatch"] {
        fixture.expect(kind, uneven.merchant);
    }
    fixture.expect("payout_mismatch", uneven.completed);

    // The first hold and the settlement change places.
    let payout = fixture.about(early.completed);
    for (from, to, after) in [
        ("hold", "swap", "available_after = 9000, held_after = 1000"),
        ("settle", "hold", "available_after = available_after"),
        ("swap", "settle", "available_after = available_after"),
    ] {
        let change = format!("kind = '{to}', {after}");
        fixture.alter("ledger_entries", early.merchant, &format!("kind = '{from}' AND {payout}"), &change).await;
    }
    fixture.expect("payout_mismatch", early.completed);
    for kind in ["balance_after", "event_entry", "event_entry"] {
        fixture.expect(kind, early.merchant);
    }
    fixture.expect("overdraft", early.merchant);
    fixture.check();
}

async fn an_unreadable_entry_is_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let gift = fixture.funded(&[100, 200]).await;
    fixture.alter("ledger_entries", gift, "seq = 2", "kind = 'gift'").await;
    for kind in ["unreadable", "balance_after", "record_mismatch", "event_mismatch", "event_entry"] {
        fixture.expect(kind, gift);
    }

    let negative = fixture.funded(&[100, 200]).await;
    fixture.alter("ledger_entries", negative, "seq = 2", "amount_paise = -50, available_after = 50").await;
    fixture.expect("unreadable", negative);

    let owned = fixture.funded(&[100]).await;
    let nobody = PayoutIds::default().next(owned, jiff::Timestamp::UNIX_EPOCH);
    let change = format!("payout_id = {}", id(&fixture.sql, nobody.0));
    fixture.alter("ledger_entries", owned, "seq = 1", &change).await;
    for kind in ["unreadable", "event_entry"] {
        fixture.expect(kind, owned);
    }

    // PostgreSQL's types prevent this.
    if !fixture.sql.is_postgres() {
        let no_id = fixture.funded(&[100]).await;
        fixture.alter("ledger_entries", no_id, "seq = 1", "kind = 'hold', payout_id = x'07'").await;
        fixture.expect("unreadable", no_id);
    }

    let far = fixture.funded(&[i64::MAX - 1]).await;
    let before_all = i64::MIN + 1;
    fixture.alter("ledger_entries", far, "seq = 1", &format!("seq = {before_all}")).await;
    for kind in ["seq_gap", "event_entry"] {
        fixture.expect(kind, far);
    }
    fixture.check();
}

async fn orphaned_and_misplaced_rows_are_named(world: World) {
    let mut fixture = Fixture::set_up(&world).await;
    let gone = fixture.funded(&[100]).await;
    let row = format!("bucket = {} AND id = {}", gone.bucket().get(), id(&fixture.sql, gone.0));
    assert_eq!(fixture.sql.exec(&format!("DELETE FROM merchants WHERE {row}")).await, 1);
    for _in_ledger_records_and_outbox in 0..3 {
        fixture.expect("no_merchant", gone);
    }

    // A merchant with all its rows under another bucket, where no look-up would find it.
    let moved = fixture.funded(&[100]).await;
    let other = moved.bucket().get() ^ 1;
    for table in ["ledger_entries", "idempotency_records", "outbox"] {
        fixture.alter(table, moved, "true", &format!("bucket = {other}")).await;
    }
    let row = format!("id = {}", id(&fixture.sql, moved.0));
    assert_eq!(fixture.sql.exec(&format!("UPDATE merchants SET bucket = {other} WHERE {row}")).await, 1);
    fixture.expect("misplaced", moved);

    // An entry outside all buckets.
    let outside = fixture.funded(&[100, 100]).await;
    fixture.alter("ledger_entries", outside, "seq = 2", "bucket = 300").await;
    for kind in ["no_merchant", "record_mismatch", "event_mismatch", "event_entry"] {
        fixture.expect(kind, outside);
    }

    // A payout whose id has another bucket, so the bank's lines about it would find no merchant.
    let lost = fixture.funded(&[10_000]).await;
    let elsewhere =
        PayoutId::new(jiff::Timestamp::UNIX_EPOCH, payrail_types::ids::Bucket::new(lost.bucket().get() ^ 1), 7);
    fixture.harness.pay_as(lost, elsewhere, 1_000, "demo-success").await;
    fixture.expect("misplaced", elsewhere);
    fixture.check();
}
