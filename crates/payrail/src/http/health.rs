//! For those who look after the process: `/healthz` (it runs) and `/readyz` (it can serve).

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::Api;
use super::problem::Problem;

pub async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Asks the database, as any request would.
pub async fn ready(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    api.store.setting("ready").await?;
    Ok(Json(json!({ "status": "ready", "schema": api.store.schema_version() })))
}
