//! A batch of any size equals its commands one by one: neither its length nor a row's place in it matters.

use std::collections::BTreeMap;

use payrail_core::command::{Action, Command, Reply};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::payout::{Exchange, Payout, Status};
use payrail_store::StoreError;
use payrail_types::ids::{MerchantId, PayoutId};

use crate::dump::Dump;
use crate::world::{World, answer, at, claim, create_to, fresh_id, fresh_key, merchant, paid, stepped};

on_all_stores!(
    a_batch_of_any_size_is_written_whole,
    a_batch_of_any_size_reads_what_it_names,
    amounts_and_texts_keep_their_place,
    one_bad_row_anywhere_fails_the_batch,
);

/// Sizes around those at which a store may change its statements.
const SIZES: [usize; 14] = [1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 128, 200, 513];

/// Payout number `number`: every one different, its account sometimes as long as an account may be.
fn account(number: usize) -> String {
    match number % 4 {
        0 => format!("it's \"{number}\" \\u0000 %s $1 ?"),
        1 => format!("{number:>255}"),
        2 => format!("₹ नमस्ते \u{1f4b8} {number}"),
        _ => format!("{number:₹>255}"),
    }
}

fn owner(number: usize) -> MerchantId {
    merchant((number % 3) as u8)
}

struct Wish {
    number: usize,
    owner: MerchantId,
    id: PayoutId,
    key: IdempotencyKey,
}

impl Wish {
    fn many(count: usize) -> Vec<Self> {
        let wish = |number| Self { number, owner: owner(number), id: fresh_id(owner(number)), key: fresh_key() };
        (0..count).map(wish).collect()
    }

    fn create(&self) -> Command {
        let action = create_to(self.id, self.key, self.number as i64 + 1, &account(self.number));
        Command { merchant: self.owner, action }
    }

    fn claim(&self) -> Command {
        Command { merchant: self.owner, action: claim(self.id, &account(self.number)) }
    }

    fn report(&self, attempt: u32) -> Command {
        let exchange = Exchange { sent: account(self.number + 1), received: account(self.number + 2) };
        let action = Action::Report { payout: self.id, number: attempt, answer: paid(), exchange };
        Command { merchant: self.owner, action }
    }
}

async fn funded(world: World) -> World {
    for number in 0..3 {
        world.fund(merchant(number), 1_000_000_000).await;
    }
    world
}

async fn accepted(world: &World, wishes: &[Wish]) {
    let commands: Vec<_> = wishes.iter().map(Wish::create).collect();
    for reply in world.run(&commands, at(0)).await.unwrap() {
        assert_eq!(answer(reply).status, 201);
    }
}

async fn is_as_requested(world: &World, wish: &Wish, status: Status) -> Payout {
    let payout = world.store.payout(wish.owner, wish.id).await.unwrap().expect("it is there");
    assert_eq!(payout.bank_account_id.as_str(), account(wish.number));
    assert_eq!((payout.amount.get(), payout.status()), (wish.number as i64 + 1, status));
    payout
}

async fn a_batch_of_any_size_is_written_whole(world: World) {
    let world = funded(world).await;
    for size in SIZES {
        let wishes = Wish::many(size);
        accepted(&world, &wishes).await;
        let claims: Vec<_> = wishes.iter().map(Wish::claim).collect();
        let claimed = world.run(&claims, at(1)).await.unwrap();
        let reports = wishes.iter().zip(&claimed).map(|(wish, reply)| match reply {
            Ok(Reply::Claimed { payout, attempt }) if payout.id == wish.id => wish.report(attempt.number),
            other => panic!("{other:?}"),
        });
        let reports: Vec<_> = reports.collect();
        for (wish, reply) in wishes.iter().zip(world.run(&reports, at(2)).await.unwrap()) {
            let stored = is_as_requested(&world, wish, Status::Completed).await;
            assert_eq!(stepped(reply.unwrap()), stored);
            let line = world.store.attempts(wish.owner, wish.id).await.unwrap().remove(0);
            let texts = (line.worker, line.sent.unwrap(), line.received.unwrap());
            assert_eq!(texts, (account(wish.number), account(wish.number + 1), account(wish.number + 2)));
        }
    }
    books_are_gapless(&world, SIZES.iter().sum()).await;
}

