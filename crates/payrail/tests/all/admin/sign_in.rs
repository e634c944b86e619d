//! Operators sign in with a name and a password, and are out when they, or somebody else, end the session.

use futures::future::join_all;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::{ADMIN, API_ONLY, Answer, Desk, VIEWER, api_only, ask, cookie_of, try_sign_in};
use crate::support::{World, must_wait, until};
use payrail_store::testing::Sql;

on_both_stores!(
    a_name_and_a_password_open_a_session,
    the_cookie_is_for_our_pages_only,
    a_wrong_password_and_an_unknown_name_are_told_the_same,
    a_malformed_form_is_refused,
    who_signs_out_is_out,
    a_session_ends_with_its_time_its_password_and_its_operator,
    too_many_attempts_must_wait,
    no_demo_operators_without_the_demonstration,
);

async fn a_name_and_a_password_open_a_session(world: World) {
    let server = api_only(&world);
    let nobody = Answer::to(ask(&server, Method::GET, "/session")).await.is(200);
    let demo = json!({ "name": "admin", "password": "payrail-demo-admin" });
    assert_eq!(nobody, json!({ "operator": null, "expires_at": null, "must_change_password": false, "demo": demo }));
    for ((name, password), role) in [(ADMIN, "operator"), (VIEWER, "viewer"), (("ADMIN", ADMIN.1), "operator")] {
        let answer = try_sign_in(&server, name, password).await;
        assert_eq!(answer.status(), StatusCode::CREATED);
        let desk = Desk { server: &server, cookie: cookie_of(&answer) };
        let session: Value = answer.json().await.unwrap();
        assert_eq!(session["operator"]["role"], role);
        assert_eq!(session["operator"]["name"], name.to_lowercase());
        assert_eq!(desk.get("/session").await.is(200), session);
        desk.get("/overview").await.is(200);
    }
}

async fn the_cookie_is_for_our_pages_only(world: World) {
    for (secure, name, rest) in [
        ("0", "payrail_operator", "; HttpOnly; SameSite=Strict; Path=/admin; Max-Age=43200"),
        ("1", "__Host-payrail_operator", "; HttpOnly; SameSite=Strict; Secure; Path=/; Max-Age=43200"),
    ] {
        let server = world.serve_with(&[API_ONLY, ("PAYRAIL_SECURE_COOKIES", secure)]);
        let answer = try_sign_in(&server, ADMIN.0, ADMIN.1).await;
        let set = answer.headers()[SET_COOKIE].to_str().unwrap();
        let (token, flags) = set.strip_prefix(&format!("{name}=")).unwrap().split_at(64);
        assert!(token.chars().all(|c| c.is_ascii_hexdigit()), "{set}");
        assert_eq!(flags, rest);
        assert_eq!(answer.headers()["cache-control"], "no-store");
        let overview = |name: &str| ask(&server, Method::GET, "/overview").header(COOKIE, format!("{name}={token}"));
        Answer::to(overview(name)).await.is(200);
        let other = if secure == "1" { "payrail_operator" } else { "__Host-payrail_operator" };
        Answer::to(overview(other)).await.is_problem(401, "not_authenticated");
    }
}

