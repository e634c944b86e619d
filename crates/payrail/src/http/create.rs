//! `POST /api/v1/payouts/`. The order of checks is the contract's: authentication, the key's header,
//! the body, then, at the door, the key's record and the balance.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use payrail_core::command::{Action, Command, PayoutRequest, Reply};
use payrail_core::idempotency::{Answer, IdempotencyKey};
use payrail_core::money::Amount;
use serde_json::{Map, Value};

use super::Api;
use super::auth::Caller;
use super::problem::Problem;

/// A request is two members; this leaves room for any number of unknown ones.
const BODY_LIMIT_BYTES: usize = 64 * 1024;
/// How much more of a body that is too large is heard out, and for how long.
const HEARD_OUT_BYTES: usize = 16 * 1024 * 1024;
const HEARD_OUT_FOR: Duration = Duration::from_secs(5);
const ACCOUNT_LIMIT_CHARACTERS: usize = 255;

pub async fn create(State(api): State<Api>, Caller(merchant): Caller, request: Request) -> Result<Response, Problem> {
    let key = key(request.headers())?;
    let (parts, body) = request.into_parts();
    let request = form(&json(&parts.headers, &read(body).await?)?)?;
    let id = api.ids.next(merchant.id, api.clock.now());
    let command = Command { merchant: merchant.id, action: Action::Create { id, key, request } };
    match api.door.send(command).await?? {
        Reply::Answered { answer, replayed } => Ok(respond(answer, replayed)),
        _ => Err(Problem::internal(&"the door answered a request with something else")),
    }
}

/// The kept answer, to the byte; that it is a replay is said in a header only.
fn respond(answer: Answer, replayed: bool) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [(header::CONTENT_TYPE, "application/json")];
    if replayed {
        (status, json, [("idempotent-replayed", "true")], answer.body).into_response()
    } else {
        (status, json, answer.body).into_response()
    }
}

fn key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let bad = |code, text: &'static str| Problem::new(StatusCode::BAD_REQUEST, code, text).member("error", text);
    // Two headers are one with a comma between (RFC 9110 §5.3), so they are no UUID: to take either
    // would be to guess.
    let values: Vec<_> = headers.get_all("idempotency-key").iter().map(|value| value.as_bytes()).collect();
    let value = values.join(&b","[..]);
    let value = value.trim_ascii();
    if value.is_empty() {
        return Err(bad("idempotency_key_missing", "Idempotency-Key header is required"));
    }
    std::str::from_utf8(value)
        .ok()
        .and_then(IdempotencyKey::parse)
        .ok_or_else(|| bad("idempotency_key_invalid", "Idempotency-Key must be a valid UUID"))
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
fn json(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, Problem> {
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

const REQUIRED: &str = "This field is required.";
const NOT_NULL: &str = "This field may not be null.";

/// All bad fields at once.
fn form(body: &Map<String, Value>) -> Result<PayoutRequest, Problem> {
    match (amount(body.get("amount_paise")), account(body.get("bank_account_id"))) {
        (Ok(amount), Ok(bank_account_id)) => Ok(PayoutRequest { amount, bank_account_id }),
        (amount, account) => {
            let detail = "One or more fields are invalid: see the member that each is named by.";
            let mut problem = Problem::new(StatusCode::BAD_REQUEST, "invalid", detail);
            if let Err(texts) = amount {
                problem = problem.member("amount_paise", texts);
            }
            if let Err(texts) = account {
                problem = problem.member("bank_account_id", texts);
            }
            Err(problem)
        }
    }
}

fn amount(value: Option<&Value>) -> Result<Amount, Vec<String>> {
    let text = match value {
        None => REQUIRED.to_owned(),
        Some(Value::Null) => NOT_NULL.to_owned(),
        Some(Value::Number(number)) => match whole(number) {
            Some(Ok(paise)) => match Amount::new(paise) {
                Ok(amount) => return Ok(amount),
                Err(_) => "Ensure this value is greater than or equal to 1.".to_owned(),
            },
            Some(Err(TooLarge)) => format!("Ensure this value is less than or equal to {}.", i64::MAX),
            None => "A valid integer is required.".to_owned(),
        },
        Some(_) => "A valid integer is required.".to_owned(),
    };
    Err(vec![text])
}

struct TooLarge;

/// The whole number that a JSON number is, if it is one. `1000.0` is; a float is not that is so large
/// that hundredths (from 2^46 on) and then neighbours are lost in it before we see it.
fn whole(number: &serde_json::Number) -> Option<Result<i64, TooLarge>> {
    const EXACT: f64 = 70_368_744_177_664.0;
    if let Some(paise) = number.as_i64() {
        return Some(Ok(paise));
    }
    if number.is_u64() {
        return Some(Err(TooLarge));
    }
    let float = number.as_f64()?;
    (float.fract() == 0.0 && float.abs() < EXACT).then_some(Ok(float as i64))
}

fn account(value: Option<&Value>) -> Result<String, Vec<String>> {
    let text = match value {
        None => return Err(vec![REQUIRED.to_owned()]),
        Some(Value::Null) => return Err(vec![NOT_NULL.to_owned()]),
        Some(Value::String(text)) => text.trim(),
        Some(_) => return Err(vec!["Not a valid string.".to_owned()]),
    };
    if text.is_empty() {
        return Err(vec!["This field may not be blank.".to_owned()]);
    }
    let mut texts = Vec::new();
    if text.chars().count() > ACCOUNT_LIMIT_CHARACTERS {
        texts.push(format!("Ensure this field has no more than {ACCOUNT_LIMIT_CHARACTERS} characters."));
    }
    if text.contains('\0') {
        texts.push("Null characters are not allowed.".to_owned());
    }
    if texts.is_empty() { Ok(text.to_owned()) } else { Err(texts) }
}
