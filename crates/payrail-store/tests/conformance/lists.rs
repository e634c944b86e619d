//! Operators' lists: every row once, newest first, for any page size; filters that read a bounded number of rows; and
//! sums that equal the books'.

use payrail_core::command::{Action, Command};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{Payout, Status};
use payrail_store::{
    ActionFilter, EntryFilter, Found, LOOKED_AT_MAX, Merchant, PayoutFilter, RecordFilter, Waiting, Window,
};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Email;
use payrail_types::operator::ByOperator;
use payrail_types::operator::OperatorActionKind;
use payrail_types::word::Word;
use uuid::Uuid;

use crate::world::{
    MERCHANTS, World, ask, at, create, create_to, decide, decided_paid, fresh_key, fund, merchant, no_answer, person,
};

on_all_stores!(
    payouts_of_all_merchants_come_newest_first,
    a_filter_looks_at_a_bounded_number_of_rows,
    entries_of_all_merchants_come_newest_first,
    records_are_found_by_merchant_by_key_and_by_time,
    the_audit_log_is_read_newest_first,
    merchants_are_found_by_a_part_of_name_or_address,
    the_sums_are_those_of_the_books,
);

const PAGES: [u32; 4] = [1, 3, 7, 100];

/// All pages to the end.
async fn walk<T, P: Copy>(limit: u32, page: impl AsyncFn(Option<P>, u32) -> Found<T, P>) -> Vec<T> {
    let (mut all, mut from) = (Vec::new(), None);
    for _ in 0..1_000 {
        let found = page(from, limit).await;
        assert!(found.items.len() <= limit as usize);
        all.extend(found.items);
        match found.next {
            Some(next) => from = Some(next),
            None => return all,
        }
    }
    panic!("it leads in a circle");
}

/// Payouts of all merchants: one each at every second from 0 to 9, those of a second in one batch.
async fn history(world: &World) -> Vec<(MerchantId, PayoutId)> {
    let mut made = Vec::new();
    for number in 0..MERCHANTS {
        world.fund(merchant(number), 1_000).await;
    }
    for second in 0..10 {
        let batch: Vec<_> = (0..MERCHANTS)
            .map(|number| {
                let owner = merchant(number);
                let id = PayoutId::new(at(second), owner.bucket(), u128::from(number));
                made.push((owner, id));
                let action = create_to(id, fresh_key(), 1, &format!("bank-{number}-{second}"));
                Command { merchant: owner, action }
            })
            .collect();
        world.run(&batch, at(second)).await.unwrap();
    }
    // Of one moment, by id; and so back in time.
    made.sort_by_key(|(_, id)| std::cmp::Reverse((id.0.as_u128() >> 80, id.0)));
    made
}

async fn payouts(world: &World, filter: &PayoutFilter<'_>, limit: u32) -> Vec<(MerchantId, PayoutId)> {
    let found = walk(limit, async |from, limit| world.store.search_payouts(filter, from, limit).await.unwrap()).await;
    found.into_iter().map(|(merchant, payout)| (merchant, payout.id)).collect()
}

fn second_of(id: PayoutId) -> i64 {
    (id.0.as_u128() >> 80) as i64 / 1_000 - at(0).as_second()
}

async fn payouts_of_all_merchants_come_newest_first(world: World) {
    let made = history(&world).await;
    let is_odd = |payout: &Payout| second_of(payout.id) % 2 == 1;
    for limit in PAGES {
        assert_eq!(payouts(&world, &PayoutFilter::default(), limit).await, made, "by {limit}");
        for of in [None, Some(merchant(1))] {
            for (from, to) in [(None, None), (Some(3), None), (None, Some(7)), (Some(3), Some(7)), (Some(7), Some(3))] {
                let window = Window { from: from.map(at), to: to.map(at) };
                for takes in [None, Some(&is_odd as &(dyn Fn(&Payout) -> bool + Sync))] {
                    let expected: Vec<_> = made
                        .iter()
                        .filter(|(owner, id)| {
                            let second = second_of(*id);
                            of.is_none_or(|of| of == *owner)
                                && from.is_none_or(|from| from <= second)
                                && to.is_none_or(|to| second < to)
                                && (takes.is_none() || second % 2 == 1)
                        })
                        .copied()
                        .collect();
                    let filter = PayoutFilter { merchant: of, window, takes };
                    let found = payouts(&world, &filter, limit).await;
                    assert_eq!(found, expected, "{of:?} {window:?} {} by {limit}", takes.is_some());
                }
            }
        }
    }
}

