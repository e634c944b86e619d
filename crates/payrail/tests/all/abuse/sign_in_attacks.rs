//! An attacker fails to sign in under an operator's name from many addresses, and forges addresses in headers. Each
//! request here names its client in a trusted proxy's header.

use futures::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Process, World, must_wait, until};

on_both_stores!(
    failed_sign_ins_from_elsewhere_lock_nobody_out,
    only_a_trusted_proxys_header_counts,
    the_audit_log_has_every_sign_in_and_its_address,
    the_log_names_the_client_behind_a_trusted_proxy,
);

const API_ONLY: (&str, &str) = ("PAYRAIL_ROLE", "api");
/// Behind a proxy, demo mode must be requested explicitly.
const DEMO: (&str, &str) = ("PAYRAIL_DEMO", "1");
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

/// Fails until the address is refused without a check of the password.
async fn fail_until_refused(server: &Process, address: &str) {
    until(&format!("{address} is refused"), async || {
        let tries = join_all((0..10).map(|_| status(server, address, "not the password"))).await;
        tries.contains(&429)
    })
    .await;
}

/// Failures from `address` also delay the right password from `as_well`.
async fn waits_as(server: &Process, address: &str, as_well: &str) {
    let wrong = async || sign_in(server, address, "not the password").await;
    must_wait(wrong, async || sign_in(server, as_well, RIGHT).await).await;
}

async fn failed_sign_ins_from_elsewhere_lock_nobody_out(world: World) {
    let server = world.serve_with(&[API_ONLY, DEMO, PROXY]);
    let attackers = ["203.0.113.1", "203.0.113.2", "2001:db8::1"];
    for attacker in attackers {
        fail_until_refused(&server, attacker).await;
        waits_as(&server, attacker, attacker).await;
    }
    // An IPv6 subscriber has a whole network, so its addresses count together.
    waits_as(&server, "2001:db8::1", "2001:db8::2").await;
    assert_eq!(status(&server, "198.51.100.7", RIGHT).await, 201, "the operator comes in from elsewhere");
    assert_eq!(status(&server, "198.51.100.8", "not the password").await, 401, "and a new address is heard");
}

async fn only_a_trusted_proxys_header_counts(world: World) {
    // Without the setting every header is ignored, so all requests count for one address.
    let server = world.serve_with(&[API_ONLY]);
    let tries = (0..60).map(|number| {
        let request = server.client.post(format!("{}/admin/api/v1/session", server.url));
        let address = format!("203.0.113.{number}");
        let request = request.header("X-Forwarded-For", &address).header("Forwarded", format!("for={address}"));
        request.json(&json!({ "name": format!("nobody-{number}") })).send()
    });
    let statuses: Vec<_> = join_all(tries).await.into_iter().map(|answer| answer.unwrap().status()).collect();
    assert!(statuses.contains(&StatusCode::TOO_MANY_REQUESTS), "{statuses:?}");

    // With it, the addresses before the last hop are the client's own words.
    let server = world.serve_with(&[API_ONLY, DEMO, PROXY]);
    fail_until_refused(&server, "203.0.113.9").await;
    for forged in ["198.51.100.1, 203.0.113.9", "127.0.0.1, 203.0.113.9", "203.0.113.9, 127.0.0.9", "x, 203.0.113.9"] {
        waits_as(&server, "203.0.113.9", forged).await;
    }
    assert_eq!(status(&server, "203.0.113.9, 198.51.100.1", RIGHT).await, 201, "another client");

    // Only the header that the proxy writes counts.
    let server = world.serve_with(&[API_ONLY, DEMO, PROXY, ("PAYRAIL_FORWARDED_HEADER", "forwarded")]);
    let request = server.client.post(format!("{}/admin/api/v1/session", server.url));
    let request = request.header("X-Forwarded-For", "198.51.100.1").header("Forwarded", "for=\"[2001:db8::7]:443\"");
    let answer = request.json(&json!({ "name": "admin", "password": RIGHT })).send().await.unwrap();
    assert_eq!(details(&server, &answer, "signed_in").await[0], "from 2001:db8::7");
}

async fn the_audit_log_has_every_sign_in_and_its_address(world: World) {
    let server = world.serve_with(&[API_ONLY, DEMO, PROXY]);
    assert_eq!(status(&server, "203.0.113.1", "not the password").await, 401);
    let first = sign_in(&server, "198.51.100.7:50123", RIGHT).await;
    assert_eq!(details(&server, &first, "sign_in_failed").await, ["from 203.0.113.1"]);
    assert_eq!(details(&server, &first, "signed_in").await, ["from 198.51.100.7"]);

    // Attempts refused without a check are only counted in the next row, so that they cannot fill the disk.
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

async fn the_log_names_the_client_behind_a_trusted_proxy(world: World) {
    const WARNING: &str = "a forwarding header from an untrusted peer is ignored";
    for (trusts, client) in [(true, "203.0.113.7"), (false, "127.0.0.1")] {
        let log = world.folder.join(format!("trusts-{trusts}.log"));
        let mut command = world.command(&["serve"]);
        command.envs([API_ONLY, ("PAYRAIL_LOG", "info"), ("PAYRAIL_LOG_FORMAT", "json")]);
        command.envs([DEMO]).envs(trusts.then_some(PROXY)).stderr(std::fs::File::create(&log).unwrap());
        let server = Process::start(command);
        for _ in 0..2 {
            assert_eq!(status(&server, "203.0.113.7", "not the password").await, 401);
        }
        let read = || std::fs::read_to_string(&log).unwrap();
        let lines =
            |text: &str| text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect::<Vec<Value>>();
        let requests = |text: &str| lines(text).into_iter().filter(|line| line["status"] == 401).collect::<Vec<_>>();
        until("both requests are in the log", async || requests(&read()).len() == 2).await;
        let text = read();
        for line in requests(&text) {
            assert_eq!(line["span"]["client"], client, "{line}");
        }
        assert_eq!(text.matches(WARNING).count(), usize::from(!trusts), "said once, and only where it is so: {text}");
    }
}

fn cookie_of(answer: &reqwest::Response) -> String {
    answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// The details of the rows of this kind, newest first, as the signed-in operator sees them.
async fn details(server: &Process, signed_in: &reqwest::Response, action: &str) -> Vec<String> {
    assert_eq!(signed_in.status(), StatusCode::CREATED);
    let path = format!("{}/admin/api/v1/actions?limit=200&action={action}", server.url);
    let rows: Value =
        server.client.get(path).header("Cookie", cookie_of(signed_in)).send().await.unwrap().json().await.unwrap();
    rows.as_array().unwrap().iter().map(|row| row["detail"].as_str().unwrap_or_default().to_owned()).collect()
}
