//! No overdraft without the store either: the database itself refuses any entry that does not follow from its
//! predecessor.

use payrail_types::ids::{MerchantId, PayoutId};

use crate::world::{World, at, fresh_id, merchant};
use payrail_store::testing::Sql as Raw;

on_all_stores!(
    a_forged_entry_is_refused,
    a_forged_first_entry_is_refused,
    a_temporary_table_does_not_stand_in_for_the_ledger,
    a_forged_entry_fails_the_whole_statement,
    amounts_that_wrap_64_bits_are_refused,
    of_two_successors_of_one_entry_one_is_refused,
);

/// A forged entry.
pub struct Forged<'a> {
    pub seq: i64,
    pub kind: &'a str,
    pub amount: i64,
    pub after: (i64, i64),
    pub payout: Option<PayoutId>,
}

impl Forged<'_> {
    pub fn values(&self, raw: &Raw, merchant: MerchantId) -> String {
        let Self { seq, kind, amount, after: (available, held), payout } = self;
        let payout = payout.map_or("NULL".to_owned(), |id| raw.id(id.0));
        let (bucket, merchant, at) = (merchant.bucket().get(), raw.id(merchant.0), raw.at(at(1)));
        format!("({bucket}, {merchant}, {seq}, '{kind}', {amount}, {available}, {held}, {payout}, NULL, {at})")
    }

    pub fn insert(&self, raw: &Raw, merchant: MerchantId) -> String {
        format!("INSERT INTO ledger_entries VALUES {}", self.values(raw, merchant))
    }
}

fn forged(seq: i64, kind: &str, amount: i64, after: (i64, i64), payout: Option<PayoutId>) -> Forged<'_> {
    Forged { seq, kind, amount, after, payout }
}

/// Entry 2 is the newest, and after it 4,000 are available and 6,000 are held.
async fn book(world: &World) -> PayoutId {
    world.fund(merchant(0), 10_000).await;
    world.payout(merchant(0), 6_000).await
}

async fn a_forged_entry_is_refused(world: World) {
    let payout = Some(book(&world).await);
    let other = Some(fresh_id(merchant(0)));
    let mut raw = world.raw().await;
    let forgeries = [
        ("an overdraft", forged(3, "hold", 5_000, (-1_000, 11_000), other)),
        ("more settled than is held", forged(3, "settle", 7_000, (4_000, -1_000), payout)),
        ("more refunded than is held", forged(3, "refund", 7_000, (11_000, -1_000), payout)),
        ("money out of nothing", forged(3, "fund", 1, (1_000_000, 6_000), None)),
        ("held money out of nothing", forged(3, "fund", 100, (4_100, 6_100), None)),
        ("a settlement that gives money back", forged(3, "settle", 6_000, (10_000, 0), payout)),
        ("a refund that keeps it", forged(3, "refund", 6_000, (4_000, 0), payout)),
        ("a hold that costs nothing", forged(3, "hold", 100, (4_000, 6_100), other)),
        ("a return that pays double", forged(3, "return", 100, (4_200, 6_000), payout)),
        ("a gap", forged(4, "fund", 100, (4_100, 6_000), None)),
        ("a second entry 2, which follows from entry 1", forged(2, "fund", 100, (10_100, 0), None)),
        ("a second entry 2, which follows from entry 2", forged(2, "fund", 100, (4_100, 6_000), None)),
        ("a second entry 1", forged(1, "fund", 100, (100, 0), None)),
        ("an entry 0", forged(0, "fund", 100, (100, 0), None)),
        ("a negative number", forged(-1, "fund", 100, (100, 0), None)),
        ("an amount of zero", forged(3, "fund", 0, (4_000, 6_000), None)),
        ("a negative amount", forged(3, "fund", -100, (3_900, 6_000), None)),
        ("a kind that there is not", forged(3, "gift", 100, (4_100, 6_000), None)),
        ("a fund with a payout", forged(3, "fund", 100, (4_100, 6_000), payout)),
        ("a hold without one", forged(3, "hold", 100, (3_900, 6_100), None)),
    ];
    for (what, forgery) in forgeries {
        println!("{what}");
        raw.refuses(&forgery.insert(&raw, merchant(0))).await;
    }
    assert_eq!(world.balances(merchant(0)).await, (4_000, 6_000));
    // A correct entry is accepted, so the forgery was the reason for the refusals above.
    raw.exec(&forged(3, "fund", 100, (4_100, 6_000), None).insert(&raw, merchant(0))).await;
    assert_eq!(world.balances(merchant(0)).await, (4_100, 6_000));
}

