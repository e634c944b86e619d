//! Error answers.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::error::Failure;

pub fn problem(status: StatusCode, error: impl Into<String>) -> Response {
    (status, Json(json!({ "error": error.into() }))).into_response()
}

pub fn bad(error: impl ToString) -> Response {
    problem(StatusCode::BAD_REQUEST, error.to_string())
}

pub fn unwritten() -> Response {
    problem(StatusCode::SERVICE_UNAVAILABLE, "the book could not be written; enquire before you try again")
}

pub fn unreadable(error: Failure) -> Response {
    tracing::error!(%error, "the bank's book could not be read");
    problem(StatusCode::SERVICE_UNAVAILABLE, "the book could not be read")
}