/// More rows than one read: the first finds nothing, and returns where to continue.
async fn a_filter_looks_at_a_bounded_number_of_rows(world: World) {
    world.fund(merchant(0), 1_000_000).await;
    let wanted = world.payout(merchant(0), 77).await;
    for batch in 0..(LOOKED_AT_MAX as i64 / 500 + 1) {
        let commands: Vec<_> = (0..500_u128)
            .map(|number| {
                let id = PayoutId::new(at(batch + 1), merchant(0).bucket(), number);
                Command { merchant: merchant(0), action: create(id, fresh_key(), 1) }
            })
            .collect();
        world.run(&commands, at(batch + 1)).await.unwrap();
    }
    let is_wanted = |payout: &Payout| payout.amount.get() == 77;
    for of in [None, Some(merchant(0))] {
        let filter = PayoutFilter { merchant: of, takes: Some(&is_wanted), ..PayoutFilter::default() };
        let first = world.store.search_payouts(&filter, None, 50).await.unwrap();
        assert!(first.items.is_empty(), "it lies deeper");
        let second =
            world.store.search_payouts(&filter, Some(first.next.expect("a place to look on")), 50).await.unwrap();
        assert!(second.items.iter().map(|(_, payout)| payout.id).eq([wanted]));
        assert_eq!(second.next, None);
        let kind = EntryFilter { merchant: of, kind: Some(EntryKind::Fund), ..EntryFilter::default() };
        let first = world.store.search_entries(&kind, None, 50).await.unwrap();
        assert!(first.items.is_empty());
        let second = world.store.search_entries(&kind, first.next, 50).await.unwrap();
        assert!(second.items.iter().map(|(_, line)| line.entry.kind).eq([EntryKind::Fund]));
        assert_eq!(second.next, None);
    }
    the_lists_walk_along_an_index(&world).await;
}

async fn entries_of_all_merchants_come_newest_first(world: World) {
    history(&world).await;
    let all = async |filter: &EntryFilter, limit| {
        walk(limit, async |from, limit| world.store.search_entries(filter, from, limit).await.unwrap()).await
    };
    let mut expected = Vec::new();
    for number in 0..MERCHANTS {
        let lines = world
            .store
            .snapshot_of(merchant(number))
            .await
            .unwrap()
            .entries_after(merchant(number), 0, 100)
            .await
            .unwrap();
        assert_eq!(lines.len(), 11);
        expected.extend(lines.into_iter().map(|line| (merchant(number), line.entry)));
    }
    expected.sort_by_key(|(owner, entry)| std::cmp::Reverse((entry.created_at, owner.0, entry.seq)));
    for limit in PAGES {
        for of in [None, Some(merchant(2))] {
            for kind in [None, Some(EntryKind::Hold)] {
                for (from, to) in [(None, None), (Some(3), Some(7)), (None, Some(0)), (Some(100), None)] {
                    let window = Window { from: from.map(at), to: to.map(at) };
                    let wanted = expected.iter().filter(|(owner, entry)| {
                        of.is_none_or(|of| of == *owner)
                            && kind.is_none_or(|kind| kind == entry.kind)
                            && window.has(entry.created_at)
                    });
                    let found = all(&EntryFilter { merchant: of, kind, window }, limit).await;
                    let found: Vec<_> = found.into_iter().map(|(owner, line)| (owner, line.entry)).collect();
                    assert!(found.iter().eq(wanted), "{of:?} {kind:?} {window:?} by {limit}: {found:#?}");
                }
            }
        }
    }
    let newest = &all(&EntryFilter::default(), 1).await[0].1;
    assert!(newest.bank_account_id.as_deref().is_some_and(|account| account.ends_with("-9")));
    assert_eq!(newest.payout_status, Some(Status::Pending));
}