async fn a_wrong_password_and_an_unknown_name_are_told_the_same(world: World) {
    let server = api_only(&world);
    let mut told = Vec::new();
    for (name, password) in [
        ("admin", "payrail-demo-viewer"),
        ("admin", "payrail-demo-admin "),
        ("admin", "PAYRAIL-DEMO-ADMIN"),
        ("nobody", "payrail-demo-admin"),
        ("viewer' --", "payrail-demo-admin"),
    ] {
        let answer = try_sign_in(&server, name, password).await;
        assert!(!answer.headers().contains_key(SET_COOKIE));
        let status = answer.status();
        told.push((status, answer.json::<Value>().await.unwrap()));
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:#?}");
    assert_eq!((told[0].0, &told[0].1["code"]), (StatusCode::UNAUTHORIZED, &json!("invalid_credentials")));
    let desk = Desk::of(&server, ADMIN).await;
    let failures = desk.get("/actions?action=sign_in_failed").await.is(200);
    let names: Vec<_> = failures.as_array().unwrap().iter().map(|done| done["operator"].as_str().unwrap()).collect();
    assert_eq!(names, ["(unknown)", "(unknown)", "admin", "admin", "admin"], "what was typed may be a password");
}

async fn a_malformed_form_is_refused(world: World) {
    let server = api_only(&world);
    let send = |body: &'static str| {
        ask(&server, Method::POST, "/session").header("content-type", "application/json").body(body)
    };
    for (body, name, password) in [
        ("{}", json!(["This field is required."]), json!(["This field is required."])),
        (r#"{"name":"admin"}"#, Value::Null, json!(["This field is required."])),
        (r#"{"name":" ","password":5}"#, json!(["This field may not be blank."]), json!(["Not a valid string."])),
    ] {
        let problem = Answer::to(send(body)).await.is_problem(400, "invalid");
        assert_eq!((&problem["name"], &problem["password"]), (&name, &password), "{body}");
    }
    Answer::to(send("{")).await.is_problem(400, "parse_error");
    Answer::to(ask(&server, Method::POST, "/session").body("name=admin"))
        .await
        .is_problem(415, "unsupported_media_type");
}

async fn who_signs_out_is_out(world: World) {
    let server = api_only(&world);
    let (desk, other) = (Desk::of(&server, ADMIN).await, Desk::of(&server, ADMIN).await);
    let sign_out = |cookie: &str| ask(&server, Method::DELETE, "/session").header(COOKIE, cookie);
    Answer::to(sign_out(&desk.cookie).header("Sec-Fetch-Site", "cross-site")).await.is_problem(403, "cross_origin");
    for _ in 0..2 {
        let answer = Answer::to(sign_out(&desk.cookie)).await;
        assert_eq!(answer.headers[SET_COOKIE], "payrail_operator=; HttpOnly; SameSite=Strict; Path=/admin; Max-Age=0");
        answer.is(204);
        desk.get("/overview").await.is_problem(401, "session_expired");
    }
    other.get("/overview").await.is(200);
    let viewer = Desk::of(&server, VIEWER).await;
    Answer::to(sign_out(&viewer.cookie)).await.is(204);
    viewer.get("/overview").await.is_problem(401, "session_expired");
    Answer::to(ask(&server, Method::DELETE, "/session")).await.is(204);
}

async fn a_session_ends_with_its_time_its_password_and_its_operator(world: World) {
    let server = api_only(&world);
    let mut sql = Sql::connect(&world.database.url).await;
    let moment = if sql.is_postgres() { "interval '1 microsecond'" } else { "1" };
    let desk = Desk::of(&server, VIEWER).await;
    assert_eq!(sql.exec(&format!("UPDATE operator_sessions SET expires_at = created_at + {moment}")).await, 1);
    desk.get("/overview").await.is_problem(401, "session_expired");
    assert_eq!(desk.get("/session").await.is(200)["operator"], Value::Null);

    let (admin, viewer) = (Desk::of(&server, ADMIN).await, Desk::of(&server, VIEWER).await);
    let mut change = world.command(&["admin", "password", "VIEWER"]);
    assert!(change.env("PAYRAIL_ADMIN_PASSWORD", "another password").output().unwrap().status.success());
    viewer.get("/overview").await.is_problem(401, "session_expired");
    admin.get("/overview").await.is(200);
    assert_eq!(try_sign_in(&server, VIEWER.0, VIEWER.1).await.status(), StatusCode::UNAUTHORIZED);
    let viewer = Desk::of(&server, ("viewer", "another password")).await;

    assert!(world.run(&["admin", "disable", "viewer"]).status.success());
    viewer.get("/overview").await.is_problem(401, "session_expired");
    let answer = try_sign_in(&server, "viewer", "another password").await;
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "invalid_credentials");
    admin.get("/overview").await.is(200);
}

async fn too_many_attempts_must_wait(world: World) {
    let server = api_only(&world);
    let wrong = async || try_sign_in(&server, "Viewer", "not the password").await;
    until("the name is refused", async || wrong().await.status() == StatusCode::TOO_MANY_REQUESTS).await;
    // Before the address has used up its allowance, too.
    let other = try_sign_in(&server, ADMIN.0, ADMIN.1).await;
    assert_eq!(other.status(), StatusCode::CREATED, "another name is not yet stopped");
    must_wait(wrong, async || try_sign_in(&server, VIEWER.0, VIEWER.1).await).await;
    // One address, whatever the names. Nothing is checked, so this is quicker than the address's allowance comes back.
    let form = |number: usize| json!({ "name": format!("nobody-{number}") });
    until("the address is refused", async || {
        let tries = (0..50).map(|number| ask(&server, Method::POST, "/session").json(&form(number)).send());
        join_all(tries).await.iter().any(|answer| answer.as_ref().unwrap().status() == StatusCode::TOO_MANY_REQUESTS)
    })
    .await;
}

async fn no_demo_operators_without_the_demonstration(world: World) {
    let server = world.serve_with(&[API_ONLY, ("PAYRAIL_DEMO", "0")]);
    let nobody = Answer::to(ask(&server, Method::GET, "/session")).await.is(200);
    assert_eq!(nobody["demo"], Value::Null);
    assert_eq!(try_sign_in(&server, ADMIN.0, ADMIN.1).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(Sql::connect(&world.database.url).await.texts("SELECT name FROM operators").await, [""; 0]);
}
