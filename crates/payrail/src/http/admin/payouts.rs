//! Payouts of all merchants, and one with its timeline.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use payrail_core::command::Refusal;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::Payout as CorePayout;
use payrail_store::{Found, Merchant, PayoutFilter};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::actions::OperatorAction;
use super::people::{Owner, Owners, merchant};
use super::{PATH, Signed, cursor};
use crate::http::paging::{Params, limit, page};
use crate::http::payouts::timeline;
use crate::http::problem::Problem;
use crate::http::search::{Filter, StatusFilter};
use crate::http::shapes::payout::{Payout, PayoutTimeline};
use crate::http::{Api, trace};

const ACTIONS_MAX: u32 = 200;

/// A payout with everything that is known of it, and whose it is.
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

    /// A page of them.
    pub async fn all(api: &Api, items: &[(MerchantId, CorePayout)]) -> Result<Vec<Self>, Problem> {
        let owners = Owners::of(api, items.iter().map(|(merchant, _)| *merchant)).await?;
        Ok(items.iter().map(|(merchant, payout)| Self::new(payout, owners.get(*merchant))).collect())
    }
}

/// A payout, every call to the bank, every movement of its money, and what operators did to it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminPayoutTimeline {
    #[serde(flatten)]
    timeline: PayoutTimeline,
    merchant: Owner,
    /// In their order.
    actions: Vec<OperatorAction>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PayoutParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended: opaque, from its `Link`.
    before: Option<String>,
    /// Of this merchant only.
    merchant: Option<Uuid>,
    status: Option<StatusFilter>,
    /// A payout's id or reference, exactly; or a part of bank account, UTR or reason, in any case.
    #[param(max_length = 255)]
    search: Option<String>,
    /// Made then or later: a time (RFC 3339) or a date.
    from: Option<String>,
    /// Made before then; of a date, until its end.
    to: Option<String>,
    /// Whose dates: the IANA name of a time zone; Asia/Kolkata by default.
    zone: Option<String>,
}

/// Payouts of all merchants, newest first
///
/// A request looks at no more than 5,000 payouts. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/payouts", operation_id = "listAllPayouts", params(PayoutParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [AdminPayout],
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    RawQuery(query): RawQuery,
    Params(params): Params<PayoutParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let before = cursor::parse(params.before.as_deref())?;
    let window = cursor::window(params.from.as_deref(), params.to.as_deref(), params.zone.as_deref())?;
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
            api.store.search_payouts(&filter, before, limit).await?
        }
    };
    let next = cursor::next(query.as_deref(), found.next);
    Ok(page(&format!("{PATH}/payouts"), &AdminPayout::all(&api, &found.items).await?, next))
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
        (status = 404, description = "`not_found`", body = Problem),
    ))]
pub async fn show(
    State(api): State<Api>,
    _: Signed,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
) -> Result<Json<AdminPayoutTimeline>, Problem> {
    let (merchant, payout) = of_path(&api, path).await?;
    let about = api.store.actions_about(merchant.id, &payout.id.to_string(), ACTIONS_MAX).await?;
    Ok(Json(AdminPayoutTimeline {
        timeline: timeline(&api, &merchant, &payout).await?,
        actions: OperatorAction::all(&api, about).await?,
        merchant: merchant.into(),
    }))
}

/// The merchant and the payout that a path names.
pub async fn of_path(
    api: &Api,
    path: Result<Path<(Uuid, Uuid)>, PathRejection>,
) -> Result<(Merchant, CorePayout), Problem> {
    let (of, id) = path.map_or((Uuid::nil(), Uuid::nil()), |Path(path)| path);
    let merchant = merchant(api, of).await?;
    let payout = api.store.payout(merchant.id, PayoutId(id)).await?.ok_or(Refusal::UnknownPayout)?;
    trace::payout(merchant.id, &payout);
    Ok((merchant, payout))
}
