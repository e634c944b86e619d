//! A request's body as a JSON object, with the original's words when it is none.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use futures::StreamExt;
use serde_json::{Map, Value};

use super::Api;
use super::problem::Problem;

/// A request is a few members; this leaves room for any number of unknown ones.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// How much more of a body that is too large is heard out, and for how long.
const HEARD_OUT_BYTES: usize = 16 * 1024 * 1024;
const HEARD_OUT_FOR: Duration = Duration::from_secs(5);

pub async fn object(api: &Api, request: Request) -> Result<Map<String, Value>, Problem> {
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
            hear_out(arriving).await;
            let detail = format!("The body is larger than {BODY_LIMIT_BYTES} bytes.");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail));
        }
        arrived.extend_from_slice(&bytes);
    }
    Ok(arrived)
}

/// Whoever is still sending when the connection is closed may find it reset, and the answer lost.
async fn hear_out(mut arriving: BodyDataStream) {
    let listening = async {
        let mut heard = 0;
        while let Some(Ok(bytes)) = arriving.next().await {
            heard += bytes.len();
            if heard > HEARD_OUT_BYTES {
                break;
            }
        }
    };
    let _ = tokio::time::timeout(HEARD_OUT_FOR, listening).await;
}

/// The body as an object. An empty one is an object without members, as in the original.
pub fn json(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Problem> {
    if body.is_empty() {
        return Ok(Map::new());
    }
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = format!("Unsupported media type \"{media_type}\" in request.");
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail));
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(other) => Err(not_an_object(&other)),
        Err(error) => {
            let detail = format!("JSON parse error - {error}");
            Err(Problem::new(StatusCode::BAD_REQUEST, "parse_error", detail))
        }
    }
}

/// In the original's words, which are Python's.
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
