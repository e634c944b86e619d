//! What the original's clients read, to the byte: members, their order, texts and times.

use serde_json::Value;

use super::{LEDGER, ME, PAYOUTS, api_only, ask, get, id_of, is_timestamp, order};
use crate::support::{ACME, FIAZ, Process, TINY, World, key};

on_all_stores!(
    me_is_the_originals,
    the_ledger_is_the_originals,
    payouts_are_the_originals,
    new_merchants_have_empty_lists
);

async fn me_is_the_originals(world: World) {
    let server = api_only(&world);
    for (api_key, name, email, available) in [
        (ACME, "Acme Agency", "acme@example.com", 1_000_000),
        (FIAZ, "Freelancer Fiaz", "fiaz@example.com", 500_000),
        (TINY, "Tiny Studio", "tiny@example.com", 10_000),
    ] {
        me_reads(&server, api_key, name, email, (available, 0)).await;
    }
    for amount in [100, 150, 200] {
        super::pay(&server, ACME, amount, "demo-bank").await.is("a payout", 201);
    }
    me_reads(&server, ACME, "Acme Agency", "acme@example.com", (999_550, 450)).await;
}

async fn me_reads(server: &Process, api_key: &str, name: &str, email: &str, (available, held): (i64, i64)) {
    let answer = get(server, api_key, ME).await;
    let id = id_of(&answer.is(name, 200));
    let expected = format!(
        r#"{{"id":"{id}","name":"{name}","email":"{email}","available_balance_paise":{available},"held_balance_paise":{held}}}"#
    );
    assert_eq!(answer.text, expected);
    assert_eq!(answer.header("cache-control"), Some("no-store"), "balances are in no cache");
}

async fn the_ledger_is_the_originals(world: World) {
    let server = api_only(&world);
    let seeded = get(&server, TINY, LEDGER).await;
    let entries = list(&seeded.is("the opening credit", 200));
    let [credit] = &entries[..] else { panic!("one entry: {entries:?}") };
    assert_eq!(seeded.text, format!("[{}]", entry(credit, 10_000, "credit", "Initial seed credit")));

    super::pay(&server, TINY, 100, "demo-bank").await.is("a payout", 201);
    let answer = get(&server, TINY, LEDGER).await;
    let entries = list(&answer.is("newest first", 200));
    let expected = [
        entry(&entries[0], 100, "debit", "Payout hold for demo-bank"),
        entry(&entries[1], 10_000, "credit", "Initial seed credit"),
    ];
    assert_eq!(answer.text, format!("[{}]", expected.join(",")));
    assert_eq!(&entries[1], credit, "what was once written stays as it is, its id too");
    assert_ne!(id_of(&entries[0]), id_of(&entries[1]));
}

fn entry(entry: &Value, amount: i64, kind: &str, description: &str) -> String {
    assert!(is_timestamp(&entry["created_at"]), "{entry}");
    format!(
        r#"{{"id":"{}","amount_paise":{amount},"entry_type":"{kind}","description":"{description}","created_at":{}}}"#,
        id_of(entry),
        entry["created_at"]
    )
}

async fn payouts_are_the_originals(world: World) {
    let server = api_only(&world);
    let created = ask(&server, TINY, key(), order(100, "demo-bank")).await;
    let one = created.is("created", 201);
    assert_eq!(created.text, payout(&one, 100, "demo-bank"));
    let created = ask(&server, TINY, key(), order(250, "other-bank")).await;
    let two = created.is("created", 201);

    let answer = get(&server, TINY, PAYOUTS).await;
    answer.is("newest first", 200);
    let expected = format!("[{},{}]", payout(&two, 250, "other-bank"), payout(&one, 100, "demo-bank"));
    assert_eq!(answer.text, expected, "the list has what the answers had");
    assert!(one["created_at"].as_str() <= two["created_at"].as_str());
}

fn payout(payout: &Value, amount: i64, account: &str) -> String {
    assert!(is_timestamp(&payout["created_at"]) && is_timestamp(&payout["updated_at"]), "{payout}");
    let id = id_of(payout);
    format!(
        concat!(
            r#"{{"id":"{}","amount_paise":{},"bank_account_id":"{}","status":"pending","attempts":0,"#,
            r#""created_at":{},"updated_at":{}}}"#
        ),
        id, amount, account, payout["created_at"], payout["updated_at"]
    )
}

async fn new_merchants_have_empty_lists(world: World) {
    let created = world.run(&["merchant", "create", "New", "new@example.com", "--json"]);
    let created: Value = serde_json::from_slice(&created.stdout).unwrap();
    let api_key = created["api_key"].as_str().unwrap();
    let server = api_only(&world);
    for path in [LEDGER, PAYOUTS, super::EVENTS] {
        let answer = get(&server, api_key, path).await;
        answer.is(path, 200);
        assert_eq!(answer.text, "[]", "{path}");
        assert_eq!(answer.header("link"), None, "{path}");
    }
    assert_eq!(server.balances(api_key).await, (0, 0));
    let refused = super::pay(&server, api_key, 1, "demo-bank").await;
    assert_eq!(refused.is_problem("nothing to pay with", 400, "insufficient_balance")["available_balance_paise"], 0);
    let funded = world.run(&["merchant", "fund", "new@example.com", "70", "--description", "First sale", "--json"]);
    assert!(funded.status.success());
    let ledger = get(&server, api_key, LEDGER).await;
    let entries = list(&ledger.json());
    assert_eq!(ledger.text, format!("[{}]", entry(&entries[0], 70, "credit", "First sale")));
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().unwrap().clone()
}