/// A temporary table hides the real one, unless the trigger names its schema.
async fn a_temporary_table_does_not_stand_in_for_the_ledger(world: World) {
    book(&world).await;
    let mut raw = world.raw().await;
    let schema = if world.is_postgres() { "public" } else { "main" };
    raw.exec(&format!("CREATE TEMP TABLE ledger_entries AS SELECT * FROM {schema}.ledger_entries")).await;
    raw.exec("UPDATE ledger_entries SET available_after = 999900").await;
    let forgery = forged(3, "fund", 100, (1_000_000, 6_000), None).values(&raw, merchant(0));
    raw.refuses(&format!("INSERT INTO {schema}.ledger_entries VALUES {forgery}")).await;
}

async fn a_forged_first_entry_is_refused(world: World) {
    book(&world).await;
    let mut raw = world.raw().await;
    for forgery in [
        forged(2, "fund", 100, (100, 0), None),
        forged(3, "fund", 100, (4_100, 6_000), None),
        forged(1, "fund", 100, (200, 0), None),
        forged(1, "fund", 100, (100, 100), None),
        forged(1, "hold", 100, (-100, 100), Some(fresh_id(merchant(1)))),
    ] {
        raw.refuses(&forgery.insert(&raw, merchant(1))).await;
    }
    raw.exec(&forged(1, "fund", 100, (100, 0), None).insert(&raw, merchant(1))).await;
}

async fn a_forged_entry_fails_the_whole_statement(world: World) {
    book(&world).await;
    let mut raw = world.raw().await;
    let good = forged(3, "fund", 100, (4_100, 6_000), None).values(&raw, merchant(0));
    let forgery = forged(4, "fund", 100, (9_999, 6_000), None).values(&raw, merchant(0));
    let next = forged(4, "fund", 100, (4_200, 6_000), None).values(&raw, merchant(0));
    raw.refuses(&format!("INSERT INTO ledger_entries VALUES {good}, {forgery}")).await;
    assert_eq!(world.store.tip(merchant(0)).await.unwrap().seq, 2);
    raw.exec(&format!("INSERT INTO ledger_entries VALUES {good}, {next}")).await;
    assert_eq!(world.store.tip(merchant(0)).await.unwrap().seq, 4);
}

async fn amounts_that_wrap_64_bits_are_refused(world: World) {
    book(&world).await;
    let mut raw = world.raw().await;
    let wrapped = 4_000_i64.wrapping_add(i64::MAX);
    let (payout, max) = (Some(fresh_id(merchant(0))), i64::MAX);
    for forgery in [
        forged(3, "fund", max, (wrapped, 6_000), None),
        forged(3, "fund", max, (max, 6_000), None),
        forged(3, "hold", max, (4_000_i64.wrapping_sub(max), 6_000_i64.wrapping_add(max)), payout),
        forged(3, "hold", max, (0, max), payout),
    ] {
        raw.refuses(&forgery.insert(&raw, merchant(0))).await;
    }
}

/// Without the merchant's lock: two transactions continue from the same newest entry.
async fn of_two_successors_of_one_entry_one_is_refused(world: World) {
    book(&world).await;
    let (mut first, mut second) = (world.raw().await, world.raw().await);
    first.exec(if world.is_postgres() { "BEGIN" } else { "BEGIN IMMEDIATE" }).await;
    first.exec(&forged(3, "fund", 100, (4_100, 6_000), None).insert(&first, merchant(0))).await;
    let late = forged(3, "hold", 4_000, (0, 10_000), Some(fresh_id(merchant(0)))).insert(&second, merchant(0));
    let second = tokio::spawn(async move { second.refuses(&late).await });
    world.until_one_waits().await;
    assert!(!second.is_finished(), "it waits for the first one's end");
    first.exec("COMMIT").await;
    second.await.unwrap();
    assert_eq!(world.balances(merchant(0)).await, (4_100, 6_000));
}
