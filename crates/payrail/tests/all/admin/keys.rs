//! API keys are issued, rotated and revoked; what has ended opens nothing from that moment on.

use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::{Value, json};

use super::{ADMIN, Answer, Desk, api_only, cookie_of, text, texts};
use crate::support::{Process, TINY, World, key};

on_both_stores!(
    a_rotated_key_opens_nothing_any_more,
    a_revoked_key_ends_its_sessions,
    a_key_ends_once_and_is_its_merchants
);

async fn opens(server: &Process, api_key: &str) -> u16 {
    server.get(api_key, "/api/v1/me/").send().await.unwrap().status().as_u16()
}

/// What people may see of a key of demo mode.
fn prefix(api_key: &str) -> &str {
    &api_key[.."prk_demo_".len() + 8]
}

async fn change(desk: &Desk<'_>, merchant: &str, key_id: &Value, how: &str) -> Answer {
    let path = format!("/merchants/{merchant}/keys/{}/{how}", key_id.as_str().unwrap());
    Answer::to(desk.request(Method::POST, &path)).await
}

async fn issue(desk: &Desk<'_>, merchant: &str) -> Value {
    Answer::to(desk.request(Method::POST, &format!("/merchants/{merchant}/keys"))).await.is(201)
}

async fn a_rotated_key_opens_nothing_any_more(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let tiny = desk.merchant("tiny").await;
    let first = issue(&desk, &tiny).await;
    let first_key = text(&first["api_key"]);
    assert_eq!((opens(&server, &first_key).await, opens(&server, TINY).await), (200, 200));
    let second = change(&desk, &tiny, &first["key"]["id"], "rotate").await.is(201);
    let second_key = text(&second["api_key"]);
    assert_eq!((opens(&server, &first_key).await, opens(&server, &second_key).await), (401, 200));
    assert_eq!(opens(&server, TINY).await, 200, "the other one is untouched");
    let revoked = change(&desk, &tiny, &second["key"]["id"], "revoke").await.is(200);
    assert!(revoked["revoked_at"].is_string());
    assert_eq!(opens(&server, &second_key).await, 401);

    let keys = desk.get(&format!("/merchants/{tiny}")).await.is(200)["keys"].clone();
    let ended: Vec<_> = keys.as_array().unwrap().iter().map(|key| key["revoked_at"].is_string()).collect();
    assert_eq!(ended, [true, true, false], "the newest first: {keys}");
    let done = desk.walk(&format!("/actions?merchant={tiny}")).await;
    assert_eq!(texts(&done, "action"), ["key_revoked", "key_rotated", "key_issued"]);
    assert_eq!(texts(&done, "subject"), [prefix(&second_key), prefix(&first_key), prefix(&first_key)]);
    assert_eq!(done[1]["detail"], json!(format!("replaced by {}", prefix(&second_key))));
}

async fn a_revoked_key_ends_its_sessions(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let tiny = desk.merchant("tiny").await;
    let sign_in = server.client.post(format!("{}/api/v1/session", server.url)).json(&json!({ "api_key": TINY }));
    let cookie = cookie_of(&sign_in.send().await.unwrap());
    let me = || server.client.get(format!("{}/api/v1/me", server.url)).header(COOKIE, &cookie);
    Answer::to(me()).await.is(200);
    let keys = desk.get(&format!("/merchants/{tiny}")).await.is(200)["keys"].clone();
    change(&desk, &tiny, &keys[0]["id"], "rotate").await.is(201);
    Answer::to(me()).await.is_problem(401, "session_expired");
}

async fn a_key_ends_once_and_is_its_merchants(world: World) {
    let server = api_only(&world);
    let desk = Desk::of(&server, ADMIN).await;
    let (tiny, acme) = (desk.merchant("tiny").await, desk.merchant("acme").await);
    let issued = issue(&desk, &tiny).await;
    let (id, api_key) = (&issued["key"]["id"], text(&issued["api_key"]));
    for how in ["rotate", "revoke"] {
        change(&desk, &acme, id, how).await.is_problem(404, "not_found");
        change(&desk, &tiny, &json!("0123456789abcdef"), how).await.is_problem(404, "not_found");
        change(&desk, &key().to_string(), id, how).await.is_problem(404, "not_found");
    }
    assert_eq!(opens(&server, &api_key).await, 200);
    change(&desk, &tiny, id, "revoke").await.is(200);
    for how in ["rotate", "revoke"] {
        change(&desk, &tiny, id, how).await.is_problem(409, "already_revoked");
    }
    let path = format!("/merchants/{}/keys", key());
    Answer::to(desk.request(Method::POST, &path)).await.is_problem(404, "not_found");
    let done = desk.walk(&format!("/actions?merchant={tiny}")).await;
    assert_eq!(texts(&done, "action"), ["key_revoked", "key_issued"], "what was not done is not told");
}
