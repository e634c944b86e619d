//! `GET /api/v1/me/`: the calling merchant, and the two balances from the newest ledger entry.

use axum::Json;
use axum::extract::State;
use payrail_types::ids::MerchantId;
use payrail_types::money::Paise;
use payrail_types::names::Email;
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::Caller;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;

/// The merchant and its two balances, both at the same moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    #[schema(value_type = Uuid)]
    id: MerchantId,
    name: String,
    #[schema(value_type = String)]
    email: Email,
    /// Paise that can be spent.
    #[schema(value_type = i64, minimum = 0)]
    available_balance_paise: Paise,
    /// Paise held for pending payouts.
    #[schema(value_type = i64, minimum = 0)]
    held_balance_paise: Paise,
}

/// The merchant and its two balances
#[utoipa::path(get, path = "/me", operation_id = "showMe",
    responses((status = 200, description = "The merchant of the key or session", body = Me)))]
pub async fn show(State(api): State<Api>, Caller(merchant): Caller) -> Result<Json<Me>, Problem> {
    let balances = api.store.tip(merchant.id).await?.balances;
    Ok(Json(Me {
        id: merchant.id,
        name: merchant.name,
        email: merchant.email,
        available_balance_paise: balances.available,
        held_balance_paise: balances.held,
    }))
}
