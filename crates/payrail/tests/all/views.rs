//! What the dashboard reads: the whole ledger and its export, filters that read a bounded number of rows, movements,
//! figures. The original's views are unchanged.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::sabotage::without_entries;
use crate::support::{ACME, FIAZ, Process, TINY, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(
    the_full_ledger_has_every_entry_and_its_balances,
    one_kind_of_entry_is_listed_alone,
    the_table_is_the_ledger_oldest_first,
    an_export_has_no_formulas,
    payouts_are_found_by_status,
    payouts_are_found_by_what_they_say,
    a_filter_looks_at_a_bounded_number,
    a_payout_lists_its_movements,
    figures_add_up,
    figures_of_an_empty_book,
    invalid_requests_are_refused,
);

pub async fn pay(server: &Process, api_key: &str, amount: i64, account: &str) -> String {
    let (status, payout) = server.pay(api_key, key(), amount, account).await;
    assert_eq!(status, StatusCode::CREATED, "{payout}");
    payout["id"].as_str().unwrap().to_owned()
}

/// Acme with four payouts: completed, failed, cancelled and pending.
pub async fn fixture(world: &World) -> (Process, Value) {
    let working = world.serve();
    let (paid, failed) = (pay(&working, ACME, 100, "demo-success").await, pay(&working, ACME, 200, "demo-fail").await);
    until("both ended", async || {
        let done = working.json(ACME, "/api/v1/payouts/").await;
        done.as_array().unwrap().iter().all(|payout| payout["status"] != "pending" && payout["status"] != "processing")
    })
    .await;
    assert!(working.stop().success());
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let cancelled = pay(&server, ACME, 300, "Some-Bank 100%_").await;
    let answer = server.post(ACME, &format!("/api/v1/payouts/{cancelled}/cancel/")).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    let pending = pay(&server, ACME, 400, "some-bank 2").await;
    (server, json!({ "completed": paid, "failed": failed, "cancelled": cancelled, "pending": pending }))
}

/// Every page of a list, by its links.
pub async fn all(server: &Process, api_key: &str, path: &str) -> Vec<Value> {
    let (mut items, mut path) = (Vec::new(), path.to_owned());
    loop {
        let answer = server.get(api_key, &path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        items.extend(answer.json::<Vec<Value>>().await.unwrap());
        let Some(link) = link else { return items };
        path = link.strip_prefix('<').unwrap().split('>').next().unwrap().to_owned();
    }
}

pub fn ids(payouts: &[Value]) -> Vec<&str> {
    payouts.iter().map(|payout| payout["id"].as_str().unwrap()).collect()
}

async fn the_full_ledger_has_every_entry_and_its_balances(world: World) {
    let (server, payouts) = fixture(&world).await;
    let entries = all(&server, ACME, "/api/v1/ledger/?view=full").await;
    // The first two may end in either order.
    assert_eq!(entries.len(), 8);
    let (mut available, mut held) = (0, 0);
    for (number, entry) in (1..).zip(entries.iter().rev()) {
        let amount = entry["amount_paise"].as_i64().unwrap();
        match entry["kind"].as_str().unwrap() {
            "fund" => available += amount,
            "hold" => (available, held) = (available - amount, held + amount),
            "settle" => held -= amount,
            "refund" => (available, held) = (available + amount, held - amount),
            kind => panic!("{kind}"),
        }
        assert_eq!(entry["number"], number);
        assert_eq!((&entry["available_after_paise"], &entry["held_after_paise"]), (&json!(available), &json!(held)));
        assert_eq!(entry["payout_id"].is_null(), entry["kind"] == "fund");
        assert_eq!(entry.as_object().unwrap().len(), 9);
    }
    assert_eq!(server.balances(ACME).await, (available, held));
    let settled = entries.iter().find(|entry| entry["kind"] == "settle").unwrap();
    assert_eq!(
        (&settled["payout_id"], &settled["description"]),
        (&payouts["completed"], &json!("Payout to demo-success"))
    );
    for limit in [1, 3, 8, 200] {
        assert_eq!(all(&server, ACME, &format!("/api/v1/ledger/?view=full&limit={limit}")).await, entries, "{limit}");
    }
    // The same entries as in the original's view, except for the settlements.
    let original = all(&server, ACME, "/api/v1/ledger/").await;
    let of_both: Vec<_> = entries.iter().filter(|entry| entry["kind"] != "settle").map(|entry| &entry["id"]).collect();
    assert_eq!(original.iter().map(|line| &line["id"]).collect::<Vec<_>>(), of_both);
}

async fn one_kind_of_entry_is_listed_alone(world: World) {
    let (server, _) = fixture(&world).await;
    let entries = all(&server, ACME, "/api/v1/ledger/?view=full").await;
    for (kind, count) in [("fund", 1), ("hold", 4), ("settle", 1), ("refund", 2), ("return", 0)] {
        let expected: Vec<_> = entries.iter().filter(|entry| entry["kind"] == kind).cloned().collect();
        assert_eq!(expected.len(), count, "{kind}");
        for limit in [1, 2, 50] {
            let found = all(&server, ACME, &format!("/api/v1/ledger/?view=full&kind={kind}&limit={limit}")).await;
            assert_eq!(found, expected, "{kind} by {limit}");
        }
    }
}

async fn the_table_is_the_ledger_oldest_first(world: World) {
    let (server, _) = fixture(&world).await;
    let answer = server.get(ACME, "/api/v1/ledger/export").send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    let name = disposition.strip_prefix("attachment; filename=\"payrail-ledger-to-").unwrap();
    let date = name.strip_suffix("-Asia-Kolkata.csv\"").unwrap();
    let text = answer.text().await.unwrap();
    let mut rows = csv::Reader::from_reader(text.as_bytes());
    let columns = "number,created_at,kind,description,payout_id,reference,bank_account,utr,available_paise,held_paise,\
                   bank_paise,available_after_paise,held_after_paise,available_inr,held_inr,bank_inr";
    assert_eq!(rows.headers().unwrap().iter().collect::<Vec<_>>().join(","), columns);
    assert!(text.starts_with(&format!("{columns}\r\n")) && text.ends_with("\r\n"));
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    let entries = all(&server, ACME, "/api/v1/ledger/?view=full").await;
    let payouts = all(&server, ACME, "/api/v1/payouts/?view=full").await;
    assert_eq!(rows.len(), entries.len());
    let newest: jiff::Timestamp = entries[0]["created_at"].as_str().unwrap().parse().unwrap();
    let day = |offset: i64| (newest + jiff::SignedDuration::from_mins(offset)).to_string()[..10].to_owned();
    // The day is India's, five and a half hours ahead. (It may have ended meanwhile.)
    assert!([day(330), day(331)].contains(&date.to_owned()), "{date}");
    let place = |name: &str| columns.split(',').position(|column| column == name).unwrap();
    let mut sums = [0_i64; 3];
    for (row, entry) in rows.iter().zip(entries.iter().rev()) {
        for name in ["number", "created_at", "kind", "description", "payout_id", "held_after_paise"] {
            let expected = match &entry[name] {
                Value::String(text) => text.clone(),
                Value::Null => String::new(),
                other => other.to_string(),
            };
            assert_eq!(&row[place(name)], expected, "{name}");
        }
        // An entry's amounts in the three accounts sum to zero, and all rows sum to the balances.
        let changes = ["available", "held", "bank"].map(|account| {
            let paise: i64 = row[place(&format!("{account}_paise"))].parse().unwrap();
            let sign = if paise < 0 { "-" } else { "" };
            let rupees = format!("{sign}{}.{:02}", paise.abs() / 100, paise.abs() % 100);
            assert_eq!(&row[place(&format!("{account}_inr"))], rupees);
            paise
        });
        assert_eq!(changes.iter().sum::<i64>(), 0, "{row:?}");
        assert_eq!(changes.iter().max(), entry["amount_paise"].as_i64().as_ref());
        for (sum, change) in sums.iter_mut().zip(changes) {
            *sum += change;
        }
        assert_eq!(entry["available_after_paise"], sums[0]);
        let payout = payouts.iter().find(|payout| payout["id"] == entry["payout_id"]);
        for (column, member) in [("reference", "reference"), ("bank_account", "bank_account_id"), ("utr", "utr")] {
            let expected = payout.and_then(|payout| payout[member].as_str()).unwrap_or_default();
            assert_eq!(&row[place(column)], expected, "{column}");
        }
    }
    assert_eq!(server.balances(ACME).await, (sums[0], sums[1]));
    let holds = server.get(ACME, "/api/v1/ledger/export?kind=hold").send().await.unwrap().text().await.unwrap();
    assert_eq!(holds.lines().count(), 5);
    assert!(holds.lines().skip(1).all(|line| line.contains(",hold,Payout hold for ")), "{holds}");
}

async fn an_export_has_no_formulas(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let email = "tiny@example.com";
    let fund = ["merchant", "fund", email, "100", "--description", "=HYPERLINK(\"http://evil\"), \"x\""];
    let output = world.run(&fund);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = server.get(TINY, "/api/v1/ledger/export").send().await.unwrap().text().await.unwrap();
    assert!(text.contains(",fund,\"'=HYPERLINK(\"\"http://evil\"\"), \"\"x\"\"\","), "{text}");
}

async fn payouts_are_found_by_status(world: World) {
    let (server, payouts) = fixture(&world).await;
    for status in ["completed", "failed", "cancelled", "pending"] {
        let found = all(&server, ACME, &format!("/api/v1/payouts/?view=full&status={status}")).await;
        assert_eq!(ids(&found), [payouts[status].as_str().unwrap()], "{status}");
        assert_eq!(found[0]["status"], status);
    }
    for status in ["processing", "returned", "in_doubt"] {
        assert!(
            all(&server, ACME, &format!("/api/v1/payouts/?view=full&status={status}")).await.is_empty(),
            "{status}"
        );
    }
    assert!(all(&server, FIAZ, "/api/v1/payouts/?view=full&status=completed").await.is_empty(), "not another's");
    // A filter's links keep it.
    for _ in 0..3 {
        pay(&server, ACME, 1, "some-bank 3").await;
    }
    let pending = all(&server, ACME, "/api/v1/payouts/?view=full&status=pending&limit=1").await;
    assert_eq!(pending.len(), 4);
    assert!(pending.iter().all(|payout| payout["status"] == "pending"));
    let mut sql = Sql::connect(&world.database.url).await;
    let now = if sql.is_postgres() { "now()" } else { "1" };
    let doubt = format!(
        "UPDATE payouts SET status = 'processing', step = 'enquire', attempts = 1, doubt_since = {now}, doubt_reason = 'no answer' \
         WHERE bank_account_id = 'some-bank 2'"
    );
    assert_eq!(sql.exec(&doubt).await, 1);
    let doubtful = all(&server, ACME, "/api/v1/payouts/?view=full&status=in_doubt").await;
    assert_eq!(ids(&doubtful), [payouts["pending"].as_str().unwrap()]);
    assert_eq!(doubtful[0]["in_doubt"]["reason"], "no answer");
    // The charts count it apart from other unfinished payouts.
    let figures = server.json(ACME, "/api/v1/insights?days=2").await;
    let sum =
        |name: &str| figures["outcomes"].as_array().unwrap().iter().map(|day| day[name].as_i64().unwrap()).sum::<i64>();
    assert_eq!((sum("in_doubt"), sum("processing")), (1, 0));
}

async fn payouts_are_found_by_what_they_say(world: World) {
    let (server, payouts) = fixture(&world).await;
    let paid = payouts["completed"].as_str().unwrap();
    let timeline = server.json(ACME, &format!("/api/v1/payouts/{paid}/")).await;
    let failed = server.json(ACME, &format!("/api/v1/payouts/{}/", payouts["failed"].as_str().unwrap())).await;
    let (reference, utr) = (timeline["reference"].as_str().unwrap(), timeline["utr"].as_str().unwrap());
    let reason = failed["reason"].as_str().unwrap().to_uppercase();
    for (search, expected) in [
        (paid.to_owned(), vec!["completed"]),
        (paid.to_uppercase(), vec!["completed"]),
        (reference.to_owned(), vec!["completed"]),
        (utr.to_lowercase(), vec!["completed"]),
        (utr[2..].to_owned(), vec!["completed"]),
        (reason, vec!["failed"]),
        ("DEMO-".to_owned(), vec!["failed", "completed"]),
        ("  some-BANK ".to_owned(), vec!["pending", "cancelled"]),
        // No character is a wildcard.
        ("100%_".to_owned(), vec!["cancelled"]),
        ("%".to_owned(), vec!["cancelled"]),
        ("_".to_owned(), vec!["cancelled"]),
        ("nothing like it".to_owned(), vec![]),
        (key().to_string(), vec![]),
        (String::new(), vec!["pending", "cancelled", "failed", "completed"]),
    ] {
        for limit in [1, 50] {
            let query = [("view", "full"), ("search", &search), ("limit", &limit.to_string())];
            let path = reqwest::Url::parse_with_params("http://x/api/v1/payouts/", query).unwrap();
            let found = all(&server, ACME, &format!("{}?{}", path.path(), path.query().unwrap())).await;
            let expected: Vec<_> = expected.iter().map(|name| payouts[*name].as_str().unwrap()).collect();
            assert_eq!(ids(&found), expected, "{search:?} by {limit}");
        }
    }
    for who in [paid, reference] {
        assert!(all(&server, FIAZ, &format!("/api/v1/payouts/?view=full&search={who}")).await.is_empty(), "a leak");
        let both = all(&server, ACME, &format!("/api/v1/payouts/?view=full&search={who}&status=failed")).await;
        assert!(both.is_empty(), "both must fit");
    }
}

/// A filter for the oldest of 5,200 payouts finds it with the second request, not the first.
async fn a_filter_looks_at_a_bounded_number(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let oldest = pay(&server, ACME, 1, "the-needle").await;
    fill(&world, 5_200).await;
    let first = server.get(ACME, "/api/v1/payouts/?view=full&search=needle").send().await.unwrap();
    let link = first.headers()["link"].to_str().unwrap().to_owned();
    assert_eq!(first.json::<Vec<Value>>().await.unwrap(), Vec::<Value>::new());
    assert!(link.contains("search=needle") && link.contains("view=full"), "{link}");
    let next = link.strip_prefix('<').unwrap().split('>').next().unwrap();
    let second = server.get(ACME, next).send().await.unwrap();
    assert_eq!(second.headers().get("link"), None);
    assert_eq!(ids(&second.json::<Vec<Value>>().await.unwrap()), [oldest.as_str()]);
    // By its id it is found at once.
    let direct = server.json(ACME, &format!("/api/v1/payouts/?view=full&search={oldest}")).await;
    assert_eq!(ids(direct.as_array().unwrap()), [oldest.as_str()]);
}

/// Adds this many newer payouts of Acme's directly in the database; only their number matters.
async fn fill(world: &World, count: u32) {
    let mut sql = without_entries(world).await;
    let (ids, numbers) = if sql.is_postgres() {
        (
            "cast('ffffffff-ffff-7000-8000-' || lpad(to_hex(n), 12, '0') AS uuid)",
            format!("generate_series(1, {count}) AS n"),
        )
    } else {
        (
            "unhex('ffffffffffff70008000' || printf('%012x', n))",
            format!(
                "(WITH RECURSIVE r(n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < {count}) SELECT n FROM r)"
            ),
        )
    };
    let copied = sql
        .exec(&format!(
            "INSERT INTO payouts (bucket, merchant_id, id, amount_paise, bank_account_id, status, submissions, attempts, \
             unanswered, due_at, created_at, updated_at) \
             SELECT p.bucket, p.merchant_id, {ids}, 1, 'hay', 'pending', 0, 0, 0, p.due_at, p.created_at, p.updated_at \
             FROM payouts p CROSS JOIN {numbers} WHERE p.bank_account_id = 'the-needle'"
        ))
        .await;
    assert_eq!(copied, u64::from(count));
}

async fn a_payout_lists_its_movements(world: World) {
    let (server, payouts) = fixture(&world).await;
    let entries = all(&server, ACME, "/api/v1/ledger/?view=full").await;
    for (name, kinds) in [
        ("completed", &["hold", "settle"][..]),
        ("failed", &["hold", "refund"]),
        ("cancelled", &["hold", "refund"]),
        ("pending", &["hold"]),
    ] {
        let id = payouts[name].as_str().unwrap();
        let timeline = server.json(ACME, &format!("/api/v1/payouts/{id}/")).await;
        let movements = timeline["movements"].as_array().unwrap();
        assert_eq!(
            movements.iter().map(|movement| movement["kind"].as_str().unwrap()).collect::<Vec<_>>(),
            kinds,
            "{name}"
        );
        assert_eq!((&movements[0]["number"], &movements[0]["created_at"]), (&Value::Null, &timeline["created_at"]));
        assert!(movements.iter().all(|movement| movement["amount_paise"] == timeline["amount_paise"]), "{name}");
        for movement in &movements[1..] {
            let entry = entries.iter().find(|entry| entry["number"] == movement["number"]).unwrap();
            assert_eq!((&entry["kind"], entry["payout_id"].as_str()), (&movement["kind"], Some(id)), "{name}");
            assert_eq!(entry["created_at"], movement["created_at"], "{name}");
        }
    }
}

async fn figures_add_up(world: World) {
    let (server, _) = fixture(&world).await;
    let entries = all(&server, ACME, "/api/v1/ledger/?view=full").await;
    let figures = server.json(ACME, "/api/v1/insights?days=7").await;
    assert_eq!((&figures["days"], &figures["counted"], &figures["is_complete"]), (&json!(7), &json!(4), &json!(true)));
    let outcomes = figures["outcomes"].as_array().unwrap();
    assert_eq!(outcomes.len(), 7);
    assert!(outcomes.windows(2).all(|pair| pair[0]["date"].as_str() < pair[1]["date"].as_str()));
    let sum = |name: &str| outcomes.iter().map(|day| day[name].as_i64().unwrap()).sum::<i64>();
    for (name, expected) in [
        ("completed", 1),
        ("failed", 1),
        ("cancelled", 1),
        ("pending", 1),
        ("processing", 0),
        ("in_doubt", 0),
        ("returned", 0),
        ("paid_paise", 100),
    ] {
        assert_eq!(sum(name), expected, "{name}");
    }
    // Fewer entries than points: each is a point, after the balance before them.
    let balance = figures["balance"].as_array().unwrap();
    let before = &balance[0];
    assert_eq!((&before["available_paise"], &before["held_paise"]), (&json!(0), &json!(0)));
    assert_eq!(figures["zone"], "Asia/Kolkata");
    assert_eq!(before["at"], midnight(outcomes[0]["date"].as_str().unwrap(), "+05:30"));
    let utc = server.json(ACME, "/api/v1/insights?days=7&zone=UTC").await;
    assert_eq!(utc["balance"][0]["at"], midnight(utc["outcomes"][0]["date"].as_str().unwrap(), "+00:00"));
    assert_eq!(balance.len(), 1 + entries.len());
    for (point, entry) in balance[1..].iter().zip(entries.iter().rev()) {
        assert_eq!(point["at"], entry["created_at"]);
        assert_eq!(
            (&point["available_paise"], &point["held_paise"]),
            (&entry["available_after_paise"], &entry["held_after_paise"])
        );
    }
    // More entries than points.
    for _ in 0..80 {
        pay(&server, ACME, 1, "demo-bank").await;
    }
    let balance = server.json(ACME, "/api/v1/insights").await["balance"].take();
    let balance = balance.as_array().unwrap();
    assert_eq!(balance.len(), 61);
    let (available, held) = server.balances(ACME).await;
    assert_eq!((&balance[60]["available_paise"], &balance[60]["held_paise"]), (&json!(available), &json!(held)));
    assert_eq!(balance[1]["at"], entries.last().unwrap()["created_at"]);
    // Another merchant's figures are separate.
    assert_eq!(server.json(FIAZ, "/api/v1/insights").await["counted"], 0);
}

/// When a day begins, as the API writes it.
fn midnight(date: &str, offset: &str) -> String {
    let at: jiff::Timestamp = format!("{date}T00:00:00{offset}").parse().unwrap();
    format!("{at:.6}")
}

async fn figures_of_an_empty_book(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_DEMO", "0")]);
    let output = world.run(&["merchant", "create", "Nova", "nova@example.com", "--json"]);
    let created: Value = serde_json::from_slice(&output.stdout).unwrap();
    let api_key = created["api_key"].as_str().unwrap();
    let figures = server.json(api_key, "/api/v1/insights?days=1").await;
    assert_eq!((&figures["counted"], &figures["is_complete"]), (&json!(0), &json!(true)));
    assert_eq!(figures["balance"].as_array().unwrap().len(), 1);
    assert_eq!(figures["balance"][0]["available_paise"], 0);
    assert_eq!(figures["outcomes"].as_array().unwrap().len(), 1);
    assert_eq!(server.json(api_key, "/api/v1/ledger/?view=full&kind=fund").await, json!([]));
    let table = server.get(api_key, "/api/v1/ledger/export").send().await.unwrap().text().await.unwrap();
    assert_eq!(table.lines().count(), 1, "{table}");
}

async fn invalid_requests_are_refused(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let long = "x".repeat(256);
    for path in [
        "/api/v1/ledger/?kind=hold",
        "/api/v1/ledger/?view=full&kind=HOLD",
        "/api/v1/ledger/?view=half",
        "/api/v1/ledger/export?kind=x",
        "/api/v1/payouts/?status=failed",
        "/api/v1/payouts/?search=x",
        "/api/v1/payouts/?view=full&status=lost",
        "/api/v1/ledger/?from=2026-01-01",
        "/api/v1/ledger/?view=full&from=2026-01-02&to=2026-01-01",
        "/api/v1/ledger/export?from=2026-01-02&to=2026-01-01",
        "/api/v1/ledger/export?from=yesterday",
        "/api/v1/payouts/?to=2026-01-01",
        "/api/v1/payouts/?view=full&from=2026-01-02&to=2026-01-01",
        "/api/v1/payouts/?view=full&zone=India",
        "/api/v1/insights?zone=IST",
        "/api/v1/search/",
        "/api/v1/search/?q=%20",
        "/api/v1/search/?q=%00",
        &format!("/api/v1/search/?q={long}"),
        "/api/v1/insights?days=0",
        "/api/v1/insights?days=367",
        "/api/v1/insights?days=-1",
        "/api/v1/insights?days=x",
        &format!("/api/v1/payouts/?view=full&search={long}"),
    ] {
        let answer = server.get(TINY, path).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{path}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "invalid_parameter", "{path}");
    }
    for path in [
        "/api/v1/insights",
        "/api/v1/ledger/export",
        "/api/v1/ledger/?view=full",
        "/api/v1/payouts/?view=full",
        "/api/v1/search/?q=1",
    ] {
        assert_eq!(server.get("nobody", path).send().await.unwrap().status(), StatusCode::UNAUTHORIZED, "{path}");
    }
}
