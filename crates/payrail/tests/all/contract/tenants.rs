//! Tenant isolation: another merchant's data is not found.

use serde_json::json;

use super::{Answer, EVENTS, LEDGER, PAYOUTS, api_only, ask, get, id_of, order, pay};
use crate::support::{ACME, FIAZ, TINY, World, key};

on_all_stores!(another_merchants_payout_does_not_exist, anothers_cursors_and_keys_reveal_nothing);

async fn another_merchants_payout_does_not_exist(world: World) {
    let server = api_only(&world);
    let id = id_of(&pay(&server, ACME, 100, "demo-bank").await.is("Acme's", 201));
    let timeline = |id| format!("{PAYOUTS}{id}/");
    let cancel = |id| format!("{PAYOUTS}{id}/cancel/");
    let nowhere = get(&server, TINY, &timeline(key())).await;
    nowhere.is_problem("unknown", 404, "not_found");
    for api_key in [TINY, FIAZ] {
        for request in [server.get(api_key, &timeline(id)), server.post(api_key, &cancel(id))] {
            let answer = Answer::to(request).await;
            assert_eq!((answer.status, &answer.text), (404, &nowhere.text), "to the byte as if it were not there");
        }
    }
    let own = get(&server, ACME, &timeline(id)).await.is("its own", 200);
    assert_eq!(own["status"], "pending", "nobody else could cancel it");
    assert_eq!(server.balances(ACME).await, (999_900, 100));
    world.verify();
}

async fn anothers_cursors_and_keys_reveal_nothing(world: World) {
    let server = api_only(&world);
    let key = key();
    let mut acme = Vec::new();
    for _ in 0..5 {
        acme.push(id_of(&pay(&server, ACME, 100, "acme-bank").await.is("Acme's", 201)));
    }
    ask(&server, ACME, key, order(123, "acme-secret")).await.is("Acme's", 201);
    let own = id_of(&pay(&server, TINY, 50, "tiny-bank").await.is("Tiny's", 201));

    let before = get(&server, TINY, &format!("{PAYOUTS}?before={}", acme[4])).await;
    assert_eq!(before.is("older than a payout of Acme's", 200), json!([]), "Tiny had none");
    assert_eq!(get(&server, TINY, PAYOUTS).await.json().as_array().unwrap().len(), 1);
    for path in
        [PAYOUTS, LEDGER, EVENTS, "/api/v1/events/?after=0", "/api/v1/ledger/?before=9", "/api/v1/payouts/?view=full"]
    {
        let answer = get(&server, TINY, path).await;
        answer.is(path, 200);
        assert!(!answer.text.contains("acme"), "{path}: {}", answer.text);
        assert!(acme.iter().all(|id| !answer.text.contains(&id.to_string())), "{path}: {}", answer.text);
    }
    let events = get(&server, TINY, EVENTS).await.json();
    let of_events: Vec<_> = events.as_array().unwrap().iter().map(|event| &event["number"]).collect();
    assert_eq!(of_events, [1, 2], "a merchant's numbers are its own: they tell nothing of others' business");
    assert_eq!(events[1]["payout_id"], json!(own));
    // Acme's key under Tiny is unused: neither a replay nor a 422 tells that Acme has used it.
    let answer = ask(&server, TINY, key, order(1, "tiny-bank")).await;
    answer.is("Acme's key", 201);
    assert!(!answer.replayed());
    world.verify();
}
