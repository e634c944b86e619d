//! `/admin/api/v1/verify`: starts the audit and shows its last report.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use payrail_types::operator::OperatorActionKind;

use super::report::VerifyReport;
use crate::clock::timestamp;
use crate::http::admin::people::action;
use crate::http::admin::session::guard::{MayOperate, Signed};
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;

#[derive(Debug, Serialize, ToSchema)]
pub struct VerifyStatus {
    running: bool,
    /// When the running audit began.
    #[schema(required, format = DateTime)]
    started_at: Option<String>,
    /// The last report, if there is one.
    #[schema(required)]
    last: Option<VerifyReport>,
}

/// The last report. A report of another version that cannot be read is ignored.
pub async fn last(api: &Api) -> Result<Option<VerifyReport>, Problem> {
    let Some(text) = api.admin.auditor.last().await? else { return Ok(None) };
    let report = serde_json::from_str(&text);
    Ok(report.inspect_err(|error| tracing::warn!(%error, "the last report of an audit cannot be read")).ok())
}

/// Show the running audit and the last report
#[utoipa::path(get, path = "/verify", operation_id = "showVerify",
    responses((status = 200, description = "Now", body = VerifyStatus)))]
pub async fn show(State(api): State<Api>, _: Signed) -> Result<Json<VerifyStatus>, Problem> {
    let since = api.admin.auditor.running_since();
    status(&api, since).await.map(Json)
}

/// Run the audit
///
/// It replays every merchant's ledger and compares it with the payouts and the bank's records. The server keeps
/// serving.
#[utoipa::path(post, path = "/verify", operation_id = "startVerify",
    responses(
        (status = 202, description = "Started; ask again for the result", body = VerifyStatus),
        (status = 409, description = "`already_running`", body = Problem),
    ))]
pub async fn start(State(api): State<Api>, MayOperate(operator): MayOperate) -> Result<Response, Problem> {
    let Some(permit) = api.admin.auditor.acquire() else {
        return Err(Problem::new(StatusCode::CONFLICT, "already_running", "An audit is running."));
    };
    let status = status(&api, Some(permit.since())).await?;
    api.store.add_action(&action(&api, &operator.name, OperatorActionKind::VerifyStarted)).await?;
    permit.run(operator.name);
    Ok((StatusCode::ACCEPTED, Json(status)).into_response())
}

async fn status(api: &Api, since: Option<Timestamp>) -> Result<VerifyStatus, Problem> {
    Ok(VerifyStatus { running: since.is_some(), started_at: since.map(timestamp), last: last(api).await? })
}
