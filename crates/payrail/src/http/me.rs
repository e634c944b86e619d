//! `GET /api/v1/me/`: who calls, and the two balances from the one newest ledger entry.

use axum::Json;
use axum::extract::State;
use payrail_core::ids::MerchantId;
use payrail_core::money::Paise;
use serde::Serialize;

use super::Api;
use super::auth::Caller;
use super::problem::Problem;

#[derive(Debug, Serialize)]
pub struct Me {
    id: MerchantId,
    name: String,
    email: String,
    available_balance_paise: Paise,
    held_balance_paise: Paise,
}

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
