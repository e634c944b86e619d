//! The OpenAPI document: the committed copy is current and consistent.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Output;

use payrail_core::event::EventKind;
use payrail_types::word::Word;
use serde_json::{Value, json};

use crate::support::World;

const KEPT: &str = include_str!("../../../../docs/openapi.json");

fn printed() -> String {
    let Output { status, stdout, .. } = World::sqlite().run(&["openapi"]);
    assert!(status.success());
    String::from_utf8(stdout).unwrap()
}

fn document() -> Value {
    serde_json::from_str(&printed()).unwrap()
}

#[test]
fn the_committed_copy_is_up_to_date() {
    assert!(printed() == KEPT, "docs/openapi.json is not what the program says: run `make openapi`");
}

#[tokio::test]
async fn it_is_served_to_everyone() {
    let server = World::sqlite();
    let server = server.serve_with(&[("PAYRAIL_ROLE", "api")]);
    let answer = server.client.get(format!("{}/api/v1/openapi.json", server.url)).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["content-type"]),
        (200, &"application/json".parse().unwrap())
    );
    assert_eq!(answer.text().await.unwrap(), printed());
}

/// Every value in it, with its path.
fn walk<'a>(value: &'a Value, visit: &mut impl FnMut(&'a str, &'a Value)) {
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            visit(name, value);
            walk(value, visit);
        }),
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        _ => {}
    }
}

#[test]
fn every_reference_resolves() {
    let document = document();
    let mut missing = BTreeSet::new();
    walk(&document, &mut |name, value| {
        if name == "$ref" {
            let path = value.as_str().unwrap().trim_start_matches('#');
            if document.pointer(path).is_none() {
                missing.insert(path);
            }
        }
    });
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_operation_has_a_name_of_its_own_and_says_who_may_call() {
    let document = document();
    let mut names = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{method} {path}");
            let name = operation["operationId"].as_str().unwrap_or_else(|| panic!("{place} has no name"));
            assert_eq!(names.insert(name, place.clone()), None, "{place}: {name} twice");
            assert!(operation["summary"].is_string(), "{place}");
            let security = operation["security"].as_array().unwrap_or_else(|| panic!("{place}: who may call?"));
            let schemes: Vec<_> = security.iter().flat_map(|scheme| scheme.as_object().unwrap().keys()).collect();
            let expected: &[&str] = match path.as_str() {
                path if path.ends_with("/session") => &[],
                path if path.starts_with("/api/v1/") => &["ApiKey", "MerchantSession"],
                _ => &["OperatorSession"],
            };
            assert_eq!(schemes, expected, "{place}");
            assert_eq!(
                operation["responses"].get("401").is_some(),
                !expected.is_empty() || method == "post",
                "{place}"
            );
            for name in schemes {
                assert!(document["components"]["securitySchemes"].get(name).is_some(), "{name}");
            }
        }
    }
    assert!(names.len() >= 13, "{names:?}");
}

/// Members of answers are required, though they may be null. Only a request's may be omitted.
#[test]
fn every_member_of_an_answer_is_required() {
    let document = document();
    let requests = ["Decision", "ConfirmBank"];
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        let Some(members) = schema["properties"].as_object().filter(|_| !requests.contains(&name.as_str())) else {
            continue;
        };
        let required: BTreeSet<_> =
            schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        let members: BTreeSet<_> = members.keys().map(String::as_str).collect();
        assert_eq!(required, members, "{name}");
    }
}

/// A client generated from the document has every kind and no other.
#[test]
fn the_kinds_of_events_are_those_of_the_core() {
    let kind = &document()["components"]["schemas"]["Event"]["properties"]["kind"];
    assert_eq!(kind["enum"], json!(Vec::from_iter(EventKind::all().map(Word::as_str))));
}
