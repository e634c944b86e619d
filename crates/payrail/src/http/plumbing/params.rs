//! Query parameters.

use axum::extract::FromRequestParts;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Deserialize;

use super::problem::Problem;

/// Query parameters, with this API's error texts.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: for<'de> Deserialize<'de> + Send> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(params)| Self(params)).map_err(|rejection| bad_parameter(in_words(&rejection.body_text())))
    }
}

/// serde names the parameter, and lists its values if they are fixed. The rest of serde's message is removed.
fn in_words(text: &str) -> String {
    let text = text.trim_start_matches("Failed to deserialize query string: ");
    let text =
        text.replace("unknown variant ", "unknown value ").replace(", expected one of ", "; the known ones are ");
    let text = text.replace(", expected ", "; the known ones are ").replace("` or `", "` and `");
    let text = text.replace("invalid digit found in string", "a whole number is expected");
    let text = text.replace("number too large to fit in target type", "the number is too large");
    format!("{}.", text.replace("cannot parse integer from empty string", "a whole number is expected"))
}

pub fn bad_parameter(detail: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "invalid_parameter", detail)
}