/// Each merchant's funding, then a hold and a settlement a payout, and an event for each step.
async fn books_are_gapless(world: &World, payouts: usize) {
    let (mut entries, mut events) = (0, 0);
    for number in 0..3 {
        let mut snapshot = world.store.snapshot_of(merchant(number)).await.unwrap();
        let lines = snapshot.entries_after(merchant(number), 0, 10_000).await.unwrap();
        assert!(lines.iter().zip(1..).all(|(line, seq)| line.entry.seq == seq));
        entries += lines.len();
        let told = world.store.events(merchant(number), 0, 10_000).await.unwrap();
        assert!(told.iter().zip(1..).all(|(event, seq)| event.seq == seq));
        events += told.len();
    }
    assert_eq!((entries, events), (3 + 2 * payouts, 3 + 3 * payouts));
}

async fn a_batch_of_any_size_reads_what_it_names(world: World) {
    let world = funded(world).await;
    for size in SIZES {
        let wishes = Wish::many(size);
        let commands: Vec<_> = wishes.iter().map(Wish::create).collect();
        let first = world.run(&commands, at(0)).await.unwrap();
        let before = Dump::of(&mut world.raw().await).await;
        // Each key is found again, and the first one beside as many that are new to it.
        let again = world.run(&commands, at(1)).await.unwrap();
        for (first, again) in first.into_iter().zip(again) {
            assert!(matches!(again, Ok(Reply::Answered { replayed: true, .. })), "{again:?}");
            assert_eq!(answer(first), answer(again));
        }
        assert_eq!(Dump::of(&mut world.raw().await).await, before);
        let cancels: Vec<_> = wishes
            .iter()
            .map(|wish| Command { merchant: wish.owner, action: Action::Cancel { payout: wish.id } })
            .collect();
        for (wish, reply) in wishes.iter().zip(world.run(&cancels, at(2)).await.unwrap()) {
            let stored = is_as_requested(&world, wish, Status::Cancelled).await;
            assert_eq!(stepped(reply.unwrap()), stored);
        }
    }
}

/// The largest amounts among the smallest, in every place of a long batch.
async fn amounts_and_texts_keep_their_place(world: World) {
    let world = funded(world).await;
    let rest = i64::MAX - 1_000_000_000;
    for (place, size) in [(0, 65), (15, 65), (63, 65), (64, 65), (3, 4), (4, 5), (16, 17)] {
        world.fund(merchant(1), rest).await;
        assert_eq!(world.balances(merchant(1)).await, (i64::MAX, 0));
        let mut wishes = Wish::many(size);
        for wish in &mut wishes {
            wish.owner = merchant(if wish.number == place { 1 } else { 0 });
            wish.id = fresh_id(wish.owner);
        }
        let mut commands: Vec<_> = wishes.iter().map(Wish::create).collect();
        commands[place].action = create_to(wishes[place].id, wishes[place].key, rest, &account(place));
        world.run(&commands, at(0)).await.unwrap().into_iter().for_each(|reply| assert_eq!(answer(reply).status, 201));
        assert_eq!(world.balances(merchant(1)).await, (1_000_000_000, rest));
        for wish in wishes.iter().filter(|wish| wish.number != place) {
            is_as_requested(&world, wish, Status::Pending).await;
        }
        let large = world.store.payout(merchant(1), wishes[place].id).await.unwrap().unwrap();
        assert_eq!((large.amount.get(), large.bank_account_id.to_string()), (rest, account(place)));
        // Settle it, so that the next round can begin with the same amount.
        let claimed = world.claim(merchant(1), large.id, at(0)).await;
        world.report(merchant(1), large.id, claimed.number, paid(), at(0)).await.unwrap();
    }
}

async fn one_bad_row_anywhere_fails_the_batch(world: World) {
    let world = funded(world).await;
    let before = Dump::of(&mut world.raw().await).await;
    // The database refuses an account of 256 characters; both stores refuse a NUL.
    let bad: BTreeMap<&str, String> = [("too long", "a".repeat(256)), ("a NUL", "a\0b".to_owned())].into();
    for (name, text) in bad {
        for place in [0, 3, 4, 15, 16, 63, 64, 199] {
            let wishes = Wish::many(200);
            let mut commands: Vec<_> = wishes.iter().map(Wish::create).collect();
            commands[place].action = create_to(wishes[place].id, wishes[place].key, 1, &text);
            let error = world.run(&commands, at(0)).await.unwrap_err();
            assert!(matches!(error, StoreError::Refused(_)), "{name} at {place}: {error:?}");
            assert_eq!(Dump::of(&mut world.raw().await).await, before, "{name} at {place}");
        }
    }
}
