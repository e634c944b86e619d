//! A documented request that is valid in every part but one.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::values::encoded;
use super::wire::Wire;
use crate::support::{ACME, Process, key};

/// Valid values for the document's parameters and fields, by name.
pub struct Good {
    pub cookie: String,
    pub acme: String,
    /// A merchant that no other value refers to.
    pub sink: String,
    pub sinks_key: String,
    pub payout: String,
}

/// Where a value goes.
#[derive(Clone, Debug)]
pub enum Place {
    Query(String),
    Path(String),
    Header(String),
}

impl Place {
    pub fn of(parameter: &Value) -> Self {
        let name = parameter["name"].as_str().unwrap().to_owned();
        match parameter["in"].as_str().unwrap() {
            "query" => Self::Query(name),
            "path" => Self::Path(name),
            "header" => Self::Header(name),
            other => panic!("{other}: a kind of parameter that this test does not know"),
        }
    }
}

pub struct Shot {
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Option<String>,
}

impl Good {
    pub async fn of(server: &Process) -> Self {
        let post = |path: &str, cookie: &str, body: Value| {
            let request = server.client.post(format!("{}/admin/api/v1{path}", server.url)).header("Cookie", cookie);
            request.json(&body).send()
        };
        let answer = post("/session", "", json!({ "name": "admin", "password": "payrail-demo-admin" })).await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let made = post("/merchants", &cookie, json!({ "name": "Sink", "email": "sink@example.com" })).await.unwrap();
        let sink = made.json::<Value>().await.unwrap()["merchant"]["id"].as_str().unwrap().to_owned();
        let keys = post(&format!("/merchants/{sink}/keys"), &cookie, json!({})).await.unwrap();
        let sinks_key = keys.json::<Value>().await.unwrap()["key"]["id"].as_str().unwrap().to_owned();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let acme = text(&server.json(ACME, "/api/v1/me/").await["id"]);
        let payout = text(&server.pay(ACME, key(), 100, "demo-bank").await.1["id"]);
        Self { cookie, acme, sink, sinks_key, payout }
    }

    fn part(&self, path: &str, name: &str) -> String {
        match name {
            "key_id" => self.sinks_key.clone(),
            "merchant" => self.acme.clone(),
            "id" if path.contains("/payouts/") => self.payout.clone(),
            "id" => self.sink.clone(),
            other => panic!("{path}: {other}: a part that this test does not know"),
        }
    }

    /// A request to this operation with this value in this place.
    pub fn shot(&self, path: &str, at: Option<(&Place, &[u8])>, body: Option<String>) -> Shot {
        let mut target = path.to_owned();
        let mut headers = BTreeMap::from([("Idempotency-Key".to_owned(), key().to_string().into_bytes())]);
        for part in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
            let value = match at {
                Some((Place::Path(name), value)) if name == part => encoded(value),
                _ => self.part(path, part),
            };
            target = target.replace(&format!("{{{part}}}"), &value);
        }
        match at {
            Some((Place::Query(name), value)) => target = format!("{target}?{name}={}", encoded(value)),
            Some((Place::Header(name), value)) => drop(headers.insert(name.clone(), value.to_vec())),
            _ => {}
        }
        Shot { target, headers: headers.into_iter().collect(), body }
    }

    /// Sends it; returns status, head and body. Does not wait for a stream's body.
    pub async fn fire(&self, server: &Process, method: &str, shot: &Shot) -> (u16, String, String) {
        let mut bytes = format!(
            "{method} {} HTTP/1.1\r\nHost: payrail\r\nConnection: close\r\nAuthorization: Api-Key {ACME}\r\n\
             Cookie: {}\r\n",
            shot.target, self.cookie
        )
        .into_bytes();
        for (name, value) in &shot.headers {
            bytes.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        let body = shot.body.as_deref().unwrap_or_default();
        bytes.extend(format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()).bytes());
        let mut wire = Wire::to(server).await;
        wire.say(bytes).await;
        let told = if shot.target.contains("/events/stream") { wire.answer().await } else { wire.heard_out().await };
        let (head, body) = told.0.split_once("\r\n\r\n").unwrap_or((&told.0, ""));
        (told.status(), head.to_owned(), body.to_owned())
    }
}
