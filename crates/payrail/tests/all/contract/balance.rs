//! At all times the credits less the debits are the available balance.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use futures::future::join_all;
use serde_json::Value;

use super::pay;
use crate::support::{Process, TINY, World, until};

on_all_stores!(credits_less_debits_always_equal_the_available_balance);

async fn credits_less_debits_always_equal_the_available_balance(world: World) {
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "10")]);
    let (over, compared) = (AtomicBool::new(false), AtomicU32::new(0));
    let work = async {
        for round in 0..10 {
            let accounts = ["demo-success", "demo-fail", "demo-success", "demo-fail"];
            join_all(accounts.iter().map(|account| pay(&server, TINY, 10 + round, account))).await;
            // The next round only when a moment of this one stood still for long enough, however busy the machine.
            let so_far = compared.load(Ordering::SeqCst);
            until("a comparison", async || compared.load(Ordering::SeqCst) > so_far).await;
        }
        until("all are settled", async || server.balances(TINY).await.1 == 0).await;
        over.store(true, Ordering::SeqCst);
    };
    let watch = async {
        while !over.load(Ordering::SeqCst) {
            compared.fetch_add(u32::from(compare(&server).await), Ordering::SeqCst);
        }
    };
    tokio::join!(work, watch);
    assert!(compare(&server).await, "nothing moves any more");
    world.verify();
}

/// The ledger before and after: where both are the same, the balance read in between is of that ledger.
async fn compare(server: &Process) -> bool {
    let all = "/api/v1/ledger/?limit=200";
    let before = server.json(TINY, all).await;
    let (available, _) = server.balances(TINY).await;
    let after = server.json(TINY, all).await;
    assert!(sum(&before) >= 0 && sum(&after) >= 0);
    if before != after {
        return false;
    }
    assert_eq!(sum(&before), available, "{before}");
    true
}

fn sum(ledger: &Value) -> i64 {
    let signed = |entry: &Value| match entry["entry_type"].as_str() {
        Some("credit") => entry["amount_paise"].as_i64().unwrap(),
        Some("debit") => -entry["amount_paise"].as_i64().unwrap(),
        other => panic!("neither credit nor debit: {other:?}"),
    };
    ledger.as_array().unwrap().iter().map(signed).sum()
}
