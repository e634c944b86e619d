//! Linearizability: the answers to concurrent requests equal the core's answers in some sequential order, in which no
//! request comes before one that was answered before it was sent. Random concurrent histories are recorded and searched
//! for such an order.

mod clients;
mod record;
mod sequence;

use crate::histories::{Dice, rules};
use crate::proxy::Proxy;
use crate::world::{World, merchant, person};

use clients::Shared;
use record::{Asked, Record};
use sequence::{Answered, has_an_order};

on_both_stores!(concurrent_histories_have_an_order, a_wrong_answer_has_none);

const HISTORIES: u64 = 30;
/// On a machine that hardly does two things at once it takes more of them.
const HISTORIES_MAX: u64 = 120;
/// The search takes longer the more is asked at once.
const CLIENTS: usize = 4;
const QUESTIONS: usize = 7;

/// On one database, with two merchants of its own for each history.
async fn concurrent_histories_have_an_order(world: World) {
    let mut sum = record::Figures::default();
    let proxy = if world.is_postgres() { Some(Proxy::before(&world.database.url).await) } else { None };
    for seed in 0..HISTORIES_MAX {
        if seed >= HISTORIES && sum.suffice(world.is_postgres()) {
            break;
        }
        let record = play(&world, proxy.as_ref(), seed).await;
        sum.add(record.figures());
        for owner in record.merchants() {
            let order = has_an_order(&record, owner, rules(seed));
            assert!(order, "seed {seed}: no order explains\n{}", record.timeline(owner));
        }
    }
    println!("histories on {}: {sum:?}", if world.is_postgres() { "PostgreSQL" } else { "SQLite" });
    assert!(sum.suffice(world.is_postgres()), "too little at once, or no commit was cut off: {sum:?}");
}

/// Several processes on PostgreSQL, one of them behind a wire that is cut on COMMIT now and then; on SQLite one, as
/// the program has it, whose writer is everybody's.
async fn play(world: &World, proxy: Option<&Proxy>, seed: u64) -> Record {
    let numbers = [2 * seed as u8 + 10, 2 * seed as u8 + 11];
    for number in numbers {
        world.store.add_merchant(&person(number)).await.unwrap();
    }
    let mut stores = vec![world.store.clone()];
    if let Some(proxy) = proxy {
        stores.push(world.second_store().await);
        stores.push(payrail_store::Store::open(&proxy.url, 2, 2).await.unwrap());
    }
    let shared = Shared::new(rules(seed), numbers.map(merchant));
    shared.open(&stores[0]).await;
    let clients = (0..CLIENTS).map(|number| {
        let (shared, store) = (shared.clone(), stores[number % stores.len()].clone());
        let dice = Dice(seed << 8 | number as u64);
        tokio::spawn(async move { shared.ask_away(&store, number, QUESTIONS, dice).await })
    });
    let clients: Vec<_> = clients.collect();
    if let Some(proxy) = proxy {
        clients::cut_now_and_then(proxy, Dice(seed)).await;
    }
    for client in clients {
        client.await.unwrap();
    }
    shared.close(&stores[0]).await;
    shared.record()
}

/// Tests the search: one forged answer makes a history with an order lose it.
async fn a_wrong_answer_has_none(world: World) {
    let mut forged = 0;
    for seed in 0..3 {
        let record = play(&world, None, seed).await;
        for owner in record.merchants() {
            assert!(has_an_order(&record, owner, rules(seed)), "the history itself");
            for (number, forge) in (0..record.len()).flat_map(|number| FORGERIES.map(|forge| (number, forge))) {
                let mut copy = record.clone();
                if copy.forge(number, owner, forge) {
                    forged += 1;
                    let order = has_an_order(&copy, owner, rules(seed));
                    assert!(!order, "answer {number} is forged, and there is an order for\n{}", copy.timeline(owner));
                }
            }
        }
    }
    println!("{forged} forged answers, none with an order");
    assert!(forged > 10, "only {forged} answers to forge");
}

type Forgery = fn(&Asked, &mut Answered) -> bool;

/// Each makes an answer wrong, if it is of the kind that it knows.
const FORGERIES: [Forgery; 4] = [forge::a_paisa, forge::a_replay, forge::a_payout, forge::a_refusal];

mod forge {
    use payrail_core::command::{Refusal, Reply};
    use payrail_types::money::Paise;

    use super::{Answered, Asked};

    /// A balance that never existed.
    pub fn a_paisa(_: &Asked, answer: &mut Answered) -> bool {
        let Answered::Tip(tip) = answer else { return false };
        tip.balances.available = Paise::new(tip.balances.available.get() + 1);
        true
    }

    /// A first answer marked as a replay, or the reverse.
    pub fn a_replay(_: &Asked, answer: &mut Answered) -> bool {
        let Answered::Replies(replies) = answer else { return false };
        let Some(Ok(Reply::Answered { replayed, .. })) = replies.first_mut() else { return false };
        *replayed = !*replayed;
        true
    }

    /// A step that somebody else had taken in the meantime.
    pub fn a_payout(_: &Asked, answer: &mut Answered) -> bool {
        let Answered::Replies(replies) = answer else { return false };
        let Some(Ok(Reply::Claimed { payout, attempt })) = replies.first_mut() else { return false };
        payout.attempts += 1;
        attempt.number += 1;
        true
    }

    /// A claim that was given is said to have been refused.
    pub fn a_refusal(_: &Asked, answer: &mut Answered) -> bool {
        let Answered::Replies(replies) = answer else { return false };
        let Some(reply @ Ok(Reply::Claimed { .. })) = replies.first_mut() else { return false };
        *reply = Err(Refusal::NotDue);
        true
    }
}
