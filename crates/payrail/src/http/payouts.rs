//! Payouts: the list as the original's clients know it, and the whole story of one.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use payrail_core::command::{Action, Command, PayoutSummary, Refusal, Reply, timestamp};
use payrail_core::ids::PayoutId;
use payrail_core::payout::{self, Payout, State as PayoutState, Status};
use payrail_store::{AttemptLine, Merchant};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Api;
use super::auth::Caller;
use super::paging::{Params, limit, page};
use super::problem::Problem;

#[derive(Debug, Deserialize)]
pub struct PayoutParams {
    limit: Option<u32>,
    /// Payouts older than this one.
    before: Option<Uuid>,
    /// `full` opts in to every status and member; without it a list is the original's, to the byte.
    #[serde(default)]
    view: View,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum View {
    #[default]
    Original,
    Full,
}

/// A payout with everything that is known of it.
#[derive(Debug, Serialize)]
struct Full<'a> {
    #[serde(flatten)]
    summary: PayoutSummary<'a>,
    /// What the bank knows the payout by.
    reference: String,
    /// The bank's own reference, once it paid.
    utr: Option<&'a str>,
    /// Why it failed or was returned.
    reason: Option<&'a str>,
    /// Set while a call to the bank is unanswered.
    in_doubt: Option<InDoubt<'a>>,
    next_step: Option<&'static str>,
    next_step_at: Option<String>,
}

#[derive(Debug, Serialize)]
struct InDoubt<'a> {
    since: String,
    reason: &'a str,
}

impl<'a> From<&'a Payout> for Full<'a> {
    fn from(payout: &'a Payout) -> Self {
        let summary = PayoutSummary { status: payout.status().as_str(), ..PayoutSummary::from(payout) };
        let (utr, reason) = match &payout.state {
            PayoutState::Completed { utr } => (Some(utr.as_str()), None),
            PayoutState::Failed { reason } => (None, Some(reason.as_str())),
            PayoutState::Returned { utr, reason } => (Some(utr.as_str()), Some(reason.as_str())),
            _ => (None, None),
        };
        let (next_step, doubt) = match &payout.state {
            PayoutState::Pending { .. } => (Some(payout::Step::Submit), None),
            PayoutState::Processing(progress) => (Some(progress.step), progress.doubt.as_ref()),
            _ => (None, None),
        };
        Self {
            summary,
            reference: payout.id.reference(),
            utr,
            reason,
            in_doubt: doubt.map(|doubt| InDoubt { since: timestamp(doubt.since), reason: &doubt.reason }),
            next_step: next_step.map(payout::Step::as_str),
            next_step_at: payout.due_at().map(timestamp),
        }
    }
}

pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<PayoutParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let payouts = api.store.payouts(merchant.id, params.before.map(PayoutId), limit).await?;
    let next = payouts.last().filter(|_| payouts.len() == limit as usize);
    let view = if params.view == View::Full { "&view=full" } else { "" };
    let next = next.map(|payout| format!("before={}&limit={limit}{view}", payout.id));
    Ok(match params.view {
        View::Original => page("/api/v1/payouts/", &payouts.iter().map(PayoutSummary::from).collect::<Vec<_>>(), next),
        View::Full => page("/api/v1/payouts/", &payouts.iter().map(Full::from).collect::<Vec<_>>(), next),
    })
}

/// One call to the bank.
#[derive(Debug, Serialize)]
struct Call {
    number: u32,
    step: String,
    started_at: String,
    ended_at: Option<String>,
    outcome: Option<String>,
    sent: Option<String>,
    received: Option<String>,
}

impl From<AttemptLine> for Call {
    fn from(line: AttemptLine) -> Self {
        Self {
            number: line.number,
            step: line.step,
            started_at: timestamp(line.started_at),
            ended_at: line.ended_at.map(timestamp),
            outcome: line.outcome,
            sent: line.sent,
            received: line.received,
        }
    }
}

#[derive(Debug, Serialize)]
struct Story<'a> {
    #[serde(flatten)]
    payout: Full<'a>,
    calls: Vec<Call>,
}

/// `GET /api/v1/payouts/{id}/`: the payout and every call to the bank.
pub async fn show(
    State(api): State<Api>,
    Caller(merchant): Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, Problem> {
    let payout = find(&api, &merchant, of_path(id)?).await?;
    let calls = api.store.attempts(merchant.id, payout.id).await?.into_iter().map(Call::from).collect();
    Ok(Json(Story { payout: Full::from(&payout), calls }).into_response())
}

/// `POST /api/v1/payouts/{id}/cancel/`: a payout that no worker has claimed is withdrawn and its funds
/// given back. To cancel a cancelled one changes nothing and answers the same.
pub async fn cancel(
    State(api): State<Api>,
    Caller(merchant): Caller,
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Response, Problem> {
    let payout = find(&api, &merchant, of_path(id)?).await?;
    let command = Command { merchant: merchant.id, action: Action::Cancel { payout: payout.id } };
    let cancelled = match api.door.send(command).await? {
        Ok(Reply::Stepped(payout)) => payout,
        Ok(_) => return Err(Problem::internal(&"the door answered a cancel with something else")),
        Err(Refusal::NotCancellable(Status::Cancelled)) => find(&api, &merchant, payout.id).await?,
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(Json(Full::from(&cancelled)).into_response())
}

/// What is no payout's id names no payout.
fn of_path(id: Result<Path<Uuid>, PathRejection>) -> Result<PayoutId, Problem> {
    id.map(|Path(id)| PayoutId(id)).map_err(|_| Refusal::UnknownPayout.into())
}

async fn find(api: &Api, merchant: &Merchant, id: PayoutId) -> Result<Payout, Problem> {
    let found = api.store.payout(merchant.id, id).await?;
    found.ok_or_else(|| Refusal::UnknownPayout.into())
}
