//! A request's body as a JSON object. The errors have the original's texts.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::problem::Problem;
use crate::http::state::Api;

/// Requests have a few members. The limit leaves space for many unknown ones.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// How much more of a body that is too large is read, and for how long.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;
const DRAIN_FOR: Duration = Duration::from_secs(5);
/// A repeated member's name is cut to so many characters in the error.
const NAME_CHARACTERS: usize = 64;

/// A JSON object without repeated members.
#[derive(Debug, Default)]
pub struct Object {
    members: Map<String, Value>,
    /// The numbers' texts. A [`Value`] may have rounded them.
    numbers: BTreeMap<String, String>,
}

impl Object {
    /// The text of this member, if it is a number.
    pub fn number(&self, name: &str) -> Option<&str> {
        self.numbers.get(name).map(String::as_str)
    }
}

impl Deref for Object {
    type Target = Map<String, Value>;

    fn deref(&self) -> &Self::Target {
        &self.members
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Object;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Object, M::Error> {
        let mut object = Object::default();
        while let Some((name, raw)) = map.next_entry::<String, &RawValue>()? {
            if object.members.contains_key(&name) {
                let name: String = name.chars().take(NAME_CHARACTERS).collect();
                return Err(M::Error::custom(format!("the member {name:?} is there twice; send each member once")));
            }
            let text = raw.get();
            let value: Value = serde_json::from_str(text).map_err(M::Error::custom)?;
            // serde_json reads an object with a certain member as another type.
            if text.starts_with('{') != value.is_object() {
                return Err(M::Error::custom("a member's name is reserved"));
            }
            if value.is_number() {
                object.numbers.insert(name.clone(), text.to_owned());
            }
            object.members.insert(name, value);
        }
        Ok(object)
    }
}

pub async fn object(api: &Api, request: Request) -> Result<Object, Problem> {
    let (parts, body) = request.into_parts();
    let arrived = tokio::time::timeout(api.body_time, read(body)).await;
    json(&parts.headers, &arrived.unwrap_or_else(|_| Err(Problem::too_slow(api.body_time)))?)
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let mut arriving = body.into_data_stream();
    let mut arrived = Vec::new();
    while let Some(bytes) = arriving.next().await {
        let incomplete = "The body ended before it was complete.";
        let bytes = bytes.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "body_incomplete", incomplete))?;
        if arrived.len() + bytes.len() > BODY_LIMIT_BYTES {
            drain(arriving).await;
            let detail = format!("The body is larger than {BODY_LIMIT_BYTES} bytes.");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail));
        }
        arrived.extend_from_slice(&bytes);
    }
    Ok(arrived)
}

/// Reads on, because a client that is still sending may lose the answer when the connection is closed.
async fn drain(mut arriving: BodyDataStream) {
    let draining = async {
        let mut read = 0;
        while let Some(Ok(bytes)) = arriving.next().await {
            read += bytes.len();
            if read > DRAIN_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(DRAIN_FOR, draining).await;
}

/// The body as an object. As in the original, an empty body is an empty object.
pub fn json(headers: &HeaderMap, body: &[u8]) -> Result<Object, Problem> {
    if body.is_empty() {
        return Ok(Object::default());
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = format!("Unsupported media type \"{media_type}\" in request.");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    serde_json::from_slice(body).map_err(|error| refusal(body, &error))
}

/// Why the body is invalid. The whole body is parsed again to find the line and column of a fault within a member.
fn refusal(body: &[u8], error: &serde_json::Error) -> Problem {
    let parse_error = |error: &serde_json::Error| {
        Problem::new(StatusCode::BAD_REQUEST, "parse_error", format!("JSON parse error - {error}"))
    };
    match serde_json::from_slice(body) {
        Ok(Value::Object(_)) => parse_error(error),
        Ok(other) => not_an_object(&other),
        Err(fault) => parse_error(&fault),
    }
}

/// The original's texts, which name Python's types.
fn not_an_object(value: &Value) -> Problem {
    let text = match value {
        Value::Null => "No data provided".to_owned(),
        other => format!("Invalid data. Expected a dictionary, but got {}.", python_type(other)),
    };
    Problem::new(StatusCode::BAD_REQUEST, "invalid", "The body must be a JSON object.")
        .member("non_field_errors", vec![text])
}

fn python_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "NoneType",
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float",
        Value::Number(_) => "int",
        Value::String(_) => "str",
        Value::Array(_) => "list",
        Value::Object(_) => "dict",
    }
}
