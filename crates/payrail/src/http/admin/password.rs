//! An operator's own password: changed by who knows the present one, and chosen by who came with a one-time password.

use axum::Json;
use axum::extract::{Request, State};
use payrail_core::operator::OperatorAction;
use serde_json::Value;
use utoipa::ToSchema;

use super::guard::{OwnSession, refused};
use super::people::action;
use super::session::{OperatorSession, told};
use crate::http::body::Object;
use crate::http::fields::{self, Wrong};
use crate::http::problem::Problem;
use crate::http::{Api, body};
use crate::{demo, passwords};

#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `form` reads by hand, to say all that is wrong with it at once")]
pub struct PasswordChange {
    #[schema(min_length = 1, max_length = 1000, format = Password)]
    current_password: String,
    #[schema(min_length = 12, max_length = 1000, format = Password)]
    new_password: String,
}

/// Change your password
///
/// All your other sessions end. With a one-time password this is all that you may do.
#[utoipa::path(post, path = "/session/password", operation_id = "changeOwnPassword", request_body = PasswordChange,
    responses(
        (status = 200, description = "Changed; the session goes on", body = OperatorSession),
        (status = 400, description = "`invalid`, `parse_error`", body = Problem),
        (status = 429, description = "`too_many_attempts`: again after `Retry-After`", body = Problem),
    ))]
pub async fn change(
    State(api): State<Api>,
    session: OwnSession,
    request: Request,
) -> Result<Json<OperatorSession>, Problem> {
    let operator = &session.signed.operator;
    let (current, new) = form(&body::object(&api, request).await?)?;
    // Whoever found an open session must not find out its password by trying.
    api.desk.sign_ins.admit_change(session.hash)?;
    let known = api.store.operator_of_name(&operator.name).await?;
    let hash = known.filter(|(known, _)| known.id == operator.id).map(|(_, hash)| hash);
    if !api.desk.passwords.is_right(current, hash.clone()).await.map_err(problem)? {
        return Err(bad("current_password", "This is not your present password."));
    }
    let fresh = api.desk.passwords.hash(new).await.map_err(problem)?;
    let done =
        OperatorAction { subject: Some(operator.name.clone()), ..action(&api, &operator.name, "password_changed") };
    let checked = hash.unwrap_or_default();
    if !api.store.replace_password(operator.id, &checked, &fresh, &session.hash, &done).await? {
        return Err(refused("session_expired", "The session has ended; sign in again."));
    }
    let mut signed = session.signed;
    signed.operator.temporary_until = None;
    Ok(Json(told(&api, Some(signed))))
}

fn form(body: &Object) -> Result<(String, String), Problem> {
    let current = fields::secret(body.get("current_password"), passwords::MAX_CHARACTERS);
    let new = new_password(body.get("new_password"), body.get("current_password"));
    match (current, new) {
        (Ok(current), Ok(new)) => Ok((current, new)),
        (current, new) => Err(fields::invalid([("current_password", current.err()), ("new_password", new.err())])
            .unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field"))),
    }
}

fn new_password(value: Option<&Value>, current: Option<&Value>) -> Result<String, Wrong> {
    let new = fields::secret(value, passwords::MAX_CHARACTERS)?;
    if new.chars().count() < passwords::MIN_CHARACTERS {
        return Err(vec![format!("Ensure this field has at least {} characters.", passwords::MIN_CHARACTERS)]);
    }
    if demo::is_published_password(&new) {
        return Err(vec!["This password is published in the documentation; choose another.".to_owned()]);
    }
    if current == value {
        return Err(vec!["Choose a password that differs from the present one.".to_owned()]);
    }
    Ok(new)
}

fn bad(field: &'static str, sentence: &str) -> Problem {
    fields::invalid([(field, Some(vec![sentence.to_owned()]))])
        .unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field"))
}

fn problem(error: passwords::Error) -> Problem {
    match error {
        passwords::Error::Busy => Problem::overloaded(),
        other => Problem::internal(&other),
    }
}
