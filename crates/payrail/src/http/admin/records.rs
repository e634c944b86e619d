//! Idempotency records of all merchants: the stored answer of each key.

use axum::extract::State;
use axum::response::Response;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_store::RecordFilter;
use payrail_types::ids::{MerchantId, PayoutId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners};
use super::session::guard::Signed;
use crate::clock::timestamp;
use crate::http::paths::ADMIN;
use crate::http::plumbing::list::{Before, Limit, Page, next_before};
use crate::http::plumbing::params::{Params, bad_parameter};
use crate::http::plumbing::period::Period;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;

/// A request's key and its answer, which a repeated request gets again, byte for byte.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdempotencyRecord)]
pub struct IdempotencyRecord {
    merchant: Owner,
    key: Uuid,
    /// The answer's HTTP status.
    status: u16,
    /// The answer's body.
    body: String,
    /// The payout that the request created, if any.
    #[schema(required, value_type = Option<Uuid>)]
    payout_id: Option<PayoutId>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null if the request moved money: such a record is kept for ever.
    #[schema(required, format = DateTime)]
    expires_at: Option<String>,
}

impl IdempotencyRecord {
    fn new(record: Record, merchant: Owner) -> Self {
        Self {
            merchant,
            key: record.key.0,
            status: record.answer.status,
            body: record.answer.body,
            payout_id: record.payout,
            created_at: timestamp(record.created_at),
            expires_at: record.expires_at.map(timestamp),
        }
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RecordParams {
    /// Only this merchant's records.
    merchant: Option<Uuid>,
    /// Only records of this key, in any of its spellings. With `merchant` it is looked up directly.
    key: Option<String>,
}

/// Idempotency records of all merchants, newest first
///
/// A request looks at no more than 5,000 records. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/records", operation_id = "listRecords", params(Limit, Before, RecordParams, Period),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [IdempotencyRecord]),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    page: Page,
    Params(before): Params<Before>,
    Params(params): Params<RecordParams>,
    Params(period): Params<Period>,
) -> Result<Response, Problem> {
    let key = params.key.as_deref().map(|text| IdempotencyKey::parse(text).ok_or("key must be a UUID."));
    let filter = RecordFilter {
        merchant: params.merchant.map(MerchantId),
        key: key.transpose().map_err(bad_parameter)?,
        window: period.window()?,
    };
    let found = api.store.search_records(&filter, before.position()?, page.limit).await?;
    let owners = Owners::of(&api, found.items.iter().map(|(merchant, _)| *merchant)).await?;
    let items = found.items.into_iter().map(|(merchant, record)| IdempotencyRecord::new(record, owners.get(merchant)));
    let items: Vec<_> = items.collect();
    Ok(page.answer(&format!("{ADMIN}/records"), &items, next_before(found.next)))
}
