//! The dashboard's reads: one merchant's rows only, within bounds, and the same on both stores.

use payrail_core::command::Command;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::Status;
use payrail_store::LedgerLine;
use payrail_types::ids::{Bucket, MerchantId, PayoutId};

use crate::derived::{long_book, statement};
use crate::world::{World, amount, at, back, create, fresh_id, fresh_key, fund, merchant, no_answer, paid, refused};

on_all_stores!(
    the_whole_ledger_is_read_either_way_in_spans,
    one_kind_is_read_alone,
    a_payout_s_entries_are_found_without_its_hold,
    the_newest_event_is_the_last_one,
    balances_are_read_evenly_over_a_span,
    the_number_at_a_time_is_the_first_that_is_not_older,
    outcomes_are_those_of_the_newest_payouts,
    no_view_scans_the_book,
);

/// Entries 1 to 7 of merchant 0: fund, hold, settle, return, hold, refund, hold. The payouts, too; and some of
/// merchant 2's, which lie in the same bucket.
async fn book(world: &World) -> [PayoutId; 3] {
    world.fund(merchant(0), 100).await;
    world.fund(merchant(2), 1_000).await;
    let returned = world.ended(merchant(0), 10, paid()).await;
    world.one(merchant(0), back(returned, 10), at(1)).await.unwrap();
    let failed = world.ended(merchant(0), 20, refused()).await;
    let open = world.ended(merchant(0), 30, no_answer()).await;
    world.ended(merchant(2), 40, paid()).await;
    [returned, failed, open]
}

fn numbers(lines: &[LedgerLine]) -> Vec<i64> {
    lines.iter().map(|line| line.entry.seq).collect()
}

