//! What does not pass the engine: lists and their cursors, keys, settings, new merchants.

use std::collections::BTreeSet;

use payrail_core::command::{Action, Command};
use payrail_core::ledger::EntryKind;
use payrail_core::payout::Status;
use payrail_store::{Merchant, StoreError};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Email;
use payrail_types::word::Word;
use uuid::Uuid;

use crate::dump::Dump;
use crate::world::{
    MERCHANTS, World, at, back, create, fresh_id, fresh_key, fund, merchant, no_answer, paid, person, refused,
};

on_both_stores!(
    the_ledger_is_read_newest_first_in_pages,
    payouts_are_read_newest_first_in_pages,
    events_are_read_without_a_gap,
    the_doubtful_are_listed_oldest_first,
    a_snapshot_stays_as_it_was,
    a_key_leads_to_its_merchant_until_it_is_revoked,
    settings_are_remembered,
    a_taken_address_leaves_nothing_half_done,
    merchants_are_listed_in_pages,
    an_invalid_time_is_corrupt,
    a_closed_store_is_unavailable,
    unknown_ids_are_not_found,
);

/// Funds one paisa a time until the book has so many entries.
async fn book(world: &World, entries: i64) {
    let one = || Command { merchant: merchant(0), action: fund(fresh_key(), 1) };
    world.run(&(0..entries).map(|_| one()).collect::<Vec<_>>(), at(0)).await.unwrap();
}

async fn the_ledger_is_read_newest_first_in_pages(world: World) {
    book(&world, 10).await;
    let payout = world.ended(merchant(0), 5, paid()).await; // 11 holds, 12 settles
    world.one(merchant(0), back(payout, 5), at(1)).await.unwrap(); // 13
    let cancelled = world.payout(merchant(0), 4).await; // 14
    world.one(merchant(0), Action::Cancel { payout: cancelled }, at(1)).await.unwrap(); // 15
    // A settlement does not touch what is available, and is left out.
    let expected: Vec<_> = (1..=15).rev().filter(|seq| *seq != 12).collect();
    for page in [1, 3, 4, 100] {
        let (mut seqs, mut before) = (Vec::new(), i64::MAX);
        loop {
            let lines = world.store.ledger(merchant(0), before, page).await.unwrap();
            assert!(lines.len() <= page as usize);
            let Some(last) = lines.last() else { break };
            before = last.entry.seq;
            seqs.extend(lines.iter().map(|line| line.entry.seq));
        }
        assert_eq!(seqs, expected);
    }
    let lines = world.store.ledger(merchant(0), 14, 2).await.unwrap();
    assert_eq!((lines[0].entry.kind, lines[0].entry.payout), (EntryKind::Return, Some(payout)));
    assert_eq!(lines[1].bank_account_id.as_deref(), Some("demo-bank-account"));
    assert_eq!(lines[1].payout_status, Some(Status::Returned));
    let fund = &world.store.ledger(merchant(0), 2, 2).await.unwrap()[0];
    assert_eq!((fund.bank_account_id.as_deref(), fund.payout_status), (None, None));
    assert_eq!(world.store.ledger(merchant(0), 1, 10).await.unwrap(), []);
    assert_eq!(world.store.ledger(merchant(0), i64::MIN, 10).await.unwrap(), []);
}

async fn payouts_are_read_newest_first_in_pages(world: World) {
    world.fund(merchant(0), 1_000).await;
    let mut ids = Vec::new();
    for seconds in 0..10 {
        let id = PayoutId::new(at(seconds), merchant(0).bucket(), u128::from(u64::MAX) - seconds as u128);
        world.ask(merchant(0), create(id, fresh_key(), 1), at(seconds)).await;
        ids.push(id);
    }
    for page in [1, 3, 10, 11] {
        let (mut seen, mut before) = (Vec::new(), None);
        loop {
            let payouts = world.store.payouts(merchant(0), before, page).await.unwrap();
            let Some(last) = payouts.last() else { break };
            before = Some(last.id);
            seen.extend(payouts.iter().map(|payout| payout.id));
        }
        assert!(seen.iter().eq(ids.iter().rev()));
    }
    let mut snapshot = world.store.snapshot_of(merchant(0)).await.unwrap();
    let after = snapshot.payouts_after(merchant(0), Some(ids[3]), 2).await.unwrap();
    assert!(after.iter().map(|payout| &payout.id).eq(&ids[4..6]), "oldest first");
}

