//! `GET /api/v1/search/`: one exact search over everything that names a payout. It costs the same however long the
//! history is: ids, references and UTRs are looked up, all else is searched in a bounded number of payouts.

use axum::Json;
use axum::extract::State;
use payrail_core::command::timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::auth::Caller;
use super::needle::{Matched, Needle};
use super::paging::Params;
use super::problem::Problem;
use super::shapes::payout::Payout;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// A payout's id, reference or UTR, a bank account, an amount (`₹60.00`, `60.00`, or `6000` in rupees or in
    /// paise), or the last eight characters of an id or reference. All of it: a part matches nothing.
    #[param(max_length = 255)]
    q: String,
}

/// What an exact search found.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchAnswer {
    /// Newest first, 20 at the most.
    results: Vec<SearchResult>,
    /// Accounts, amounts and endings were searched in the payouts that are not older than this; null if in all.
    /// RFC 3339, UTC, microseconds.
    #[schema(required, format = DateTime)]
    searched_back_to: Option<String>,
}

/// A payout, and what of it equals the text.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResult {
    matched: Vec<Matched>,
    payout: Payout,
}

/// Payouts that a text names, exactly
#[utoipa::path(get, path = "/search", operation_id = "searchPayouts", params(SearchParams),
    responses(
        (status = 200, description = "What was found, with what matched", body = SearchAnswer),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn find(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<SearchParams>,
) -> Result<Json<SearchAnswer>, Problem> {
    let needle = Needle::new(&params.q)?;
    let found = api.store.find_payouts(merchant.id, needle.named(), &needle.wanted()).await?;
    let results =
        found.payouts.iter().map(|payout| SearchResult { matched: needle.matched(payout), payout: payout.into() });
    // What the database takes for equal and we do not is no exact match.
    let results = results.filter(|result| !result.matched.is_empty()).collect();
    Ok(Json(SearchAnswer { results, searched_back_to: found.searched_back_to.map(timestamp) }))
}
