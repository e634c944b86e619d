//! Tenant isolation: no command and no read of one merchant reaches another's payouts. Merchants 0 and 2 share a
//! bucket, so only the merchant's id tells their rows apart.

use payrail_core::command::{Action, Command, Refusal};
use payrail_core::payout::{Status, Verdict};
use payrail_types::ids::{MerchantId, PayoutId};
use uuid::Uuid;

use crate::dump::Dump;
use crate::world::{
    MERCHANTS, World, answer, ask, at, back, claim, create, decide, fresh_id, fresh_key, fund, merchant, no_answer,
    paid, report,
};

on_all_stores!(
    another_merchants_payout_is_unknown,
    no_read_crosses,
    an_unknown_merchant_fails_alone,
    the_same_payout_id_under_three_merchants_is_three_payouts,
);

#[test]
fn two_merchants_share_a_bucket() {
    assert_eq!(merchant(0).bucket(), merchant(2).bucket());
    assert_ne!(merchant(0).bucket(), merchant(1).bucket());
}

async fn another_merchants_payout_is_unknown(world: World) {
    world.fund(merchant(0), 10_000).await;
    world.fund(merchant(2), 10_000).await;
    let theirs = world.payout(merchant(0), 1_000).await;
    let number = world.claim(merchant(0), theirs, at(0)).await.number;
    let paid_out = world.ended(merchant(0), 1_000, paid()).await;
    let pending = world.payout(merchant(0), 1_000).await;
    let doubtful = world.ended(merchant(0), 1_000, no_answer()).await;
    let mut raw = world.raw().await;
    let before = Dump::of(&mut raw).await;
    for action in [
        Action::Cancel { payout: pending },
        claim(pending, "thief"),
        report(theirs, number, paid()),
        Action::Release { payout: theirs, number },
        back(paid_out, 1_000),
        ask(doubtful),
        decide(doubtful, Verdict::NotPaid),
    ] {
        // Not even beside a command of the owner's, which loads the same rows.
        let owners = Command { merchant: merchant(0), action: Action::Release { payout: theirs, number: 99 } };
        let thiefs = Command { merchant: merchant(2), action };
        let replies = world.run(&[owners, thiefs], at(1)).await.unwrap();
        assert_eq!(replies, [Err(Refusal::StaleAttempt), Err(Refusal::UnknownPayout)]);
    }
    assert_eq!(Dump::of(&mut raw).await, before);
}

async fn no_read_crosses(world: World) {
    for number in 0..MERCHANTS {
        world.fund(merchant(number), 10_000 + i64::from(number)).await;
    }
    let theirs = world.ended(merchant(0), 1_000, paid()).await;
    let own = world.payout(merchant(2), 7).await;
    let (a, b, store) = (merchant(0), merchant(2), &world.store);
    assert_eq!(store.payout(b, theirs).await.unwrap(), None);
    assert_eq!(store.attempts(b, theirs).await.unwrap(), []);
    assert_eq!(store.attempts(a, theirs).await.unwrap().len(), 1);
    for before in [None, Some(PayoutId(Uuid::max()))] {
        let listed = store.payouts(b, before, 100).await.unwrap();
        assert_eq!(listed.iter().map(|payout| payout.id).collect::<Vec<_>>(), [own]);
    }
    // Another's id as a cursor is only a position in time.
    assert!(store.payouts(b, Some(theirs), 100).await.unwrap().iter().all(|payout| payout.id == own));
    assert_eq!(store.ledger(b, i64::MAX, 100).await.unwrap().len(), 2);
    assert_eq!(store.events(b, 0, 100).await.unwrap().len(), 2);
    assert_eq!(world.balances(b).await, (9_995, 7));
    assert_eq!(store.merchant_of_payout(theirs).await.unwrap(), Some(a));
    let mut snapshot = store.snapshot_of(b).await.unwrap();
    assert_eq!(snapshot.entries_after(b, 0, 100).await.unwrap().len(), 2);
    assert_eq!(snapshot.payouts_after(b, None, 100).await.unwrap().len(), 1);
}

async fn an_unknown_merchant_fails_alone(world: World) {
    // Of the same cell as the others.
    let nobody = MerchantId(Uuid::from_u128(44));
    world.fund(merchant(0), 10_000).await;
    let payout = world.payout(merchant(0), 1_000).await;
    let batch = [
        Command { merchant: nobody, action: fund(fresh_key(), 100) },
        Command { merchant: merchant(0), action: create(fresh_id(merchant(0)), fresh_key(), 1_000) },
        Command { merchant: nobody, action: claim(payout, "w") },
        Command { merchant: nobody, action: create(fresh_id(nobody), fresh_key(), 1) },
        Command { merchant: merchant(2), action: fund(fresh_key(), 100) },
    ];
    let replies = world.run(&batch, at(1)).await.unwrap();
    for n in [0, 2, 3] {
        assert_eq!(replies[n], Err(Refusal::UnknownMerchant));
    }
    for n in [1, 4] {
        assert_eq!(answer(replies[n].clone()).status, 201);
    }
    assert_eq!(world.store.tip(nobody).await.unwrap().seq, 0);
    assert_eq!(world.store.payouts(nobody, None, 10).await.unwrap(), []);
}

/// Ids come from the caller, so equal ids of different merchants must stay separate.
async fn the_same_payout_id_under_three_merchants_is_three_payouts(world: World) {
    let id = fresh_id(merchant(1));
    for number in 0..MERCHANTS {
        world.fund(merchant(number), 10_000).await;
        let paise = 1_000 + i64::from(number);
        assert_eq!(world.ask(merchant(number), create(id, fresh_key(), paise), at(0)).await.status, 201);
    }
    // Two of them in one batch; the third stays pending.
    let claims = [1, 2].map(|number| Command { merchant: merchant(number), action: claim(id, "worker-1") });
    assert!(world.run(&claims, at(0)).await.unwrap().iter().all(Result::is_ok));
    world.report(merchant(2), id, 1, paid(), at(0)).await.unwrap();
    for (number, balances, status, attempts) in [
        (0, (9_000, 1_000), Status::Pending, 0),
        (1, (8_999, 1_001), Status::Processing, 1),
        (2, (8_998, 0), Status::Completed, 1),
    ] {
        let owner = merchant(number);
        assert_eq!(world.balances(owner).await, balances);
        assert_eq!(world.store.payout(owner, id).await.unwrap().unwrap().status(), status);
        assert_eq!(world.store.attempts(owner, id).await.unwrap().len(), attempts);
    }
    assert_eq!(world.store.merchant_of_payout(id).await.unwrap(), Some(merchant(1)), "by the bucket it carries");
}
