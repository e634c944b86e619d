//! The first answer again, to the byte: whatever became of the payout, of the balance and of the
//! server in between.

use futures::future::join_all;
use jiff::Timestamp;
use payrail::clock::Clock;
use serde_json::json;

use super::{PAYOUTS, api_only, ask, get, order};
use crate::support::{TINY, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(
    a_refusal_says_how_long_it_is_remembered,
    a_refusal_stays_a_refusal_after_funding,
    an_answer_outlives_the_payouts_changes_and_the_server,
    a_refusal_may_expire_and_a_payout_never,
    long_expired_refusals_are_removed,
    of_two_concurrent_requests_one_is_first
);

async fn a_refusal_stays_a_refusal_after_funding(world: World) {
    let server = api_only(&world);
    let key = key();
    let first = ask(&server, TINY, key, order(10_001, "demo-bank")).await;
    let problem = first.is_problem("refused", 400, "insufficient_balance");
    assert_eq!(
        (&problem["error"], &problem["available_balance_paise"]),
        (&json!("Insufficient balance"), &json!(10_000))
    );
    let start = r#"{"error":"Insufficient balance","available_balance_paise":10000,"type":"#;
    assert!(first.text.starts_with(start), "the original's members come first: {}", first.text);

    let funded = world.run(&["merchant", "fund", "tiny@example.com", "5000", "--json"]);
    assert!(funded.status.success());
    assert_eq!(server.balances(TINY).await, (15_000, 0));
    for _ in 0..2 {
        let again = ask(&server, TINY, key, order(10_001, "demo-bank")).await;
        assert_eq!((again.status, &again.text), (400, &first.text), "to the byte");
        assert!(again.replayed());
    }
    assert_eq!(
        server.balances(TINY).await,
        (15_000, 0),
        "until the time that the answer names, a duplicate cannot pay"
    );
    ask(&server, TINY, super::key(), order(10_001, "demo-bank")).await.is("a new key can", 201);
    world.verify();
}

async fn an_answer_outlives_the_payouts_changes_and_the_server(world: World) {
    let server = world.serve_with(&[("PAYRAIL_POLL_MS", "20")]);
    let key = key();
    let first = ask(&server, TINY, key, order(100, "demo-fail")).await;
    let payout = first.is("the first", 201);
    assert_eq!((&payout["status"], &payout["attempts"]), (&json!("pending"), &json!(0)));
    until("it fails", async || server.json(TINY, PAYOUTS).await[0]["status"] == "failed").await;
    let again = ask(&server, TINY, key, order(100, "demo-fail")).await;
    assert!(again.replayed());
    assert_eq!((again.status, &again.text), (201, &first.text), "pending, as it was then");

    server.kill();
    let server = api_only(&world);
    let again = ask(&server, TINY, key, order(100, "demo-fail")).await;
    assert!(again.replayed());
    assert_eq!((again.status, &again.text), (201, &first.text), "after a restart");
    assert_eq!(again.headers.get("content-type"), first.headers.get("content-type"));
    assert_eq!(get(&server, TINY, PAYOUTS).await.json().as_array().unwrap().len(), 1);
}

/// By default a day. Each key keeps the time that was set when it was refused.
async fn a_refusal_says_how_long_it_is_remembered(world: World) {
    let mut first = None;
    for (ttl_ms, hours) in [(None, 24), (Some("3600000"), 1), (Some("3155760000000"), 876_600)] {
        let settings = [Some(("PAYRAIL_ROLE", "api")), ttl_ms.map(|ms| ("PAYRAIL_REFUSAL_TTL_MS", ms))];
        let server = world.serve_with(&settings.into_iter().flatten().collect::<Vec<_>>());
        let mut sql = Sql::connect(&world.database.url).await;
        let key = key();
        let before = Clock::System.now();
        let answer = ask(&server, TINY, key, order(10_001, "demo-bank")).await;
        let problem = answer.is_problem("refused", 400, "insufficient_balance");
        let until = problem["remembered_until"].as_str().unwrap();
        let lasts = until.parse::<Timestamp>().unwrap().duration_since(before).as_secs();
        assert!((hours * 3_600 - 60..hours * 3_600 + 60).contains(&lasts), "{until}");
        assert!(problem["detail"].as_str().unwrap().contains(until), "{problem}");
        let days = if sql.is_postgres() {
            "extract(epoch FROM expires_at - created_at)::bigint"
        } else {
            "(expires_at - created_at) / 1000000"
        };
        let kept = format!(
            "SELECT cast({days} AS text) FROM idempotency_records WHERE status = 400 ORDER BY created_at DESC LIMIT 1"
        );
        assert_eq!(sql.texts(&kept).await, [(hours * 3_600).to_string()]);
        let (first_key, first_text) = first.get_or_insert((key, answer.text.clone()));
        let again = ask(&server, TINY, *first_key, order(10_001, "demo-bank")).await;
        assert_eq!(&again.text, first_text, "a stored answer does not change with the setting");
    }
}

/// Time is moved by moving the records: a day is long for a test.
async fn a_refusal_may_expire_and_a_payout_never(world: World) {
    let server = api_only(&world);
    let (paid, refused) = (key(), key());
    ask(&server, TINY, paid, order(9_000, "demo-bank")).await.is("paid", 201);
    ask(&server, TINY, refused, order(2_000, "demo-bank")).await.is("refused", 400);
    assert!(world.run(&["merchant", "fund", "tiny@example.com", "5000"]).status.success());

    let mut sql = Sql::connect(&world.database.url).await;
    let for_ever = "SELECT cast(count(*) AS text) FROM idempotency_records WHERE expires_at IS NULL AND status = 201 \
                    AND payout_id IS NOT NULL";
    assert_eq!(sql.texts(for_ever).await, ["1"], "the payout's key has no end");
    let expire = "UPDATE idempotency_records SET expires_at = created_at WHERE status = 201 AND payout_id IS NOT NULL";
    assert!(sql.try_exec(expire).await.is_err(), "and the database gives it none");
    assert_eq!(sql.exec("UPDATE idempotency_records SET expires_at = created_at WHERE status = 400").await, 1);

    let answer = ask(&server, TINY, paid, order(9_000, "demo-bank")).await;
    assert!(answer.replayed(), "{answer:?}");
    let answer = ask(&server, TINY, refused, order(2_000, "demo-bank")).await;
    answer.is("the expired refusal is decided anew", 201);
    assert!(!answer.replayed());
    assert!(ask(&server, TINY, refused, order(2_000, "demo-bank")).await.replayed(), "and is now for ever");
    assert_eq!(server.balances(TINY).await, (4_000, 11_000));
    world.verify();
}

/// Whoever is refused all day does not fill the disk for ever. A week's grace is for clocks that are wrong.
async fn long_expired_refusals_are_removed(world: World) {
    let server = api_only(&world);
    let keys = [key(), key(), key()];
    ask(&server, TINY, keys[0], order(9_000, "demo-bank")).await.is("paid", 201);
    for refused in &keys[1..] {
        ask(&server, TINY, *refused, order(2_000, "demo-bank")).await.is("refused", 400);
    }
    drop(server);
    let mut sql = Sql::connect(&world.database.url).await;
    let days_ago = |sql: &Sql, days: i64| match sql.is_postgres() {
        true => format!("now() - interval '{days} days'"),
        false => format!("(CAST(strftime('%s', 'now') AS INTEGER) - {days} * 86400) * 1000000"),
    };
    let hex = keys[1].simple();
    let first = if sql.is_postgres() { format!("'{hex}'") } else { format!("x'{hex}'") };
    let (over, just) = (days_ago(&sql, 8), days_ago(&sql, 6));
    let end = format!("UPDATE idempotency_records SET expires_at = CASE key WHEN {first} THEN {over} ELSE {just} END");
    assert_eq!(sql.exec(&format!("{end} WHERE expires_at IS NOT NULL")).await, 2);
    let _server = world.serve();
    until("the older one is removed", async || {
        let mut sql = Sql::connect(&world.database.url).await;
        sql.texts("SELECT cast(count(*) AS text) FROM idempotency_records WHERE status = 400").await == ["1"]
    })
    .await;
    assert_eq!(sql.texts(&format!("SELECT body FROM idempotency_records WHERE key = {first}")).await, [""; 0]);
    world.verify();
}

async fn of_two_concurrent_requests_one_is_first(world: World) {
    let server = api_only(&world);
    let (paid, refused) = (key(), key());
    for (key, amount, status) in [(paid, 100, 201), (refused, 99_999, 400)] {
        let answers = join_all((0..20).map(|_| ask(&server, TINY, key, order(amount, "demo-bank")))).await;
        assert!(answers.iter().all(|answer| (answer.status, &answer.text) == (status, &answers[0].text)));
        assert_eq!(answers.iter().filter(|answer| !answer.replayed()).count(), 1, "one first answer, 19 replays");
    }
    // Two different requests under one key: one is decided, the other is told so.
    let key = key();
    let (one, other) = tokio::join!(ask(&server, TINY, key, order(200, "a")), ask(&server, TINY, key, order(300, "b")));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
    assert_eq!(get(&server, TINY, PAYOUTS).await.json().as_array().unwrap().len(), 2);
    world.verify();
}
