//! The list of payouts: in the original's form, and in full.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use payrail_core::payout::Payout as CorePayout;
use payrail_store::{Merchant, PayoutFilter, Position, Window};
use payrail_types::ids::PayoutId;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::http::lookup::filter::{Filter, StatusFilter};
use crate::http::merchant::auth::Caller;
use crate::http::paths::MERCHANT;
use crate::http::plumbing::list::{Limit, Page, View};
use crate::http::plumbing::params::{Params, bad_parameter};
use crate::http::plumbing::period::Period;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::payout::{Payout, PayoutSummary};
use crate::http::shapes::views::PayoutList;
use crate::http::state::Api;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PayoutParams {
    /// Only payouts older than this one.
    before: Option<Uuid>,
    /// `full` opts in to every status and member. Without it, the list is the original's, byte for byte.
    #[serde(default)]
    #[param(inline)]
    view: View,
    /// Only payouts with these statuses; in the full view.
    status: Option<StatusFilter>,
    /// A payout's exact id, reference, amount, or last eight characters of its id; or a part of its bank account, UTR
    /// or reason, in any case. In the full view.
    #[param(max_length = 255)]
    search: Option<String>,
}

/// Payouts, newest first
///
/// A request with `status` or `search` looks at no more than 5,000 payouts. If it stopped there, the page may
/// be short or even empty, and `Link` still has the next one: it looks further back.
///
/// Without `view=full` the items have the members of `PayoutSummary` only, and its four statuses.
#[utoipa::path(get, path = "/payouts", operation_id = "listPayouts", params(Limit, PayoutParams, Period),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = PayoutList),
    ))]
pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    page: Page,
    Params(params): Params<PayoutParams>,
    Params(period): Params<Period>,
) -> Result<Response, Problem> {
    let filter = Filter::new(params.status, params.search.as_deref())?;
    let window = period.window()?;
    let is_filtered = !filter.is_everything() || window != Window::default();
    let before = params.before.map(PayoutId);
    let (payouts, next) = match (params.view, is_filtered) {
        (View::Original, true) => return Err(bad_parameter("status, search, from and to need view=full.")),
        (View::Full, true) => filtered(&api, &merchant, &filter, window, before, page.limit).await?,
        (_, false) => {
            let payouts = api.store.payouts(merchant.id, before, page.limit).await?;
            let next = page.last_if_full(&payouts).map(|payout| payout.id);
            (payouts, next)
        }
    };
    let next = next.map(|payout| ("before", payout.to_string()));
    let path = format!("{MERCHANT}/payouts/");
    Ok(match params.view {
        View::Original => page.answer(&path, &payouts.iter().map(PayoutSummary::from).collect::<Vec<_>>(), next),
        View::Full => page.answer(&path, &payouts.iter().map(Payout::from).collect::<Vec<_>>(), next),
    })
}

/// A page, and the beginning of the next one if there may be one.
async fn filtered(
    api: &Api,
    merchant: &Merchant,
    filter: &Filter,
    window: Window,
    before: Option<PayoutId>,
    limit: u32,
) -> Result<(Vec<CorePayout>, Option<PayoutId>), Problem> {
    if let Some(named) = filter.named()
        && let Some(payout) = api.store.payout(merchant.id, named).await?
    {
        let fits = filter.takes_status_of(&payout) && window.has(payout.created_at);
        return Ok((Some(payout).into_iter().filter(|_| fits).collect(), None));
    }
    let end = window.to.unwrap_or(Timestamp::MAX);
    let before = before.map(|id| Position { id: id.0, ..Position::newest(end) });
    let takes = |payout: &CorePayout| filter.takes(payout);
    let filter = PayoutFilter { merchant: Some(merchant.id), window, takes: Some(&takes) };
    let found = api.store.search_payouts(&filter, before, limit).await?;
    let payouts = found.items.into_iter().map(|(_, payout)| payout).collect();
    Ok((payouts, found.next.map(|position| PayoutId(position.id))))
}
