//! Pages: 50 by default, newest first (events oldest first), and `Link` leads through everything once.

use std::collections::HashSet;

use reqwest::Method;
use serde_json::Value;

use super::{Answer, EVENTS, LEDGER, PAYOUTS, api_only, get, id_of, pay};
use crate::support::{ACME, Process, World};

on_all_stores!(pages_lead_through_everything_once, bad_parameters_are_named);

const PAID: usize = 60;

async fn pages_lead_through_everything_once(world: World) {
    let server = api_only(&world);
    let mut made = Vec::new();
    for number in 0..PAID {
        made.push(id_of(&pay(&server, ACME, 1, &format!("bank-{number}")).await.is("made", 201)));
    }
    made.reverse();

    let first = get(&server, ACME, PAYOUTS).await;
    assert_eq!(ids(&first.json()), made[..50], "the newest 50");
    let link = first.header("link").unwrap();
    assert!(link.starts_with("</api/v1/payouts/?before=") && link.ends_with(">; rel=\"next\""), "{link}");
    for limit in [1, 7, 20, 30, 59, 60, 61, 200] {
        let pages = walk(&server, &format!("{PAYOUTS}?limit={limit}"), limit).await;
        assert_eq!(ids(&pages), made, "payouts by {limit}");
    }
    let full = walk(&server, &format!("{PAYOUTS}?view=full&limit=7"), 7).await;
    assert_eq!(ids(&full), made);
    let is_full = |payout: &Value| payout.as_object().unwrap().contains_key("reference");
    assert!(full.as_array().unwrap().iter().all(is_full), "the view goes on from page to page");

    the_ledger(&server).await;
    the_events(&server).await;
}

async fn the_ledger(server: &Process) {
    assert_eq!(get(server, ACME, LEDGER).await.json().as_array().unwrap().len(), 50);
    let all = get(server, ACME, "/api/v1/ledger/?limit=200").await.json();
    let accounts = (0..PAID).rev().map(|number| format!("Payout hold for bank-{number}"));
    let expected: Vec<_> = accounts.chain(["Initial seed credit".to_owned()]).collect();
    let texts = all.as_array().unwrap().iter().map(|entry| entry["description"].as_str().unwrap());
    assert!(texts.eq(expected.iter()), "newest first, the opening credit last: {all}");
    for limit in [7, 50, 61] {
        assert_eq!(walk(server, &format!("{LEDGER}?limit={limit}"), limit).await, all, "by {limit}");
    }
}

async fn the_events(server: &Process) {
    let all = get(server, ACME, "/api/v1/events/?limit=200").await.json();
    let numbers: Vec<_> = all.as_array().unwrap().iter().map(|event| event["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=61).collect::<Vec<_>>(), "gapless, oldest first");
    for limit in [7, 50] {
        assert_eq!(walk(server, &format!("{EVENTS}?limit={limit}"), limit).await, all, "by {limit}");
    }
    for (after, left) in [(-5, 61), (0, 61), (1, 60), (60, 1), (61, 0), (i64::MAX, 0)] {
        let events = get(server, ACME, &format!("{EVENTS}?limit=200&after={after}")).await.json();
        assert_eq!(events.as_array().unwrap().len(), left, "after {after}");
        assert!(events.get(0).is_none_or(|event| event["number"].as_i64() == Some(after.max(0) + 1)), "{events}");
    }
}

/// From link to link to the end, the pages put together.
async fn walk(server: &Process, path: &str, limit: usize) -> Value {
    let mut all = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = get(server, ACME, &path).await;
        let items = answer.is(&path, 200).as_array().unwrap().clone();
        next = answer.header("link").map(|link| link[1..link.find('>').unwrap()].to_owned());
        assert_eq!(next.is_some(), items.len() == limit, "only a full page has a next one: {path}");
        all.extend(items);
        assert!(all.len() <= 200, "it leads in a circle: {path}");
    }
    Value::Array(all)
}

fn ids(payouts: &Value) -> Vec<uuid::Uuid> {
    let ids: Vec<_> = payouts.as_array().unwrap().iter().map(id_of).collect();
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len(), "each once");
    ids
}

async fn bad_parameters_are_named(world: World) {
    let server = api_only(&world);
    for list in [PAYOUTS, LEDGER, EVENTS] {
        for limit in ["0", "-1", "201", "1.5", "abc", "", "4294967296", "1_0", "١", "+", "0x10", "%00"] {
            bad(&server, &format!("{list}?limit={limit}")).await;
        }
        bad(&server, &format!("{list}?limit=5&limit=6")).await;
        let path = format!("{list}?limit=1&unknown=5&x");
        get(&server, ACME, &path).await.is("unknown parameters are ignored", 200);
    }
    for query in ["before=abc", "before=", "before=5", "view=everything", "view=", "before=0198&limit=1"] {
        bad(&server, &format!("{PAYOUTS}?{query}")).await;
    }
    for query in ["before=abc", "before=", "before=1.5", "before=9223372036854775808"] {
        bad(&server, &format!("{LEDGER}?{query}")).await;
    }
    for query in ["after=abc", "after=", "after=1.5", "after=9223372036854775808"] {
        bad(&server, &format!("{EVENTS}?{query}")).await;
    }
    for (path, items) in [("ledger/?before=1", 0), ("ledger/?before=2", 1), ("ledger/?before=-9223372036854775808", 0)]
    {
        let answer = get(&server, ACME, &format!("/api/v1/{path}")).await;
        assert_eq!(answer.is(path, 200).as_array().unwrap().len(), items, "{path}");
    }
}

async fn bad(server: &Process, path: &str) {
    get(server, ACME, path).await.is_problem(path, 400, "invalid_parameter");
    let request = server.client.request(Method::GET, format!("{}{path}", server.url));
    Answer::to(request).await.is_problem(path, 401, "not_authenticated");
}
