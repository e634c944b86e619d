//! Payouts: the list as the original's clients know it and in full, and one with its timeline.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Response;
use jiff::SignedDuration;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::ids::{Bucket, PayoutId};
use payrail_core::payout::{self, Status};
use payrail_store::{LOOKED_AT_MAX, Merchant, Window};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Api;
use super::auth::Caller;
use super::paging::{Params, View, bad_parameter, limit, page, query};
use super::period;
use super::problem::Problem;
use super::search::{Filter, StatusFilter};
use super::shapes::payout::{Call, Payout, PayoutSummary, PayoutTimeline, movements};
use super::shapes::views::PayoutList;
use super::trace;
use crate::payout_log;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PayoutParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Payouts older than this one.
    before: Option<Uuid>,
    /// `full` opts in to every status and member; without it a list is the original's, to the byte.
    #[serde(default)]
    #[param(inline)]
    view: View,
    /// Only these; in the full view.
    status: Option<StatusFilter>,
    /// A payout's id, reference, amount, or the last eight characters of its id, exactly; or a part of bank account,
    /// UTR or reason, in any case. In the full view.
    #[param(max_length = 255)]
    search: Option<String>,
    /// Made then or later: a date, or a time (RFC 3339). In the full view.
    from: Option<String>,
    /// Made before then; of a date, until its end.
    to: Option<String>,
    /// Whose dates: the IANA name of a time zone; Asia/Kolkata by default.
    zone: Option<String>,
}

/// Payouts, newest first
///
/// A request with `status` or `search` looks at no more than 5,000 payouts. If it stopped there, the page may
/// be short or even empty, and `Link` still has the next one: it looks further back.
///
/// Without `view=full` the items have the members of `PayoutSummary` only, and its four statuses.
#[utoipa::path(get, path = "/payouts", operation_id = "listPayouts", params(PayoutParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = PayoutList,
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<PayoutParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let filter = Filter::new(params.status, params.search.as_deref())?;
    let zone = period::zone(params.zone.as_deref())?;
    let window = period::window(params.from.as_deref(), params.to.as_deref(), &zone)?;
    let is_filtered = !filter.is_everything() || window != Window::default();
    if params.view == View::Original && is_filtered {
        return Err(bad_parameter("status, search, from and to need view=full."));
    }
    let asked = Asked { before: params.before.map(PayoutId), limit, window, filter: &filter };
    let (payouts, next) = find_page(&api, &merchant, asked).await?;
    let next = next.map(|payout| {
        query(&[
            ("before", Some(payout.to_string())),
            ("limit", Some(limit.to_string())),
            ("view", params.view.word()),
            ("status", filter.status.map(StatusFilter::word)),
            ("search", params.search),
            ("from", params.from),
            ("to", params.to),
            ("zone", params.zone),
        ])
    });
    let path = "/api/v1/payouts/";
    Ok(match params.view {
        View::Original => page(path, &payouts.iter().map(PayoutSummary::from).collect::<Vec<_>>(), next),
        View::Full => page(path, &payouts.iter().map(Payout::from).collect::<Vec<_>>(), next),
    })
}

/// How many payouts a filter reads at once.
const SWEEP: u32 = 500;

/// An id is made before its row is: at the most as long as a command may wait in its lane, and then some.
const ID_AHEAD: SignedDuration = SignedDuration::from_mins(2);

struct Asked<'a> {
    before: Option<PayoutId>,
    limit: u32,
    window: Window,
    filter: &'a Filter,
}

impl Asked<'_> {
    fn takes(&self, payout: &payout::Payout) -> bool {
        self.window.has(payout.created_at) && self.filter.takes(payout)
    }

    /// Where the walk along the ids begins: they are in the order of time, but for the wait in the lane.
    fn start(&self) -> Option<PayoutId> {
        let end = self.window.to.and_then(|to| to.saturating_add(ID_AHEAD).ok());
        let end = end.map(|end| PayoutId::new(end, Bucket::new(0), 0));
        [self.before, end].into_iter().flatten().min()
    }

    /// Whether every older payout is too old.
    fn ends_at(&self, payout: &payout::Payout) -> bool {
        let earliest = self.window.from.and_then(|from| from.saturating_sub(ID_AHEAD).ok());
        earliest.is_some_and(|earliest| payout.created_at < earliest)
    }
}

/// A page, and where the next one begins if there may be one.
async fn find_page(
    api: &Api,
    merchant: &Merchant,
    asked: Asked<'_>,
) -> Result<(Vec<payout::Payout>, Option<PayoutId>), Problem> {
    let Asked { limit, filter, .. } = asked;
    if let Some(named) = filter.named()
        && let Some(payout) = api.store.payout(merchant.id, named).await?
    {
        let fits = filter.takes_status_of(&payout) && asked.window.has(payout.created_at);
        return Ok((Some(payout).into_iter().filter(|_| fits).collect(), None));
    }
    let mut before = asked.start();
    let at_once = if filter.is_everything() { limit } else { SWEEP };
    let (mut found, mut looked_at) = (Vec::new(), 0);
    while looked_at < LOOKED_AT_MAX {
        let read = api.store.payouts(merchant.id, before, at_once).await?;
        let is_last = read.len() < at_once as usize;
        looked_at += read.len();
        for payout in read {
            if asked.ends_at(&payout) {
                return Ok((found, None));
            }
            before = Some(payout.id);
            found.extend(asked.takes(&payout).then_some(payout));
            if found.len() == limit as usize {
                return Ok((found, before));
            }
        }
        if is_last {
            return Ok((found, None));
        }
    }
    Ok((found, before))
}

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
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<PayoutTimeline>, Problem> {
    let payout = find(&api, &merchant, of_path(id)?).await?;
    Ok(Json(timeline(&api, &merchant, &payout).await?))
}

/// A payout, every call to the bank, and every movement of its money.
pub async fn timeline(api: &Api, merchant: &Merchant, payout: &payout::Payout) -> Result<PayoutTimeline, Problem> {
    let calls = api.store.attempts(merchant.id, payout.id).await?.into_iter().map(Call::from).collect();
    let entries = api.store.entries_of_payout(merchant.id, payout.id).await?;
    Ok(PayoutTimeline { payout: payout.into(), calls, movements: movements(payout, &entries) })
}

/// Withdraw a payout that no worker has claimed
///
/// Its funds are available again. Cancelling it again changes nothing and gets the same answer.
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
    id: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<Payout>, Problem> {
    let payout = find(&api, &merchant, of_path(id)?).await?;
    let command = Command { merchant: merchant.id, action: Action::Cancel { payout: payout.id } };
    let cancelled = match api.door.send(command).await? {
        Ok(Reply::Stepped(payout)) => {
            payout_log::stepped(&payout);
            payout
        }
        Ok(_) => return Err(Problem::internal(&"the door answered a cancel with something else")),
        Err(Refusal::NotCancellable(Status::Cancelled)) => find(&api, &merchant, payout.id).await?,
        Err(refusal) => return Err(refusal.into()),
    };
    Ok(Json(Payout::from(&cancelled)))
}

/// What is no payout's id names no payout.
pub fn of_path(id: Result<Path<Uuid>, PathRejection>) -> Result<PayoutId, Problem> {
    id.map(|Path(id)| PayoutId(id)).map_err(|_| Refusal::UnknownPayout.into())
}

pub async fn find(api: &Api, merchant: &Merchant, id: PayoutId) -> Result<payout::Payout, Problem> {
    let found = api.store.payout(merchant.id, id).await?.ok_or(Refusal::UnknownPayout)?;
    trace::payout(merchant.id, &found);
    Ok(found)
}
