//! `GET /api/v1/events/?after=N`: the merchant's outbox, oldest first. Numbers are gapless: a client that has seen
//! event N requests the events after N and misses none.

use axum::extract::State;
use axum::response::Response;
use payrail_store::EventLine;
use payrail_types::ids::PayoutId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::clock::timestamp;
use crate::http::merchant::auth::Caller;
use crate::http::paths::MERCHANT;
use crate::http::plumbing::list::{Limit, Page};
use crate::http::plumbing::params::Params;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::words::EventKind;
use crate::http::state::Api;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// Only events after this number; 0, the default, is before the first.
    #[serde(default)]
    after: i64,
}

/// An event in the merchant's book or payouts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// 1, 2, 3, … per merchant, without a gap.
    #[schema(minimum = 1)]
    pub number: i64,
    #[schema(inline)]
    pub kind: EventKind,
    #[schema(required, value_type = Option<Uuid>)]
    pub payout_id: Option<PayoutId>,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<EventLine> for Event {
    fn from(line: EventLine) -> Self {
        let (kind, created_at) = (line.kind.into(), timestamp(line.created_at));
        Self { number: line.seq, kind, payout_id: line.payout, created_at }
    }
}

/// Events, oldest first
#[utoipa::path(get, path = "/events", operation_id = "listEvents", params(Limit, EventParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [Event]),
    ))]
pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    page: Page,
    Params(params): Params<EventParams>,
) -> Result<Response, Problem> {
    let lines = api.store.events(merchant.id, params.after, page.limit).await?;
    let next = page.last_if_full(&lines).map(|event| ("after", event.seq.to_string()));
    let items: Vec<Event> = lines.into_iter().map(Event::from).collect();
    Ok(page.answer(&format!("{MERCHANT}/events/"), &items, next))
}
