//! For those who look after the process: `/healthz` (it runs) and `/readyz` (it can serve).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use payrail_store::StoreError;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use crate::readiness::{self, NotReady};
use crate::worker::Standing;

const ANOTHER_BANK: &str = "Another bank answers than the one to which the payouts were sent; the worker waits. Requests \
                            are accepted. See `payrail bank confirm --help`.";

pub async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Asks the database, as any request would, and compares the clocks.
pub async fn ready(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    readiness::check(&api.store, api.clock_tolerance).await.map_err(|why| match why {
        NotReady::Store(StoreError::Session(why)) => {
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "session_settings", why)
        }
        NotReady::Store(error) => error.into(),
        NotReady::Clock(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "clock_differs", why),
    })?;
    if let Some(Standing::Other { .. }) = api.bank.as_ref().map(|bank| bank.standing()) {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "another_bank", ANOTHER_BANK));
    }
    Ok(Json(json!({ "status": "ready", "schema": api.store.schema_version() })))
}
