//! `GET /admin/api/v1/search`: an exact search for payouts and merchants. Its cost does not grow with the history.

use axum::Json;
use axum::extract::State;
use payrail_types::ids::MerchantId;
use payrail_types::names::normal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::payouts::list::AdminPayout;
use super::people::Owner;
use super::session::guard::Signed;
use crate::clock::timestamp;
use crate::http::lookup::needle::{Matched, Needle};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AdminSearchParams {
    /// A payout's id, reference or UTR, a bank account, an amount (`₹60.00`, `60.00`, or `6000` in rupees or in
    /// paise), the last eight characters of a payout's id, or a merchant's id, e-mail or name. The whole text must
    /// match.
    #[param(max_length = 255)]
    q: String,
}

/// The results of an exact search over all merchants.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminSearchAnswer {
    /// Newest first, 20 at the most.
    payouts: Vec<FoundPayout>,
    merchants: Vec<FoundMerchant>,
    /// Accounts, amounts and endings were only searched in payouts from this time on; null if in all payouts.
    #[schema(required, format = DateTime)]
    searched_back_to: Option<String>,
}

/// A payout, and which of its fields matched.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundPayout {
    matched: Vec<Matched>,
    payout: AdminPayout,
}

/// A merchant, and which of its fields matched.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundMerchant {
    matched: Vec<MerchantMatched>,
    merchant: Owner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MerchantMatched {
    Id,
    Email,
    Name,
}

const MERCHANTS_MAX: u32 = 20;

/// Find payouts and merchants by an exact text
#[utoipa::path(get, path = "/search", operation_id = "searchEverything", params(AdminSearchParams),
    responses(
        (status = 200, description = "The matches, with the fields that matched", body = AdminSearchAnswer),
    ))]
pub async fn find(
    State(api): State<Api>,
    _: Signed,
    Params(params): Params<AdminSearchParams>,
) -> Result<Json<AdminSearchAnswer>, Problem> {
    let needle = Needle::new(&params.q)?;
    let mut found = api.store.find_payouts_of_all(needle.named(), &needle.wanted()).await?;
    // The database may treat texts as equal that are not an exact match here.
    found.payouts.retain(|(_, payout)| !needle.matched(payout).is_empty());
    let matched = found.payouts.iter().map(|(_, payout)| needle.matched(payout));
    let payouts = matched.zip(AdminPayout::all(&api, &found.payouts).await?);
    Ok(Json(AdminSearchAnswer {
        payouts: payouts.map(|(matched, payout)| FoundPayout { matched, payout }).collect(),
        merchants: merchants(&api, &normal(params.q.trim())).await?,
        searched_back_to: found.searched_back_to.map(timestamp),
    }))
}

async fn merchants(api: &Api, text: &str) -> Result<Vec<FoundMerchant>, Problem> {
    let candidates = match Uuid::try_parse(text) {
        Ok(id) => api.store.merchant(MerchantId(id)).await?.into_iter().collect(),
        Err(_) => api.store.search_merchants(Some(text), None, MERCHANTS_MAX).await?.items,
    };
    let found = candidates.into_iter().map(|merchant| {
        let facts = [
            Uuid::try_parse(text).is_ok_and(|id| id == merchant.id.0).then_some(MerchantMatched::Id),
            (merchant.email.as_str() == text.to_lowercase()).then_some(MerchantMatched::Email),
            (merchant.name.to_lowercase() == text.to_lowercase()).then_some(MerchantMatched::Name),
        ];
        FoundMerchant { matched: facts.into_iter().flatten().collect(), merchant: merchant.into() }
    });
    Ok(found.filter(|found| !found.matched.is_empty()).collect())
}
