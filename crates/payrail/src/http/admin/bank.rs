//! The banks that receive the payouts, one for each rail. If workers find another bank, an operator must confirm the change.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use jiff::Timestamp;
use payrail_store::COUNTED_MAX;
use payrail_types::rail::RailId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::session::guard::{MayOperate, Signed};
use crate::bank_change::{self, BankState, ConfirmError, Confirmation, returns_read};
use crate::clock::timestamp;
use crate::http::plumbing::form::{Fields, Form, Invalid, form, invalid_field};
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::worker::Met;

/// An identity that a bank states has up to 128 characters. An address as identity may be longer.
const IDENTITY_CHARACTERS: usize = 300;

/// The bank that receives the payouts of a rail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminBank {
    /// Its identity. Null until a worker has reached a bank for the first time.
    #[schema(required)]
    identity: Option<String>,
    /// Another bank that answered a worker in the last minute; null if there is none. Such a worker sends nothing.
    #[schema(required)]
    met: Option<MetBank>,
}

/// A rail and its bank.
#[derive(Debug, Serialize, ToSchema)]
pub struct RailBank {
    /// The rail's name. Without a list of rails there is one, called `bank`.
    #[schema(min_length = 1, max_length = 20)]
    rail: String,
    /// The bank's identity. Null until a worker has reached a bank for the first time.
    #[schema(required)]
    identity: Option<String>,
    /// Another bank that answered a worker in the last minute; null if there is none.
    #[schema(required)]
    met: Option<MetBank>,
    /// The last number that was read from the bank's list of returns.
    #[schema(minimum = 0)]
    returns_read: i64,
}

/// The bank of each rail.
#[derive(Debug, Serialize, ToSchema)]
pub struct AdminBanks {
    /// The bank of the rail `bank` comes first.
    banks: Vec<RailBank>,
}

/// A bank other than the recorded one.
#[derive(Debug, Serialize, ToSchema)]
pub struct MetBank {
    identity: String,
    /// The worker that it answered.
    worker: String,
    /// Since when it has answered without interruption.
    #[schema(format = DateTime)]
    since: String,
    /// When it last answered a worker.
    #[schema(format = DateTime)]
    seen_at: String,
    under_way: UnderWayCount,
}

/// Payouts that were submitted to the recorded bank and have no outcome yet.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnderWayCount {
    #[schema(minimum = 0, maximum = 10_000)]
    count: i64,
    /// There may be more.
    is_capped: bool,
    /// The sum of the counted payouts.
    #[schema(minimum = 0)]
    amount_paise: i64,
}

impl AdminBank {
    async fn now(api: &Api, rail: RailId) -> Result<Self, Problem> {
        let BankState { known, met } = bank_change::state(&api.store, rail, api.clock.now()).await?;
        let met = match met {
            Some(met) => Some(MetBank::new(api, rail, met).await?),
            None => None,
        };
        Ok(Self { identity: known, met })
    }

    /// Of the rail that there is without a list of rails.
    pub async fn first(api: &Api) -> Result<Self, Problem> {
        Self::now(api, RailId::DEFAULT).await
    }
}

impl RailBank {
    pub async fn all(api: &Api) -> Result<Vec<Self>, Problem> {
        let mut banks = Vec::new();
        for rail in bank_change::rails(&api.store, &api.rails.configured).await? {
            let AdminBank { identity, met } = AdminBank::now(api, rail).await?;
            let returns_read = returns_read(&api.store, rail).await?;
            banks.push(Self { rail: rail.to_string(), identity, met, returns_read });
        }
        Ok(banks)
    }
}

impl MetBank {
    async fn new(api: &Api, rail: RailId, met: Met) -> Result<Self, Problem> {
        let under_way = api.store.under_way(rail).await?;
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

/// Show the bank that receives the payouts of the rail `bank`
///
/// The answer also has another bank that workers reach instead, if any. Those workers send nothing until an operator
/// confirms the change, or the recorded bank answers again.
#[utoipa::path(get, path = "/bank", operation_id = "showBank",
    responses((status = 200, description = "Now", body = AdminBank)))]
pub async fn show(State(api): State<Api>, _: Signed) -> Result<Json<AdminBank>, Problem> {
    Ok(Json(AdminBank::first(&api).await?))
}

/// The banks of all rails
#[utoipa::path(get, path = "/banks", operation_id = "listBanks",
    responses((status = 200, description = "Now", body = AdminBanks)))]
pub async fn list(State(api): State<Api>, _: Signed) -> Result<Json<AdminBanks>, Problem> {
    Ok(Json(AdminBanks { banks: RailBank::all(&api).await? }))
}

#[derive(Debug, ToSchema)]
pub struct ConfirmBank {
    /// The rail whose bank changes [default: `bank`].
    #[schema(nullable, min_length = 1, max_length = 20)]
    rail: Option<String>,
    /// The other bank's identity, as shown.
    #[schema(min_length = 1, max_length = 300)]
    identity: String,
    /// The number of pending payouts with the earlier bank, as shown.
    #[schema(minimum = 0)]
    under_way: i64,
    /// Why the bank changed. The audit log keeps it for ever.
    #[schema(min_length = 10, max_length = 1000)]
    reason: String,
}

impl Form for ConfirmBank {
    fn read(fields: &mut Fields<'_>) -> Result<Self, Invalid> {
        let rail = match fields.value("rail") {
            None | Some(Value::Null) => Ok(None),
            Some(_) => fields.line("rail", RailId::MAX_BYTES).map(Some),
        };
        let identity = fields.line("identity", IDENTITY_CHARACTERS);
        let (under_way, reason) = (fields.count("under_way"), fields.reason("reason"));
        Ok(Self { rail: rail?, identity: identity?, under_way: under_way?, reason: reason? })
    }
}

/// Confirm that the payouts of a rail go to another bank from now on
///
/// The new bank knows nothing of the payouts that are under way with the earlier one. What was submitted to the earlier
/// bank is never sent to the new one: it stays in doubt until an operator decides it from the earlier bank's statement.
#[utoipa::path(post, path = "/bank/confirm", operation_id = "confirmBank",
    request_body = ConfirmBank,
    responses(
        (status = 200, description = "The workers go on within seconds", body = AdminBank),
        (status = 409, description = "`nothing_to_confirm`: no worker meets another bank; `bank_differs`: it is not \
            this one; `under_way_changed`: another number of payouts is under way now (`under_way`)", body = Problem),
    ))]
pub async fn confirm(
    State(api): State<Api>,
    MayOperate(operator): MayOperate,
    request: Request,
) -> Result<Json<AdminBank>, Problem> {
    let ConfirmBank { rail, identity, under_way, reason } = form(&api, request).await?;
    // Of a rail that there is not, no bank is remembered.
    let rail = rail.as_deref().map_or(Some(RailId::DEFAULT), RailId::parse);
    let rail = rail.ok_or_else(|| invalid_field("rail", "This is no name of a rail."))?;
    let confirmation = Confirmation { rail, identity, under_way, reason, operator: operator.name };
    bank_change::confirm(&api.store, confirmation, api.clock.now()).await?;
    Ok(Json(AdminBank::now(&api, rail).await?))
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
