//! Ledger entries of all merchants.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use payrail_core::ids::MerchantId;
use payrail_store::EntryFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners};
use super::{PATH, Signed, cursor};
use crate::http::Api;
use crate::http::paging::{Params, limit, page};
use crate::http::problem::Problem;
use crate::http::shapes::ledger::LedgerEntry;
use crate::http::shapes::words::EntryKind;

/// An entry of a merchant's book, and whose it is.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminLedgerEntry {
    #[serde(flatten)]
    entry: LedgerEntry,
    merchant: Owner,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended: opaque, from its `Link`.
    before: Option<String>,
    /// Of this merchant only.
    merchant: Option<Uuid>,
    kind: Option<EntryKind>,
    /// Made then or later: a time (RFC 3339) or a date.
    from: Option<String>,
    /// Made before then; of a date, until its end.
    to: Option<String>,
    /// Whose dates: the IANA name of a time zone; Asia/Kolkata by default.
    zone: Option<String>,
}

/// Ledger entries of all merchants, newest first
///
/// A request looks at no more than 5,000 entries. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/ledger", operation_id = "listAllEntries", params(LedgerParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [AdminLedgerEntry],
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    RawQuery(query): RawQuery,
    Params(params): Params<LedgerParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let before = cursor::parse(params.before.as_deref())?;
    let filter = EntryFilter {
        merchant: params.merchant.map(MerchantId),
        kind: params.kind.map(Into::into),
        window: cursor::window(params.from.as_deref(), params.to.as_deref(), params.zone.as_deref())?,
    };
    let found = api.store.search_entries(&filter, before, limit).await?;
    let owners = Owners::of(&api, found.items.iter().map(|(merchant, _)| *merchant)).await?;
    let entry = |(merchant, line): &(MerchantId, payrail_store::LedgerLine)| AdminLedgerEntry {
        entry: LedgerEntry::new(*merchant, line),
        merchant: owners.get(*merchant),
    };
    let items: Vec<_> = found.items.iter().map(entry).collect();
    Ok(page(&format!("{PATH}/ledger"), &items, cursor::next(query.as_deref(), found.next)))
}
