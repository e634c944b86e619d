//! The audit log: who did what, in order, and nobody can change it.

use reqwest::Method;
use serde_json::json;

use super::{ADMIN, Answer, Desk, VIEWER, api_only, texts, try_sign_in};
use crate::support::{World, key};
use payrail_store::testing::Sql;

on_both_stores!(every_action_of_an_operator_is_recorded, nobody_changes_the_audit_log);

async fn every_action_of_an_operator_is_recorded(world: World) {
    let server = api_only(&world);
    try_sign_in(&server, "admin", "not the password").await;
    let desk = Desk::of(&server, ADMIN).await;
    let tiny = desk.merchant("tiny").await;
    desk.fund(&tiny, key(), json!({ "amount_paise": 1, "description": "x" })).await.is(201);
    let issued = Answer::to(desk.request(Method::POST, &format!("/merchants/{tiny}/keys"))).await.is(201);
    let from_key = format!("/merchants/{tiny}/keys/{}", issued["key"]["id"].as_str().unwrap());
    let rotated = Answer::to(desk.request(Method::POST, &format!("{from_key}/rotate"))).await.is(201);
    let from_key = format!("/merchants/{tiny}/keys/{}", rotated["key"]["id"].as_str().unwrap());
    Answer::to(desk.request(Method::POST, &format!("{from_key}/revoke"))).await.is(200);
    desk.post("/merchants", json!({ "name": "New", "email": "new@example.com" })).await.is(201);
    Answer::to(desk.request(Method::POST, "/verify")).await.is(202);
    Answer::to(desk.request(Method::DELETE, "/session")).await.is(204);
    let mut create = world.command(&["admin", "create", "--name", "Ana", "--role", "operator"]);
    assert!(create.env("PAYRAIL_ADMIN_PASSWORD", "a long password").output().unwrap().status.success());

    assert!(world.run(&["merchant", "create", "Chai Stall", "chai@example.com"]).status.success());
    let viewer = Desk::of(&server, VIEWER).await;
    let all = viewer.walk("/actions?limit=4").await;
    let told: Vec<_> = all
        .iter()
        .map(|done| format!("{} {}", done["operator"].as_str().unwrap(), done["action"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            "viewer signed_in",
            "command line key_issued",
            "command line merchant_created",
            "command line operator_created",
            "admin signed_out",
            "admin verify_started",
            "admin key_issued",
            "admin merchant_created",
            "admin key_revoked",
            "admin key_rotated",
            "admin key_issued",
            "admin funded",
            "admin signed_in",
            "admin sign_in_failed",
            "demo mode operator_created",
            "demo mode operator_created",
        ]
    );
    assert_eq!(texts(&viewer.walk("/actions?action=funded").await, "operator"), ["admin"]);
    assert_eq!(viewer.walk("/actions?operator=COMMAND%20LINE&limit=1").await.len(), 3);
    assert_eq!(viewer.walk(&format!("/actions?merchant={tiny}")).await.len(), 4);
}

async fn nobody_changes_the_audit_log(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let before = desk.walk("/actions").await;
    let mut sql = Sql::connect(&world.database.url).await;
    for change in ["UPDATE operator_actions SET operator = 'nobody'", "DELETE FROM operator_actions"] {
        let error = sql.try_exec(change).await.unwrap_err();
        assert!(error.to_string().contains("the audit log is append-only"), "{error}");
    }
    assert_eq!(desk.walk("/actions").await, before);
    for method in [Method::PUT, Method::PATCH, Method::DELETE, Method::POST] {
        Answer::to(desk.request(method, "/actions").json(&json!({}))).await.is_problem(405, "method_not_allowed");
    }
}