async fn records_are_found_by_merchant_by_key_and_by_time(world: World) {
    history(&world).await;
    let asked = IdempotencyKey(Uuid::from_u128(1));
    for number in [0, 1] {
        world.ask(merchant(number), fund(asked, 5), at(20)).await;
    }
    let refused = fresh_key();
    world.ask(merchant(2), create(PayoutId::new(at(21), merchant(2).bucket(), 9), refused, 10_000), at(21)).await;
    let all = async |filter: &RecordFilter, limit| {
        walk(limit, async |from, limit| world.store.search_records(filter, from, limit).await.unwrap()).await
    };
    let everything = all(&RecordFilter::default(), 100).await;
    assert_eq!(everything.len(), 3 * 11 + 3);
    let sorted =
        everything.is_sorted_by_key(|(owner, record)| std::cmp::Reverse((record.created_at, owner.0, record.key)));
    assert!(sorted, "newest first");
    let first = &everything[0];
    assert_eq!((first.0, first.1.key, first.1.answer.status), (merchant(2), refused, 400));
    assert!(first.1.payout.is_none() && first.1.expires_at.is_some());
    for limit in PAGES {
        assert_eq!(all(&RecordFilter::default(), limit).await, everything);
        for (of, key, window) in [
            (Some(merchant(1)), None, Window::default()),
            (None, Some(asked), Window::default()),
            (Some(merchant(1)), Some(asked), Window::default()),
            (Some(merchant(2)), Some(asked), Window::default()),
            (Some(merchant(1)), Some(asked), Window { from: Some(at(21)), to: None }),
            (None, None, Window { from: Some(at(4)), to: Some(at(6)) }),
        ] {
            let wanted = everything.iter().filter(|(owner, record)| {
                of.is_none_or(|of| of == *owner)
                    && key.is_none_or(|key| key == record.key)
                    && window.has(record.created_at)
            });
            let found = all(&RecordFilter { merchant: of, key, window }, limit).await;
            assert!(found.iter().eq(wanted), "{of:?} {key:?} {window:?}: {found:#?}");
        }
    }
}

async fn the_audit_log_is_read_newest_first(world: World) {
    world.fund(merchant(0), 1_000).await;
    let payout = world.ended(merchant(0), 1_000, no_answer()).await;
    world.one(merchant(0), ask(payout), at(1)).await.unwrap();
    world.one(merchant(0), decide(payout, decided_paid()), at(2)).await.unwrap();
    let by = Some(ByOperator { name: "Bela".to_owned(), action_id: fresh_key().0 });
    let Action::Fund { key, amount, description, .. } = fund(fresh_key(), 7) else { unreachable!() };
    world.one(merchant(1), Action::Fund { key, amount, description, by }, at(3)).await.unwrap();
    let words = async |filter: ActionFilter, limit| {
        let found =
            walk(limit, async |from, limit| world.store.search_actions(&filter, from, limit).await.unwrap()).await;
        found.into_iter().map(|done| format!("{} {}", done.operator, done.action.as_str())).collect::<Vec<_>>()
    };
    let all = ["Bela funded", "Ana decided_paid", "Ana asked_bank"];
    for limit in [1, 2, 3, 50] {
        assert_eq!(words(ActionFilter::default(), limit).await, all);
        let of = |number| ActionFilter { merchant: Some(merchant(number)), ..ActionFilter::default() };
        assert_eq!(words(of(0), limit).await, all[1..]);
        assert_eq!(words(of(2), limit).await, [""; 0]);
        let by = ActionFilter { operator: Some("ana".to_owned()), ..ActionFilter::default() };
        assert_eq!(words(by, limit).await, all[1..]);
        let action = ActionFilter { action: Some(OperatorActionKind::Funded), ..ActionFilter::default() };
        assert_eq!(words(action, limit).await, all[..1]);
    }
    let about = world.store.actions_about(merchant(0), &payout.to_string(), 10).await.unwrap();
    let about: Vec<_> = about.iter().map(|done| (done.action.as_str(), done.merchant)).collect();
    assert_eq!(about, [("asked_bank", Some(merchant(0))), ("decided_paid", Some(merchant(0)))], "oldest first");
    assert_eq!(world.store.actions_about(merchant(1), &payout.to_string(), 10).await.unwrap(), []);
}

