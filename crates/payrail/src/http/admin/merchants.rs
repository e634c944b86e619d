//! Merchants: found by name, address or id; created with their first API key, which is shown this once.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use payrail_core::command::timestamp;
use payrail_core::ids::MerchantId;
use payrail_core::money::Paise;
use payrail_store::{Found, Merchant as Stored};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::keys::{ApiKey, fresh, keys_of};
use super::people::{action, merchant};
use super::{MayOperate, PATH, Signed};
use crate::http::body::Object;
use crate::http::fields::{self, Wrong};
use crate::http::paging::{Params, limit, page, query};
use crate::http::problem::Problem;
use crate::http::{Api, body};
use crate::ids;

const NAME_CHARACTERS: usize = 255;
const EMAIL_CHARACTERS: usize = 254;

/// A merchant and its two balances, both of the same moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Merchant {
    #[schema(value_type = Uuid)]
    id: MerchantId,
    name: String,
    email: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Paise that can be spent.
    #[schema(value_type = i64, minimum = 0)]
    available_paise: Paise,
    /// Paise held for payouts under way.
    #[schema(value_type = i64, minimum = 0)]
    held_paise: Paise,
}

impl Merchant {
    async fn of(api: &Api, merchant: Stored) -> Result<Self, Problem> {
        let balances = api.store.tip(merchant.id).await?.balances;
        Ok(Self {
            id: merchant.id,
            name: merchant.name,
            email: merchant.email,
            created_at: timestamp(merchant.created_at),
            available_paise: balances.available,
            held_paise: balances.held,
        })
    }
}

/// A merchant with its API keys, the newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MerchantDetail {
    #[serde(flatten)]
    merchant: Merchant,
    keys: Vec<ApiKey>,
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `form` reads by hand, to say all that is wrong with it at once")]
pub struct NewMerchant {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// No two merchants have the same.
    #[schema(max_length = 254, format = Email)]
    email: String,
}

/// A new merchant and its first API key, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct MerchantWithKey {
    merchant: Merchant,
    api_key: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MerchantParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Merchants after this one.
    after: Option<Uuid>,
    /// A part of the name or the address, in any case; or an id.
    search: Option<String>,
}

/// Merchants
///
/// A search looks at no more than 5,000 merchants. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one.
#[utoipa::path(get, path = "/merchants", operation_id = "listMerchants", params(MerchantParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [Merchant],
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    Params(params): Params<MerchantParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let text = params.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let found = match text.and_then(|text| Uuid::try_parse(text).ok()) {
        Some(id) => Found { items: api.store.merchant(MerchantId(id)).await?.into_iter().collect(), next: None },
        None => api.store.search_merchants(text, params.after.map(MerchantId), limit).await?,
    };
    let next = found.next.map(|last| {
        let (after, limit) = (Some(last.to_string()), Some(limit.to_string()));
        query(&[("search", text.map(str::to_owned)), ("limit", limit), ("after", after)])
    });
    let mut items = Vec::with_capacity(found.items.len());
    for merchant in found.items {
        items.push(Merchant::of(&api, merchant).await?);
    }
    Ok(page(&format!("{PATH}/merchants"), &items, next))
}

/// One merchant with its API keys
#[utoipa::path(get, path = "/merchants/{id}", operation_id = "showMerchant", params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The merchant", body = MerchantDetail),
        (status = 404, description = "`not_found`", body = Problem),
    ))]
pub async fn show(
    State(api): State<Api>,
    _: Signed,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<MerchantDetail>, Problem> {
    let stored = merchant(&api, id.map_or(Uuid::nil(), |Path(id)| id)).await?;
    let keys = keys_of(&api, stored.id).await?.iter().map(ApiKey::from).collect();
    Ok(Json(MerchantDetail { merchant: Merchant::of(&api, stored).await?, keys }))
}

/// Create a merchant with its first API key
#[utoipa::path(post, path = "/merchants", operation_id = "createMerchant", request_body = NewMerchant,
    responses(
        (status = 201, description = "Created; the key is shown this once", body = MerchantWithKey),
        (status = 400, description = "`invalid`, `parse_error`", body = Problem),
        (status = 409, description = "`email_taken`", body = Problem),
    ))]
pub async fn create(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    request: Request,
) -> Result<Response, Problem> {
    let (name, email) = form(&body::object(&api, request).await?)?;
    let now = api.clock.now();
    let stored = Stored { id: ids::merchant_id(), name, email, created_at: now };
    let (api_key, key) = fresh(&api);
    let created = action(&api, &operator.name, "merchant_created");
    let issued = action(&api, &operator.name, "key_issued");
    let done = [
        payrail_store::OperatorAction { merchant: Some(stored.id), detail: Some(stored.email.clone()), ..created },
        payrail_store::OperatorAction { merchant: Some(stored.id), subject: Some(key.prefix.clone()), ..issued },
    ];
    if !api.store.found_merchant(&stored, &key, &done).await? {
        let detail = format!("There is a merchant with the address {} already.", stored.email);
        return Err(Problem::new(StatusCode::CONFLICT, "email_taken", detail));
    }
    let merchant = Merchant::of(&api, stored).await?;
    Ok((StatusCode::CREATED, Json(MerchantWithKey { merchant, api_key })).into_response())
}

fn form(body: &Object) -> Result<(String, String), Problem> {
    let name = fields::text(body.get("name"), NAME_CHARACTERS);
    let email = fields::identifier(body.get("email"), EMAIL_CHARACTERS).and_then(|text| address(&text));
    match (name, email) {
        (Ok(name), Ok(email)) => Ok((name, email)),
        (name, email) => Err(fields::invalid([("name", name.err()), ("email", email.err())])
            .unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field"))),
    }
}

/// The same as on the command line: whether mail arrives there, only mail can tell.
fn address(text: &str) -> Result<String, Wrong> {
    let is_one = text.split_once('@').is_some_and(|(before, after)| !before.is_empty() && !after.is_empty());
    if is_one && !text.contains(char::is_whitespace) {
        Ok(text.to_lowercase())
    } else {
        Err(vec!["Enter a valid email address.".to_owned()])
    }
}
