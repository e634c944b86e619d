//! Operators invite one another, keep one another out, and choose passwords of their own.

use reqwest::Method;
use serde_json::{Value, json};

use super::{ADMIN, Answer, Desk, VIEWER, api_only, ask, text, texts, try_sign_in};
use crate::support::World;
use payrail_store::testing::Sql;

on_both_stores!(
    an_invited_operator_chooses_a_password_first,
    a_one_time_password_expires,
    an_invalid_form_is_refused,
    a_disabled_operator_is_out_until_enabled,
    nobody_disables_or_resets_themselves,
    a_reset_ends_sessions_and_gives_a_one_time_password,
    a_password_change_requires_the_current_password,
    too_many_passwords_in_an_open_session_must_wait,
);

const OWN: &str = "a password of my own";

async fn invite(desk: &Desk<'_>, name: &str, role: &str) -> (String, String) {
    let invited = desk.post("/operators", json!({ "name": name, "role": role })).await.is(201);
    (text(&invited["operator"]["id"]), text(&invited["one_time_password"]))
}

async fn change(desk: &Desk<'_>, current: &str, new: &str) -> Answer {
    desk.post("/session/password", json!({ "current_password": current, "new_password": new })).await
}

async fn listed(desk: &Desk<'_>, name: &str) -> Value {
    let all = desk.get("/operators").await.is(200);
    all.as_array().unwrap().iter().find(|operator| operator["name"] == name).unwrap().clone()
}

async fn an_invited_operator_chooses_a_password_first(world: World) {
    let server = api_only(&world);
    let admin = Desk::of(&server, ADMIN).await;
    let (id, password) = invite(&admin, "Ana", "operator").await;
    assert_eq!(listed(&admin, "Ana").await["id"], json!(id));
    assert!(listed(&admin, "Ana").await["one_time_password_until"].is_string());
    assert!(!admin.get("/operators").await.body.to_string().contains(&password), "it is shown once");
    admin.post("/operators", json!({ "name": "ANA", "role": "viewer" })).await.is_problem(409, "name_taken");

    let ana = Desk::of(&server, ("Ana", &password)).await;
    let session = ana.get("/session").await.is(200);
    assert_eq!((&session["must_change_password"], &session["operator"]["name"]), (&json!(true), &json!("Ana")));
    // Nothing else opens, to look or to act.
    for path in ["/overview", "/operators", "/payouts", "/merchants"] {
        ana.get(path).await.is_problem(403, "password_change_required");
    }
    ana.post("/verify", json!({})).await.is_problem(403, "password_change_required");
    ana.post("/operators", json!({ "name": "Eve", "role": "operator" }))
        .await
        .is_problem(403, "password_change_required");

    let changed = change(&ana, &password, OWN).await.is(200);
    assert_eq!(changed["must_change_password"], false);
    ana.get("/overview").await.is(200);
    assert!(listed(&ana, "Ana").await["one_time_password_until"].is_null());
    assert_eq!(try_sign_in(&server, "Ana", &password).await.status(), 401, "it worked once");
    Desk::of(&server, ("ana", OWN)).await.get("/overview").await.is(200);

    let log = admin.walk("/actions").await;
    let lines: Vec<_> =
        log.iter().rev().map(|done| format!("{} {}", text(&done["operator"]), text(&done["action"]))).collect();
    assert_eq!(
        lines[lines.len() - 6..],
        [
            "admin signed_in",
            "admin operator_created",
            "Ana signed_in",
            "Ana password_changed",
            "Ana sign_in_failed",
            "Ana signed_in"
        ]
    );
    let created = log.iter().find(|done| done["action"] == "operator_created" && done["operator"] == "admin").unwrap();
    assert_eq!((&created["subject"], &created["detail"]), (&json!("Ana"), &json!("role: operator")));
    let everything = serde_json::to_string(&log).unwrap();
    assert!(!everything.contains(&password) && !everything.contains(OWN), "no password in the audit log");
}

async fn a_one_time_password_expires(world: World) {
    let server = api_only(&world);
    let admin = Desk::of(&server, ADMIN).await;
    let (id, password) = invite(&admin, "Ana", "viewer").await;
    let ana = Desk::of(&server, ("Ana", &password)).await;
    let mut sql = Sql::connect(&world.database.url).await;
    assert_eq!(sql.exec("UPDATE operators SET temporary_until = created_at WHERE name = 'Ana'").await, 1);
    let answer = try_sign_in(&server, "Ana", &password).await;
    assert_eq!(answer.status(), 401);
    let problem: Value = answer.json().await.unwrap();
    assert_eq!(problem["code"], "one_time_password_expired");
    // Who does not know it learns nothing.
    let answer = try_sign_in(&server, "Ana", "not the password").await;
    assert_eq!(answer.json::<Value>().await.unwrap()["code"], "invalid_credentials");
    drop(ana);
    let again = admin.post(&format!("/operators/{id}/reset-password"), json!({})).await.is(200);
    Desk::of(&server, ("Ana", again["one_time_password"].as_str().unwrap())).await;
}

