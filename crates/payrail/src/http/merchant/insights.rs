//! `GET /api/v1/insights/`: the balance over time and the outcomes of the newest payouts, for charts. The cost does not
//! grow with the book: a binary search, 60 entries, and at most 2,000 payouts.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use payrail_core::ledger::Balances;
use payrail_core::payout::Status;
use payrail_store::OutcomeLine;
use payrail_types::ids::{Bucket, MerchantId, PayoutId};
use payrail_types::money::Paise;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::auth::Caller;
use crate::clock::timestamp;
use crate::http::plumbing::params::{Params, bad_parameter};
use crate::http::plumbing::period;
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;

const POINTS_MOST: i64 = 60;
const COUNTED_MOST: u32 = 2_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct InsightParams {
    /// The number of days, including today; 30 by default.
    #[param(minimum = 1, maximum = 366)]
    days: Option<u16>,
    /// The time zone of the days, by its IANA name; Asia/Kolkata by default.
    zone: Option<String>,
}

/// The balance over time and the outcomes of the newest payouts. The last day is today, in the requested time zone.
#[derive(Debug, Serialize, ToSchema)]
pub struct Insights {
    days: u16,
    /// The time zone of the days, by its IANA name.
    zone: String,
    /// Oldest first: the balance at the beginning of the first day, then at most 60 entries of the window, evenly
    /// spread by number, including the first and the newest.
    balance: Vec<BalancePoint>,
    /// One item per day, oldest first, including days without a payout.
    outcomes: Vec<OutcomeDay>,
    /// How many payouts the outcomes count: at most the newest 2,000 of the window.
    counted: u32,
    /// Whether these are all payouts of the window. If not, some are missing from the oldest days.
    is_complete: bool,
}

/// The merchant's balances at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub struct BalancePoint {
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    at: String,
    /// Paise.
    #[schema(value_type = i64, minimum = 0)]
    available_paise: Paise,
    /// Paise.
    #[schema(value_type = i64, minimum = 0)]
    held_paise: Paise,
}

/// The payouts of a day, by their current status.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct OutcomeDay {
    /// The day, in the time zone of the answer.
    #[schema(format = Date)]
    date: String,
    completed: u32,
    failed: u32,
    cancelled: u32,
    returned: u32,
    pending: u32,
    /// Without those in doubt.
    processing: u32,
    /// The last call to the bank got no definite answer.
    in_doubt: u32,
    /// The sum of the completed payouts, in paise.
    #[schema(value_type = i64, minimum = 0)]
    paid_paise: Paise,
}

/// Figures for charts
#[utoipa::path(get, path = "/insights", operation_id = "showInsights", params(InsightParams),
    responses(
        (status = 200, description = "The course of the balance, and outcomes by day", body = Insights),
    ))]
pub async fn show(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<InsightParams>,
) -> Result<Json<Insights>, Problem> {
    let days = params.days.unwrap_or(30);
    if !(1..=366).contains(&days) {
        return Err(bad_parameter("days must be from 1 to 366."));
    }
    let zone = period::zone(params.zone.as_deref())?;
    let window = Window::of(api.clock.now(), days, zone).map_err(|error| Problem::internal(&error))?;
    let balance = balance(&api, merchant.id, window.start).await?;
    let mut lines = api.store.outcomes(merchant.id, window.first_id(), COUNTED_MOST + 1).await?;
    let is_complete = lines.len() <= COUNTED_MOST as usize;
    lines.truncate(COUNTED_MOST as usize);
    lines.retain(|line| line.created_at >= window.start);
    let outcomes = outcomes(&window, &lines).ok_or_else(|| Problem::internal(&"a day's sum beyond 64 bits"))?;
    let counted = u32::try_from(lines.len()).unwrap_or(COUNTED_MOST);
    let zone = window.zone.iana_name().unwrap_or("UTC").to_owned();
    Ok(Json(Insights { days, zone, balance, outcomes, counted, is_complete }))
}

struct Window {
    days: Vec<Date>,
    /// The beginning of the first day.
    start: Timestamp,
    zone: TimeZone,
}

impl Window {
    fn of(now: Timestamp, days: u16, zone: TimeZone) -> Result<Self, jiff::Error> {
        let today = now.to_zoned(zone.clone()).date();
        let first = today.checked_sub(Span::new().days(i64::from(days) - 1))?;
        let start = first.to_zoned(zone.clone())?.timestamp();
        Ok(Self { days: first.series(Span::new().days(1)).take(usize::from(days)).collect(), start, zone })
    }

    /// An id below those of all payouts of the window. It is a little earlier, because an id is made before its payout.
    fn first_id(&self) -> PayoutId {
        let earlier = self.start.saturating_sub(SignedDuration::from_mins(5)).unwrap_or(self.start);
        PayoutId::new(earlier, Bucket::new(0), 0)
    }
}

async fn balance(api: &Api, merchant: MerchantId, start: Timestamp) -> Result<Vec<BalancePoint>, Problem> {
    let last = api.store.tip(merchant).await?.seq;
    let first = api.store.number_at(merchant, start).await?;
    let before = api.store.balances_over(merchant, first - 1, first - 1, 2).await?;
    let balances = before.first().map_or(Balances::default(), |line| line.after);
    let mut points = vec![BalancePoint::new(start, balances)];
    let within = api.store.balances_over(merchant, first, last, POINTS_MOST).await?;
    points.extend(within.iter().map(|line| BalancePoint::new(line.created_at, line.after)));
    Ok(points)
}

impl BalancePoint {
    fn new(at: Timestamp, balances: Balances) -> Self {
        Self { at: timestamp(at), available_paise: balances.available, held_paise: balances.held }
    }
}

/// `None` if a sum does not fit.
fn outcomes(window: &Window, lines: &[OutcomeLine]) -> Option<Vec<OutcomeDay>> {
    let empty = |date: &Date| (*date, OutcomeDay { date: date.to_string(), ..OutcomeDay::default() });
    let mut days: BTreeMap<Date, OutcomeDay> = window.days.iter().map(empty).collect();
    for line in lines {
        let Some(day) = days.get_mut(&line.created_at.to_zoned(window.zone.clone()).date()) else { continue };
        *match line.status {
            Status::Completed => &mut day.completed,
            Status::Failed => &mut day.failed,
            Status::Cancelled => &mut day.cancelled,
            Status::Returned => &mut day.returned,
            Status::Pending => &mut day.pending,
            Status::Processing if line.is_in_doubt => &mut day.in_doubt,
            Status::Processing => &mut day.processing,
        } += 1;
        if line.status == Status::Completed {
            day.paid_paise = day.paid_paise.plus(line.amount.paise())?;
        }
    }
    Some(days.into_values().collect())
}
