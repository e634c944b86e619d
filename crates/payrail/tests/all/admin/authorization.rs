//! Who may do what, for every route of the OpenAPI document, so that a new one cannot be forgotten.

use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

use super::{ADMIN, Answer, Desk, VIEWER, api_only, ask};
use crate::support::{ACME, Process, World, key};

on_both_stores!(
    a_viewer_changes_nothing,
    nobody_sees_or_changes_anything_without_a_session,
    another_origin_can_read_but_not_write,
    merchant_and_operator_credentials_are_not_interchangeable,
);

/// Every operation of the operators' API except the session's, with ids that do not exist.
async fn routes(server: &Process) -> Vec<(Method, String)> {
    let document = server.client.get(format!("{}/api/v1/openapi.json", server.url));
    let document: Value = document.send().await.unwrap().json().await.unwrap();
    let mut routes = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let Some(path) = path.strip_prefix("/admin/api/v1") else { continue };
        let path: Vec<_> = path
            .split('/')
            .map(|part| if part.starts_with('{') { key().to_string() } else { part.to_owned() })
            .collect();
        for method in item.as_object().unwrap().keys().filter(|_| path != ["", "session"]) {
            routes.push((method.to_uppercase().parse::<Method>().unwrap(), path.join("/")));
        }
    }
    let unsafe_ones = routes.iter().filter(|(method, _)| !method.is_safe()).count();
    assert!(unsafe_ones >= 13 && routes.len() >= 24, "{routes:?}");
    routes
}

fn send(server: &Process, (method, path): &(Method, String)) -> reqwest::RequestBuilder {
    ask(server, method.clone(), path).header("Idempotency-Key", key().to_string()).json(&json!({}))
}

async fn a_viewer_changes_nothing(world: World) {
    let server = api_only(&world);
    let viewer = Desk::of(&server, VIEWER).await;
    for route in routes(&server).await {
        if route.1 == "/session/password" {
            continue; // A viewer's own password is theirs to change.
        }
        let answer = Answer::to(send(&server, &route).header(COOKIE, &viewer.cookie)).await;
        if route.0.is_safe() {
            // An id in the path does not exist (404), and a search needs a query.
            assert!(matches!(answer.status, 200 | 404) || route.1 == "/search", "{route:?}: {answer:?}");
        } else {
            let problem = answer.is_problem(403, "forbidden");
            assert!(problem["detail"].as_str().unwrap().starts_with("Your role is viewer: "), "{route:?}");
        }
    }
    let done = viewer.walk("/actions?operator=viewer").await;
    assert_eq!(super::texts(&done, "action"), ["signed_in"], "nothing was done in the viewer's name");
}

async fn nobody_sees_or_changes_anything_without_a_session(world: World) {
    let server = api_only(&world);
    for route in routes(&server).await {
        for (cookie, code) in [
            (None, "not_authenticated"),
            (Some("payrail_operator="), "not_authenticated"),
            (Some("payrail_session=abc"), "not_authenticated"),
            (Some("payrail_operator=abc"), "session_expired"),
        ] {
            let mut request = send(&server, &route);
            if let Some(cookie) = cookie {
                request = request.header(COOKIE, cookie);
            }
            Answer::to(request).await.is_problem(401, code);
        }
    }
    Answer::to(ask(&server, Method::PUT, "/overview")).await.is_problem(405, "method_not_allowed");
    Answer::to(ask(&server, Method::GET, "/nothing")).await.is_problem(404, "not_found");
}

async fn another_origin_can_read_but_not_write(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    for (name, value) in [
        ("Sec-Fetch-Site", "cross-site"),
        ("Sec-Fetch-Site", "same-site"),
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
    ] {
        for route in routes(&server).await {
            let answer = Answer::to(send(&server, &route).header(COOKIE, &desk.cookie).header(name, value)).await;
            if !route.0.is_safe() {
                answer.is_problem(403, "cross_origin");
            }
        }
        let sign_in = ask(&server, Method::POST, "/session").header(name, value);
        let form = json!({ "name": ADMIN.0, "password": ADMIN.1 });
        Answer::to(sign_in.json(&form)).await.is_problem(403, "cross_origin");
    }
    let done = desk.walk("/actions?operator=admin").await;
    assert_eq!(super::texts(&done, "action"), ["signed_in"]);
    let own = server.url.clone();
    let run = desk.request(Method::POST, "/verify").header("Origin", own);
    Answer::to(run).await.is(202);
}

async fn merchant_and_operator_credentials_are_not_interchangeable(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let token = desk.cookie.strip_prefix("payrail_operator=").unwrap();
    let me = |cookie: String| server.client.get(format!("{}/api/v1/me/", server.url)).header(COOKIE, cookie);
    Answer::to(me(desk.cookie.clone())).await.is_problem(401, "not_authenticated");
    Answer::to(me(format!("payrail_session={token}"))).await.is_problem(401, "session_expired");
    Answer::to(server.get(token, "/api/v1/me/")).await.is_problem(401, "invalid_api_key");

    let sign_in = server.client.post(format!("{}/api/v1/session", server.url)).json(&json!({ "api_key": ACME }));
    let merchants = super::cookie_of(&sign_in.send().await.unwrap());
    let token = merchants.strip_prefix("payrail_session=").unwrap();
    for route in routes(&server).await {
        let with = |cookie: String| send(&server, &route).header(COOKIE, cookie);
        Answer::to(with(merchants.clone())).await.is_problem(401, "not_authenticated");
        for stolen in [token, ACME] {
            Answer::to(with(format!("payrail_operator={stolen}"))).await.is_problem(401, "session_expired");
        }
        let by_key = send(&server, &route).header("Authorization", format!("Api-Key {ACME}"));
        Answer::to(by_key).await.is_problem(401, "not_authenticated");
    }
}
