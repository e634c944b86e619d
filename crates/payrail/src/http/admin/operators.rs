//! Operators: invite, disable and enable them, and reset their passwords. Each change writes its row of the audit log
//! in the same transaction.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use payrail_store::{Disabling, Operator as Stored, OperatorAction, Role as StoredRole};
use payrail_types::operator::OperatorActionKind;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::people::action;
use super::session::guard::{MayOperate, Signed};
use super::session::sign_in::Role;
use crate::clock::timestamp;
use crate::http::plumbing::fields::{self, Wrong};
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::ids;
use crate::operators::{NAME_RULE, is_name, one_time_password};

/// An operator, as in the list.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorLine {
    id: Uuid,
    name: String,
    role: Role,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null if the operator may sign in.
    #[schema(required, format = DateTime)]
    disabled_at: Option<String>,
    /// When the one-time password expires; null if the operator has chosen a password.
    #[schema(required, format = DateTime)]
    one_time_password_until: Option<String>,
}

impl From<Stored> for OperatorLine {
    fn from(operator: Stored) -> Self {
        Self {
            id: operator.id,
            role: operator.role.into(),
            created_at: timestamp(operator.created_at),
            disabled_at: operator.disabled_at.map(timestamp),
            one_time_password_until: operator.temporary_until.map(timestamp),
            name: operator.name,
        }
    }
}

/// An operator with a one-time password. Hand it over; it is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorWithPassword {
    operator: OperatorLine,
    /// It only allows the operator to choose a password of their own.
    one_time_password: String,
}

#[derive(Debug, ToSchema)]
pub struct NewOperator {
    /// The name to sign in with: letters (a to z), digits and `. _ @ -`.
    #[schema(min_length = 1, max_length = 64, pattern = "^[A-Za-z0-9._@-]+$")]
    name: String,
    #[schema(value_type = Role)]
    role: StoredRole,
}

impl Form for NewOperator {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let name = fields.check("name", name(fields.value("name")));
        let role = fields.check("role", role(fields.value("role")));
        Ok(Self { name: name?, role: role? })
    }
}

/// The operators, by name
#[utoipa::path(get, path = "/operators", operation_id = "listOperators",
    responses((status = 200, description = "All of them", body = [OperatorLine])))]
pub async fn list(State(api): State<Api>, _: Signed) -> Result<Json<Vec<OperatorLine>>, Problem> {
    Ok(Json(api.store.operators().await?.into_iter().map(OperatorLine::from).collect()))
}

/// Invite an operator
///
/// The answer contains a one-time password, which is valid for three days.
#[utoipa::path(post, path = "/operators", operation_id = "inviteOperator", request_body = NewOperator,
    responses(
        (status = 201, description = "Invited; the password is shown this once", body = OperatorWithPassword),
        (status = 409, description = "`name_taken`", body = Problem),
    ))]
pub async fn invite(State(api): State<Api>, MayOperate(by): MayOperate, request: Request) -> Result<Response, Problem> {
    let NewOperator { name, role } = form(&api, request).await?;
    let now = api.clock.now();
    let (password, until) = one_time_password(now);
    let hash = hash(&api, &password).await?;
    let id = ids::operator_id();
    let operator = Stored { id, name, role, created_at: now, disabled_at: None, temporary_until: Some(until) };
    let detail = Some(format!("role: {}", role.as_str()));
    let done = OperatorAction { detail, ..about(&api, &by, OperatorActionKind::OperatorCreated, &operator) };
    if !api.store.add_operator(&operator, &hash, &done).await? {
        let detail = format!("There is an operator named {} already. Choose another name.", operator.name);
        return Err(Problem::new(StatusCode::CONFLICT, "name_taken", detail));
    }
    let answer = OperatorWithPassword { operator: operator.into(), one_time_password: password };
    Ok((StatusCode::CREATED, Json(answer)).into_response())
}

/// Disable an operator
///
/// Their sessions end at once, and they cannot sign in until they are enabled again.
#[utoipa::path(post, path = "/operators/{id}/disable", operation_id = "disableOperator", params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Disabled", body = OperatorLine),
        (status = 409, description = "`own_account`; `last_operator`; `already_disabled`", body = Problem),
    ))]
