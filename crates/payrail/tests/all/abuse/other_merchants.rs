//! Another merchant's ids, in every place of the merchants' API. Each gets the same bytes as an id that does not exist.

use uuid::Uuid;

use super::place::Place;
use super::values::encoded;
use super::{document, operations};
use crate::support::{ACME, Process, TINY, World, key};

on_both_stores!(another_merchants_ids_do_not_exist);

/// Every id of Acme's that an attacker could know.
async fn acmes(server: &Process) -> Vec<String> {
    let mut ids = vec![server.json(ACME, "/api/v1/me/").await["id"].as_str().unwrap().to_owned()];
    let used = key();
    assert_eq!(server.pay(ACME, used, 100, "acme-bank").await.0, 201);
    ids.push(used.to_string());
    for path in ["/api/v1/payouts/?view=full", "/api/v1/ledger/?view=full", "/api/v1/events/"] {
        for item in server.json(ACME, path).await.as_array().unwrap() {
            let members = ["id", "reference", "payout_id"].iter().filter_map(|name| item[*name].as_str());
            ids.extend(members.map(str::to_owned));
        }
    }
    ids.sort();
    ids.dedup();
    assert!(ids.len() >= 6, "{ids:?}");
    ids
}

async fn another_merchants_ids_do_not_exist(world: World) {
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let (acmes, document) = (acmes(&server).await, document());
    let mut tried = 0;
    for ((method, path), operation) in operations(&document) {
        let has_other_callers =
            !path.starts_with("/api/v1/") || path.ends_with("/session") || path.ends_with("/stream");
        if has_other_callers || operation.get("requestBody").is_some() {
            continue;
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let place = Place::of(parameter);
            for id in &acmes {
                let nobodys = almost(id);
                let (theirs, made_up) = (
                    ask(&server, &method, &path, &place, id).await,
                    ask(&server, &method, &path, &place, &nobodys).await,
                );
                assert_eq!(theirs.0, made_up.0, "{method} {path} {place:?}={id}: {}", theirs.1);
                assert_eq!(
                    theirs.1.replace(id, "ID"),
                    made_up.1.replace(&nobodys, "ID"),
                    "{method} {path} {place:?}={id}"
                );
                assert!(!theirs.1.contains("acme"), "{method} {path} {place:?}={id}: {}", theirs.1);
                tried += 1;
            }
        }
    }
    assert!(tried >= 80, "{tried}");
    // Acme's used key is a new one to Tiny.
    for id in acmes.iter().filter_map(|id| id.parse::<Uuid>().ok()) {
        assert_eq!(server.pay(TINY, id, 1, "tiny-bank").await.0, 201);
    }
    assert_eq!(server.balances(ACME).await, (999_900, 100));
    world.verify();
}

/// The id with another last digit, so that it parses the same way.
fn almost(id: &str) -> String {
    let (start, last) = id.split_at(id.len() - 1);
    format!("{start}{}", if last == "0" { "1" } else { "0" })
}

async fn ask(server: &Process, method: &str, path: &str, place: &Place, id: &str) -> (u16, String) {
    let full = if path.ends_with("/payouts") || path.ends_with("/ledger") { "&view=full" } else { "" };
    let (target, header) = match place {
        Place::Path(name) => (path.replace(&format!("{{{name}}}"), id), None),
        Place::Query(name) => {
            (format!("{path}?{name}={}{}", encoded(id.as_bytes()), if name == "view" { "" } else { full }), None)
        }
        Place::Header(name) => (path.to_owned(), Some(name)),
    };
    let method = method.parse().unwrap();
    let mut request = server.client.request(method, format!("{}{target}", server.url));
    request = request.header("Authorization", format!("Api-Key {TINY}"));
    if let Some(name) = header {
        request = request.header(name, id);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}