async fn events_are_read_without_a_gap(world: World) {
    world.fund(merchant(0), 1_000).await;
    let doubtful = world.ended(merchant(0), 1, no_answer()).await;
    world.ended(merchant(0), 2, refused()).await;
    let lost = world.payout(merchant(0), 3).await;
    world.one(merchant(0), Action::Cancel { payout: lost }, at(1)).await.unwrap();
    let events = world.store.events(merchant(0), 0, 100).await.unwrap();
    assert!(events.iter().map(|event| event.seq).eq(1..=9), "{events:#?}");
    let kinds: Vec<_> = events.iter().map(|event| event.kind.as_str()).collect();
    let first = ["balance.funded", "payout.pending", "payout.processing", "payout.in_doubt"];
    let then = ["payout.pending", "payout.processing", "payout.failed", "payout.pending", "payout.cancelled"];
    assert_eq!(kinds, [&first[..], &then[..]].concat());
    assert_eq!((events[0].payout, events[3].payout), (None, Some(doubtful)));
    assert_eq!(world.store.events(merchant(0), 3, 2).await.unwrap(), events[3..5]);
    assert_eq!(world.store.events(merchant(0), 9, 100).await.unwrap(), []);
}

async fn the_doubtful_are_listed_oldest_first(world: World) {
    let mut expected = Vec::new();
    for (number, seconds) in [(0, 30), (1, 10), (2, 20), (1, 5)] {
        let (owner, id) = (merchant(number), fresh_id(merchant(number)));
        world.fund(owner, 100).await;
        world.ask(owner, create(id, fresh_key(), 1), at(0)).await;
        world.claim(owner, id, at(1)).await;
        world.report(owner, id, 1, no_answer(), at(seconds)).await.unwrap();
        expected.push((seconds, owner, id));
    }
    world.payout(merchant(0), 1).await; // no doubt about this one
    world.claim(merchant(1), expected[1].2, at(2_000)).await;
    world.report(merchant(1), expected[1].2, 2, paid(), at(2_000)).await.unwrap();
    expected.remove(1);
    expected.sort();
    let listed = world.store.doubtful(100).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|(owner, payout)| (*owner, payout.id)).collect();
    let expected: Vec<_> = expected.into_iter().map(|(_, owner, id)| (owner, id)).collect();
    assert_eq!(listed, expected);
    assert_eq!(world.store.doubtful(2).await.unwrap().len(), 2);
}

/// For two figures that must agree.
async fn a_snapshot_stays_as_it_was(world: World) {
    book(&world, 3).await;
    let mut snapshot = world.store.snapshot_of(merchant(0)).await.unwrap();
    assert_eq!(snapshot.entries_after(merchant(0), 0, 100).await.unwrap().len(), 3);
    world.payout(merchant(0), 1).await;
    assert_eq!(world.balances(merchant(0)).await, (2, 1));
    assert_eq!(snapshot.entries_after(merchant(0), 0, 100).await.unwrap().len(), 3);
    assert_eq!(snapshot.entries_after(merchant(0), 1, 1).await.unwrap()[0].entry.seq, 2);
    assert_eq!(snapshot.payouts_after(merchant(0), None, 100).await.unwrap(), []);
    drop(snapshot);
    let mut snapshot = world.store.snapshot_of(merchant(0)).await.unwrap();
    assert_eq!(snapshot.payouts_after(merchant(0), None, 100).await.unwrap().len(), 1);
}

