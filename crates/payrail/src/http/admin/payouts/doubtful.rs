//! Payouts in doubt. An operator can ask the bank now, or resolve the payout with a written reason. The engine executes
//! both.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use payrail_core::command::{Action, Command, Reply};
use payrail_core::payout::Verdict;
use payrail_store::Merchant;
use payrail_types::names::Utr;
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::{AdminPayout, from_path};
use crate::http::admin::people::by;
use crate::http::admin::session::guard::{MayOperate, Signed};
use crate::http::paths::ADMIN;
use crate::http::plumbing::fields::{self, Wrong};
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::list::{Limit, Page};
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::payout_log;

/// Payouts in doubt, the oldest doubt first
#[utoipa::path(get, path = "/doubtful", operation_id = "listDoubtful", params(Limit),
    responses(
        (status = 200, description = "As many as were asked for; there may be more", body = [AdminPayout]),
    ))]
pub async fn list(State(api): State<Api>, _: Signed, page: Page) -> Result<Response, Problem> {
    let items = api.store.doubtful(page.limit).await?;
    Ok(page.answer(&format!("{ADMIN}/doubtful"), &AdminPayout::all(&api, &items).await?, None))
}

/// Ask the bank now
///
/// The payout's next step is due at once, and a worker executes it.
#[utoipa::path(post, path = "/merchants/{merchant}/payouts/{id}/ask", operation_id = "askBank",
    params(("merchant" = Uuid, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Its next step is due", body = AdminPayout),
        (status = 409, description = "`not_in_doubt`; or `in_progress`: a worker is calling the bank now", body = Problem),
    ))]
pub async fn ask(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(path): PathOf<(Uuid, Uuid)>,
) -> Result<Json<AdminPayout>, Problem> {
    let (merchant, payout) = from_path(&api, path).await?;
    send(&api, merchant, Action::Ask { payout: payout.id, by: by(&operator) }).await
}

/// Payouts that are due far in the future, the latest first
///
/// Their next step is later than any wait that settings allow, because a clock was wrong.
#[utoipa::path(get, path = "/due-far-ahead", operation_id = "listDueFarAhead", params(Limit),
    responses(
        (status = 200, description = "As many as were asked for; there may be more", body = [AdminPayout]),
    ))]
pub async fn list_far_ahead(State(api): State<Api>, _: Signed, page: Page) -> Result<Response, Problem> {
    let items = api.store.due_far_ahead(api.clock.now(), page.limit).await?;
    Ok(page.answer(&format!("{ADMIN}/due-far-ahead"), &AdminPayout::all(&api, &items).await?, None))
}

/// A reason for the audit log.
#[derive(Debug, ToSchema)]
pub struct Why {
    /// The audit log keeps it for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

impl Form for Why {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { reason: fields.reason("reason")? })
    }
}

/// Bring a payout forward
///
/// Its next step, which a wrong clock set far in the future, is due at once. If a worker had claimed the payout, the
/// next step is an enquiry.
#[utoipa::path(post, path = "/merchants/{merchant}/payouts/{id}/bring-forward", operation_id = "bringForward",
    request_body = Why, params(("merchant" = Uuid, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Its next step is due", body = AdminPayout),
        (status = 409, description = "`not_far_ahead`: its next step is not far in the future", body = Problem),
    ))]
pub async fn bring_forward(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(path): PathOf<(Uuid, Uuid)>,
    request: Request,
) -> Result<Json<AdminPayout>, Problem> {
    let (merchant, payout) = from_path(&api, path).await?;
    let Why { reason } = form(&api, request).await?;
    send(&api, merchant, Action::BringForward { payout: payout.id, reason, by: by(&operator) }).await
}

#[derive(Debug, ToSchema)]
pub struct Decision {
    #[schema(inline)]
    outcome: DecisionOutcome,
    /// The bank's own reference: required with `paid`, and refused otherwise.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 64)]
    utr: Option<Utr>,
    /// How you know the outcome. The audit log keeps it for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

/// `paid`: the bank paid; the hold is settled. `not_paid`: the bank did not pay and never will; the merchant gets the
/// funds back.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionOutcome {
    Paid,
    NotPaid,
}

impl Form for Decision {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let outcome = fields.check("outcome", outcome(fields.value("outcome")));
        let utr = fields.check("utr", utr(fields.value("utr"), outcome.as_ref().ok().copied()));
        let reason = fields.reason("reason");
        Ok(Self { outcome: outcome?, utr: utr?, reason: reason? })
    }
}

impl Decision {
    fn verdict(&self) -> Result<Verdict, Problem> {
        match (self.outcome, self.utr.clone()) {
            (DecisionOutcome::Paid, Some(utr)) => Ok(Verdict::Paid { utr }),
            (DecisionOutcome::NotPaid, None) => Ok(Verdict::NotPaid),
            _ => Err(Problem::internal(&"a decision whose UTR does not fit its outcome")),
        }
    }
}

/// Resolve a payout in doubt
///
/// Your decision replaces the bank's answer. A wrong decision refunds a payment, or settles a payout without one.
#[utoipa::path(post, path = "/merchants/{merchant}/payouts/{id}/decide", operation_id = "decideDoubt",
    request_body = Decision, params(("merchant" = Uuid, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Settled or refunded", body = AdminPayout),
        (status = 409, description = "`not_in_doubt`; or `in_progress`: a worker is calling the bank now", body = Problem),
    ))]
pub async fn decide(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(path): PathOf<(Uuid, Uuid)>,
    request: Request,
) -> Result<Json<AdminPayout>, Problem> {
    let (merchant, payout) = from_path(&api, path).await?;
    let decision: Decision = form(&api, request).await?;
    let verdict = decision.verdict()?;
    let (payout, reason) = (payout.id, decision.reason);
    send(&api, merchant, Action::Decide { payout, verdict, reason, by: by(&operator) }).await
}

async fn send(api: &Api, merchant: Merchant, action: Action) -> Result<Json<AdminPayout>, Problem> {
    match api.engine.send(Command { merchant: merchant.id, action }).await?? {
        Reply::Updated(payout) => {
            payout_log::stepped(&payout);
            Ok(Json(AdminPayout::new(&payout, merchant.into())))
        }
        _ => Err(Problem::internal(&"the engine answered a step with something else")),
    }
}

fn outcome(value: Option<&Value>) -> Result<DecisionOutcome, Wrong> {
    let word = fields::text(value, 255)?;
    DecisionOutcome::deserialize(Value::String(word)).map_err(|_| vec!["Say paid or not_paid.".to_owned()])
}

/// The UTR is present if and only if the bank paid.
fn utr(value: Option<&Value>, outcome: Option<DecisionOutcome>) -> Result<Option<Utr>, Wrong> {
    match (outcome, value) {
        (Some(DecisionOutcome::Paid), value) => fields::name(value).map(Some),
        (_, None | Some(Value::Null)) => Ok(None),
        (Some(DecisionOutcome::NotPaid), Some(_)) => Err(vec!["What was not paid has no UTR.".to_owned()]),
        (None, Some(_)) => Ok(None),
    }
}
