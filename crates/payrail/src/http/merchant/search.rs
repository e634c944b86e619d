//! `GET /api/v1/search/`: an exact search for payouts. Its cost does not grow with the history: ids, references and
//! UTRs are looked up; everything else is searched in a bounded number of payouts.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Caller;
use crate::clock::timestamp;
use crate::http::lookup::needle::{Matched, Needle};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::payout::Payout;
use crate::http::state::Api;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchParams {
    /// A payout's id, reference or UTR, a bank account, an amount (`₹60.00`, `60.00`, or `6000` in rupees or in
    /// paise), or the last eight characters of an id or reference. The whole text must match.
    #[param(max_length = 255)]
    q: String,
}

/// The results of an exact search.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchAnswer {
    /// Newest first, 20 at the most.
    results: Vec<SearchResult>,
    /// Accounts, amounts and endings were only searched in payouts from this time on; null if in all payouts.
    /// RFC 3339, UTC, microseconds.
    #[schema(required, format = DateTime)]
    searched_back_to: Option<String>,
}

/// A payout, and which of its fields matched.
#[derive(Debug, Serialize, ToSchema)]
pub struct SearchResult {
    matched: Vec<Matched>,
    payout: Payout,
}

/// Find payouts by an exact text
#[utoipa::path(get, path = "/search", operation_id = "searchPayouts", params(SearchParams),
    responses(
        (status = 200, description = "The matches, with the fields that matched", body = SearchAnswer),
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
    // The database may treat texts as equal that are not an exact match here.
    let results = results.filter(|result| !result.matched.is_empty()).collect();
    Ok(Json(SearchAnswer { results, searched_back_to: found.searched_back_to.map(timestamp) }))
}
