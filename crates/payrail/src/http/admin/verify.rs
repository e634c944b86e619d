//! `/admin/api/v1/verify`: have every book replayed and compared, and read what came of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use payrail_core::command::timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::auditor::Outcome;
use super::people::action;
use super::{MayOperate, Signed};
use crate::http::Api;
use crate::http::problem::Problem;
use crate::verify;

/// A report names so many differences; `payrail verify` on the command line names all.
const DIFFERENCES_MAX: usize = 100;

#[derive(Debug, Serialize, ToSchema)]
pub struct VerifyStatus {
    running: bool,
    /// Since when it runs.
    #[schema(required, format = DateTime)]
    started_at: Option<String>,
    /// What the last run found, if there was one.
    #[schema(required)]
    last: Option<VerifyReport>,
}

/// What a run of `verify` found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct VerifyReport {
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    ended_at: String,
    /// The operator who started it.
    by: String,
    checked: VerifyChecked,
    totals: VerifyTotals,
    /// Payouts that wait for a worker or the bank.
    under_way: u64,
    in_doubt: u64,
    /// Whether the bank's book was compared as well.
    bank_checked: bool,
    /// Zero: every book is as it must be.
    difference_count: u64,
    /// The first 100.
    differences: Vec<Difference>,
    /// Why the run did not finish; null if it did.
    #[schema(required)]
    error: Option<String>,
}

/// What was looked at.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct VerifyChecked {
    merchants: u64,
    entries: u64,
    payouts: u64,
    bank_transfers: u64,
}

/// In paise.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct VerifyTotals {
    funded: i64,
    available: i64,
    held: i64,
    /// What left for the bank, less what it returned.
    paid_out: i64,
}

/// Something that is not as it must be.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// Stable: what kind of fault it is.
    kind: String,
    /// Whose: a merchant, a payout or a bank reference.
    subject: String,
    what: String,
}

impl From<&verify::Difference> for Difference {
    fn from(found: &verify::Difference) -> Self {
        Self { kind: found.kind.to_owned(), subject: found.subject.clone(), what: found.what.clone() }
    }
}

impl VerifyReport {
    pub fn new(started_at: Timestamp, ended_at: Timestamp, by: String, outcome: Outcome) -> Self {
        let (report, error) = match outcome {
            Ok(report) => (report, None),
            Err(why) => (verify::Report::default(), Some(why)),
        };
        let verify::Progress { merchants, entries, payouts, bank_transfers } = report.checked;
        let totals = &report.totals;
        Self {
            started_at: timestamp(started_at),
            ended_at: timestamp(ended_at),
            by,
            checked: VerifyChecked { merchants, entries, payouts, bank_transfers },
            totals: VerifyTotals {
                funded: totals.funded.get(),
                available: totals.available.get(),
                held: totals.held.get(),
                paid_out: totals.paid_out.get(),
            },
            under_way: report.under_way,
            in_doubt: report.in_doubt,
            bank_checked: report.bank_checked,
            difference_count: report.differences.len() as u64,
            differences: report.differences.iter().take(DIFFERENCES_MAX).map(Difference::from).collect(),
            error,
        }
    }
}

/// The last report. One that another version wrote and this one cannot read is none.
pub async fn last(api: &Api) -> Result<Option<VerifyReport>, Problem> {
    let Some(text) = api.desk.auditor.last().await? else { return Ok(None) };
    let report = serde_json::from_str(&text);
    Ok(report.inspect_err(|error| tracing::warn!(%error, "the last report of an audit cannot be read")).ok())
}

/// Whether an audit runs, and what the last one found
#[utoipa::path(get, path = "/verify", operation_id = "showVerify",
    responses((status = 200, description = "Now", body = VerifyStatus)))]
pub async fn show(State(api): State<Api>, _: Signed) -> Result<Json<VerifyStatus>, Problem> {
    let since = api.desk.auditor.running_since();
    status(&api, since).await.map(Json)
}

/// Run the audit
///
/// It replays every merchant's ledger, and compares it with the payouts and the bank's records, while the server runs.
#[utoipa::path(post, path = "/verify", operation_id = "startVerify",
    responses(
        (status = 202, description = "Started; ask again for the result", body = VerifyStatus),
        (status = 409, description = "`already_running`", body = Problem),
    ))]
pub async fn start(State(api): State<Api>, MayOperate(operator): MayOperate) -> Result<Response, Problem> {
    let Some(turn) = api.desk.auditor.turn() else {
        return Err(Problem::new(StatusCode::CONFLICT, "already_running", "An audit is under way."));
    };
    let status = status(&api, Some(turn.since())).await?;
    api.store.add_action(&action(&api, &operator.name, "verify_started")).await?;
    turn.run(operator.name);
    Ok((StatusCode::ACCEPTED, Json(status)).into_response())
}

async fn status(api: &Api, since: Option<Timestamp>) -> Result<VerifyStatus, Problem> {
    Ok(VerifyStatus { running: since.is_some(), started_at: since.map(timestamp), last: last(api).await? })
}
