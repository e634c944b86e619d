//! Pages ride on query parameters and the `Link` header (RFC 8288), so that lists stay bare arrays.

use axum::extract::FromRequestParts;
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;

const DEFAULT_LIMIT: u32 = 50;
const MAX_LIMIT: u32 = 200;

/// `full` opts in to every member; without it a list is the original's, to the byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum View {
    #[default]
    Original,
    Full,
}

impl View {
    /// As the query of a following page has it.
    pub fn word(self) -> Option<String> {
        (self == Self::Full).then(|| "full".to_owned())
    }
}

/// Query parameters, with our own words when they are wrong.
#[derive(Debug)]
pub struct Params<T>(pub T);

impl<S: Send + Sync, T: for<'de> Deserialize<'de> + Send> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query.map(|Query(params)| Self(params)).map_err(|rejection| bad_parameter(in_words(&rejection.body_text())))
    }
}

/// serde names the parameter, and of one with fixed values it lists them; the rest of its words are for programmers.
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

/// `limit`, 50 by default, 1 to 200.
pub fn limit(asked: Option<u32>) -> Result<u32, Problem> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        _ => Err(bad_parameter(format!("limit must be from 1 to {MAX_LIMIT}."))),
    }
}

/// A query of the parameters that are set.
pub fn query(parameters: &[(&str, Option<String>)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        value.as_ref().map(|value| query.append_pair(name, value));
    }
    query.finish()
}

/// A bare array; `next` is the query of the following page, if this one is full.
pub fn page<T: Serialize>(path: &str, items: &[T], next: Option<String>) -> Response {
    let mut response = axum::Json(items).into_response();
    let link = next.and_then(|query| format!("<{path}?{query}>; rel=\"next\"").parse().ok());
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}
