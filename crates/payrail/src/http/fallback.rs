//! What is answered where no handler is.

use axum::http::{Method, StatusCode, Uri};

use super::auth::Caller;
use super::problem::Problem;

/// Under `/api/v1/`, where authentication comes first.
pub async fn method_not_allowed(_: Caller, method: Method) -> Problem {
    wrong_method(method).await
}

pub async fn wrong_method(method: Method) -> Problem {
    let detail = format!("Method \"{method}\" not allowed.");
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
}

pub async fn no_such_path(uri: Uri) -> Problem {
    tracing::debug!(path = uri.path(), "no such path");
    Problem::not_found("There is nothing at this path; the API is under /api/v1/.")
}
