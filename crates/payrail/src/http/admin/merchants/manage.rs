//! Merchants: listed, searched by name, address or id, and created with their first API key.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use payrail_store::{Found, Merchant as Stored};
use payrail_types::ids::MerchantId;
use payrail_types::money::Paise;
use payrail_types::names::Email;
use payrail_types::operator::OperatorActionKind;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::keys::{ApiKey, fresh, keys_of};
use crate::clock::timestamp;
use crate::http::admin::people::{action, merchant};
use crate::http::admin::session::guard::{MayOperate, Signed};
use crate::http::paths::ADMIN;
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::list::{Limit, Page};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::ids;

const NAME_CHARACTERS: usize = 255;

/// A merchant and its two balances, both at the same moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Merchant {
    #[schema(value_type = Uuid)]
    id: MerchantId,
    name: String,
    #[schema(value_type = String)]
    email: Email,
    #[schema(format = DateTime)]
    created_at: String,
    /// Paise that can be spent.
    #[schema(value_type = i64, minimum = 0)]
    available_paise: Paise,
    /// Paise held for pending payouts.
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

/// A merchant with its API keys, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct MerchantDetail {
    #[serde(flatten)]
    merchant: Merchant,
    keys: Vec<ApiKey>,
}

#[derive(Debug, ToSchema)]
pub struct NewMerchant {
    #[schema(min_length = 1, max_length = 255)]
    name: String,
    /// No two merchants have the same.
    #[schema(value_type = String, max_length = 254, format = Email)]
    email: Email,
}

impl Form for NewMerchant {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let name = fields.line("name", NAME_CHARACTERS);
        let email = fields.name("email");
        Ok(Self { name: name?, email: email? })
    }
}

/// A new merchant and its first API key, which is not shown again.
#[derive(Debug, Serialize, ToSchema)]
pub struct MerchantWithKey {
    merchant: Merchant,
    api_key: String,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MerchantParams {
    /// Only merchants after this one.
    after: Option<Uuid>,
    /// A part of the name or the e-mail address, in any case; or an id.
    search: Option<String>,
}

/// Merchants
///
/// A search looks at no more than 5,000 merchants. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one.
#[utoipa::path(get, path = "/merchants", operation_id = "listMerchants", params(Limit, MerchantParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [Merchant]),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    page: Page,
    Params(params): Params<MerchantParams>,
) -> Result<Response, Problem> {
    let text = params.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let found = match text.and_then(|text| Uuid::try_parse(text).ok()) {
        Some(id) => Found { items: api.store.merchant(MerchantId(id)).await?.into_iter().collect(), next: None },
        None => api.store.search_merchants(text, params.after.map(MerchantId), page.limit).await?,
    };
    let next = found.next.map(|last| ("after", last.to_string()));
    let mut items = Vec::with_capacity(found.items.len());
    for merchant in found.items {
        items.push(Merchant::of(&api, merchant).await?);
    }
    Ok(page.answer(&format!("{ADMIN}/merchants"), &items, next))
}

/// One merchant with its API keys
#[utoipa::path(get, path = "/merchants/{id}", operation_id = "showMerchant", params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The merchant", body = MerchantDetail),
    ))]
pub async fn show(
    State(api): State<Api>,
    _: Signed,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<MerchantDetail>, Problem> {
    let stored = merchant(&api, id).await?;
    let keys = keys_of(&api, stored.id).await?.iter().map(ApiKey::from).collect();
    Ok(Json(MerchantDetail { merchant: Merchant::of(&api, stored).await?, keys }))
}

/// Create a merchant with its first API key
#[utoipa::path(post, path = "/merchants", operation_id = "createMerchant", request_body = NewMerchant,
    responses(
        (status = 201, description = "Created; the key is shown this once", body = MerchantWithKey),
        (status = 409, description = "`email_taken`", body = Problem),
    ))]
pub async fn create(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    request: Request,
) -> Result<Response, Problem> {
    let NewMerchant { name, email } = form(&api, request).await?;
    let now = api.clock.now();
    let stored = Stored { id: ids::merchant_id(), name, email, created_at: now };
    let (api_key, key) = fresh(&api);
    let created = action(&api, &operator.name, OperatorActionKind::MerchantCreated);
    let issued = action(&api, &operator.name, OperatorActionKind::KeyIssued);
    let done = [
        payrail_store::OperatorAction { merchant: Some(stored.id), detail: Some(stored.email.to_string()), ..created },
        payrail_store::OperatorAction { merchant: Some(stored.id), subject: Some(key.prefix.clone()), ..issued },
    ];
    if !api.store.create_merchant(&stored, &key, &done).await? {
        let detail = format!("There is a merchant with the address {} already.", stored.email);
        return Err(Problem::new(StatusCode::CONFLICT, "email_taken", detail));
    }
    let merchant = Merchant::of(&api, stored).await?;
    Ok((StatusCode::CREATED, Json(MerchantWithKey { merchant, api_key })).into_response())
}
