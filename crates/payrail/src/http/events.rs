//! `GET /api/v1/events/?after=N`: the merchant's outbox, oldest first. Numbers are gapless: a client
//! that has seen event n asks for what comes after n and misses nothing.

use axum::extract::State;
use axum::response::Response;
use payrail_core::command::timestamp;
use payrail_core::event::EventKind;
use payrail_core::ids::PayoutId;
use payrail_store::EventLine;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use super::Api;
use super::auth::Caller;
use super::paging::{Params, limit, page};
use super::problem::Problem;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EventParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Events after this number; 0, the default, is before the first.
    #[serde(default)]
    after: i64,
}

/// Something that happened to the merchant's book or payouts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Event {
    /// 1, 2, 3, … per merchant, without a gap.
    #[schema(minimum = 1)]
    pub number: i64,
    /// What happened. `payout.` and a status: the payout has this status from then on. `payout.in_doubt`: its last
    /// call got no definite answer, and it is still `processing`. `balance.funded`: money came in.
    #[schema(schema_with = kinds)]
    pub kind: &'static str,
    #[schema(required, value_type = Option<Uuid>)]
    pub payout_id: Option<PayoutId>,
    /// RFC 3339, UTC, microseconds.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl From<EventLine> for Event {
    fn from(line: EventLine) -> Self {
        let kind = line.kind.as_str();
        Self { number: line.seq, kind, payout_id: line.payout, created_at: timestamp(line.created_at) }
    }
}

/// The core lists them; clients know them by the document.
fn kinds() -> Object {
    let words = EventKind::ALL.map(EventKind::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

/// What happened, oldest first
#[utoipa::path(get, path = "/events", operation_id = "listEvents", params(EventParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = [Event],
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<EventParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let lines = api.store.events(merchant.id, params.after, limit).await?;
    let next = lines.last().filter(|_| lines.len() == limit as usize);
    let next = next.map(|event| format!("after={}&limit={limit}", event.seq));
    let items: Vec<Event> = lines.into_iter().map(Event::from).collect();
    Ok(page("/api/v1/events/", &items, next))
}
