//! Idempotency records of all merchants: what was answered under which key.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use payrail_core::command::timestamp;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_store::RecordFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners};
use super::{PATH, Signed, cursor};
use crate::http::Api;
use crate::http::paging::{Params, bad_parameter, limit, page};
use crate::http::problem::Problem;

/// What is remembered of a request: its key, and the answer that it got and gets again, to the byte.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = IdempotencyRecord)]
pub struct IdempotencyRecord {
    merchant: Owner,
    key: Uuid,
    /// The answer's HTTP status.
    status: u16,
    /// The answer's body.
    body: String,
    /// The payout that it made, if it made one.
    #[schema(required, value_type = Option<Uuid>)]
    payout_id: Option<PayoutId>,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null: it moved money and is kept for ever.
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
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended: opaque, from its `Link`.
    before: Option<String>,
    /// Of this merchant only.
    merchant: Option<Uuid>,
    /// Under this key only, in any of its spellings. With `merchant` it is looked up directly.
    key: Option<String>,
    /// Made then or later: a time (RFC 3339) or a date.
    from: Option<String>,
    /// Made before then; of a date, until its end.
    to: Option<String>,
    /// Whose dates: the IANA name of a time zone; Asia/Kolkata by default.
    zone: Option<String>,
}

/// Idempotency records of all merchants, newest first
///
/// A request looks at no more than 5,000 records. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/records", operation_id = "listRecords", params(RecordParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [IdempotencyRecord],
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    RawQuery(query): RawQuery,
    Params(params): Params<RecordParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let before = cursor::parse(params.before.as_deref())?;
    let key = params.key.as_deref().map(|text| IdempotencyKey::parse(text).ok_or("key must be a UUID."));
    let filter = RecordFilter {
        merchant: params.merchant.map(MerchantId),
        key: key.transpose().map_err(bad_parameter)?,
        window: cursor::window(params.from.as_deref(), params.to.as_deref(), params.zone.as_deref())?,
    };
    let found = api.store.search_records(&filter, before, limit).await?;
    let owners = Owners::of(&api, found.items.iter().map(|(merchant, _)| *merchant)).await?;
    let items = found.items.into_iter().map(|(merchant, record)| IdempotencyRecord::new(record, owners.get(merchant)));
    let items: Vec<_> = items.collect();
    Ok(page(&format!("{PATH}/records"), &items, cursor::next(query.as_deref(), found.next)))
}
