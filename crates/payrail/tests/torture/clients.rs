//! The clients: most request payouts, each with a difficult behaviour of its own; one funds the merchants.

use std::sync::Arc;

use rand::RngExt;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::requests::{Answer, Ask, Caller, Merchant, Shared};

const PAYERS: u64 = 10;

/// How the bank will behave; most by the default odds.
const ACCOUNTS: [(&str, u32); 8] = [
    ("demo-bank-account", 60),
    ("demo-success", 14),
    ("demo-fail", 6),
    ("demo-timeout-paid", 6),
    ("demo-timeout-unpaid", 4),
    ("demo-return", 5),
    ("demo-slow", 4),
    ("demo-silent", 1),
];

pub fn start(seed: u64, shared: &Arc<Shared>, merchants: &Arc<[Merchant]>) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for number in 0..PAYERS {
        let caller = Caller::new(&format!("payer-{number}"), seed ^ (number + 1) << 32, shared);
        clients.spawn(pay(caller, merchants.clone()));
    }
    clients.spawn(bring_money(Caller::new("treasurer", seed ^ 0xF00D << 32, shared), merchants.clone()));
    clients
}

async fn pay(mut caller: Caller, merchants: Arc<[Merchant]>) {
    let mut past: Vec<(Merchant, Ask)> = Vec::new();
    while !caller.is_closing() {
        let merchant = merchants[caller.chance.random_range(0..merchants.len())].clone();
        let ask = wish(&mut caller);
        match caller.chance.random_range(0..100) {
            0..45 => drop(caller.ask(&merchant, &ask).await),
            45..55 => at_once(&mut caller, &merchant, &ask, &ask.clone()).await,
            55..58 => at_once(&mut caller, &merchant, &ask, &otherwise(&ask)).await,
            58..64 => {
                caller.ask(&merchant, &ask).await;
                caller.ask(&merchant, &otherwise(&ask)).await;
            }
            64..72 => drop(caller.ask(&merchant, &greedy(&ask)).await),
            72..82 => withdraw(&mut caller, &merchant, &ask).await,
            82..90 => ask_again(&mut caller, &past).await,
            90..94 => drop(caller.once(&merchant, &Ask::Me).await),
            94..97 => drop(caller.once(&merchant, &Ask::List).await),
            _ => look_at(&mut caller, &merchant, &ask).await,
        }
        past.push((merchant, ask));
        caller.rest(20, 120).await;
    }
}

fn wish(caller: &mut Caller) -> Ask {
    let mut dice = caller.chance.random_range(0..100);
    let account = ACCOUNTS.iter().find(|(_, share)| {
        let is_it = dice < *share;
        dice = dice.saturating_sub(*share);
        is_it
    });
    let account = account.map_or(ACCOUNTS[0].0, |(name, _)| name).to_owned();
    Ask::Create { key: key(caller), amount: caller.chance.random_range(1..1_500), account }
}

fn key(caller: &mut Caller) -> Uuid {
    uuid::Builder::from_random_bytes(caller.chance.random()).into_uuid()
}

/// Another request under the same key.
fn otherwise(ask: &Ask) -> Ask {
    match ask {
        Ask::Create { key, amount, account } => Ask::Create { key: *key, amount: amount + 1, account: account.clone() },
        other => other.clone(),
    }
}

/// More than most merchants have.
fn greedy(ask: &Ask) -> Ask {
    match ask {
        Ask::Create { key, amount, account } => {
            Ask::Create { key: *key, amount: amount * 40, account: account.clone() }
        }
        other => other.clone(),
    }
}

/// From two tasks at the same time.
async fn at_once(caller: &mut Caller, merchant: &Merchant, one: &Ask, other: &Ask) {
    let mut twin = caller.twin();
    tokio::join!(caller.ask(merchant, one), twin.ask(merchant, other));
}

async fn withdraw(caller: &mut Caller, merchant: &Merchant, ask: &Ask) {
    if let Some(payout) = caller.ask(merchant, ask).await.as_ref().and_then(Answer::payout) {
        caller.ask(merchant, &Ask::Cancel(payout)).await;
    }
}

/// Repeats an old request, like a client that lost the answer.
async fn ask_again(caller: &mut Caller, past: &[(Merchant, Ask)]) {
    if !past.is_empty() {
        let (merchant, ask) = &past[caller.chance.random_range(0..past.len())];
        caller.ask(merchant, ask).await;
    }
}

async fn look_at(caller: &mut Caller, merchant: &Merchant, ask: &Ask) {
    if let Some(payout) = caller.ask(merchant, ask).await.as_ref().and_then(Answer::payout) {
        for _ in 0..3 {
            caller.once(merchant, &Ask::Show(payout)).await;
            caller.rest(20, 400).await;
        }
    }
}

/// Funds little and often, so that there is never enough for all.
async fn bring_money(mut caller: Caller, merchants: Arc<[Merchant]>) {
    while !caller.is_closing() {
        let merchant = &merchants[caller.chance.random_range(0..merchants.len())];
        let amount = caller.chance.random_range(1..6_000);
        let ask = Ask::Fund { key: key(&mut caller), amount, description: format!("Brought {amount}") };
        caller.ask(merchant, &ask).await;
        if caller.chance.random_range(0..4) == 0 {
            caller.ask(merchant, &ask).await;
        }
        caller.rest(50, 250).await;
    }
}
