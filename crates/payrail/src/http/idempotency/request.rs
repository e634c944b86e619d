//! A request under an Idempotency-Key: the key from its header, and the engine's answer as a response.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use payrail_core::command::{Action, Command, Reply};
use payrail_core::idempotency::{Answer, IdempotencyKey};
use payrail_types::ids::{MerchantId, PayoutId};

use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::trace;
use crate::http::state::Api;
use crate::lanes::EngineError;

/// The request's `Idempotency-Key`.
pub fn key(headers: &HeaderMap) -> Result<IdempotencyKey, Problem> {
    let bad = |code, text: &'static str| Problem::new(StatusCode::BAD_REQUEST, code, text).member("error", text);
    // Two headers count as one with a comma (RFC 9110 §5.3), which is not a UUID. Taking either would be a guess.
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

/// The engine's answer to a request under a key.
pub async fn send(api: &Api, merchant: MerchantId, action: Action) -> Result<Response, Problem> {
    let new = if let Action::Create { id, .. } = &action { Some(*id) } else { None };
    let outcome = api.engine.send(Command { merchant, action }).await;
    if let (Some(new), Err(EngineError::Unknown | EngineError::TooLate)) = (new, &outcome) {
        trace::new_payout(new);
    }
    match outcome?? {
        Reply::Answered { answer, replayed } => {
            if let Some(payout) = new.and_then(|_| named(&answer)) {
                trace::new_payout(payout);
            }
            Ok(respond(answer, replayed))
        }
        _ => Err(Problem::internal(&"the engine answered a request with something else")),
    }
}

/// The stored answer, byte for byte. Only a header says that it is a replay.
fn respond(answer: Answer, replayed: bool) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = [(header::CONTENT_TYPE, "application/json")];
    if replayed {
        (status, json, [("idempotent-replayed", "true")], answer.body).into_response()
    } else {
        (status, json, answer.body).into_response()
    }
}

/// The payout of a stored answer. A replay is about the first request's payout.
fn named(answer: &Answer) -> Option<PayoutId> {
    #[derive(serde::Deserialize)]
    struct Created {
        id: PayoutId,
    }
    if answer.status != StatusCode::CREATED {
        return None;
    }
    serde_json::from_str(&answer.body).ok().map(|Created { id }| id)
}