async fn merchants_are_found_by_a_part_of_name_or_address(world: World) {
    let other =
        Merchant { name: "Ärger & Söhne".to_owned(), email: Email::from_stored("aerger@example.org"), ..person(9) };
    assert!(world.store.add_merchant(&other).await.unwrap());
    for limit in PAGES {
        for (text, count) in [
            (None, 4),
            (Some("MERCHANT-1@"), 1),
            (Some("merchant"), 3),
            (Some("SÖHNE"), 1),
            (Some("%"), 0),
            (Some("."), 4),
        ] {
            let found =
                walk(limit, async |after, limit| world.store.search_merchants(text, after, limit).await.unwrap()).await;
            assert_eq!(found.len(), count, "{text:?} by {limit}");
        }
    }
}

async fn the_sums_are_those_of_the_books(world: World) {
    let empty = world.store.trial_balance().await.unwrap();
    assert_eq!((empty.merchants, empty.available, empty.held, empty.bank), (3, 0, 0, 0));
    assert_eq!(world.store.count_in_doubt().await.unwrap(), Waiting::default());
    // The sum exceeds 64 bits.
    for number in [0, 1] {
        world.fund(merchant(number), i64::MAX).await;
    }
    world.payout(merchant(0), 5).await;
    let doubtful = world.ended(merchant(1), 7, no_answer()).await;
    let sums = world.store.trial_balance().await.unwrap();
    let both = 2 * i128::from(i64::MAX);
    assert_eq!((sums.merchants, sums.available, sums.held, sums.bank), (3, both - 12, 12, -both));
    let since = world.store.payout(merchant(1), doubtful).await.unwrap().unwrap();
    assert!(since.is_in_doubt());
    assert_eq!(world.store.count_in_doubt().await.unwrap(), Waiting { count: 1, oldest: Some(at(0)) });
    assert_eq!(world.store.count_due(at(0)).await.unwrap(), Waiting { count: 1, oldest: Some(at(0)) });
    assert_eq!(world.store.count_due(at(1_000_000)).await.unwrap(), Waiting { count: 2, oldest: Some(at(0)) });
}

/// However long the history: no list sorts all of it. (The statements are those of the store, in short.)
async fn the_lists_walk_along_an_index(world: &World) {
    let mut raw = world.raw().await;
    if world.is_postgres() {
        raw.exec("SET enable_seqscan = off").await;
        raw.exec("ANALYZE").await;
    }
    let (then, when, who) = (raw.at(at(0)), raw.at(at(5)), raw.id(merchant(0).0));
    for (table, only, tie, place, index) in [
        // Payouts, by their holds.
        ("ledger_entries", "kind = 'hold' AND", "payout_id", who.clone(), "ledger_newest"),
        ("ledger_entries", "", "merchant_id, seq", format!("{who}, 5"), "ledger_newest"),
        ("idempotency_records", "", "merchant_id, key", format!("{who}, {who}"), "idempotency_newest"),
    ] {
        let order = tie.replace(", ", " DESC, ");
        let plan = raw
            .plan(&format!(
                "SELECT * FROM {table} WHERE {only} created_at >= {then} AND (created_at, {tie}) < ({when}, {place}) \
                 ORDER BY created_at DESC, {order} DESC LIMIT 50"
            ))
            .await
            .join("\n");
        assert!(plan.contains(index), "{table}: {plan}");
        let sorts_all = |line: &str| line.trim_start().starts_with("->  Sort") || line.ends_with("B-TREE FOR ORDER BY");
        assert!(!plan.lines().any(sorts_all), "{table}: {plan}");
    }
}
