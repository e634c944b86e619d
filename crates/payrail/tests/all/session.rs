//! Merchants in a browser: they sign in with a key and get a cookie, which only counts from our own pages.

use futures::future::join_all;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};

use crate::support::{ACME, Process, TINY, World, key, until};
use payrail_store::testing::Sql;

on_both_stores!(
    without_a_session_nobody_is_signed_in,
    a_key_opens_a_session_and_its_cookie_authenticates,
    the_cookie_is_for_our_pages_only,
    a_wrong_key_opens_nothing,
    a_session_ends_when_it_is_told_to,
    a_session_ends_with_its_key_and_its_time,
    the_header_wins_over_the_cookie,
    another_origin_may_not_act_with_the_cookie,
    only_a_hash_of_the_token_is_kept,
    too_many_attempts_must_wait,
    no_demo_keys_without_the_demonstration,
);

const SESSION: &str = "/api/v1/session";
const SETTINGS: [(&str, &str); 1] = [("PAYRAIL_ROLE", "api")];

async fn sign_in(server: &Process, api_key: &str) -> Response {
    let request = server.client.post(format!("{}{SESSION}", server.url));
    request.json(&json!({ "api_key": api_key })).send().await.unwrap()
}

/// Name and value, as the browser would send it back.
fn cookie_of(answer: &Response) -> String {
    let set = answer.headers()[SET_COOKIE].to_str().unwrap();
    set.split(';').next().unwrap().to_owned()
}

async fn signed_in(server: &Process, api_key: &str) -> String {
    let answer = sign_in(server, api_key).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    cookie_of(&answer)
}

fn get(server: &Process, cookie: &str, path: &str) -> RequestBuilder {
    server.client.get(format!("{}{path}", server.url)).header(COOKIE, cookie)
}

fn pay(server: &Process, cookie: &str) -> RequestBuilder {
    let request = server.client.post(format!("{}/api/v1/payouts/", server.url)).header(COOKIE, cookie);
    let body = json!({ "amount_paise": 100, "bank_account_id": "demo-bank" });
    request.header("Idempotency-Key", key().to_string()).json(&body)
}

