//! One payout: shown with its timeline, and cancelled.

use axum::Json;
use axum::extract::State;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::payout::{self, Status};
use payrail_store::Merchant;
use payrail_types::ids::PayoutId;
use uuid::Uuid;

use crate::http::lookup::timeline::timeline;
use crate::http::merchant::auth::Caller;
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::trace;
use crate::http::shapes::payout::{Payout, PayoutTimeline};
use crate::http::state::Api;
use crate::payout_log;

/// One payout with its timeline
#[utoipa::path(get, path = "/payouts/{id}", operation_id = "showPayout",
    params(("id" = Uuid, Path, description = "The payout's id")),
    responses(
        (status = 200, description = "The payout, every call to the bank, every movement", body = PayoutTimeline),
        (status = 404, description = "`not_found`: no payout of yours", body = Problem),
    ))]
pub async fn show(
    State(api): State<Api>,
    Caller(merchant): Caller,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<PayoutTimeline>, Problem> {
    let payout = find(&api, &merchant, PayoutId(id)).await?;
    Ok(Json(timeline(&api, &merchant, &payout).await?))
}

/// Withdraw a payout that no worker has claimed
///
/// Its funds are available again. A repeated request changes nothing and gets the same answer.
#[utoipa::path(post, path = "/payouts/{id}/cancel", operation_id = "cancelPayout",
    params(("id" = Uuid, Path, description = "The payout's id")),
    responses(
        (status = 200, description = "Cancelled", body = Payout),
        (status = 404, description = "`not_found`: no payout of yours", body = Problem),
        (status = 409, description = "`not_cancellable` (with `payout_status`): a worker has claimed it; \
            `in_progress`: again after `Retry-After`", body = Problem),
    ))]
pub async fn cancel(
    State(api): State<Api>,
    Caller(merchant): Caller,
    PathOf(id): PathOf<Uuid>,
) -> Result<Json<Payout>, Problem> {
    let payout = find(&api, &merchant, PayoutId(id)).await?;
    let command = Command { merchant: merchant.id, action: Action::Cancel { payout: payout.id } };
    let cancelled = match api.engine.send(command).await? {
        Ok(Reply::Updated(payout)) => {
            payout_log::stepped(&payout);
            payout
        }
        Ok(_) => return Err(Problem::internal(&"the engine answered a cancel with something else")),
        Err(Refusal::NotCancellable(Status::Cancelled)) => find(&api, &merchant, payout.id).await?,
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(Json(Payout::from(&cancelled)))
}

pub async fn find(api: &Api, merchant: &Merchant, id: PayoutId) -> Result<payout::Payout, Problem> {
    let found = api.store.payout(merchant.id, id).await?.ok_or(Refusal::UnknownPayout)?;
    trace::payout(merchant.id, &found);
    Ok(found)
}
