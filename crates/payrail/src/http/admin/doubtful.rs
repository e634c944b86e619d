//! Payouts in doubt, and what an operator can do about one: have the bank asked now, or end the doubt with a
//! written reason. Both pass the door.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use payrail_core::command::{Action, Command, Reply};
use payrail_core::payout::Verdict;
use payrail_store::Merchant;
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::payouts::{AdminPayout, of_path};
use super::people::by;
use super::{MayOperate, PATH, Signed};
use crate::http::body::Object;
use crate::http::fields::{self, Wrong};
use crate::http::paging::{Params, limit, page};
use crate::http::problem::Problem;
use crate::http::{Api, body};
use crate::payout_log;

const REASON_CHARACTERS: std::ops::RangeInclusive<usize> = 10..=1_000;
const UTR_CHARACTERS: usize = 64;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DoubtfulParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Payouts in doubt, the oldest doubt first
#[utoipa::path(get, path = "/doubtful", operation_id = "listDoubtful", params(DoubtfulParams),
    responses(
        (status = 200, description = "As many as were asked for; there may be more", body = [AdminPayout]),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    Params(params): Params<DoubtfulParams>,
) -> Result<Response, Problem> {
    let items = api.store.doubtful(limit(params.limit)?).await?;
    Ok(page(&format!("{PATH}/doubtful"), &AdminPayout::all(&api, &items).await?, None))
}

/// Ask the bank now
///
/// The next step of a payout in doubt is due at once; a worker takes it as it takes any other.
#[utoipa::path(post, path = "/merchants/{merchant}/payouts/{id}/ask", operation_id = "askBank",
    params(("merchant" = Uuid, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Its next step is due", body = AdminPayout),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`not_in_doubt`; or `in_progress`: a worker is calling the bank now", body = Problem),
    ))]
pub async fn ask(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
) -> Result<Json<AdminPayout>, Problem> {
    let (merchant, payout) = of_path(&api, path).await?;
    send(&api, merchant, Action::Ask { payout: payout.id, by: by(&operator) }).await
}