pub async fn disable(
    State(api): State<Api>,
    MayOperate(by): MayOperate,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<OperatorLine>, Problem> {
    let operator = from_path(&api, id).await?;
    if operator.id == by.id {
        return Err(conflict("own_account", "You cannot disable yourself. Ask another operator."));
    }
    let done = about(&api, &by, OperatorActionKind::OperatorDisabled, &operator);
    match api.store.disable_but_the_last(operator.id, done.at, &done).await? {
        Disabling::Done => Ok(Json(OperatorLine::from(Stored { disabled_at: Some(done.at), ..operator }))),
        Disabling::AlreadyDone => Err(conflict("already_disabled", "This operator is disabled already.")),
        Disabling::LastOperator => {
            let detail = "Nobody else could change anything any more. Enable or invite another operator first.";
            Err(conflict("last_operator", detail))
        }
    }
}

/// Enable an operator
///
/// The earlier password is valid again.
#[utoipa::path(post, path = "/operators/{id}/enable", operation_id = "enableOperator", params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Enabled", body = OperatorLine),
        (status = 409, description = "`not_disabled`", body = Problem),
    ))]
pub async fn enable(
    State(api): State<Api>,
    MayOperate(by): MayOperate,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<OperatorLine>, Problem> {
    let operator = from_path(&api, id).await?;
    if !api
        .store
        .enable_operator(operator.id, &about(&api, &by, OperatorActionKind::OperatorEnabled, &operator))
        .await?
    {
        return Err(conflict("not_disabled", "This operator is not disabled."));
    }
    Ok(Json(OperatorLine::from(Stored { disabled_at: None, ..operator })))
}

/// Reset an operator's password
///
/// Their sessions end at once. The answer contains a one-time password, which is valid for three days.
#[utoipa::path(post, path = "/operators/{id}/reset-password", operation_id = "resetOperatorPassword",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Reset; the password is shown this once", body = OperatorWithPassword),
        (status = 409, description = "`own_account`", body = Problem),
    ))]
pub async fn reset_password(
    State(api): State<Api>,
    MayOperate(by): MayOperate,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<OperatorWithPassword>, Problem> {
    let operator = from_path(&api, id).await?;
    if operator.id == by.id {
        return Err(conflict("own_account", "Change your own password from the menu at your name."));
    }
    let done = about(&api, &by, OperatorActionKind::PasswordReset, &operator);
    let (password, until) = one_time_password(done.at);
    let hash = hash(&api, &password).await?;
    api.store.set_temporary_password(operator.id, &hash, until, &done).await?;
    let operator = Stored { temporary_until: Some(until), ..operator };
    Ok(Json(OperatorWithPassword { operator: operator.into(), one_time_password: password }))
}

async fn from_path(api: &Api, id: Uuid) -> Result<Stored, Problem> {
    let found = api.store.operator(id).await?;
    found.ok_or_else(|| Problem::not_found("There is no such operator."))
}

fn about(api: &Api, by: &Stored, kind: OperatorActionKind, operator: &Stored) -> OperatorAction {
    OperatorAction { subject: Some(operator.name.clone()), ..action(api, &by.name, kind) }
}

fn conflict(code: &'static str, detail: &'static str) -> Problem {
    Problem::new(StatusCode::CONFLICT, code, detail)
}

async fn hash(api: &Api, password: &str) -> Result<String, Problem> {
    Ok(api.admin.passwords.hash(password.to_owned()).await?)
}

fn name(value: Option<&Value>) -> Result<String, Wrong> {
    let name = fields::identifier(value, 64)?;
    if is_name(&name) { Ok(name) } else { Err(vec![format!("T{}.", &NAME_RULE[1..])]) }
}

fn role(value: Option<&Value>) -> Result<StoredRole, Wrong> {
    let word = fields::text(value, 64)?;
    StoredRole::parse(&word).ok_or_else(|| vec!["Choose viewer or operator.".to_owned()])
}
