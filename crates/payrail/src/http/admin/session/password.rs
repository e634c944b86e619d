//! An operator's own password: changed with the current one, or chosen after a one-time password.

use axum::Json;
use axum::extract::{Request, State};
use payrail_types::operator::{OperatorAction, OperatorActionKind};
use serde_json::Value;
use utoipa::ToSchema;

use super::guard::{OwnSession, refused};
use super::sign_in::{OperatorSession, session_body};
use crate::http::admin::people::action;
use crate::http::plumbing::fields::{self, Wrong};
use crate::http::plumbing::form::{Fields, Form, Invalid, form, invalid_field};
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::{passwords, published};

#[derive(Debug, ToSchema)]
pub struct PasswordChange {
    #[schema(min_length = 1, max_length = 1000, format = Password)]
    current_password: String,
    #[schema(min_length = 12, max_length = 1000, format = Password)]
    new_password: String,
}

impl Form for PasswordChange {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let current_password = fields.secret("current_password", passwords::MAX_CHARACTERS);
        let new_password = new_password(fields.value("new_password"), fields.value("current_password"));
        let new_password = fields.check("new_password", new_password);
        Ok(Self { current_password: current_password?, new_password: new_password? })
    }
}

/// Change your password
///
/// All your other sessions end. With a one-time password, nothing else is allowed.
#[utoipa::path(post, path = "/session/password", operation_id = "changeOwnPassword", request_body = PasswordChange,
    responses(
        (status = 200, description = "Changed; the session goes on", body = OperatorSession),
        (status = 429, description = "`too_many_attempts`: again after `Retry-After`", body = Problem),
    ))]
pub async fn change(
    State(api): State<Api>,
    session: OwnSession,
    request: Request,
) -> Result<Json<OperatorSession>, Problem> {
    let operator = &session.signed.operator;
    let PasswordChange { current_password: current, new_password: new } = form(&api, request).await?;
    // Nobody may guess the password from an open session.
    api.admin.sign_ins.admit_change(session.hash)?;
    let known = api.store.operator_of_name(&operator.name).await?;
    let hash = known.filter(|(known, _)| known.id == operator.id).map(|(_, hash)| hash);
    if !api.admin.passwords.is_right(current, hash.clone()).await? {
        return Err(invalid_field("current_password", "The current password is wrong."));
    }
    let fresh = api.admin.passwords.hash(new).await?;
    let done = OperatorAction {
        subject: Some(operator.name.clone()),
        ..action(&api, &operator.name, OperatorActionKind::PasswordChanged)
    };
    let checked = hash.unwrap_or_default();
    if !api.store.replace_password(operator.id, &checked, &fresh, &session.hash, &done).await? {
        return Err(refused("session_expired", "The session has ended; sign in again."));
    }
    let mut signed = session.signed;
    signed.operator.temporary_until = None;
    Ok(Json(session_body(&api, Some(signed))))
}

fn new_password(value: Option<&Value>, current: Option<&Value>) -> Result<String, Wrong> {
    let new = fields::secret(value, passwords::MAX_CHARACTERS)?;
    if new.chars().count() < passwords::MIN_CHARACTERS {
        return Err(vec![format!("Ensure this field has at least {} characters.", passwords::MIN_CHARACTERS)]);
    }
    if published::is_published_password(&new) {
        return Err(vec!["This password is published in the documentation; choose another.".to_owned()]);
    }
    if current == value {
        return Err(vec!["Choose a password that differs from the present one.".to_owned()]);
    }
    Ok(new)
}