/// Payouts that are due far in the future, the latest first
///
/// Their next step is later than any wait that settings allow: a clock was wrong when it was set.
#[utoipa::path(get, path = "/due-far-ahead", operation_id = "listDueFarAhead", params(DoubtfulParams),
    responses(
        (status = 200, description = "As many as were asked for; there may be more", body = [AdminPayout]),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list_far_ahead(
    State(api): State<Api>,
    _: Signed,
    Params(params): Params<DoubtfulParams>,
) -> Result<Response, Problem> {
    let items = api.store.due_far_ahead(api.clock.now(), limit(params.limit)?).await?;
    Ok(page(&format!("{PATH}/due-far-ahead"), &AdminPayout::all(&api, &items).await?, None))
}

/// Why something is done.
#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `bring_forward` reads by hand")]
pub struct Why {
    /// It is kept for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

/// Bring a payout forward
///
/// Its next step, which a wrong clock set far in the future, is due at once. What a worker holds is asked about first.
#[utoipa::path(post, path = "/merchants/{merchant}/payouts/{id}/bring-forward", operation_id = "bringForward",
    request_body = Why, params(("merchant" = Uuid, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Its next step is due", body = AdminPayout),
        (status = 400, description = "`invalid`, `parse_error`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`not_far_ahead`: its next step is not far in the future", body = Problem),
    ))]
pub async fn bring_forward(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
    request: Request,
) -> Result<Json<AdminPayout>, Problem> {
    let (merchant, payout) = of_path(&api, path).await?;
    let reason = match reason(body::object(&api, request).await?.get("reason")) {
        Ok(reason) => reason,
        Err(wrong) => {
            let bad = fields::invalid([("reason", Some(wrong))]);
            return Err(bad.unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field")));
        }
    };
    send(&api, merchant, Action::BringForward { payout: payout.id, reason, by: by(&operator) }).await
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `form` reads by hand, to say all that is wrong with it at once")]
pub struct Decision {
    #[schema(inline)]
    outcome: DecisionOutcome,
    /// The bank's own reference: with `paid` only, and then it must be there.
    #[schema(min_length = 1, max_length = 64)]
    utr: Option<String>,
    /// How you know. It is kept for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

/// `paid`: the bank paid, and the hold is settled. `not_paid`: it did not and never will, and the funds are the
/// merchant's again.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DecisionOutcome {
    Paid,
    NotPaid,
}

/// Resolve a payout in doubt
///
/// Your decision replaces the bank's answer. A wrong one refunds what was paid, or settles what was not.
#[utoipa::path(post, path = "/merchants/{merchant}/payouts/{id}/decide", operation_id = "decideDoubt",
    request_body = Decision, params(("merchant" = Uuid, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Settled or refunded", body = AdminPayout),
        (status = 400, description = "`invalid`, `parse_error`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`not_in_doubt`; or `in_progress`: a worker is calling the bank now", body = Problem),
    ))]
pub async fn decide(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
    request: Request,
) -> Result<Json<AdminPayout>, Problem> {
    let (merchant, payout) = of_path(&api, path).await?;
    let (verdict, reason) = form(&body::object(&api, request).await?)?;
    send(&api, merchant, Action::Decide { payout: payout.id, verdict, reason, by: by(&operator) }).await
}

async fn send(api: &Api, merchant: Merchant, action: Action) -> Result<Json<AdminPayout>, Problem> {
    match api.door.send(Command { merchant: merchant.id, action }).await?? {
        Reply::Stepped(payout) => {
            payout_log::stepped(&payout);
            Ok(Json(AdminPayout::new(&payout, merchant.into())))
        }
        _ => Err(Problem::internal(&"the door answered a step with something else")),
    }
}

fn form(body: &Object) -> Result<(Verdict, String), Problem> {
    let outcome = outcome(body.get("outcome"));
    let utr = utr(body.get("utr"), outcome.as_ref().ok().copied());
    let reason = reason(body.get("reason"));
    match (outcome, utr, reason) {
        (Ok(DecisionOutcome::Paid), Ok(Some(utr)), Ok(reason)) => Ok((Verdict::Paid { utr }, reason)),
        (Ok(DecisionOutcome::NotPaid), Ok(None), Ok(reason)) => Ok((Verdict::NotPaid, reason)),
        (outcome, utr, reason) => {
            Err(fields::invalid([("outcome", outcome.err()), ("utr", utr.err()), ("reason", reason.err())])
                .unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field")))
        }
    }
}

fn outcome(value: Option<&Value>) -> Result<DecisionOutcome, Wrong> {
    let word = fields::text(value, 255)?;
    DecisionOutcome::deserialize(Value::String(word)).map_err(|_| vec!["Say paid or not_paid.".to_owned()])
}

/// There if, and only if, the bank paid.
fn utr(value: Option<&Value>, outcome: Option<DecisionOutcome>) -> Result<Option<String>, Wrong> {
    match (outcome, value) {
        (Some(DecisionOutcome::Paid), value) => fields::identifier(value, UTR_CHARACTERS).map(Some),
        (_, None | Some(Value::Null)) => Ok(None),
        (Some(DecisionOutcome::NotPaid), Some(_)) => Err(vec!["What was not paid has no UTR.".to_owned()]),
        (None, Some(_)) => Ok(None),
    }
}

/// Why, in the operator's own words.
pub(super) fn reason(value: Option<&Value>) -> Result<String, Wrong> {
    let text = fields::paragraph(value, *REASON_CHARACTERS.end())?;
    let least = *REASON_CHARACTERS.start();
    if text.chars().count() < least {
        return Err(vec![format!("Ensure this field has at least {least} characters.")]);
    }
    Ok(text)
}
