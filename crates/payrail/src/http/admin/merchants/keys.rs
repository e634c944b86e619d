//! A merchant's API keys: issued, rotated, revoked. A key is only shown in the answer that creates it. The database
//! stores a keyed hash, whose first digits are the key's id.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use payrail_store::{KeyLine, NewKey, Operator, OperatorAction};
use payrail_types::ids::MerchantId;
use payrail_types::operator::OperatorActionKind;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock::timestamp;
use crate::http::admin::people::{action, merchant};
use crate::http::admin::session::guard::MayOperate;
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::keys;

/// The longest list of keys. It is more than any merchant has.
const KEYS_MAX: u32 = 1_000;
const ID_BYTES: usize = 8;

/// An API key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApiKey {
    /// 16 hexadecimal digits.
    id: String,
    /// The beginning of the key, to tell keys apart.
    prefix: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// When the key was revoked.
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

/// A new API key. It is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct IssuedKey {
    key: ApiKey,
    api_key: String,
}

fn id(hash: &[u8]) -> String {
    hex::encode(&hash[..hash.len().min(ID_BYTES)])
}

pub async fn keys_of(api: &Api, merchant: MerchantId) -> Result<Vec<KeyLine>, Problem> {
    Ok(api.store.keys(merchant, KEYS_MAX).await?)
}

/// A new key, and its row.
pub fn fresh(api: &Api) -> (String, NewKey) {
    let key = if api.is_demo { keys::generate_demo() } else { keys::generate() };
    let kept = NewKey { hash: api.hasher.hash(&key), prefix: keys::prefix(&key), created_at: api.clock.now() };
    (key, kept)
}

/// Issue a further API key
#[utoipa::path(post, path = "/merchants/{id}/keys", operation_id = "issueKey", params(("id" = Uuid, Path)),
    responses(
        (status = 201, description = "Issued; the key is shown this once", body = IssuedKey),
    ))]
pub async fn issue(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(id): PathOf<Uuid>,
) -> Result<Response, Problem> {
    let merchant = merchant(&api, id).await?;
    let (api_key, key) = fresh(&api);
    let done = about(&api, &operator, OperatorActionKind::KeyIssued, merchant.id, &key.prefix, None);
    api.store.issue_key(merchant.id, &key, &done).await?;
    Ok(issued(api_key, key))
}

/// Replace an API key
///
/// The old key becomes invalid at the same moment as the new one becomes valid.
#[utoipa::path(post, path = "/merchants/{id}/keys/{key_id}/rotate", operation_id = "rotateKey",
    params(("id" = Uuid, Path), ("key_id" = String, Path, description = "16 hexadecimal digits")),
    responses(
        (status = 201, description = "The new key, shown this once", body = IssuedKey),
        (status = 409, description = "`already_revoked`", body = Problem),
    ))]
pub async fn rotate(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(path): PathOf<(Uuid, String)>,
) -> Result<Response, Problem> {
    let (merchant, old) = named(&api, path).await?;
    let (api_key, key) = fresh(&api);
    let detail = Some(format!("replaced by {}", key.prefix));
    let done = about(&api, &operator, OperatorActionKind::KeyRotated, merchant, &old.prefix, detail);
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
        (status = 409, description = "`already_revoked`", body = Problem),
    ))]
pub async fn revoke(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(path): PathOf<(Uuid, String)>,
) -> Result<Json<ApiKey>, Problem> {
    let (merchant, key) = named(&api, path).await?;
    let done = about(&api, &operator, OperatorActionKind::KeyRevoked, merchant, &key.prefix, None);
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

/// The merchant's key in the request's path.
async fn named(api: &Api, (merchant_id, key_id): (Uuid, String)) -> Result<(MerchantId, KeyLine), Problem> {
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
    kind: OperatorActionKind,
    merchant: MerchantId,
    key: &str,
    detail: Option<String>,
) -> OperatorAction {
    let done = action(api, &operator.name, kind);
    OperatorAction { merchant: Some(merchant), subject: Some(key.to_owned()), detail, ..done }
}
