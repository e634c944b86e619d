//! Paths and methods: what is where, with and without the last slash, and what is nowhere.

use reqwest::Method;

use super::{Answer, EVENTS, LEDGER, ME, PAYOUTS, api_only, get, id_of, key, order, pay};
use crate::support::{Process, TINY, World};

on_both_stores!(
    the_last_slash_does_not_matter,
    unknown_paths_are_404_in_json,
    other_methods_are_405,
    head_works_wherever_get_does,
    the_process_reports_its_health,
    every_request_has_an_id
);

async fn the_last_slash_does_not_matter(world: World) {
    let server = api_only(&world);
    let payout = id_of(&pay(&server, TINY, 100, "demo-bank").await.is("a payout", 201));
    let timeline = format!("{PAYOUTS}{payout}/");
    for path in [ME, LEDGER, PAYOUTS, EVENTS, &timeline, "/healthz/", "/readyz/", "/api/v1/payouts/?limit=1"] {
        let with = get(&server, TINY, path).await;
        let without = get(&server, TINY, path.replacen("/?", "?", 1).trim_end_matches('/')).await;
        with.is(path, 200);
        assert_eq!((without.status, &without.text), (200, &with.text), "{path}");
    }
    let key = key();
    for (path, replayed) in [("/api/v1/payouts", false), (PAYOUTS, true)] {
        let request = server.post(TINY, path).header("Idempotency-Key", key.to_string());
        let request = request.header("Content-Type", "application/json").body(order(100, "demo-bank"));
        let answer = Answer::to(request).await;
        answer.is(path, 201);
        assert_eq!(answer.replayed(), replayed, "{path}");
    }
    for path in [format!("{PAYOUTS}{payout}/cancel"), format!("{PAYOUTS}{payout}/cancel/")] {
        Answer::to(server.post(TINY, &path)).await.is(&path, 200);
    }
}

async fn unknown_paths_are_404_in_json(world: World) {
    let server = api_only(&world);
    for path in [
        "/api",
        "/api/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/nothing/",
        "/api/v1/me/too/",
        "/api/v1/payout/",
        "/api/v1/PAYOUTS/",
        "/api/v2/me/",
        "/api/v1/../../etc/passwd",
        "/api/v1/%2e%2e/",
        "/api/v1/ledger/5/",
        "/api/v1/%ff/",
        "/nothing",
    ] {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let row = format!("{method} {path}");
            // Without a key too: where nothing is, there is nothing to guard.
            for api_key in [TINY, "nobody"] {
                call(&server, method.clone(), api_key, path).await.is_problem(&row, 404, "not_found");
            }
        }
    }
    for id in ["5", "abc", "%ff", "%00", "..%2f", "00000000-0000-0000-0000-000000000000", &key().to_string()] {
        let path = format!("{PAYOUTS}{id}/");
        get(&server, TINY, &path).await.is_problem(&path, 404, "not_found");
        let path = format!("{PAYOUTS}{id}/cancel/");
        Answer::to(server.post(TINY, &path)).await.is_problem(&path, 404, "not_found");
    }
}

/// With CORS off: where it is on, OPTIONS is the browser's question.
async fn other_methods_are_405(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_CORS_ORIGINS", "")]);
    let (timeline, cancel) = (format!("{PAYOUTS}{}/", key()), format!("{PAYOUTS}{}/cancel/", key()));
    for (path, allowed) in [
        (ME, "GET,HEAD"),
        (LEDGER, "GET,HEAD"),
        (PAYOUTS, "GET,HEAD,POST"),
        (EVENTS, "GET,HEAD"),
        (&timeline, "GET,HEAD"),
        (&cancel, "POST"),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"] {
            if allowed.split(',').any(|allowed| allowed == method) {
                continue;
            }
            let row = format!("{method} {path}");
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let answer = call(&server, method.clone(), TINY, path).await;
            let problem = answer.is_problem(&row, 405, "method_not_allowed");
            assert_eq!(problem["detail"], format!("Method \"{method}\" not allowed."), "{row}");
            assert_eq!(answer.header("allow"), Some(allowed), "{row}");
            // Authentication comes first.
            call(&server, method, "nobody", path).await.is_problem(&row, 401, "invalid_api_key");
        }
    }
    let answer = call(&server, Method::DELETE, "nobody", "/healthz").await;
    answer.is_problem("health needs no key", 405, "method_not_allowed");
    assert_eq!(answer.header("allow"), Some("GET,HEAD"));
}

async fn call(server: &Process, method: Method, api_key: &str, path: &str) -> Answer {
    let request = server.client.request(method, format!("{}{path}", server.url));
    Answer::to(request.header("Authorization", format!("Api-Key {api_key}"))).await
}

async fn head_works_wherever_get_does(world: World) {
    let server = api_only(&world);
    let payout = id_of(&pay(&server, TINY, 100, "demo-bank").await.is("a payout", 201));
    pay(&server, TINY, 100, "demo-bank").await.is("another", 201);
    let timeline = format!("{PAYOUTS}{payout}/");
    for path in [ME, LEDGER, PAYOUTS, "/api/v1/payouts/?limit=1", EVENTS, &timeline, "/healthz", "/readyz"] {
        let got = get(&server, TINY, path).await;
        let head = call(&server, Method::HEAD, TINY, path).await;
        assert_eq!((head.status, head.text.as_str()), (200, ""), "{path}");
        for name in ["content-type", "content-length", "link", "cache-control"] {
            assert_eq!(head.header(name), got.header(name), "{path}: {name}");
        }
        if path.starts_with("/api") {
            assert_eq!(call(&server, Method::HEAD, "nobody", path).await.status, 401, "{path}");
        }
    }
    let head = call(&server, Method::HEAD, TINY, &format!("{timeline}cancel/")).await;
    assert_eq!((head.status, head.header("allow")), (405, Some("POST")), "there is no GET here");
    assert_eq!(call(&server, Method::HEAD, TINY, "/api/v1/nothing/").await.status, 404);
}

async fn the_process_reports_its_health(world: World) {
    let server = api_only(&world);
    let bare = |path: &str| Answer::to(server.client.get(format!("{}{path}", server.url)));
    assert_eq!(bare("/healthz").await.is("no key is needed", 200)["status"], "ok");
    let ready = bare("/readyz").await.is("no key is needed", 200);
    assert_eq!(ready["status"], "ready");
    assert!(ready["schema"].as_i64().is_some_and(|version| version > 0), "{ready}");
}

async fn every_request_has_an_id(world: World) {
    let server = api_only(&world);
    let one = get(&server, TINY, ME).await;
    let other = get(&server, TINY, ME).await;
    assert!(one.header("x-request-id").unwrap().parse::<uuid::Uuid>().is_ok());
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    for (api_key, path, status) in [(TINY, ME, 200), ("nobody", ME, 401), (TINY, "/api/v1/nothing/", 404)] {
        let answer = Answer::to(server.get(api_key, path).header("X-Request-Id", "the client's own")).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (status, Some("the client's own")), "{path}");
    }
    // It rides on a header, so that a replay's body is the first one's.
    let key = key();
    let first = super::ask(&server, TINY, key, order(99_999, "demo-bank")).await;
    let again = super::ask(&server, TINY, key, order(99_999, "demo-bank")).await;
    assert_ne!(first.header("x-request-id"), again.header("x-request-id"));
    assert_eq!(first.text, again.text);
}