async fn an_invalid_form_is_refused(world: World) {
    let server = api_only(&world);
    let admin = Desk::of(&server, ADMIN).await;
    let required = json!(["This field is required."]);
    let problem = admin.post("/operators", json!({})).await.is_problem(400, "invalid");
    assert_eq!((&problem["name"], &problem["role"]), (&required, &required));
    for name in ["two words", "Äna", "x'y", &"x".repeat(65)] {
        let problem =
            admin.post("/operators", json!({ "name": name, "role": "root" })).await.is_problem(400, "invalid");
        assert!(problem["name"].is_array() && problem["role"] == json!(["Choose viewer or operator."]), "{problem}");
    }
    let nobody = format!("/operators/{}", uuid::Uuid::nil());
    for what in ["disable", "enable", "reset-password"] {
        admin.post(&format!("{nobody}/{what}"), json!({})).await.is_problem(404, "not_found");
        admin.post(&format!("/operators/nonsense/{what}"), json!({})).await.is_problem(404, "not_found");
    }
    assert_eq!(texts(admin.get("/operators").await.is(200).as_array().unwrap(), "name"), ["admin", "viewer"]);
}

async fn a_disabled_operator_is_out_until_enabled(world: World) {
    let server = api_only(&world);
    let (admin, viewer) = (Desk::of(&server, ADMIN).await, Desk::of(&server, VIEWER).await);
    let id = text(&listed(&admin, "viewer").await["id"]);
    admin.post(&format!("/operators/{id}/enable"), json!({})).await.is_problem(409, "not_disabled");
    let disabled = admin.post(&format!("/operators/{id}/disable"), json!({})).await.is(200);
    assert!(disabled["disabled_at"].is_string());
    viewer.get("/overview").await.is_problem(401, "session_expired");
    assert_eq!(try_sign_in(&server, VIEWER.0, VIEWER.1).await.status(), 401);
    admin.post(&format!("/operators/{id}/disable"), json!({})).await.is_problem(409, "already_disabled");
    let enabled = admin.post(&format!("/operators/{id}/enable"), json!({})).await.is(200);
    assert!(enabled["disabled_at"].is_null());
    viewer.get("/overview").await.is_problem(401, "session_expired");
    Desk::of(&server, VIEWER).await.get("/overview").await.is(200);
    let done = admin.walk("/actions?operator=admin").await;
    assert_eq!(texts(&done, "action"), ["operator_enabled", "operator_disabled", "signed_in"]);
    assert!(done[..2].iter().all(|done| done["subject"] == "viewer"), "{done:?}");
}

async fn nobody_disables_or_resets_themselves(world: World) {
    let server = api_only(&world);
    let admin = Desk::of(&server, ADMIN).await;
    let id = text(&listed(&admin, "admin").await["id"]);
    for what in ["disable", "reset-password"] {
        admin.post(&format!("/operators/{id}/{what}"), json!({})).await.is_problem(409, "own_account");
    }
    admin.get("/overview").await.is(200);
}

async fn a_reset_ends_sessions_and_gives_a_one_time_password(world: World) {
    let server = api_only(&world);
    let (admin, viewer) = (Desk::of(&server, ADMIN).await, Desk::of(&server, VIEWER).await);
    let id = text(&listed(&admin, "viewer").await["id"]);
    let reset = admin.post(&format!("/operators/{id}/reset-password"), json!({})).await.is(200);
    viewer.get("/overview").await.is_problem(401, "session_expired");
    assert_eq!(try_sign_in(&server, VIEWER.0, VIEWER.1).await.status(), 401);
    let password = text(&reset["one_time_password"]);
    let viewer = Desk::of(&server, ("viewer", &password)).await;
    change(&viewer, &password, OWN).await.is(200);
    viewer.get("/overview").await.is(200);
    let done = admin.walk("/actions?action=password_reset").await;
    assert_eq!((&done[0]["operator"], &done[0]["subject"]), (&json!("admin"), &json!("viewer")));
}

async fn a_password_change_requires_the_current_password(world: World) {
    let server = api_only(&world);
    let (viewer, elsewhere) = (Desk::of(&server, VIEWER).await, Desk::of(&server, VIEWER).await);
    let required = json!(["This field is required."]);
    let problem = viewer.post("/session/password", json!({})).await.is_problem(400, "invalid");
    assert_eq!((&problem["current_password"], &problem["new_password"]), (&required, &required));
    for (current, new, field) in [
        ("not the password", OWN, "current_password"),
        (VIEWER.1, "short", "new_password"),
        (VIEWER.1, VIEWER.1, "new_password"),
        (VIEWER.1, &"x".repeat(1_001), "new_password"),
    ] {
        let problem = change(&viewer, current, new).await.is_problem(400, "invalid");
        assert!(problem[field].is_array(), "{problem}");
    }
    elsewhere.get("/overview").await.is(200);
    change(&viewer, VIEWER.1, OWN).await.is(200);
    viewer.get("/overview").await.is(200);
    elsewhere.get("/overview").await.is_problem(401, "session_expired");
    assert_eq!(try_sign_in(&server, VIEWER.0, VIEWER.1).await.status(), 401);
    Desk::of(&server, ("viewer", OWN)).await;
    Answer::to(ask(&server, Method::POST, "/session/password").json(&json!({})))
        .await
        .is_problem(401, "not_authenticated");
    let cross = viewer.request(Method::POST, "/session/password").header("Sec-Fetch-Site", "cross-site");
    Answer::to(cross.json(&json!({}))).await.is_problem(403, "cross_origin");
}

async fn too_many_passwords_in_an_open_session_must_wait(world: World) {
    let server = api_only(&world);
    let viewer = Desk::of(&server, VIEWER).await;
    let mut codes = Vec::new();
    for guess in 0..60 {
        codes.push(change(&viewer, &format!("guess number {guess}"), OWN).await.status);
    }
    assert!(codes.contains(&429), "{codes:?}");
}
