//! `/healthz` (the process runs) and `/readyz` (it can serve).

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use payrail_store::StoreError;
use payrail_types::rail::RailId;
use serde_json::{Value, json};

use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::readiness::NotReady;
use crate::worker::{BankWatch, Standing};

const ANOTHER_BANK: &str = "Another bank answers than the one to which the payouts were sent; the worker waits. Requests \
                            are accepted. See `payrail bank confirm --help`.";

pub async fn alive() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Queries the database as a request would, and compares the clocks. It answers within a second.
pub async fn ready(State(api): State<Api>) -> Result<Json<Value>, Problem> {
    api.readiness.ask().await.map_err(|why| match why {
        NotReady::Session(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "session_settings", why),
        NotReady::Unavailable(why) => StoreError::Unavailable(why).into(),
        NotReady::Clock(why) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "clock_differs", why),
    })?;
    let waiting = waiting_rails(&api);
    let mut answer = json!({ "status": "ready", "schema": api.store.schema_version() });
    if waiting.is_empty() {
        return Ok(Json(answer));
    }
    // While the rail of new payouts works, one that waits must not keep them away.
    if !waiting.contains(&api.rails.default) {
        answer["waiting_rails"] = waiting.iter().map(RailId::to_string).collect();
        return Ok(Json(answer));
    }
    let which = match &api.rails.configured[..] {
        [_] => String::new(),
        _ => format!(" Rails that wait: {}.", waiting.iter().map(RailId::to_string).collect::<Vec<_>>().join(", ")),
    };
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "another_bank", format!("{ANOTHER_BANK}{which}")))
}

/// The rails of this process whose workers wait, because another bank answers.
fn waiting_rails(api: &Api) -> Vec<RailId> {
    let waits = |bank: &BankWatch| matches!(bank.standing(), Standing::Other { .. });
    api.rails.banks.iter().filter(|(_, bank)| waits(bank)).map(|(rail, _)| *rail).collect()
}
