//! Payouts of all merchants, and one with its timeline.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use payrail_core::command::Refusal;
use payrail_core::payout::Payout as CorePayout;
use payrail_store::{Found, Merchant, PayoutFilter};
use payrail_types::ids::{MerchantId, PayoutId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::http::admin::actions::OperatorAction;
use crate::http::admin::people::{Owner, Owners, merchant};
use crate::http::admin::session::guard::Signed;
use crate::http::lookup::filter::{Filter, StatusFilter};
use crate::http::lookup::timeline::timeline;
use crate::http::paths::ADMIN;
use crate::http::plumbing::list::{Before, Limit, Page, next_before};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::period::Period;
use crate::http::plumbing::problem::Problem;
use crate::http::plumbing::trace;
use crate::http::shapes::payout::{Payout, PayoutTimeline};
use crate::http::state::Api;

const ACTIONS_MAX: u32 = 200;

/// A payout with all its members, and its merchant.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminPayout {
    #[serde(flatten)]
    payout: Payout,
    merchant: Owner,
}

impl AdminPayout {
    pub fn new(payout: &CorePayout, merchant: Owner) -> Self {
        Self { payout: payout.into(), merchant }
    }

    /// One page.
    pub async fn all(api: &Api, items: &[(MerchantId, CorePayout)]) -> Result<Vec<Self>, Problem> {
        let owners = Owners::of(api, items.iter().map(|(merchant, _)| *merchant)).await?;
        Ok(items.iter().map(|(merchant, payout)| Self::new(payout, owners.get(*merchant))).collect())
    }
}

/// A payout, every call to the bank, every movement of its money, and operators' actions on it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminPayoutTimeline {
    #[serde(flatten)]
    timeline: PayoutTimeline,
    merchant: Owner,
    /// In order.
    actions: Vec<OperatorAction>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PayoutParams {
    /// Only this merchant's payouts.
    merchant: Option<Uuid>,
    status: Option<StatusFilter>,
    /// A payout's exact id or reference, or a part of its bank account, UTR or reason, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
}

/// Payouts of all merchants, newest first
///
/// A request looks at no more than 5,000 payouts. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/payouts", operation_id = "listAllPayouts", params(Limit, Before, PayoutParams, Period),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [AdminPayout]),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    page: Page,
    Params(before): Params<Before>,
    Params(params): Params<PayoutParams>,
    Params(period): Params<Period>,
) -> Result<Response, Problem> {
    let (before, window) = (before.position()?, period.window()?);
    let wanted = Filter::new(params.status, params.search.as_deref())?;
    let of = params.merchant.map(MerchantId);
    let found = match wanted.named() {
        Some(id) => {
            let items = named(&api, id).await?.into_iter();
            let fits = |(merchant, payout): &(MerchantId, CorePayout)| {
                of.is_none_or(|of| of == *merchant) && window.has(payout.created_at) && wanted.takes_status_of(payout)
            };
            Found { items: items.filter(fits).collect(), next: None }
        }
        None => {
            let takes = |payout: &CorePayout| wanted.takes(payout);
            let filter = PayoutFilter { merchant: of, window, takes: (!wanted.is_everything()).then_some(&takes) };
            api.store.search_payouts(&filter, before, page.limit).await?
        }
    };
    let items = AdminPayout::all(&api, &found.items).await?;
    Ok(page.answer(&format!("{ADMIN}/payouts"), &items, next_before(found.next)))
}

async fn named(api: &Api, id: PayoutId) -> Result<Option<(MerchantId, CorePayout)>, Problem> {
    let Some(merchant) = api.store.merchant_of_payout(id).await? else { return Ok(None) };
    Ok(api.store.payout(merchant, id).await?.map(|payout| (merchant, payout)))
}

/// A payout with its timeline
#[utoipa::path(get, path = "/merchants/{merchant}/payouts/{id}", operation_id = "showMerchantsPayout",
    params(("merchant" = Uuid, Path), ("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The payout", body = AdminPayoutTimeline),
    ))]
pub async fn show(
    State(api): State<Api>,
    _: Signed,
    PathOf(path): PathOf<(Uuid, Uuid)>,
) -> Result<Json<AdminPayoutTimeline>, Problem> {
    let (merchant, payout) = from_path(&api, path).await?;
    let about = api.store.actions_about(merchant.id, &payout.id.to_string(), ACTIONS_MAX).await?;
    Ok(Json(AdminPayoutTimeline {
        timeline: timeline(&api, &merchant, &payout).await?,
        actions: OperatorAction::all(&api, about).await?,
        merchant: merchant.into(),
    }))
}

/// The merchant and the payout in the request's path.
pub async fn from_path(api: &Api, (of, id): (Uuid, Uuid)) -> Result<(Merchant, CorePayout), Problem> {
    let merchant = merchant(api, of).await?;
    let payout = api.store.payout(merchant.id, PayoutId(id)).await?.ok_or(Refusal::UnknownPayout)?;
    trace::payout(merchant.id, &payout);
    Ok((merchant, payout))
}