async fn the_whole_ledger_is_read_either_way_in_spans(world: World) {
    let [returned, ..] = book(&world).await;
    let newest = |from, before, limit| world.store.entries_newest_first(merchant(0), None, from, before, limit);
    assert_eq!(numbers(&newest(1, 8, 50).await.unwrap()), [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(numbers(&newest(1, 8, 2).await.unwrap()), [7, 6]);
    assert_eq!(numbers(&newest(3, 6, 50).await.unwrap()), [5, 4, 3]);
    assert_eq!(numbers(&newest(6, 6, 50).await.unwrap()), [0; 0]);
    let oldest = |after, up_to| world.store.entries_oldest_first(merchant(0), None, after, up_to);
    assert_eq!(numbers(&oldest(0, 7).await.unwrap()), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(numbers(&oldest(2, 4).await.unwrap()), [3, 4]);
    assert_eq!(numbers(&oldest(7, 9).await.unwrap()), [0; 0]);
    // Each with what its description is made of, settlements too.
    let settled = &oldest(2, 3).await.unwrap()[0];
    assert_eq!((settled.entry.kind, settled.entry.payout), (EntryKind::Settle, Some(returned)));
    assert_eq!(settled.bank_account_id.as_deref(), Some("demo-bank-account"));
    assert_eq!(settled.payout_status, Some(Status::Returned));
    // Oldest first, which the export reads, brings the payout's UTR as well.
    assert!(settled.utr.is_some());
    let newest_first = newest(1, 8, 50).await.unwrap();
    let mut oldest_first = oldest(0, 7).await.unwrap();
    oldest_first.reverse();
    oldest_first.iter_mut().for_each(|line| line.utr = None);
    assert_eq!(newest_first, oldest_first);
}

async fn one_kind_is_read_alone(world: World) {
    book(&world).await;
    for (kind, expected) in [
        (EntryKind::Fund, &[1][..]),
        (EntryKind::Hold, &[2, 5, 7]),
        (EntryKind::Settle, &[3]),
        (EntryKind::Return, &[4]),
        (EntryKind::Refund, &[6]),
    ] {
        let lines = world.store.entries_oldest_first(merchant(0), Some(kind), 0, 7).await.unwrap();
        assert_eq!(numbers(&lines), expected, "{kind:?}");
        let lines = world.store.entries_newest_first(merchant(0), Some(kind), 1, 8, 50).await.unwrap();
        assert_eq!(numbers(&lines), expected.iter().rev().copied().collect::<Vec<_>>(), "{kind:?}");
    }
    let holds = world.store.entries_newest_first(merchant(0), Some(EntryKind::Hold), 3, 8, 1).await.unwrap();
    assert_eq!(numbers(&holds), [7]);
}

async fn a_payout_s_entries_are_found_without_its_hold(world: World) {
    let [returned, failed, open] = book(&world).await;
    for (payout, expected) in [
        (returned, &[(3, EntryKind::Settle), (4, EntryKind::Return)][..]),
        (failed, &[(6, EntryKind::Refund)]),
        (open, &[]),
    ] {
        let lines = world.store.entries_of_payout(merchant(0), payout).await.unwrap();
        let found: Vec<_> = lines.iter().map(|line| (line.entry.seq, line.entry.kind)).collect();
        assert_eq!(found, expected);
        assert_eq!(world.store.entries_of_payout(merchant(2), payout).await.unwrap(), [], "not another's");
    }
}

async fn the_newest_event_is_the_last_one(world: World) {
    assert_eq!(world.store.newest_event(merchant(0)).await.unwrap(), 0);
    book(&world).await;
    for number in [0, 2] {
        let events = world.store.events(merchant(number), 0, 100).await.unwrap();
        let last = events.last().unwrap().seq;
        assert!(last > 1);
        assert_eq!(world.store.newest_event(merchant(number)).await.unwrap(), last);
    }
    assert_eq!(world.store.newest_event(merchant(1)).await.unwrap(), 0);
}

/// Entry n of merchant 0 is of second n and leaves n paise.
async fn counting_book(world: &World, entries: i64) {
    for number in 1..=entries {
        let one = Command { merchant: merchant(0), action: fund(fresh_key(), 1) };
        world.run(&[one], at(number)).await.unwrap();
    }
}

async fn balances_are_read_evenly_over_a_span(world: World) {
    counting_book(&world, 20).await;
    for (first, last, most, expected) in [
        (1, 20, 20, (1..=20).collect::<Vec<_>>()),
        (1, 20, 100, (1..=20).collect()),
        (1, 20, 2, vec![1, 20]),
        (1, 20, 5, vec![1, 5, 10, 15, 20]),
        (4, 10, 4, vec![4, 6, 8, 10]),
        (7, 7, 60, vec![7]),
        (8, 7, 60, vec![]),
        (0, 0, 2, vec![]),
        (19, 22, 60, vec![19, 20]),
    ] {
        let lines = world.store.balances_over(merchant(0), first, last, most).await.unwrap();
        let row = format!("{most} of {first}..={last}");
        assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), expected, "{row}");
        for line in lines {
            assert_eq!((line.after.available.get(), line.after.held.get()), (line.seq, 0), "{row}");
            assert_eq!(line.created_at, at(line.seq), "{row}");
        }
    }
    assert_eq!(world.store.balances_over(merchant(2), 1, 20, 60).await.unwrap(), []);
}

async fn the_number_at_a_time_is_the_first_that_is_not_older(world: World) {
    assert_eq!(world.store.number_at(merchant(0), at(0)).await.unwrap(), 1, "an empty book begins at its end");
    counting_book(&world, 13).await;
    for second in 0..=15 {
        let number = world.store.number_at(merchant(0), at(second)).await.unwrap();
        assert_eq!(number, second.clamp(1, 14), "{second}");
    }
}

async fn outcomes_are_those_of_the_newest_payouts(world: World) {
    let [returned, failed, open] = book(&world).await;
    let before_all = PayoutId::new(at(0), Bucket::new(0), 0);
    let outcomes = |from, limit| world.store.outcomes(merchant(0), from, limit);
    let all = outcomes(before_all, 10).await.unwrap();
    let found: Vec<_> = all.iter().map(|line| (line.status, line.amount)).collect();
    let expected = [(Status::Processing, 30), (Status::Failed, 20), (Status::Returned, 10)];
    assert_eq!(found, expected.map(|(status, paise)| (status, amount(paise))));
    assert!(all.windows(2).all(|pair| pair[0].created_at >= pair[1].created_at));
    assert_eq!(all[2].created_at, at(0));
    assert_eq!(outcomes(before_all, 2).await.unwrap(), all[..2]);
    assert!(returned < failed && failed < open);
    assert_eq!(outcomes(failed, 10).await.unwrap(), all[..2], "from this one on");
    assert_eq!(outcomes(PayoutId::new(at(1), Bucket::new(0), 0), 10).await.unwrap(), []);
    let nobody = MerchantId(uuid::Uuid::nil());
    assert_eq!(world.store.outcomes(nobody, before_all, 10).await.unwrap(), []);
    let pending = fresh_id(merchant(0));
    world.ask(merchant(0), create(pending, fresh_key(), 5), at(9)).await;
    assert_eq!(outcomes(before_all, 1).await.unwrap()[0].status, Status::Pending);
}

async fn no_view_scans_the_book(world: World) {
    let mut raw = world.raw().await;
    long_book(&mut raw).await;
    if world.is_postgres() {
        // As the store sets its connections.
        raw.exec("SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off").await;
    }
    let balances = statement(include_str!("../../src/tables/ledger_entries.rs"), "WITH RECURSIVE step");
    let (bucket, id) = (merchant(0).bucket().get().to_string(), raw.id(merchant(0).0));
    for (sql, third, indexes) in [
        (payrail_store::testing::entries_of_payout(), raw.id(merchant(1).0), &["ledger_once"][..]),
        (balances, "1".to_owned(), &["PRIMARY KEY (bucket=? AND merchant_id=? AND seq=?)"]),
    ] {
        let filled = [("$1", bucket.as_str()), ("$2", &id), ("$3", &third), ("$4", "99"), ("$5", "NULL"), ("$6", "5")];
        let sql = filled.iter().fold(sql, |sql, (name, value)| sql.replace(name, value));
        let plan = raw.plan(&sql).await.join("\n");
        let expected = indexes
            .iter()
            .map(|name| if world.is_postgres() && name.starts_with("PRIMARY") { "ledger_entries_pkey" } else { name });
        assert!(expected.into_iter().all(|name| plan.contains(name)), "{plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("SCAN e"), "{plan}");
    }
}
