//! The exact search, and the periods of lists: within one merchant, at a bounded cost, with what matched.

use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

use crate::sabotage::without_entries;
use crate::support::{ACME, FIAZ, Process, World, key};
use crate::views::{all, fixture, ids, pay};
use payrail_store::testing::Sql;

on_both_stores!(
    every_name_of_a_payout_finds_it_exactly,
    a_search_stays_with_its_merchant,
    a_search_of_a_long_history_is_bounded,
    lists_are_of_a_period,
);

async fn search(server: &Process, api_key: &str, text: &str) -> Value {
    let path = Url::parse_with_params("http://x/api/v1/search/", [("q", text)]).unwrap();
    server.json(api_key, &format!("{}?{}", path.path(), path.query().unwrap())).await
}

/// The ids that were found, each with what matched.
fn found(answer: &Value) -> Vec<(&str, &Value)> {
    let results = answer["results"].as_array().unwrap();
    results.iter().map(|result| (result["payout"]["id"].as_str().unwrap(), &result["matched"])).collect()
}

async fn every_name_of_a_payout_finds_it_exactly(world: World) {
    let (server, payouts) = fixture(&world).await;
    let id = |name: &str| payouts[name].as_str().unwrap();
    let timeline = server.json(ACME, &format!("/api/v1/payouts/{}/", id("completed"))).await;
    let (reference, utr) = (timeline["reference"].as_str().unwrap(), timeline["utr"].as_str().unwrap());
    let ending = &id("completed")[28..];
    for (text, name, matched) in [
        (id("completed"), "completed", "id"),
        (&id("completed").to_uppercase(), "completed", "id"),
        (reference, "completed", "reference"),
        (&reference.to_lowercase(), "completed", "reference"),
        (utr, "completed", "utr"),
        (&format!("  {utr} "), "completed", "utr"),
        (ending, "completed", "ending"),
        (&format!("…{}", ending.to_uppercase()), "completed", "ending"),
        ("demo-fail", "failed", "bank_account"),
        ("Some-Bank 100%_", "cancelled", "bank_account"),
        ("300", "cancelled", "amount"),
        ("₹3.00", "cancelled", "amount"),
        ("4.00", "pending", "amount"),
        ("₹ 4", "pending", "amount"),
    ] {
        let answer = search(&server, ACME, text).await;
        assert_eq!(found(&answer), [(id(name), &json!([matched]))], "{text:?}");
        assert_eq!(answer["searched_back_to"], Value::Null);
        assert_eq!(answer["results"][0]["payout"]["id"], id(name));
    }
    // A part, another case of an account or a wildcard does not match.
    for text in ["demo-", "DEMO-FAIL", "%", "Some-Bank%", &utr[1..], &ending[1..], "299", "₹300", "nothing"] {
        assert_eq!(found(&search(&server, ACME, text).await), [], "{text:?}");
    }
    // The answer names everything that matched, the newest first.
    let twin = pay(&server, ACME, 300, "300").await;
    let answer = search(&server, ACME, "300").await;
    assert_eq!(
        found(&answer),
        [(twin.as_str(), &json!(["bank_account", "amount"])), (id("cancelled"), &json!(["amount"]))]
    );
    // The list's own filter finds amounts and endings as well.
    for text in ["4.00", &id("pending")[28..]] {
        let listed = all(&server, ACME, &format!("/api/v1/payouts/?view=full&search={text}")).await;
        assert_eq!(ids(&listed), [id("pending")], "{text}");
    }
}

async fn a_search_stays_with_its_merchant(world: World) {
    let (server, payouts) = fixture(&world).await;
    let paid = payouts["completed"].as_str().unwrap();
    let timeline = server.json(ACME, &format!("/api/v1/payouts/{paid}/")).await;
    let own = pay(&server, FIAZ, 100, "demo-success").await;
    for text in [paid, &paid[28..], timeline["reference"].as_str().unwrap(), timeline["utr"].as_str().unwrap()] {
        assert_eq!(found(&search(&server, FIAZ, text).await), [], "{text}");
    }
    assert_eq!(found(&search(&server, FIAZ, "demo-success").await), [(own.as_str(), &json!(["bank_account"]))]);
    assert_eq!(found(&search(&server, FIAZ, "1.00").await), [(own.as_str(), &json!(["amount"]))]);
}

