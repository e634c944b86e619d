//! The answers to unknown paths and methods.

use axum::http::{Method, StatusCode, Uri};

use crate::http::merchant::auth::Caller;
use crate::http::plumbing::problem::Problem;

const PATH_SHOWN_CHARACTERS: usize = 200;

/// Under `/api/v1/`, where authentication comes first.
pub async fn method_not_allowed(_: Caller, method: Method) -> Problem {
    wrong_method(method).await
}

pub async fn wrong_method(method: Method) -> Problem {
    let detail = format!("Method \"{method}\" not allowed.");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

pub async fn no_such_path(uri: Uri) -> Problem {
    let path: String = uri.path().chars().take(PATH_SHOWN_CHARACTERS).collect();
    let detail = format!("There is no path {path} here. /api/v1/openapi.json lists the API's paths.");
    Problem::new(StatusCode::NOT_FOUND, "not_found", detail)
}
