//! The bank that the payouts are sent to, and what an operator does when workers meet another one.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use payrail_core::command::timestamp;
use payrail_store::COUNTED_MAX;
use serde::Serialize;
use utoipa::ToSchema;

use super::doubtful::reason;
use super::{MayOperate, Signed};
use crate::bank_change::{self, BankState, ConfirmError, Confirmation};
use crate::http::body::Object;
use crate::http::fields;
use crate::http::problem::Problem;
use crate::http::{Api, body};
use crate::worker::Met;

/// A stated identity has up to 128 characters; one that is an address may be longer.
const IDENTITY_CHARACTERS: usize = 300;

/// The bank that the payouts are sent to.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminBank {
    /// Its identity. Null until a worker met a bank for the first time.
    #[schema(required)]
    identity: Option<String>,
    /// Another bank that a worker met in the last minute; null if there is none. Workers that meet it send nothing.
    #[schema(required)]
    met: Option<MetBank>,
}

/// A bank other than the remembered one.
#[derive(Debug, Serialize, ToSchema)]
pub struct MetBank {
    identity: String,
    /// The worker that met it.
    worker: String,
    /// Since when a worker has met it without a break.
    #[schema(format = DateTime)]
    since: String,
    /// When a worker met it last.
    #[schema(format = DateTime)]
    seen_at: String,
    under_way: UnderWayCount,
}

/// Payouts that were handed to the remembered bank and have no outcome yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnderWayCount {
    #[schema(minimum = 0, maximum = 10_000)]
    count: i64,
    /// There may be more than that.
    is_capped: bool,
    /// Of those that were counted.
    #[schema(minimum = 0)]
    amount_paise: i64,
}

impl AdminBank {
    pub async fn now(api: &Api) -> Result<Self, Problem> {
        let BankState { known, met } = bank_change::state(&api.store, api.clock.now()).await?;
        let met = match met {
            Some(met) => Some(MetBank::new(api, met).await?),
            None => None,
        };
        Ok(Self { identity: known, met })
    }
}

impl MetBank {
    async fn new(api: &Api, met: Met) -> Result<Self, Problem> {
        let under_way = api.store.under_way().await?;
        let moment = |at: i64| timestamp(Timestamp::from_microsecond(at).unwrap_or(Timestamp::UNIX_EPOCH));
        Ok(Self {
            since: moment(met.since.unwrap_or(met.at)),
            seen_at: moment(met.at),
            identity: met.identity,
            worker: met.worker,
            under_way: UnderWayCount {
                count: under_way.count,
                is_capped: under_way.count >= i64::from(COUNTED_MAX),
                amount_paise: under_way.amount_paise,
            },
        })
    }
}

/// The bank that the payouts are sent to
///
/// And the other one that workers meet, if they do. Those workers send nothing until an operator confirms the change,
/// or the remembered bank is back.
#[utoipa::path(get, path = "/bank", operation_id = "showBank",
    responses((status = 200, description = "Now", body = AdminBank)))]
pub async fn show(State(api): State<Api>, _: Signed) -> Result<Json<AdminBank>, Problem> {
    Ok(Json(AdminBank::now(&api).await?))
}

#[derive(ToSchema)]
#[expect(dead_code, reason = "the form that `form` reads by hand, to say all that is wrong with it at once")]
pub struct ConfirmBank {
    /// The bank that the workers meet, as it was shown.
    #[schema(min_length = 1, max_length = 300)]
    identity: String,
    /// How many payouts were shown to be under way with the earlier bank.
    #[schema(minimum = 0)]
    under_way: i64,
    /// Why the bank is another one. It is kept for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

/// Confirm that the payouts go to another bank from now on
///
/// The new bank knows nothing of the payouts that are under way with the earlier one: it will say that it never
/// received them, and they will be sent to it as well. Resolve them first, from the earlier bank's statement.
#[utoipa::path(post, path = "/bank/confirm", operation_id = "confirmBank",
    request_body = ConfirmBank,
    responses(
        (status = 200, description = "The workers go on within seconds", body = AdminBank),
        (status = 400, description = "`invalid`, `parse_error`", body = Problem),
        (status = 409, description = "`nothing_to_confirm`: no worker meets another bank; `bank_differs`: it is not \
            this one; `under_way_changed`: another number of payouts is under way now (`under_way`)", body = Problem),
    ))]
pub async fn confirm(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    request: Request,
) -> Result<Json<AdminBank>, Problem> {
    let (identity, under_way, reason) = form(&body::object(&api, request).await?)?;
    let confirmation = Confirmation { identity, under_way, reason, operator: operator.name };
    bank_change::confirm(&api.store, confirmation, api.clock.now()).await?;
    Ok(Json(AdminBank::now(&api).await?))
}

fn form(body: &Object) -> Result<(String, i64, String), Problem> {
    match (
        fields::text(body.get("identity"), IDENTITY_CHARACTERS),
        fields::count(body, "under_way"),
        reason(body.get("reason")),
    ) {
        (Ok(identity), Ok(under_way), Ok(reason)) => Ok((identity, under_way, reason)),
        (identity, under_way, reason) => {
            let wrong = [("identity", identity.err()), ("under_way", under_way.err()), ("reason", reason.err())];
            Err(fields::invalid(wrong).unwrap_or_else(|| Problem::internal(&"a form that is bad without a bad field")))
        }
    }
}

impl From<ConfirmError> for Problem {
    fn from(error: ConfirmError) -> Self {
        let (code, under_way) = match error {
            ConfirmError::Store(error) => return error.into(),
            ConfirmError::NothingKnown | ConfirmError::Same | ConfirmError::NothingMet => ("nothing_to_confirm", None),
            ConfirmError::Differs(_) | ConfirmError::Late => ("bank_differs", None),
            ConfirmError::Changed(count) => ("under_way_changed", Some(count)),
        };
        let problem = Self::new(StatusCode::CONFLICT, code, format!("{error}."));
        match under_way {
            Some(count) => problem.member("under_way", count),
            None => problem,
        }
    }
}
