//! An attacker elsewhere: fails under an operator's name from many addresses, and writes addresses into headers. Each
//! request here names its client in the header of a trusted proxy, as a real proxy would.

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Process, World, until};

on_both_stores!(
    failing_under_a_name_from_elsewhere_locks_nobody_out,
    an_address_in_a_header_counts_from_a_trusted_proxy_only,
    the_audit_log_knows_every_sign_in_and_from_where,
);

const API_ONLY: (&str, &str) = ("PAYRAIL_ROLE", "api");
const PROXY: (&str, &str) = ("PAYRAIL_TRUSTED_PROXIES", "127.0.0.0/8");
const RIGHT: &str = "payrail-demo-admin";

async fn sign_in(server: &Process, forwarded_for: &str, password: &str) -> reqwest::Response {
    let request = server.client.post(format!("{}/admin/api/v1/session", server.url));
    let form = json!({ "name": "admin", "password": password });
    request.header("X-Forwarded-For", forwarded_for).json(&form).send().await.unwrap()
}

async fn status(server: &Process, forwarded_for: &str, password: &str) -> u16 {
    sign_in(server, forwarded_for, password).await.status().as_u16()
}

/// Until the address is refused without a look at the password.
async fn fail_until_refused(server: &Process, address: &str) {
    until(&format!("{address} is refused"), async || {
        let tries = join_all((0..10).map(|_| status(server, address, "not the password"))).await;
        tries.contains(&429)
    })
    .await;
}

async fn failing_under_a_name_from_elsewhere_locks_nobody_out(world: World) {
    let server = world.serve_with(&[API_ONLY, PROXY]);
    let attackers = ["203.0.113.1", "203.0.113.2", "2001:db8::1"];
    for attacker in attackers {
        fail_until_refused(&server, attacker).await;
        assert_eq!(status(&server, attacker, RIGHT).await, 429, "{attacker}: the right password, too");
    }
    // An IPv6 subscriber has a whole network.
    assert_eq!(status(&server, "2001:db8::2", RIGHT).await, 429);
    assert_eq!(status(&server, "198.51.100.7", RIGHT).await, 201, "the operator comes in from elsewhere");
    assert_eq!(status(&server, "198.51.100.8", "not the password").await, 401, "and a new address is heard");
}

async fn an_address_in_a_header_counts_from_a_trusted_proxy_only(world: World) {
    // Without the setting every header is ignored: one address, however many it writes.
    let server = world.serve_with(&[API_ONLY]);
    let tries = (0..60).map(|number| {
        let request = server.client.post(format!("{}/admin/api/v1/session", server.url));
        let address = format!("203.0.113.{number}");
        let request = request.header("X-Forwarded-For", &address).header("Forwarded", format!("for={address}"));
        request.json(&json!({ "name": format!("nobody-{number}") })).send()
    });
    let statuses: Vec<_> = join_all(tries).await.into_iter().map(|answer| answer.unwrap().status()).collect();
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");

    // With it, what stands before the last hop is the client's own writing.
    let server = world.serve_with(&[API_ONLY, PROXY]);
    fail_until_refused(&server, "203.0.113.9").await;
    for forged in ["198.51.100.1, 203.0.113.9", "127.0.0.1, 203.0.113.9", "203.0.113.9, 127.0.0.9", "x, 203.0.113.9"] {
        assert_eq!(status(&server, forged, RIGHT).await, 429, "{forged}");
    }
    assert_eq!(status(&server, "203.0.113.9, 198.51.100.1", RIGHT).await, 201, "another client");

    // The other header is not the one that the proxy writes.
    let server = world.serve_with(&[API_ONLY, PROXY, ("PAYRAIL_FORWARDED_HEADER", "forwarded")]);
    let request = server.client.post(format!("{}/admin/api/v1/session", server.url));
    let request = request.header("X-Forwarded-For", "198.51.100.1").header("Forwarded", "for=\"[2001:db8::7]:443\"");
    let answer = request.json(&json!({ "name": "admin", "password": RIGHT })).send().await.unwrap();
    assert_eq!(details(&server, &answer, "signed_in").await[0], "from 2001:db8::7");
}

async fn the_audit_log_knows_every_sign_in_and_from_where(world: World) {
    let server = world.serve_with(&[API_ONLY, PROXY]);
    assert_eq!(status(&server, "203.0.113.1", "not the password").await, 401);
    let first = sign_in(&server, "198.51.100.7:50123", RIGHT).await;
    assert_eq!(details(&server, &first, "sign_in_failed").await, ["from 203.0.113.1"]);
    assert_eq!(details(&server, &first, "signed_in").await, ["from 198.51.100.7"]);

    // Refused without a look: counted in the next row, so that nobody fills the disk.
    fail_until_refused(&server, "203.0.113.1").await;
    let before = details(&server, &first, "sign_in_failed").await.len();
    let refused = join_all((0..30).map(|_| status(&server, "203.0.113.1", "not the password"))).await;
    let looked_at = refused.iter().filter(|status| **status == 401).count();
    assert_eq!(details(&server, &first, "sign_in_failed").await.len(), before + looked_at);
    let again = sign_in(&server, "198.51.100.7", RIGHT).await;
    let told = &details(&server, &again, "signed_in").await[0];
    let count = told.strip_prefix("from 198.51.100.7; ").and_then(|rest| rest.split(' ').next());
    let count: usize = count.unwrap_or_default().parse().unwrap_or_else(|_| panic!("no count in {told:?}"));
    assert!(count > 0 && told.ends_with("before it were refused or not recorded"), "{told}");

    let cookie = cookie_of(&again);
    let out = server.client.delete(format!("{}/admin/api/v1/session", server.url)).header("Cookie", &cookie);
    assert_eq!(out.header("X-Forwarded-For", "198.51.100.7").send().await.unwrap().status(), 204);
    assert_eq!(details(&server, &first, "signed_out").await, ["from 198.51.100.7"]);
}

fn cookie_of(answer: &reqwest::Response) -> String {
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// Of the rows of this kind, newest first, as the operator who signed in sees them.
async fn details(server: &Process, signed_in: &reqwest::Response, action: &str) -> Vec<String> {
    assert_eq!(signed_in.status(), StatusCode::CREATED);
    let path = format!("{}/admin/api/v1/actions?limit=200&action={action}", server.url);
    let rows: Value =
        server.client.get(path).header("Cookie", cookie_of(signed_in)).send().await.unwrap().json().await.unwrap();
    rows.as_array().unwrap().iter().map(|row| row["detail"].as_str().unwrap_or_default().to_owned()).collect()
}
