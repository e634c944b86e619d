//! `/api/v1/session`: a merchant signs in with an API key and gets a cookie, so that the page does not keep the key.
//! The cookie has 256 random bits; only their keyed hash is stored.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use payrail_store::{Merchant, NewSession};
use payrail_types::ids::MerchantId;
use payrail_types::names::Email;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Pass;
use crate::clock::timestamp;
use crate::http::plumbing::client::Client;
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::{cookies, rate_limit, same_origin};
use crate::http::state::Api;
use crate::{keys, published};

const LASTS_HOURS: i64 = 12;
const KEY_LIMIT_CHARACTERS: usize = 255;

/// The merchant who is signed in, if any.
#[derive(Debug, Serialize, ToSchema)]
pub struct Session {
    /// Null when nobody is signed in.
    #[schema(required)]
    merchant: Option<SignedIn>,
    /// RFC 3339, UTC, microseconds; null when nobody is signed in.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
    /// The demonstration's keys; empty outside of demo mode.
    demo_merchants: Vec<DemoMerchant>,
}

/// The merchant of a session.
#[derive(Debug, Serialize, ToSchema)]
pub struct SignedIn {
    #[schema(value_type = Uuid)]
    id: MerchantId,
    name: String,
    #[schema(value_type = String)]
    email: Email,
}

/// A merchant of the demonstration, whose key is public.
#[derive(Debug, Serialize, ToSchema)]
pub struct DemoMerchant {
    name: &'static str,
    email: &'static str,
    api_key: &'static str,
}

/// Credentials.
#[derive(Debug, ToSchema)]
pub struct SignIn {
    #[schema(min_length = 1, max_length = 255)]
    api_key: String,
}

impl Form for SignIn {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { api_key: fields.identifier("api_key", KEY_LIMIT_CHARACTERS)? })
    }
}

/// Show who is signed in
///
/// Always 200, also when nobody is signed in.
#[utoipa::path(get, path = "/session", operation_id = "showSession", security(()),
    responses((status = 200, description = "The session, or that there is none", body = Session)))]
pub async fn show(State(api): State<Api>, headers: HeaderMap) -> Result<Json<Session>, Problem> {
    let session = match cookies::MERCHANT.read(&api, &headers) {
        Some(token) => api.store.merchant_session(&api.session_hash(&token), api.clock.now()).await?,
        None => None,
    };
    Ok(Json(session_body(&api, session.map(|session| (session.merchant, session.expires_at)))))
}

fn session_body(api: &Api, session: Option<(Merchant, Timestamp)>) -> Session {
    let demo = if api.is_demo { &published::MERCHANTS[..] } else { &[] };
    let (merchant, expires_at) = session.unzip();
    Session {
        merchant: merchant.map(|Merchant { id, name, email, .. }| SignedIn { id, name, email }),
        expires_at: expires_at.map(timestamp),
        demo_merchants: demo
            .iter()
            .map(|demo| DemoMerchant { name: demo.name, email: demo.email, api_key: demo.api_key })
            .collect(),
    }
}

/// Sign in with an API key
#[utoipa::path(post, path = "/session", operation_id = "signIn", security(()), request_body = SignIn,
    responses(
        (status = 201, description = "Signed in for 12 hours", body = Session,
            headers(("Set-Cookie" = String, description = "`payrail_session`; over HTTPS `__Host-payrail_session`"))),
        (status = 401, description = "`invalid_api_key`", body = Problem),
        (status = 403, description = "`cross_origin`: another site's page asked", body = Problem),
        (status = 415, description = "`unsupported_media_type`", body = Problem),
        (status = 429, description = "`too_many_attempts`: again after `Retry-After`", body = Problem),
    ))]
pub async fn sign_in(State(api): State<Api>, client: Client, request: Request) -> Result<Response, Problem> {
    same_origin::check(request.method(), request.headers())?;
    api.sign_ins.take(&rate_limit::place_of(client.0))?;
    let SignIn { api_key } = form(&api, request).await?;
    // The audit log is about operators, and an invalid key names no merchant.
    let refused = |_: &Problem| tracing::info!(%client, "a merchant could not sign in");
    let pass = Pass::from_key(&api, &api_key).inspect_err(refused)?;
    let merchant = pass.owner(&api).await.inspect_err(refused)?;

    let token = keys::token();
    let now = api.clock.now();
    let expires_at = now.saturating_add(SignedDuration::from_hours(LASTS_HOURS)).unwrap_or(now);
    let session = NewSession { hash: api.session_hash(&token), created_at: now, expires_at };
    api.store.open_merchant_session(pass.hash(), &session).await?;
    let cookie = cookies::MERCHANT.write(&api, &token, LASTS_HOURS);
    Ok((StatusCode::CREATED, [(header::SET_COOKIE, cookie)], Json(session_body(&api, Some((merchant, expires_at)))))
        .into_response())
}

/// Sign out
///
/// Always 204, also when nobody is signed in.
#[utoipa::path(delete, path = "/session", operation_id = "signOut", security(()),
    responses(
        (status = 204, description = "Nobody is signed in"),
        (status = 403, description = "`cross_origin`: another site's page asked", body = Problem),
    ))]
pub async fn sign_out(State(api): State<Api>, method: Method, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = cookies::MERCHANT.read(&api, &headers) {
        same_origin::check(&method, &headers)?;
        api.store.end_merchant_session(&api.session_hash(&token)).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, cookies::MERCHANT.write(&api, "", 0))]).into_response())
}
