//! For those who look after the process: `/healthz` (it runs) and `/readyz` (it can serve).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use payrail_store::StoreError;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;
use crate::readiness::{self, NotReady};

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
    Ok(Json(json!({ "status": "ready", "schema": api.store.schema_version() })))
}
