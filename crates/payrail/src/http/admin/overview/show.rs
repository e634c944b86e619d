//! `GET /admin/api/v1/overview`: the state of the system, on one page.

use axum::Json;
use axum::extract::State;
use payrail_store::{COUNTED_MAX, TrialBalance as Sums, Waiting};
use serde::Serialize;
use utoipa::ToSchema;

use super::workers::Workers;
use crate::clock::timestamp;
use crate::http::admin::bank::{AdminBank, RailBank};
use crate::http::admin::session::guard::Signed;
use crate::http::admin::verify::handlers::last;
use crate::http::admin::verify::report::VerifyReport;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;

#[derive(Debug, Serialize, ToSchema)]
pub struct Overview {
    /// The server's time. Compute ages from it, because the reader's clock may be wrong.
    #[schema(format = DateTime)]
    at: String,
    #[schema(minimum = 0)]
    merchants: u64,
    trial_balance: TrialBalance,
    in_doubt: InDoubtCount,
    exceptions: ExceptionCount,
    due: DueCount,
    due_far_ahead: FarAheadCount,
    workers: Workers,
    /// That of the rail `bank`.
    bank: AdminBank,
    /// The banks of all rails, that of the rail `bank` first.
    banks: Vec<RailBank>,
    /// The last audit that was started in the admin, if any.
    #[schema(required)]
    last_verify: Option<VerifyReport>,
}

/// The sums of all merchants' newest balances, in paise. With the bank's side the three add up to zero. (A balance has
/// 64 bits; the sum of many may need more.)
#[derive(Debug, Serialize, ToSchema)]
pub struct TrialBalance {
    #[schema(minimum = 0)]
    merchants: u64,
    available_paise: i128,
    held_paise: i128,
    bank_paise: i128,
    /// The sum of the three. It must be zero.
    difference_paise: i128,
}

/// Payouts in doubt.
#[derive(Debug, Serialize, ToSchema)]
pub struct InDoubtCount {
    #[schema(minimum = 0, maximum = 10_000)]
    count: u32,
    /// There may be more.
    is_capped: bool,
    #[schema(required, format = DateTime)]
    oldest_since: Option<String>,
}

/// Exceptions that are still open.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExceptionCount {
    #[schema(minimum = 0, maximum = 10_000)]
    count: u32,
    /// There may be more.
    is_capped: bool,
    #[schema(required, format = DateTime)]
    oldest_since: Option<String>,
}

/// Payouts whose next step is due.
#[derive(Debug, Serialize, ToSchema)]
pub struct DueCount {
    #[schema(minimum = 0, maximum = 10_000)]
    count: u32,
    /// There may be more.
    is_capped: bool,
    #[schema(required, format = DateTime)]
    oldest_due_at: Option<String>,
}

/// Payouts that a wrong clock made due far in the future, later than any wait that settings allow.
#[derive(Debug, Serialize, ToSchema)]
pub struct FarAheadCount {
    #[schema(minimum = 0, maximum = 10_000)]
    count: u32,
    /// There may be more.
    is_capped: bool,
    #[schema(required, format = DateTime)]
    first_due_at: Option<String>,
}

impl From<Waiting> for FarAheadCount {
    fn from(waiting: Waiting) -> Self {
        let Waiting { count, oldest } = waiting;
        Self { count, is_capped: count >= COUNTED_MAX, first_due_at: oldest.map(timestamp) }
    }
}

impl From<Waiting> for InDoubtCount {
    fn from(waiting: Waiting) -> Self {
        let Waiting { count, oldest } = waiting;
        Self { count, is_capped: count >= COUNTED_MAX, oldest_since: oldest.map(timestamp) }
    }
}

impl From<Waiting> for ExceptionCount {
    fn from(waiting: Waiting) -> Self {
        let Waiting { count, oldest } = waiting;
        Self { count, is_capped: count >= COUNTED_MAX, oldest_since: oldest.map(timestamp) }
    }
}

impl From<Waiting> for DueCount {
    fn from(waiting: Waiting) -> Self {
        let Waiting { count, oldest } = waiting;
        Self { count, is_capped: count >= COUNTED_MAX, oldest_due_at: oldest.map(timestamp) }
    }
}

impl From<Sums> for TrialBalance {
    fn from(Sums { merchants, available, held, bank }: Sums) -> Self {
        Self {
            merchants,
            available_paise: available,
            held_paise: held,
            bank_paise: bank,
            difference_paise: available + held + bank,
        }
    }
}

/// Overview of the system
#[utoipa::path(get, path = "/overview", operation_id = "showOverview",
    responses((status = 200, description = "Now", body = Overview)))]
pub async fn show(State(api): State<Api>, _: Signed) -> Result<Json<Overview>, Problem> {
    let sums = api.store.trial_balance().await?;
    let now = api.clock.now();
    Ok(Json(Overview {
        at: timestamp(now),
        merchants: sums.merchants,
        trial_balance: sums.into(),
        in_doubt: api.store.count_in_doubt().await?.into(),
        exceptions: api.store.count_exceptions().await?.into(),
        due: api.store.count_due(now).await?.into(),
        due_far_ahead: api.store.count_due_far_ahead(now).await?.into(),
        workers: Workers::new(api.store.workers().await?, now),
        bank: AdminBank::first(&api).await?,
        banks: RailBank::all(&api).await?,
        last_verify: last(&api).await?,
    }))
}