async fn a_key_leads_to_its_merchant_until_it_is_revoked(world: World) {
    let (store, ours, theirs) = (&world.store, [1; 32], [2; 32]);
    store.add_key(merchant(0), &ours, "pk_1", at(0)).await.unwrap();
    store.add_key(merchant(1), &theirs, "pk_2", at(0)).await.unwrap();
    assert_eq!(store.merchant_of_key(&ours).await.unwrap(), Some(person(0)));
    // Nobody gets another's key by storing it once more.
    store.add_key(merchant(1), &ours, "pk_1", at(1)).await.unwrap();
    assert_eq!(store.merchant_of_key(&ours).await.unwrap(), Some(person(0)));
    for unknown in [&[3; 32][..], &ours[..31], &[], &[1; 33]] {
        assert_eq!(store.merchant_of_key(unknown).await.unwrap(), None);
    }
    let error = store.add_key(merchant(0), &[1; 31], "pk_3", at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    let mut raw = world.raw().await;
    let now = raw.at(at(2));
    assert_eq!(raw.exec(&format!("UPDATE api_keys SET revoked_at = {now} WHERE prefix = 'pk_1'")).await, 1);
    assert_eq!(store.merchant_of_key(&ours).await.unwrap(), None);
    store.add_key(merchant(0), &ours, "pk_1", at(3)).await.unwrap();
    assert_eq!(store.merchant_of_key(&ours).await.unwrap(), None, "what is revoked stays so");
    assert_eq!(store.merchant_of_key(&theirs).await.unwrap(), Some(person(1)));
}

async fn settings_are_remembered(world: World) {
    assert_eq!(world.store.setting("cursor").await.unwrap(), None);
    for value in ["1", "2", "", "₹\\'\""] {
        world.store.put_setting("cursor", value).await.unwrap();
        assert_eq!(world.second_store().await.setting("cursor").await.unwrap().as_deref(), Some(value));
    }
    assert_eq!(world.store.setting("Cursor").await.unwrap(), None);
}

async fn a_taken_address_leaves_nothing_half_done(world: World) {
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    let newcomer = Merchant { id: merchant(9), ..person(0) };
    assert!(!world.store.add_merchant(&newcomer).await.unwrap());
    // The same merchant under another address, and one that the table itself refuses.
    assert!(
        !world
            .store
            .add_merchant(&Merchant { email: Email::from_stored("other@example.com"), ..person(0) })
            .await
            .unwrap()
    );
    for broken in
        [Merchant { name: String::new(), ..person(9) }, Merchant { email: Email::from_stored(""), ..person(9) }]
    {
        let error = world.store.add_merchant(&broken).await.unwrap_err();
        assert!(matches!(error, StoreError::Refused(_)), "{error:?}");
    }
    assert_eq!(Dump::of(&mut raw).await, before);
    assert!(world.store.add_merchant(&person(9)).await.unwrap());
    assert_eq!(world.store.merchant_of_email(&person(9).email).await.unwrap(), Some(person(9)));
    assert_eq!(world.store.merchant_of_email(&Email::from_stored("nobody@example.com")).await.unwrap(), None);
}

/// Past the end of the calendar; an error, not a panic and not a guess.
async fn an_invalid_time_is_corrupt(world: World) {
    let never = if world.is_postgres() {
        ["'infinity'", "'-infinity'"]
    } else {
        ["9223372036854775807", "-9223372036854775808"]
    };
    for never in never {
        world.raw().await.exec(&format!("UPDATE merchants SET created_at = {never}")).await;
        let error = world.store.merchants(None, 10).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    }
}

async fn a_closed_store_is_unavailable(world: World) {
    world.fund(merchant(0), 100).await;
    let other = world.second_store().await;
    other.close().await;
    let batch = [Command { merchant: merchant(0), action: fund(fresh_key(), 1) }];
    let error = other.execute(&batch, &world.rules, &|| at(0)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(matches!(other.tip(merchant(0)).await.unwrap_err(), StoreError::Unavailable(_)));
    assert_eq!(world.balances(merchant(0)).await, (100, 0));
}

async fn merchants_are_listed_in_pages(world: World) {
    for number in MERCHANTS..20 {
        assert!(world.store.add_merchant(&person(number)).await.unwrap());
    }
    let mut expected: Vec<_> = (0..20).map(merchant).collect();
    expected.sort_by_key(|id| (id.bucket(), *id));
    for page in [1, 7, 20, 100] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let people = world.store.merchants(after, page).await.unwrap();
            let Some(last) = people.last() else { break };
            after = Some(last.id);
            seen.extend(people.iter().map(|person| person.id));
        }
        assert_eq!(seen, expected);
    }
    let buckets: BTreeSet<_> = expected.iter().map(|id| id.bucket()).collect();
    assert!(buckets.len() > 5, "the pages cross buckets");
}

async fn unknown_ids_are_not_found(world: World) {
    let (store, nobody) = (&world.store, MerchantId(Uuid::nil()));
    let payout = fresh_id(nobody);
    assert_eq!(store.tip(nobody).await.unwrap(), payrail_core::ledger::Tip::default());
    assert_eq!(store.payout(nobody, payout).await.unwrap(), None);
    assert_eq!(store.merchant_of_payout(payout).await.unwrap(), None);
    assert_eq!(store.attempts(nobody, payout).await.unwrap(), []);
    assert_eq!(store.due(at(1_000_000), 100).await.unwrap(), []);
    assert_eq!(store.doubtful(100).await.unwrap(), []);
    assert_eq!(world.run(&[], at(0)).await.unwrap(), []);
}
