//! Exceptions: what the bank said that does not fit the books, for a person to resolve. To resolve one moves no money.
//! And the returns that wait until they can be credited.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use jiff::Timestamp;
use payrail_core::command::timestamp;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_store::{ExceptionFilter, ExceptionLine, Position, Resolution, WaitingReturn};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::people::{Owner, Owners, action};
use super::{MayOperate, PATH, Signed, cursor, doubtful};
use crate::http::paging::{Params, limit, page};
use crate::http::problem::Problem;
use crate::http::{Api, body, fields};

/// The word of the audit log.
const RESOLVED: &str = "resolved_exception";

/// A mismatch between what the bank says and what is known here.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminException {
    id: Uuid,
    /// What kind of mismatch: `return_other_amount`, `return_other_utr`, `return_of_unpaid`, `return_again`,
    /// `return_unknown_reference`, `return_unreadable`, `returns_missing` or `duplicate_utr`.
    kind: &'static str,
    /// Whose payout it is about, if anyone's.
    #[schema(required)]
    merchant: Option<Owner>,
    #[schema(required, value_type = Option<Uuid>)]
    payout_id: Option<PayoutId>,
    /// The other payout with the same UTR.
    #[schema(required, value_type = Option<Uuid>)]
    other_payout_id: Option<PayoutId>,
    #[schema(required)]
    reference: Option<String>,
    /// The line's place in the bank's list of returns.
    #[schema(required)]
    return_number: Option<i64>,
    /// What the bank stated.
    #[schema(required)]
    stated_paise: Option<i64>,
    #[schema(required)]
    stated_utr: Option<String>,
    /// What is known here.
    #[schema(required)]
    expected_paise: Option<i64>,
    #[schema(required)]
    expected_utr: Option<String>,
    /// The same in a sentence.
    detail: String,
    #[schema(format = DateTime)]
    created_at: String,
    /// Null while it is open.
    #[schema(required)]
    resolution: Option<ExceptionResolution>,
}

/// How a person resolved an exception.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExceptionResolution {
    #[schema(format = DateTime)]
    at: String,
    /// The operator, by name.
    by: String,
    reason: String,
}

impl AdminException {
    fn new(line: ExceptionLine, owners: &Owners) -> Self {
        let ExceptionLine { merchant, exception, resolution } = line;
        Self {
            id: exception.id,
            kind: exception.kind.as_str(),
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
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Where the page before ended: opaque, from its `Link`.
    before: Option<String>,
    /// `open` (the default), `resolved` or `all`.
    #[param(inline)]
    state: Option<ExceptionState>,
}

/// Exceptions, newest first
#[utoipa::path(get, path = "/exceptions", operation_id = "listExceptions", params(ExceptionParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [AdminException],
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    _: Signed,
    RawQuery(query): RawQuery,
    Params(params): Params<ExceptionParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let before = cursor::parse(params.before.as_deref())?;
    let filter = match params.state {
        None | Some(ExceptionState::Open) => ExceptionFilter::Open,
        Some(ExceptionState::Resolved) => ExceptionFilter::Resolved,
        Some(ExceptionState::All) => ExceptionFilter::All,
    };
    let before = before.unwrap_or_else(|| Position::newest(Timestamp::MAX));
    let lines = api.store.exceptions(filter, before, limit).await?;
    let last = lines.last().filter(|_| lines.len() == limit as usize);
    let next = last.map(|line| Position { at: line.exception.created_at, id: line.exception.id, ..before });
    let owners = Owners::of(&api, lines.iter().filter_map(|line| line.merchant)).await?;
    let items: Vec<_> = lines.into_iter().map(|line| AdminException::new(line, &owners)).collect();
    Ok(page(&format!("{PATH}/exceptions"), &items, cursor::next(query.as_deref(), next)))
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `resolve` reads by hand, to say what is wrong with it")]
pub struct ResolveException {
    /// What was found out and done. It is kept for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

/// Resolve an exception
///
/// It is taken off the list of open ones, with your reason. No money moves: credit a merchant by funding, once the
/// bank has confirmed what it sent.
#[utoipa::path(post, path = "/exceptions/{id}/resolve", operation_id = "resolveException",
    request_body = ResolveException, params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "Resolved", body = AdminException),
        (status = 400, description = "`invalid`, `parse_error`", body = Problem),
        (status = 404, description = "`not_found`", body = Problem),
        (status = 409, description = "`already_resolved`", body = Problem),
    ))]
pub async fn resolve(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    path: Result<Path<Uuid>, PathRejection>,
    request: Request,
) -> Result<Json<AdminException>, Problem> {
    let missing = || Problem::not_found("There is no such exception.");
    let Path(id) = path.map_err(|_| missing())?;
    let line = api.store.exception(id).await?.ok_or_else(missing)?;
    let reason = doubtful::reason(body::object(&api, request).await?.get("reason"));
    let reason = reason.map_err(|wrong| {
        let refusal = fields::invalid([("reason", Some(wrong))]);
        refusal.unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field"))
    })?;
    let row = action(&api, &operator.name, RESOLVED);
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

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WaitingReturnParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
}

/// Returns that are set aside until they can be credited, the next to be tried first
#[utoipa::path(get, path = "/returns/waiting", operation_id = "listWaitingReturns", params(WaitingReturnParams),
    responses(
        (status = 200, description = "As many as were asked for; there may be more", body = [AdminWaitingReturn]),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn waiting(
    State(api): State<Api>,
    _: Signed,
    Params(params): Params<WaitingReturnParams>,
) -> Result<Response, Problem> {
    let lines = api.store.waiting_returns(limit(params.limit)?).await?;
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
    Ok(page(&format!("{PATH}/returns/waiting"), &items, None))
}
