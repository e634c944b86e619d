//! `GET /api/v1/events/?after=N`: the merchant's outbox, oldest first. Numbers are gapless: a client
//! that has seen event n asks for what comes after n and misses nothing.

use axum::extract::State;
use axum::response::Response;
use payrail_core::command::timestamp;
use payrail_core::ids::PayoutId;
use serde::{Deserialize, Serialize};

use super::Api;
use super::auth::Caller;
use super::paging::{Params, limit, page};
use super::problem::Problem;

#[derive(Debug, Deserialize)]
pub struct EventParams {
    limit: Option<u32>,
    #[serde(default)]
    after: i64,
}

#[derive(Debug, Serialize)]
struct Event {
    number: i64,
    kind: String,
    payout_id: Option<PayoutId>,
    created_at: String,
}

pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<EventParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let lines = api.store.events(merchant.id, params.after, limit).await?;
    let next = lines.last().filter(|_| lines.len() == limit as usize);
    let next = next.map(|event| format!("after={}&limit={limit}", event.seq));
    let items: Vec<Event> = lines
        .into_iter()
        .map(|line| Event {
            number: line.seq,
            kind: line.kind,
            payout_id: line.payout,
            created_at: timestamp(line.created_at),
        })
        .collect();
    Ok(page("/api/v1/events/", &items, next))
}
