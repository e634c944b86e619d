//! Ledger entries of all merchants.

use axum::extract::State;
use axum::response::Response;
use payrail_store::EntryFilter;
use payrail_types::ids::MerchantId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners};
use super::session::guard::Signed;
use crate::http::paths::ADMIN;
use crate::http::plumbing::list::{Before, Limit, Page, next_before};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::period::Period;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::ledger::LedgerEntry;
use crate::http::shapes::words::EntryKind;
use crate::http::state::Api;

/// A ledger entry with its merchant.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminLedgerEntry {
    #[serde(flatten)]
    entry: LedgerEntry,
    merchant: Owner,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EntryParams {
    /// Only this merchant's entries.
    merchant: Option<Uuid>,
    kind: Option<EntryKind>,
}

/// Ledger entries of all merchants, newest first
///
/// A request looks at no more than 5,000 entries. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/ledger", operation_id = "listAllEntries", params(Limit, Before, EntryParams, Period),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [AdminLedgerEntry]),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    page: Page,
    Params(before): Params<Before>,
    Params(params): Params<EntryParams>,
    Params(period): Params<Period>,
) -> Result<Response, Problem> {
    let filter = EntryFilter {
        merchant: params.merchant.map(MerchantId),
        kind: params.kind.map(|kind| kind.0),
        window: period.window()?,
    };
    let found = api.store.search_entries(&filter, before.position()?, page.limit).await?;
    let owners = Owners::of(&api, found.items.iter().map(|(merchant, _)| *merchant)).await?;
    let entry = |(merchant, line): &(MerchantId, payrail_store::LedgerLine)| AdminLedgerEntry {
        entry: LedgerEntry::new(*merchant, line),
        merchant: owners.get(*merchant),
    };
    let items: Vec<_> = found.items.iter().map(entry).collect();
    Ok(page.answer(&format!("{ADMIN}/ledger"), &items, next_before(found.next)))
}
