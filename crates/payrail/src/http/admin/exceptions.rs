//! Exceptions: statements of the bank that do not match the books. A person resolves them; that moves no money. Also
//! the returns that wait until they can be credited.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use payrail_store::{ExceptionFilter, ExceptionLine, Position, Resolution, WaitingReturn};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::operator::OperatorActionKind;
use payrail_types::word::Word;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners, action};
use super::session::guard::{MayOperate, Signed};
use crate::clock::timestamp;
use crate::http::paths::ADMIN;
use crate::http::plumbing::form::{Fields, Form, Invalid, form};
use crate::http::plumbing::list::{Before, Limit, Page, next_before};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::path::PathOf;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::words::ExceptionKind;
use crate::http::state::Api;

/// A mismatch between the bank's statement and the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminException {
    id: Uuid,
    /// The kind of mismatch.
    kind: ExceptionKind,
    /// The merchant of the payout, if any.
    #[schema(required)]
    merchant: Option<Owner>,
    #[schema(required, value_type = Option<Uuid>)]
    payout_id: Option<PayoutId>,
    /// The other payout with the same UTR.
    #[schema(required, value_type = Option<Uuid>)]
    other_payout_id: Option<PayoutId>,
    #[schema(required)]
    reference: Option<String>,
    /// The line's number in the bank's list of returns.
    #[schema(required)]
    return_number: Option<i64>,
    /// The bank's statement.
    #[schema(required)]
    stated_paise: Option<i64>,
    #[schema(required)]
    stated_utr: Option<String>,
    /// The books' record.
    #[schema(required)]
    expected_paise: Option<i64>,
    #[schema(required)]
    expected_utr: Option<String>,
    /// The mismatch in a sentence.
    detail: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null while it is open.
    #[schema(required)]
    resolution: Option<ExceptionResolution>,
}

/// An exception's resolution.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExceptionResolution {
    #[schema(format = DateTime)]
    at: String,
    /// The operator's name.
    by: String,
    reason: String,
}

impl AdminException {
    fn new(line: ExceptionLine, owners: &Owners) -> Self {
        let ExceptionLine { merchant, exception, resolution } = line;
        Self {
            id: exception.id,
            kind: exception.kind.into(),
            merchant: merchant.map(|merchant| owners.get(merchant)),
            payout_id: exception.payout,
            other_payout_id: exception.other_payout,
            reference: exception.reference,
            return_number: exception.return_number,
            stated_paise: exception.stated.amount_paise,
            stated_utr: exception.stated.utr,
            expected_paise: exception.expected.amount_paise,
            expected_utr: exception.expected.utr,
            detail: exception.detail,
            created_at: timestamp(exception.created_at),
            resolution: resolution.map(|it| ExceptionResolution { at: timestamp(it.at), by: it.by, reason: it.reason }),
        }
    }
}

#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionState {
    Open,
    Resolved,
    All,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExceptionParams {
    /// `open` (the default), `resolved` or `all`.
    #[param(inline)]
    state: Option<ExceptionState>,
}

/// Exceptions, newest first
#[utoipa::path(get, path = "/exceptions", operation_id = "listExceptions", params(Limit, Before, ExceptionParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [AdminException]),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    page: Page,
    Params(before): Params<Before>,
    Params(params): Params<ExceptionParams>,
) -> Result<Response, Problem> {
    let filter = match params.state {
        None | Some(ExceptionState::Open) => ExceptionFilter::Open,
        Some(ExceptionState::Resolved) => ExceptionFilter::Resolved,
        Some(ExceptionState::All) => ExceptionFilter::All,
    };
    let before = before.position()?.unwrap_or_else(|| Position::newest(Timestamp::MAX));
    let lines = api.store.exceptions(filter, before, page.limit).await?;
    let last = page.last_if_full(&lines);
    let next = last.map(|line| Position { at: line.exception.created_at, id: line.exception.id, ..before });
    let owners = Owners::of(&api, lines.iter().filter_map(|line| line.merchant)).await?;
    let items: Vec<_> = lines.into_iter().map(|line| AdminException::new(line, &owners)).collect();
    Ok(page.answer(&format!("{ADMIN}/exceptions"), &items, next_before(next)))
}

#[derive(Debug, ToSchema)]
pub struct ResolveException {
    /// What you found and did. The audit log keeps it for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

impl Form for ResolveException {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self { reason: fields.reason("reason")? })
    }
}

/// Resolve an exception
///
/// The exception is no longer open, and your reason is kept. No money moves. Once the bank has confirmed what it sent,
/// credit the merchant by a funding.
#[utoipa::path(post, path = "/exceptions/{id}/resolve", operation_id = "resolveException",
    request_body = ResolveException, params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Resolved", body = AdminException),
        (status = 409, description = "`already_resolved`", body = Problem),
    ))]
pub async fn resolve(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    PathOf(id): PathOf<Uuid>,
    request: Request,
) -> Result<Json<AdminException>, Problem> {
    let missing = || Problem::not_found("There is no such exception.");
    let line = api.store.exception(id).await?.ok_or_else(missing)?;
    let ResolveException { reason } = form(&api, request).await?;
    let row = action(&api, &operator.name, OperatorActionKind::ResolvedException);
    let resolution = Resolution { at: row.at, by: operator.name, reason: reason.clone() };
    let (merchant, subject) = (line.merchant, Some(id.to_string()));
    let detail = Some(line.exception.kind.as_str().to_owned());
    let row = payrail_store::OperatorAction { merchant, subject, reason: Some(reason), detail, ..row };
    if !api.store.resolve_exception(id, &resolution, &row).await? {
        let detail = "Another operator has resolved this exception.";
        return Err(Problem::new(StatusCode::CONFLICT, "already_resolved", detail));
    }
    let owners = Owners::of(&api, merchant.into_iter()).await?;
    Ok(Json(AdminException::new(ExceptionLine { resolution: Some(resolution), ..line }, &owners)))
}

/// A return that cannot be credited yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminWaitingReturn {
    merchant: Owner,
    #[schema(value_type = Uuid)]
    payout_id: PayoutId,
    return_number: i64,
    amount_paise: i64,
    utr: String,
    /// Why it is not credited yet.
    waits_for: String,
    tries: u32,
    #[schema(format = DateTime)]
    next_try_at: String,
    #[schema(format = DateTime)]
    first_seen_at: String,
}

/// Returns that wait until they can be credited, the next one to be tried first
#[utoipa::path(get, path = "/returns/waiting", operation_id = "listWaitingReturns", params(Limit),
    responses(
        (status = 200, description = "As many as were asked for; there may be more", body = [AdminWaitingReturn]),
    ))]
pub async fn waiting(State(api): State<Api>, _: Signed, page: Page) -> Result<Response, Problem> {
    let lines = api.store.waiting_returns(page.limit).await?;
    let owners = Owners::of(&api, lines.iter().map(|line| line.merchant)).await?;
    let item = |line: WaitingReturn| {
        let WaitingReturn { merchant, payout, line, waits_for, tries, next_try_at, first_seen_at } = line;
        let merchant: MerchantId = merchant;
        AdminWaitingReturn {
            merchant: owners.get(merchant),
            payout_id: payout,
            return_number: line.number,
            amount_paise: line.amount_paise,
            utr: line.utr,
            waits_for,
            tries,
            next_try_at: timestamp(next_try_at),
            first_seen_at: timestamp(first_seen_at),
        }
    };
    let items: Vec<_> = lines.into_iter().map(item).collect();
    Ok(page.answer(&format!("{ADMIN}/returns/waiting"), &items, None))
}
