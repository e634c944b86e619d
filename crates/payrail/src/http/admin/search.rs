//! `GET /admin/api/v1/search`: one exact search over all merchants, and over everything that names a payout or a
//! merchant. It costs the same however long the history is.

use axum::Json;
use axum::extract::State;
use payrail_core::command::timestamp;
use payrail_core::ids::MerchantId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::Signed;
use super::payouts::AdminPayout;
use super::people::Owner;
use crate::http::Api;
use crate::http::needle::{Matched, Needle};
use crate::http::paging::Params;
use crate::http::problem::Problem;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AdminSearchParams {
    /// A payout's id, reference or UTR, a bank account, an amount (`₹60.00`, `60.00`, or `6000` in rupees or in
    /// paise), the last eight characters of a payout's id, or a merchant's id, e-mail or name. All of it: a part
    /// matches nothing.
    #[param(max_length = 255)]
    q: String,
}

/// What an exact search over all merchants found.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminSearchAnswer {
    /// Newest first, 20 at the most.
    payouts: Vec<FoundPayout>,
    merchants: Vec<FoundMerchant>,
    /// Accounts, amounts and endings were searched in the payouts that are not older than this; null if in all.
    #[schema(required, format = DateTime)]
    searched_back_to: Option<String>,
}

/// A payout, and what of it equals the text.
#[derive(Debug, Serialize, ToSchema)]
pub struct FoundPayout {
    matched: Vec<Matched>,
    payout: AdminPayout,
}

/// A merchant, and what of it equals the text.
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

/// Payouts and merchants that a text names, exactly
#[utoipa::path(get, path = "/search", operation_id = "searchEverything", params(AdminSearchParams),
    responses(
        (status = 200, description = "What was found, with what matched", body = AdminSearchAnswer),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn find(
    State(api): State<Api>,
    _: Signed,
    Params(params): Params<AdminSearchParams>,
) -> Result<Json<AdminSearchAnswer>, Problem> {
    let needle = Needle::new(&params.q)?;
    let mut found = api.store.find_payouts_of_all(needle.named(), &needle.wanted()).await?;
    // What the database takes for equal and we do not is no exact match.
    found.payouts.retain(|(_, payout)| !needle.matched(payout).is_empty());
    let matched = found.payouts.iter().map(|(_, payout)| needle.matched(payout));
    let payouts = matched.zip(AdminPayout::all(&api, &found.payouts).await?);
    Ok(Json(AdminSearchAnswer {
        payouts: payouts.map(|(matched, payout)| FoundPayout { matched, payout }).collect(),
        merchants: merchants(&api, params.q.trim()).await?,
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
            merchant.email.eq_ignore_ascii_case(text).then_some(MerchantMatched::Email),
            (merchant.name.to_lowercase() == text.to_lowercase()).then_some(MerchantMatched::Name),
        ];
        FoundMerchant { matched: facts.into_iter().flatten().collect(), merchant: merchant.into() }
    });
    Ok(found.filter(|found| !found.matched.is_empty()).collect())
}
