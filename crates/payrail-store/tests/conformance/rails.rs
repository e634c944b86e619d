//! Rails and banks: what a payout and an attempt name is kept, and never changes.

use jiff::{SignedDuration, Timestamp};
use payrail_core::command::{Action, Command, PayoutRequest, Reply};
use payrail_core::payout::Status;
use payrail_types::ids::PayoutId;
use payrail_types::money::Amount;
use payrail_types::names::BankAccountId;
use payrail_types::rail::{BankId, RailId};

use crate::world::{MICROSECOND, World, at, fresh_id, fresh_key, merchant};

on_all_stores!(
    a_payout_keeps_its_rail_and_its_bank,
    due_payouts_are_found_by_rail,
    waiting_payouts_are_counted_over_all_rails,
    no_rails_list_passes_by_anothers,
);

fn claim(payout: PayoutId, bank: &str) -> Action {
    Action::Claim { payout, worker: "worker-1".to_owned(), bank: Some(BankId::new(bank)) }
}

async fn a_payout_keeps_its_rail_and_its_bank(world: World) {
    world.fund(merchant(0), 1_000).await;
    let id = world.payout(merchant(0), 100).await;
    let command = Command { merchant: merchant(0), action: claim(id, "first") };
    let replies = world.store.execute(&[command], &world.rules, &|| at(5)).await.unwrap();
    assert!(matches!(replies[..], [Ok(Reply::Claimed { .. })]), "{replies:?}");
    let stored = world.store.payout(merchant(0), id).await.unwrap().unwrap();
    assert_eq!((stored.rail, stored.bank), (RailId::DEFAULT, Some(BankId::new("first"))));
    let mut raw = world.raw().await;
    assert_eq!(raw.texts("SELECT bank FROM attempts").await, ["first"]);
    let of = raw.payout(merchant(0), id);
    raw.refuses(&format!("UPDATE payouts SET rail = 'other' WHERE {of}")).await;
    raw.refuses("UPDATE attempts SET bank = 'second'").await;
    raw.refuses("UPDATE payouts SET bank = ''").await;
    assert_eq!(world.store.payout(merchant(0), id).await.unwrap().unwrap().status(), Status::Processing);
}

async fn due_payouts_are_found_by_rail(world: World) {
    world.fund(merchant(0), 1_000).await;
    let id = world.payout(merchant(0), 100).await;
    let due = |rail| world.store.due_from(rail, Timestamp::UNIX_EPOCH, Timestamp::MAX, 10);
    assert_eq!(due(RailId::DEFAULT).await.unwrap().iter().map(|(_, id, _)| *id).collect::<Vec<_>>(), [id]);
    assert!(due(RailId::parse("other").unwrap()).await.unwrap().is_empty());
}

/// Due from `now` on.
async fn payout_on(world: &World, rail: RailId, now: Timestamp) -> PayoutId {
    let id = fresh_id(merchant(0));
    let (amount, bank_account_id) = (Amount::new(1).unwrap(), BankAccountId::from_stored("account"));
    let request = PayoutRequest { amount, bank_account_id, rail: Some(rail), request_id: None };
    world.one(merchant(0), Action::Create { id, key: fresh_key(), request }, now).await.unwrap();
    id
}

async fn waiting_payouts_are_counted_over_all_rails(world: World) {
    let rails = ["a-rail", "bank", "z-rail"].map(|name| RailId::parse(name).unwrap());
    let none = world.store.count_due(at(10)).await.unwrap();
    assert_eq!((none.count, none.oldest), (0, None));
    world.fund(merchant(0), 1_000).await;
    for (number, rail) in rails.into_iter().enumerate().rev() {
        for _ in 0..=number {
            payout_on(&world, rail, at(100 - number as i64)).await;
        }
    }
    let due = world.store.count_due(at(98)).await.unwrap();
    assert_eq!((due.count, due.oldest), (3, Some(at(98))), "the last rail's three");
    let due = world.store.count_due(at(100)).await.unwrap();
    assert_eq!((due.count, due.oldest), (6, Some(at(98))));
    // From an hour before 99 seconds, what is due at 100 is far ahead.
    let ahead = at(99) - SignedDuration::from_hours(1);
    let far = world.store.count_due_far_ahead(ahead).await.unwrap();
    assert_eq!((far.count, far.oldest), (1, Some(at(100))));
    let listed = world.store.due_far_ahead(ahead - MICROSECOND, 10).await.unwrap();
    assert_eq!(
        listed.iter().map(|(_, payout)| payout.due_at().unwrap()).collect::<Vec<_>>(),
        [at(100), at(99), at(99)]
    );
}

/// Thousands that wait for a bank that does not answer stand before the one that is looked for.
async fn no_rails_list_passes_by_anothers(world: World) {
    world.fund(merchant(0), 1_000).await;
    let id = payout_on(&world, RailId::parse("other").unwrap(), at(0)).await;
    let mut raw = world.raw().await;
    if world.is_postgres() {
        raw.exec("SET enable_seqscan = off").await;
    }
    let (from, to) = (raw.at(at(-10)), raw.at(at(10)));
    let plan = raw
        .plan(&format!(
            "SELECT merchant_id, id, due_at FROM payouts WHERE due_at >= {from} AND due_at <= {to} AND rail = 'other' \
             ORDER BY due_at LIMIT 10"
        ))
        .await;
    let (index, sort) =
        if world.is_postgres() { ("Index Cond: ((rail = ", "Sort") } else { ("payouts_due (rail=?", "B-TREE") };
    assert!(plan.iter().any(|step| step.contains(index)), "{plan:#?}");
    assert!(!plan.iter().any(|step| step.contains(sort)), "{plan:#?}");
    let due = world.store.due_from(RailId::parse("other").unwrap(), at(-10), at(10), 10).await.unwrap();
    assert_eq!(due, [(merchant(0), id, at(0))]);
}
