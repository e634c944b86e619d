//! `GET /admin/api/v1/actions`: the audit log. The database refuses to change it.

use axum::extract::State;
use axum::response::Response;
use payrail_store::ActionFilter;
use payrail_types::ids::MerchantId;
use payrail_types::operator;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners};
use super::session::guard::Signed;
use crate::clock::timestamp;
use crate::http::paths::ADMIN;
use crate::http::plumbing::list::{Before, Limit, Page, next_before};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::words::ActionKind;
use crate::http::state::Api;

/// An operator's action.
#[derive(Debug, Serialize, ToSchema)]
pub struct OperatorAction {
    id: Uuid,
    #[schema(format = DateTime)]
    at: String,
    /// The operator's name.
    operator: String,
    /// The kind of action.
    action: ActionKind,
    /// The merchant concerned, if any.
    #[schema(required)]
    merchant: Option<Owner>,
    /// The object of the action: the id of a payout or a ledger entry, or the prefix of a key.
    #[schema(required)]
    subject: Option<String>,
    /// The operator's reason.
    #[schema(required)]
    reason: Option<String>,
    /// Further details, such as an amount or a UTR.
    #[schema(required)]
    detail: Option<String>,
}

impl OperatorAction {
    /// One page.
    pub async fn all(api: &Api, done: Vec<operator::OperatorAction>) -> Result<Vec<Self>, Problem> {
        let owners = Owners::of(api, done.iter().filter_map(|done| done.merchant)).await?;
        let action = |done: operator::OperatorAction| Self {
            id: done.id,
            at: timestamp(done.at),
            operator: done.operator,
            action: done.action.into(),
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
    /// Only actions of the operator with this name.
    operator: Option<String>,
    /// Only actions of this kind.
    #[param(inline)]
    action: Option<ActionKind>,
    /// Only actions that concern this merchant.
    merchant: Option<Uuid>,
}

/// The audit log, newest first
///
/// A request looks at no more than 5,000 actions. If it stopped there, the page may be short or even empty, and
/// `Link` still has the next one: it looks further back.
#[utoipa::path(get, path = "/actions", operation_id = "listActions", params(Limit, Before, ActionParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [OperatorAction]),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    page: Page,
    Params(before): Params<Before>,
    Params(params): Params<ActionParams>,
) -> Result<Response, Problem> {
    let merchant = params.merchant.map(MerchantId);
    let filter = ActionFilter { merchant, operator: params.operator, action: params.action.map(|action| action.0) };
    let found = api.store.search_actions(&filter, before.position()?, page.limit).await?;
    let items = OperatorAction::all(&api, found.items).await?;
    Ok(page.answer(&format!("{ADMIN}/actions"), &items, next_before(found.next)))
}
