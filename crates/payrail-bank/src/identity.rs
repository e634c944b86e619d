//! The bank's identity over HTTP. Every answer carries it in the header `Bank-Identity`. A request may carry the id of
//! the bank that it is meant for; any other bank refuses the request with 421 before it does anything.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::error::Error;
use crate::problem::{bad, problem, unreadable};
use crate::service::Service;

/// In an answer: the bank that gave it. In a request: the bank that it is for.
const HEADER: HeaderName = HeaderName::from_static("bank-identity");

/// Refuses requests that are meant for another bank, and signs every answer, refusals too.
pub async fn check(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let identity = service.book.identity();
    let mut response = match request.headers().get(HEADER) {
        Some(other) if other.as_bytes() != identity.as_bytes() => {
            problem(StatusCode::MISDIRECTED_REQUEST, "this request is meant for another bank: nothing was done")
        }
        _ => next.run(request).await,
    };
    if let Ok(value) = HeaderValue::from_str(&identity) {
        response.headers_mut().entry(HEADER).or_insert(value);
    }
    response
}

pub async fn show(State(service): State<Arc<Service>>) -> Json<Value> {
    Json(json!({ "identity": *service.book.identity(), "can_be_reset": service.can_be_reset }))
}

#[derive(Deserialize)]
struct ResetBody {
    /// The bank to empty.
    identity: Uuid,
}

/// Only a bank that was started for demonstrations can be reset, and only by a caller who names it.
pub async fn reset(State(service): State<Arc<Service>>, body: Bytes) -> Result<Json<Value>, Response> {
    if !service.can_be_reset {
        let error = "this bank cannot be reset: it was not started in demo mode (PAYRAIL_DEMO=1)";
        return Err(problem(StatusCode::FORBIDDEN, error));
    }
    let named: ResetBody = serde_json::from_slice(&body).map_err(bad)?;
    if named.identity.to_string() != *service.book.identity() {
        return Err(problem(StatusCode::MISDIRECTED_REQUEST, "this is another bank: nothing was done"));
    }
    let identity = service.book.reset().await.map_err(|error| match error {
        Error::Book { source, .. } => unreadable(source),
        other => problem(StatusCode::SERVICE_UNAVAILABLE, other.to_string()),
    })?;
    tracing::warn!(identity, "a request emptied the book; the bank has a new identity");
    Ok(Json(json!({ "identity": identity })))
}
