//! Promises 1 and 5 from outside: two requests at the same time, and sixty-four with one key.

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::json;

use crate::gate::Gate;
use crate::support::{Process, TINY, World, key, until};

on_all_stores!(
    of_two_payouts_that_cannot_both_be_paid_one_is_refused,
    the_originals_concurrency_script_sees_one_refusal,
    one_key_makes_one_payout
);

const ROUNDS: usize = 200;

async fn of_two_payouts_that_cannot_both_be_paid_one_is_refused(world: World) {
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "50")]);
    two_race(&world, &server, &server).await;
}

/// Two processes, so that only the database can decide between the two requests.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_postgresql_are_as_correct_as_one() {
    let world = World::postgres().await;
    let one = world.serve_with(&[("PAYRAIL_POLL_MS", "50")]);
    let other = world.start(&["serve"], &[("PAYRAIL_ROLE", "api")]);
    two_race(&world, &one, &other).await;
}

/// Each round begins with exactly ₹100.00: the winner's payout is settled and the amount funded again.
async fn two_race(world: &World, one: &Process, other: &Process) {
    for round in 0..ROUNDS {
        let (first, second) =
            tokio::join!(one.pay(TINY, key(), 6_000, "demo-success"), other.pay(TINY, key(), 6_000, "demo-success"));
        let (won, lost) = if first.0 == StatusCode::CREATED { (first, second) } else { (second, first) };
        assert_eq!((won.0, lost.0), (StatusCode::CREATED, StatusCode::BAD_REQUEST), "round {round}: {won:?} {lost:?}");
        assert_eq!(lost.1["error"], "Insufficient balance");
        assert_eq!(lost.1["available_balance_paise"], 4_000, "round {round}");
        top_up(world, one).await;
    }
    world.verify();
}

/// The script pays to an account with a random outcome. A bank that refuses at once gives the first payout's funds back
/// before the second request is decided: then both are accepted, and rightly so. Here it refuses nearly always, and its
/// answer is held back until both requests are decided, as a slow bank's is.
async fn the_originals_concurrency_script_sees_one_refusal(world: World) {
    let odds = [("PAYRAIL_BANK_PAID_PERCENT", "1"), ("PAYRAIL_BANK_REFUSED_PERCENT", "99")];
    let bank = world.start(&["bank"], &odds);
    let gate = Gate::before(&bank.url).await;
    let server = world.serve_with(&[
        ("PAYRAIL_BANK_URL", gate.url.as_str()),
        ("PAYRAIL_BANK_TIMEOUT_MS", "3599999"),
        ("PAYRAIL_LEASE_MS", "3600000"),
        ("PAYRAIL_POLL_MS", "20"),
    ]);
    for round in 0..12 {
        gate.close();
        let pay = || server.pay(TINY, key(), 6_000, "demo-bank-account");
        let (first, second) = tokio::join!(pay(), pay());
        let mut statuses = [first.0, second.0];
        statuses.sort_unstable();
        assert_eq!(statuses, [StatusCode::CREATED, StatusCode::BAD_REQUEST], "round {round}: {first:?} {second:?}");
        gate.open();
        until("the bank has answered", async || server.balances(TINY).await.1 == 0).await;
        if server.balances(TINY).await.0 != 10_000 {
            top_up(&world, &server).await;
        }
    }
    world.verify();
}

async fn top_up(world: &World, server: &Process) {
    let funded = world.run(&["merchant", "fund", "tiny@example.com", "6000", "--json"]);
    assert!(funded.status.success(), "{}", String::from_utf8_lossy(&funded.stderr));
    assert_eq!(server.balances(TINY).await.0, 10_000);
}

async fn one_key_makes_one_payout(world: World) {
    let server = world.serve();
    let key = key();
    let answers = join_all((0..64).map(|_| async {
        let response = server.pay_raw(TINY, key, 6_000, "demo-success").await;
        let replayed = response.headers().contains_key("idempotent-replayed");
        (response.status(), replayed, response.bytes().await.unwrap())
    }))
    .await;
    let first = &answers[0];
    for answer in &answers {
        assert_eq!(answer.0, StatusCode::CREATED);
        assert_eq!(answer.2, first.2, "answers are identical to the byte");
    }
    assert_eq!(answers.iter().filter(|answer| !answer.1).count(), 1, "one is the first, the others are replays");
    let payouts = server.json(TINY, "/api/v1/payouts/").await;
    assert_eq!(payouts.as_array().unwrap().len(), 1);
    assert_eq!(server.balances(TINY).await.0, 4_000);
    assert_eq!(payouts[0]["id"], serde_json::from_slice::<serde_json::Value>(&first.2).unwrap()["id"]);
    assert_eq!(payouts[0]["amount_paise"], json!(6_000));
    world.verify();
}