async fn told(request: RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn is_refused(request: RequestBuilder, status: u16, code: &str) {
    let (got, problem) = told(request).await;
    assert_eq!((got, problem["code"].as_str()), (status, Some(code)), "{problem}");
}

async fn without_a_session_nobody_is_signed_in(world: World) {
    let server = world.serve_with(&SETTINGS);
    for cookie in ["", "payrail_session=", "payrail_session=abc", "other=1"] {
        let (status, session) = told(get(&server, cookie, SESSION)).await;
        assert_eq!(
            (status, &session["merchant"], &session["expires_at"]),
            (200, &Value::Null, &Value::Null),
            "{cookie}"
        );
        let names: Vec<_> = session["demo_merchants"].as_array().unwrap().iter().map(|demo| &demo["api_key"]).collect();
        assert_eq!(names, ["api-key-acme-agency", "api-key-freelancer-fiaz", "api-key-tiny-studio"]);
    }
    is_refused(get(&server, "", "/api/v1/me/"), 401, "not_authenticated").await;
    is_refused(get(&server, "payrail_session=abc", "/api/v1/me/"), 401, "session_expired").await;
}

async fn a_key_opens_a_session_and_its_cookie_authenticates(world: World) {
    let server = world.serve_with(&SETTINGS);
    let answer = sign_in(&server, TINY).await;
    assert_eq!(answer.status(), StatusCode::CREATED);
    let cookie = cookie_of(&answer);
    let opened: Value = answer.json().await.unwrap();
    assert_eq!(opened["merchant"]["name"], "Tiny Studio");
    assert!(opened["expires_at"].as_str().unwrap() > opened["merchant"]["id"].as_str().unwrap());
    assert_eq!(told(get(&server, &cookie, SESSION)).await, (200, opened));
    for path in ["/api/v1/me/", "/api/v1/ledger/", "/api/v1/payouts/?view=full", "/api/v1/events/", "/api/v1/insights"]
    {
        let by_key = server.json(TINY, path).await;
        assert_eq!(told(get(&server, &cookie, path)).await, (200, by_key), "{path}");
    }
    let (status, payout) = told(pay(&server, &cookie)).await;
    assert_eq!(status, 201, "{payout}");
    let cancel = format!("{}/api/v1/payouts/{}/cancel/", server.url, payout["id"].as_str().unwrap());
    assert_eq!(told(server.client.post(cancel).header(COOKIE, &cookie)).await.0, 200);
    // A session belongs to one merchant.
    let acme = signed_in(&server, ACME).await;
    let theirs = format!("/api/v1/payouts/{}/", payout["id"].as_str().unwrap());
    is_refused(get(&server, &acme, &theirs), 404, "not_found").await;
}

async fn the_cookie_is_for_our_pages_only(world: World) {
    for (secure, name, end) in [
        ("0", "payrail_session", "; HttpOnly; SameSite=Strict; Path=/api; Max-Age=43200"),
        ("1", "__Host-payrail_session", "; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=43200"),
    ] {
        let server = world.serve_with(&[SETTINGS[0], ("PAYRAIL_SECURE_COOKIES", secure)]);
        let answer = sign_in(&server, TINY).await;
        let set = answer.headers()[SET_COOKIE].to_str().unwrap();
        let (token, rest) = set.strip_prefix(&format!("{name}=")).unwrap().split_at(64);
        assert!(token.chars().all(|c| c.is_ascii_hexdigit()), "{set}");
        assert_eq!(rest, end);
        assert_ne!(cookie_of(&sign_in(&server, TINY).await), cookie_of(&answer), "new each time");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(answer.headers().contains_key("strict-transport-security"), secure == "1");
        assert_eq!(get(&server, &format!("{name}={token}"), "/api/v1/me/").send().await.unwrap().status(), 200);
        // Over HTTPS, a page on a sibling host could plant a cookie with the plain name.
        let other = if secure == "1" { "payrail_session" } else { "__Host-payrail_session" };
        is_refused(get(&server, &format!("{other}={token}"), "/api/v1/me/"), 401, "not_authenticated").await;
    }
}

async fn a_wrong_key_opens_nothing(world: World) {
    let server = world.serve_with(&SETTINGS);
    let ask = |body: &str| {
        let request = server.client.post(format!("{}{SESSION}", server.url));
        request.header("content-type", "application/json").body(body.to_owned())
    };
    is_refused(ask(r#"{"api_key":"nobody"}"#), 401, "invalid_api_key").await;
    for (body, sentence) in [
        ("{}", "This field is required."),
        (r#"{"api_key":null}"#, "This field may not be null."),
        (r#"{"api_key":"  "}"#, "This field may not be blank."),
        (r#"{"api_key":5}"#, "Not a valid string."),
    ] {
        let (status, problem) = told(ask(body)).await;
        assert_eq!((status, &problem["code"], &problem["api_key"]), (400, &json!("invalid"), &json!([sentence])));
    }
    is_refused(ask("{"), 400, "parse_error").await;
    is_refused(server.client.post(format!("{}{SESSION}", server.url)).body("x"), 415, "unsupported_media_type").await;
    let answer = ask(r#"{"api_key":"nobody"}"#).send().await.unwrap();
    assert!(!answer.headers().contains_key(SET_COOKIE));
}

async fn a_session_ends_when_it_is_told_to(world: World) {
    let server = world.serve_with(&SETTINGS);
    let (cookie, other) = (signed_in(&server, TINY).await, signed_in(&server, TINY).await);
    let end = |cookie: &str| server.client.delete(format!("{}{SESSION}", server.url)).header(COOKIE, cookie);
    for _ in 0..2 {
        let answer = end(&cookie).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        let set = answer.headers()[SET_COOKIE].to_str().unwrap();
        assert_eq!(set, "payrail_session=; HttpOnly; SameSite=Strict; Path=/api; Max-Age=0");
        is_refused(get(&server, &cookie, "/api/v1/me/"), 401, "session_expired").await;
    }
    assert_eq!(end("").send().await.unwrap().status(), StatusCode::NO_CONTENT);
    assert_eq!(told(get(&server, &other, "/api/v1/me/")).await.0, 200, "only the one");
    // Another site cannot sign anyone out.
    is_refused(end(&other).header("Sec-Fetch-Site", "cross-site"), 403, "cross_origin").await;
    assert_eq!(told(get(&server, &other, "/api/v1/me/")).await.0, 200);
}

async fn a_session_ends_with_its_key_and_its_time(world: World) {
    let server = world.serve_with(&SETTINGS);
    let cookie = signed_in(&server, TINY).await;
    let mut sql = Sql::connect(&world.database.url).await;
    let moment = if sql.is_postgres() { "interval '1 microsecond'" } else { "1" };
    assert_eq!(sql.exec(&format!("UPDATE merchant_sessions SET expires_at = created_at + {moment}")).await, 1);
    is_refused(get(&server, &cookie, "/api/v1/me/"), 401, "session_expired").await;
    assert_eq!(told(get(&server, &cookie, SESSION)).await.1["merchant"], Value::Null);

    let cookie = signed_in(&server, TINY).await;
    let now = if sql.is_postgres() { "now()" } else { "1" };
    sql.exec(&format!("UPDATE api_keys SET revoked_at = {now} WHERE prefix = 'api-key-tiny'")).await;
    let (status, problem) = told(get(&server, &cookie, "/api/v1/me/")).await;
    assert_eq!((status, &problem["detail"]), (401, &json!("The session has ended; sign in again.")));
    is_refused(pay(&server, &cookie), 401, "session_expired").await;
}

async fn the_header_wins_over_the_cookie(world: World) {
    let server = world.serve_with(&SETTINGS);
    let cookie = signed_in(&server, TINY).await;
    let with = |value: &str| get(&server, &cookie, "/api/v1/me/").header("Authorization", value);
    assert_eq!(told(with(&format!("Api-Key {ACME}"))).await.1["name"], "Acme Agency");
    is_refused(with("Api-Key nobody"), 401, "invalid_api_key").await;
    is_refused(with("Bearer abc"), 401, "not_authenticated").await;
    // Browsers never send a key by themselves, so a request with a key may come from any origin.
    let request = pay(&server, &cookie).header("Authorization", format!("Api-Key {TINY}"));
    assert_eq!(told(request.header("Origin", "https://shop.example")).await.0, 201);
}

async fn another_origin_may_not_act_with_the_cookie(world: World) {
    let server = world.serve_with(&SETTINGS);
    let cookie = signed_in(&server, TINY).await;
    let own = server.url.clone();
    for (header, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
        ("Origin", "http://127.0.0.1:1"),
        ("Origin", "null"),
    ] {
        is_refused(pay(&server, &cookie).header(header, value), 403, "cross_origin").await;
        assert_eq!(
            told(get(&server, &cookie, "/api/v1/me/").header(header, value)).await.0,
            200,
            "to look is harmless"
        );
        let sign_in = server.client.post(format!("{own}{SESSION}")).header(header, value);
        is_refused(sign_in.json(&json!({ "api_key": TINY })), 403, "cross_origin").await;
    }
    assert_eq!(server.balances(TINY).await, (10_000, 0), "nothing was done");
    for (header, value) in [("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "none"), ("Origin", own.as_str())] {
        assert_eq!(told(pay(&server, &cookie).header(header, value)).await.0, 201, "{header}: {value}");
    }
}

async fn only_a_hash_of_the_token_is_kept(world: World) {
    let server = world.serve_with(&SETTINGS);
    let cookie = signed_in(&server, TINY).await;
    let token = cookie.strip_prefix("payrail_session=").unwrap();
    let mut sql = Sql::connect(&world.database.url).await;
    let hexadecimal = if sql.is_postgres() { "encode(hash, 'hex')" } else { "lower(hex(hash))" };
    let kept = sql.texts(&format!("SELECT {hexadecimal} FROM merchant_sessions")).await;
    assert_eq!((kept.len(), kept[0].len()), (1, 64));
    assert_ne!(kept[0], token);
    // Neither the key, its hash nor the token's hash is a valid token.
    for wrong in [TINY.to_owned(), kept[0].clone(), token.to_uppercase()] {
        is_refused(get(&server, &format!("payrail_session={wrong}"), "/api/v1/me/"), 401, "session_expired").await;
    }
    is_refused(server.get(token, "/api/v1/me/"), 401, "invalid_api_key").await;
}

async fn too_many_attempts_must_wait(world: World) {
    let server = world.serve_with(&SETTINGS);
    // Thirty at once, and one more every two seconds.
    let mut answers = join_all((0..31).map(|_| sign_in(&server, "nobody"))).await;
    let refused = answers.iter().position(|answer| answer.status() == StatusCode::TOO_MANY_REQUESTS);
    if let Some(place) = refused {
        let answer = answers.swap_remove(place);
        let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=2).contains(&wait), "{wait}");
        assert_eq!(answer.json::<Value>().await.unwrap()["code"], "too_many_attempts");
    }
    // At any machine's speed, the allowance is used up long before all of these are answered.
    until("the right key must wait, too", async || {
        let others = join_all((0..40).map(|_| sign_in(&server, "nobody")));
        let (_, right) = tokio::join!(others, sign_in(&server, TINY));
        right.status() == StatusCode::TOO_MANY_REQUESTS
    })
    .await;
    assert_eq!(server.json(TINY, "/api/v1/me/").await["name"], "Tiny Studio", "who has a key needs no session");
}

async fn no_demo_keys_without_the_demonstration(world: World) {
    let server = world.serve_with(&[SETTINGS[0], ("PAYRAIL_DEMO", "0")]);
    let (status, session) = told(get(&server, "", SESSION)).await;
    assert_eq!((status, &session["demo_merchants"]), (200, &json!([])));
}
