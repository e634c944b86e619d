//! Operators sign in and out. A wrong password and an unknown name get the same answer after the same time. The audit
//! log has both, with the client's address (`attempts.rs` limits how many).

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::SignedDuration;
use payrail_store::{NewSession, Operator as Stored, OperatorAction, Role as StoredRole};
use payrail_types::operator::OperatorActionKind;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::guard::{Signed, refused, session};
use crate::clock::timestamp;
use crate::http::admin::people::action;
use crate::http::plumbing::client::Client;
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::{cookies, same_origin};
use crate::http::state::Api;
use crate::{keys, passwords, published};

const LASTS_HOURS: i64 = 12;
const NAME_CHARACTERS: usize = 64;

/// A `viewer` sees everything and cannot change anything.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    Viewer,
    Operator,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Operator {
    id: Uuid,
    name: String,
    role: Role,
}

impl From<StoredRole> for Role {
    fn from(role: StoredRole) -> Self {
        match role {
            StoredRole::Viewer => Self::Viewer,
            StoredRole::Operator => Self::Operator,
        }
    }
}

impl From<Stored> for Operator {
    fn from(operator: Stored) -> Self {
        Self { id: operator.id, name: operator.name, role: operator.role.into() }
    }
}

/// The operator who is signed in, if any.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorSession {
    /// Null when nobody is signed in.
    #[schema(required)]
    operator: Option<Operator>,
    /// Null when nobody is signed in.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// The operator signed in with a one-time password and must first choose a password.
    must_change_password: bool,
    /// The demonstration's credentials; null outside of demo mode.
    #[schema(required)]
    demo: Option<DemoOperator>,
}

/// An operator of the demonstration, whose password is public.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoOperator {
    name: &'static str,
    password: &'static str,
}

/// Credentials.
#[derive(Debug, ToSchema)]
pub struct OperatorSignIn {
    #[schema(min_length = 1, max_length = 64)]
    name: String,
    #[schema(min_length = 1, max_length = 1000, format = Password)]
    password: String,
}

impl Form for OperatorSignIn {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let name = fields.line("name", NAME_CHARACTERS);
        let password = fields.secret("password", passwords::MAX_CHARACTERS);
        Ok(Self { name: name?, password: password? })
    }
}

/// Show which operator is signed in
///
/// Always 200, also when nobody is signed in.
#[utoipa::path(get, path = "/session", operation_id = "showOperatorSession", security(()),
    responses((status = 200, description = "The session, or that there is none", body = OperatorSession)))]
pub async fn show(State(api): State<Api>, headers: HeaderMap) -> Result<Json<OperatorSession>, Problem> {
    let signed = match cookies::OPERATOR.read(&api, &headers) {
        Some(token) => session(&api, &token).await?,
        None => None,
    };
    Ok(Json(session_body(&api, signed)))
}

pub fn session_body(api: &Api, signed: Option<Signed>) -> OperatorSession {
    let must_change_password = signed.as_ref().is_some_and(|signed| signed.operator.temporary_until.is_some());
    let (operator, until) = signed.map(|signed| (signed.operator.into(), timestamp(signed.until))).unzip();
    let [demo, ..] = &published::OPERATORS;
    let demo = api.is_demo.then_some(DemoOperator { name: demo.name, password: demo.password });
    OperatorSession { operator, expires_at: until, must_change_password, demo }
}

/// Sign in as an operator
#[utoipa::path(post, path = "/session", operation_id = "signInOperator", security(()),
    request_body = OperatorSignIn,
    responses(
        (status = 201, description = "Signed in for 12 hours", body = OperatorSession,
            headers(("Set-Cookie" = String, description = "`payrail_operator`; over HTTPS `__Host-payrail_operator`"))),
        (status = 401, description = "`invalid_credentials`, `one_time_password_expired`", body = Problem),
        (status = 403, description = "`cross_origin`: another site's page asked", body = Problem),
        (status = 415, description = "`unsupported_media_type`", body = Problem),
        (status = 429, description = "`too_many_attempts`: again after `Retry-After`", body = Problem),
    ))]
pub async fn sign_in(State(api): State<Api>, client: Client, request: Request) -> Result<Response, Problem> {
    same_origin::check(request.method(), request.headers())?;
    api.admin.sign_ins.admit(client)?;
    let OperatorSignIn { name, password } = form(&api, request).await?;
    api.admin.sign_ins.admit_as(client, &name).await?;
    let known = api.store.operator_of_name(&name).await?;
    let is_refused = !api.is_demo && published::is_published_password(&password);
    if is_refused {
        tracing::warn!("a sign-in with a published demo password was refused: demo mode is off");
    }
    let may_come_in = |operator: &Stored| operator.disabled_at.is_none() && !is_refused;
    let hash = known.as_ref().filter(|(operator, _)| may_come_in(operator)).map(|(_, hash)| hash.clone());
    let is_right = api.admin.passwords.is_right(password, hash).await?;
    match known {
        Some((operator, hash)) if is_right => open(&api, operator, &hash, client).await,
        known => Err(failed(&api, &name, known.map(|(operator, _)| operator), client).await?),
    }
}

async fn open(api: &Api, operator: Stored, checked_hash: &str, client: Client) -> Result<Response, Problem> {
    let token = keys::token();
    let now = api.clock.now();
    let lasts = now.saturating_add(SignedDuration::from_hours(LASTS_HOURS)).unwrap_or(now);
    let until = operator.temporary_until.map_or(lasts, |until| until.min(lasts));
    if until <= now {
        let name = operator.name.clone();
        failed(api, &name, Some(operator), client).await?;
        let detail = "This one-time password has expired. Ask an operator to reset it.";
        return Err(refused("one_time_password_expired", detail));
    }
    let session = NewSession { hash: api.session_hash(&token), created_at: now, expires_at: until };
    let done = api.admin.sign_ins.succeeded(now, &operator.name, client);
    if !api.store.open_session(operator.id, checked_hash, &session, &done).await? {
        let name = operator.name.clone();
        return Err(failed(api, &name, Some(operator), client).await?);
    }
    let cookie = cookies::OPERATOR.write(api, &token, LASTS_HOURS);
    let body = session_body(api, Some(Signed { operator, until }));
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(body)).into_response())
}

/// Records the name only if such an operator exists. Any other text may be a password in the wrong field.
async fn failed(api: &Api, typed: &str, known: Option<Stored>, client: Client) -> Result<Problem, Problem> {
    let name = known.map_or("(unknown)".to_owned(), |operator| operator.name);
    api.admin.sign_ins.failed(&api.store, api.clock.now(), typed, &name, client).await?;
    Ok(refused("invalid_credentials", "The name or the password is wrong."))
}

/// Sign out
///
/// Always 204, also when nobody is signed in.
#[utoipa::path(delete, path = "/session", operation_id = "signOutOperator", security(()),
    responses(
        (status = 204, description = "Nobody is signed in"),
        (status = 403, description = "`cross_origin`: another site's page asked", body = Problem),
    ))]
pub async fn sign_out(
    State(api): State<Api>,
    client: Client,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(token) = cookies::OPERATOR.read(&api, &headers) {
        same_origin::check(&method, &headers)?;
        if let Some(signed) = session(&api, &token).await? {
            let done = action(&api, &signed.operator.name, OperatorActionKind::SignedOut);
            let done = OperatorAction { detail: Some(format!("from {client}")), ..done };
            api.store.close_session(&api.session_hash(&token), &done).await?;
        }
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookies::OPERATOR.write(&api, "", 0))]).into_response())
}
