//! `GET /admin/api/v1/actions`: the audit log. Nobody can change it: the database refuses.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use payrail_core::command::timestamp;
use payrail_core::ids::MerchantId;
use payrail_core::operator;
use payrail_store::ActionFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners};
use super::{PATH, Signed, cursor};
use crate::http::Api;
use crate::http::paging::{Params, limit, page};
use crate::http::problem::Problem;

/// Something that an operator did.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorAction {
    id: Uuid,
    #[schema(format = DateTime)]
    at: String,
    /// Who, by name.
    operator: String,
    /// What, in a word such as `funded`.
    action: String,
    /// Whose book or keys it was about, if anyone's.
    #[schema(required)]
    merchant: Option<Owner>,
    /// What it was done to: a payout's id, a ledger entry's, the beginning of a key.
    #[schema(required)]
    subject: Option<String>,
    /// Why, in the operator's own words.
    #[schema(required)]
    reason: Option<String>,
    /// What else there is to know: an amount, a UTR.
    #[schema(required)]
    detail: Option<String>,
}

impl OperatorAction {
    /// A page of them.
    pub async fn all(api: &Api, done: Vec<operator::OperatorAction>) -> Result<Vec<Self>, Problem> {
        let owners = Owners::of(api, done.iter().filter_map(|done| done.merchant)).await?;
        let action = |done: operator::OperatorAction| Self {
            id: done.id,
            at: timestamp(done.at),
            operator: done.operator,
            action: done.action,
            merchant: done.merchant.map(|merchant| owners.get(merchant)),
            subject: done.subject,
            reason: done.reason,
            detail: done.detail,
        };
        Ok(done.into_iter().map(action).collect())
    }
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ActionParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended: opaque, from its `Link`.
    before: Option<String>,
    /// By the operator of this name only.
    operator: Option<String>,
    /// Of this kind only: a word such as `funded`.
    action: Option<String>,
    /// About this merchant only.
    merchant: Option<Uuid>,
}

/// What operators did, newest first
///
/// A request looks at no more than 5,000 actions. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/actions", operation_id = "listActions", params(ActionParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [OperatorAction],
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    RawQuery(query): RawQuery,
    Params(params): Params<ActionParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let before = cursor::parse(params.before.as_deref())?;
    let merchant = params.merchant.map(MerchantId);
    let filter = ActionFilter { merchant, operator: params.operator, action: params.action };
    let found = api.store.search_actions(&filter, before, limit).await?;
    let items = OperatorAction::all(&api, found.items).await?;
    Ok(page(&format!("{PATH}/actions"), &items, cursor::next(query.as_deref(), found.next)))
}
