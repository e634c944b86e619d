//! A merchant's API keys: issued, rotated, revoked. A key is shown in the answer that makes it and never again;
//! what is kept of it is a keyed hash, the first digits of which name it here.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use payrail_core::command::timestamp;
use payrail_core::ids::MerchantId;
use payrail_store::{KeyLine, NewKey, Operator, OperatorAction};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::MayOperate;
use super::people::{action, merchant};
use crate::http::Api;
use crate::http::problem::Problem;
use crate::keys;

/// More than anybody has; so many are shown and can be named.
const KEYS_MAX: u32 = 1_000;
const ID_BYTES: usize = 8;

/// What is known of an API key: never the key.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// 16 hexadecimal digits.
    id: String,
    /// How it begins, to tell keys apart.
    prefix: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Since then requests with it are refused.
    #[schema(required, format = DateTime)]
    revoked_at: Option<String>,
}

impl From<&KeyLine> for ApiKey {
    fn from(line: &KeyLine) -> Self {
        Self {
            id: id(&line.hash),
            prefix: line.prefix.clone(),
            created_at: timestamp(line.created_at),
            revoked_at: line.revoked_at.map(timestamp),
        }
    }
}

/// A new API key, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedKey {
    key: ApiKey,
    api_key: String,
}

fn id(hash: &[u8]) -> String {
    hash.iter().take(ID_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

pub async fn keys_of(api: &Api, merchant: MerchantId) -> Result<Vec<KeyLine>, Problem> {
    Ok(api.store.keys(merchant, KEYS_MAX).await?)
}

/// A new key, and what is to be kept of it.
pub fn fresh(api: &Api) -> (String, NewKey) {
    let key = keys::generate();
    let kept = NewKey { hash: api.hasher.hash(&key), prefix: keys::prefix(&key), created_at: api.clock.now() };
    (key, kept)
}

/// Issue a further API key
#[utoipa::path(post, path = "/merchants/{id}/keys", operation_id = "issueKey", params(("id" = Uuid, Path)),
    responses(
        (status = 201, description = "Issued; the key is shown this once", body = IssuedKey),
        (status = 404, description = "`not_found`", body = Problem),
    ))]
pub async fn issue(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, Problem> {
    let merchant = merchant(&api, id.map_or(Uuid::nil(), |Path(id)| id)).await?;
    let (api_key, key) = fresh(&api);
    let done = about(&api, &operator, "key_issued", merchant.id, &key.prefix, None);
    api.store.issue_key(merchant.id, &key, &done).await?;
    Ok(issued(api_key, key))
}

/// Replace an API key
///
/// The old one ends in the moment in which the new one begins.
#[utoipa::path(post, path = "/merchants/{id}/keys/{key_id}/rotate", operation_id = "rotateKey",
    params(("id" = Uuid, Path), ("key_id" = String, Path, description = "16 hexadecimal digits")),
    responses(
        (status = 201, description = "The new key, shown this once", body = IssuedKey),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`already_revoked`", body = Problem),
    ))]
pub async fn rotate(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    path: Result<Path<(Uuid, String)>, PathRejection>,
) -> Result<Response, Problem> {
    let (merchant, old) = named(&api, path).await?;
    let (api_key, key) = fresh(&api);
    let detail = Some(format!("replaced by {}", key.prefix));
    let done = about(&api, &operator, "key_rotated", merchant, &old.prefix, detail);
    if !api.store.rotate_key(merchant, &old.hash, &key, &done).await? {
        return Err(already_revoked());
    }
    api.known_keys.forget(&old.hash);
    Ok(issued(api_key, key))
}

/// Revoke an API key
///
/// Requests with it are refused from now on.
#[utoipa::path(post, path = "/merchants/{id}/keys/{key_id}/revoke", operation_id = "revokeKey",
    params(("id" = Uuid, Path), ("key_id" = String, Path, description = "16 hexadecimal digits")),
    responses(
        (status = 200, description = "Revoked", body = ApiKey),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`already_revoked`", body = Problem),
    ))]
pub async fn revoke(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    path: Result<Path<(Uuid, String)>, PathRejection>,
) -> Result<Json<ApiKey>, Problem> {
    let (merchant, key) = named(&api, path).await?;
    let done = about(&api, &operator, "key_revoked", merchant, &key.prefix, None);
    if !api.store.revoke_key(merchant, &key.hash, done.at, &done).await? {
        return Err(already_revoked());
    }
    api.known_keys.forget(&key.hash);
    Ok(Json(ApiKey::from(&KeyLine { revoked_at: Some(done.at), ..key })))
}

fn issued(api_key: String, key: NewKey) -> Response {
    let NewKey { hash, prefix, created_at } = key;
    let key = ApiKey::from(&KeyLine { hash: hash.to_vec(), prefix, created_at, revoked_at: None });
    (StatusCode::CREATED, Json(IssuedKey { key, api_key })).into_response()
}

/// The merchant's key that the path names.
async fn named(api: &Api, path: Result<Path<(Uuid, String)>, PathRejection>) -> Result<(MerchantId, KeyLine), Problem> {
    let (merchant_id, key_id) = path.map_or((Uuid::nil(), String::new()), |Path(path)| path);
    let merchant = merchant(api, merchant_id).await?;
    let key = keys_of(api, merchant.id).await?.into_iter().find(|key| id(&key.hash) == key_id);
    let key = key.ok_or_else(|| Problem::not_found("This merchant has no such API key."))?;
    Ok((merchant.id, key))
}

fn already_revoked() -> Problem {
    Problem::new(StatusCode::CONFLICT, "already_revoked", "This API key was revoked before; nothing was done.")
}

fn about(
    api: &Api,
    operator: &Operator,
    word: &str,
    merchant: MerchantId,
    key: &str,
    detail: Option<String>,
) -> OperatorAction {
    let done = action(api, &operator.name, word);
    OperatorAction { merchant: Some(merchant), subject: Some(key.to_owned()), detail, ..done }
}