/// Indexed texts are found however old; everything else only in the newest 50,000 payouts, and the answer says so.
async fn a_search_of_a_long_history_is_bounded(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let oldest = pay(&server, ACME, 4_321, "the-needle").await;
    let mut sql = without_entries(&world).await;
    fill(&mut sql, 0, 30_000).await;
    let answer = search(&server, ACME, "the-needle").await;
    assert_eq!(found(&answer), [(oldest.as_str(), &json!(["bank_account"]))]);
    assert_eq!(answer["searched_back_to"], Value::Null);
    assert_eq!(found(&search(&server, ACME, "43.21").await), [(oldest.as_str(), &json!(["amount"]))]);
    fill(&mut sql, 30_000, 50_000).await;
    for text in ["the-needle", "43.21", &oldest[28..]] {
        let answer = search(&server, ACME, text).await;
        assert_eq!(found(&answer), [], "{text}");
        assert!(answer["searched_back_to"].is_string(), "{text}");
    }
    sql.exec(
        "UPDATE payouts SET status = 'processing', step = 'submit', attempts = 1 WHERE bank_account_id = 'the-needle'",
    )
    .await;
    let paid = "UPDATE payouts SET status = 'completed', step = NULL, due_at = NULL, utr = 'UTR42' \
                WHERE bank_account_id = 'the-needle'";
    assert_eq!(sql.exec(paid).await, 1);
    assert_eq!(found(&search(&server, ACME, &oldest).await), [(oldest.as_str(), &json!(["id"]))]);
    assert_eq!(found(&search(&server, ACME, "utr42").await), [(oldest.as_str(), &json!(["utr"]))]);
    assert_eq!(found(&search(&server, ACME, "0.01").await).len(), 20, "an answer is bounded");
}

/// Payouts of Acme's number `from` to `to`, newer than any: rows past the program, for their number alone.
async fn fill(sql: &mut Sql, from: u32, to: u32) {
    let (ids, numbers) = if sql.is_postgres() {
        (
            "cast('ffffffff-ffff-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid)",
            format!("generate_series({} , {to}) AS n", from + 1),
        )
    } else {
        (
            "unhex('ffffffffffff70008000' || printf('%012x', n))",
            format!(
                "(WITH RECURSIVE r(n) AS (VALUES ({}) UNION ALL SELECT n + 1 FROM r WHERE n < {to}) SELECT n FROM r)",
                from + 1
            ),
        )
    };
    let insert = format!(
        "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, submissions, attempts, \
         unanswered, due_at, created_at, updated_at) \
         SELECT p.bucket, p.merchant_id, {ids}, 1, 'hay', 'pending', 0, 0, 0, p.due_at, p.created_at, p.updated_at \
         FROM payouts p CROSS JOIN {numbers} WHERE p.bank_account_id = 'the-needle'"
    );
    assert_eq!(sql.exec(&insert).await, u64::from(to - from));
}

async fn lists_are_of_a_period(world: World) {
    let (server, _) = fixture(&world).await;
    let payouts = all(&server, ACME, "/api/v1/payouts/?view=full").await;
    let entries = all(&server, ACME, "/api/v1/ledger/?view=full").await;
    let at = |item: &Value| item["created_at"].as_str().unwrap().to_owned();
    // From the third newest on, before the newest: by exact times, whatever the page's size.
    let (from, to) = (at(&payouts[2]), at(&payouts[0]));
    for limit in [1, 50] {
        let path = format!("/api/v1/payouts/?view=full&from={from}&to={to}&limit={limit}");
        assert_eq!(all(&server, ACME, &path).await, payouts[1..3], "by {limit}");
        let (from, to) = (at(&entries[4]), at(&entries[1]));
        let within: Vec<_> =
            entries.iter().filter(|entry| (from.clone()..to.clone()).contains(&at(entry))).cloned().collect();
        let path = format!("/api/v1/ledger/?view=full&from={from}&to={to}&limit={limit}");
        assert_eq!(all(&server, ACME, &path).await, within, "by {limit}");
        let table = server.get(ACME, &format!("/api/v1/ledger/export?from={from}&to={to}")).send().await.unwrap();
        let numbers = table.text().await.unwrap();
        let numbers: Vec<_> = numbers.lines().skip(1).map(|line| line.split(',').next().unwrap().to_owned()).collect();
        let expected: Vec<_> = within.iter().rev().map(|entry| entry["number"].to_string()).collect();
        assert_eq!(numbers, expected);
    }
    // By days: yesterday to tomorrow has everything, last year nothing.
    let now: jiff::Timestamp = to.parse().unwrap();
    let day = |days: i64| (now + jiff::SignedDuration::from_hours(24 * days)).to_string()[..10].to_owned();
    for path in ["payouts", "ledger"] {
        let list = if path == "payouts" { &payouts } else { &entries };
        for (from, to, expected) in
            [(day(-1), day(1), &list[..]), (day(-400), day(-300), &[]), (day(300), day(400), &[])]
        {
            let path = format!("/api/v1/{path}/?view=full&from={from}&to={to}&zone=Asia/Kolkata&limit=2");
            assert_eq!(all(&server, ACME, &path).await, expected, "{path}");
        }
    }
    let reversed = server.get(ACME, "/api/v1/payouts/?view=full&from=2026-10-10&to=2026-10-09").send().await.unwrap();
    assert_eq!(reversed.status(), StatusCode::BAD_REQUEST);
    let detail = reversed.json::<Value>().await.unwrap()["detail"].as_str().unwrap().to_owned();
    assert_eq!(detail, "The period ends before it begins: from is 2026-10-10 and to is 2026-10-09. Exchange the two.");
    let unknown = server.get(ACME, &format!("/api/v1/payouts/?view=full&search={}", key())).send().await.unwrap();
    assert_eq!(unknown.json::<Value>().await.unwrap(), json!([]));
}
