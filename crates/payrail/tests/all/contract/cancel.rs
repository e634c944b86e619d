//! A pending payout is withdrawn and its funds given back; any other stays as it is.

use serde_json::json;

use super::{Answer, EVENTS, LEDGER, PAYOUTS, api_only, ask, get, id_of, order, pay};
use crate::support::{Process, TINY, World, key, until};

on_all_stores!(a_pending_payout_is_cancelled_once, a_payout_that_the_bank_may_know_is_not_cancelled);

async fn cancel(server: &Process, id: uuid::Uuid) -> Answer {
    Answer::to(server.post(TINY, &format!("{PAYOUTS}{id}/cancel/"))).await
}

async fn a_pending_payout_is_cancelled_once(world: World) {
    let server = api_only(&world);
    let key = key();
    let created = ask(&server, TINY, key, order(6_000, "demo-bank")).await;
    let id = id_of(&created.is("created", 201));
    assert_eq!(server.balances(TINY).await, (4_000, 6_000));

    let first = cancel(&server, id).await;
    let cancelled = first.is("cancelled", 200);
    assert_eq!((&cancelled["id"], &cancelled["status"]), (&json!(id), &json!("cancelled")));
    assert_eq!(server.balances(TINY).await, (10_000, 0), "the funds are back");
    for _ in 0..2 {
        let again = cancel(&server, id).await;
        assert_eq!((again.status, &again.text), (200, &first.text), "again changes nothing and answers the same");
    }
    assert_eq!(server.balances(TINY).await, (10_000, 0), "and not twice");

    let ledger = get(&server, TINY, LEDGER).await.json();
    assert_eq!(ledger.as_array().unwrap().len(), 3);
    assert_eq!((&ledger[0]["entry_type"], &ledger[0]["amount_paise"]), (&json!("credit"), &json!(6_000)));
    assert_eq!(ledger[0]["description"], "Refund for cancelled payout to demo-bank");
    assert_eq!(ledger[1]["description"], "Payout hold for demo-bank");
    assert_eq!(get(&server, TINY, PAYOUTS).await.json()[0]["status"], "failed", "in the original's words");
    assert_eq!(get(&server, TINY, "/api/v1/payouts/?view=full").await.json()[0]["status"], "cancelled");
    assert_eq!(get(&server, TINY, &format!("{EVENTS}?after=2")).await.json()[0]["kind"], "payout.cancelled");
    let replay = ask(&server, TINY, key, order(6_000, "demo-bank")).await;
    assert_eq!((replay.status, &replay.text), (201, &created.text), "its key still has the first answer");
    assert_eq!(server.balances(TINY).await, (10_000, 0), "and does not pay anew");
    world.verify();
}

async fn a_payout_that_the_bank_may_know_is_not_cancelled(world: World) {
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "20")]);
    for (account, status) in [("demo-success", "completed"), ("demo-fail", "failed")] {
        let id = id_of(&pay(&server, TINY, 100, account).await.is(account, 201));
        until(status, async || server.json(TINY, PAYOUTS).await[0]["status"] == status).await;
        let before = server.balances(TINY).await;
        let problem = cancel(&server, id).await.is_problem(account, 409, "not_cancellable");
        assert_eq!(problem["payout_status"], status);
        let detail =
            format!("This payout cannot be cancelled: it is {status}. Only a pending payout can be cancelled.");
        assert_eq!(problem["detail"], detail);
        assert_eq!(server.balances(TINY).await, before);
    }
    world.verify();
}
