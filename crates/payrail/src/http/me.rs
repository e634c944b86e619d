//! `GET /api/v1/me/`: who calls, and the two balances from the one newest ledger entry.

use axum::Json;
use axum::extract::State;
use payrail_core::ids::MerchantId;
use payrail_core::money::Paise;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::auth::Caller;
use super::problem::Problem;

/// The merchant and its two balances, both of the same moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    #[schema(value_type = Uuid)]
    id: MerchantId,
    name: String,
    email: String,
    /// Paise that can be spent.
    #[schema(value_type = i64, minimum = 0)]
    available_balance_paise: Paise,
    /// Paise held for payouts under way.
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
