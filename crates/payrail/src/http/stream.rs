//! `GET /api/v1/events/stream/`: the merchant's outbox as it grows, as server-sent events. The
//! notifier shortens the wait; what it does not tell of is found by looking once a second.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use payrail_core::ids::MerchantId;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::Api;
use super::auth::{Caller, Pass};
use super::events::Event;
use super::paging::{Params, bad_parameter};
use super::problem::Problem;
use super::streams::Place;

/// How long to wait without a notification.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How soon to look again however many notifications there are.
const REST: Duration = Duration::from_millis(100);
const CHECK_PASS_EVERY: Duration = Duration::from_secs(30);
const COMMENT_EVERY: Duration = Duration::from_secs(15);
const AT_ONCE: u32 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamParams {
    /// Begin after this number. The header `Last-Event-ID` wins over it.
    after: Option<i64>,
}

/// What happens, as it happens
///
/// Server-sent events (`text/event-stream`): `id` is the event's number, `event` its kind, `data` the event as
/// JSON. A reader that comes back with `Last-Event-ID` misses nothing. One that names no number receives
/// what happens from now on, after a first event `ready` with the data `{"number": N}`, the newest number. A comment every
/// 15 seconds keeps the connection up. It ends when the session or the key does.
#[utoipa::path(get, path = "/events/stream", operation_id = "streamEvents",
    params(StreamParams, ("Last-Event-ID" = Option<i64>, Header, description = "The number of the last event seen")),
    responses(
        (status = 200, description = "A stream of events", content_type = "text/event-stream", body = Event),
        (status = 400, description = "`invalid_parameter`", body = Problem),
        (status = 429, description = "`too_many_streams`: this merchant has as many open as are allowed (50 by \
            default); again after `Retry-After`", body = Problem),
    ))]
pub async fn listen(
    State(api): State<Api>,
    Caller(merchant): Caller,
    pass: Pass,
    Params(params): Params<StreamParams>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let place = api.streams.enter(merchant.id)?;
    let asked = last_seen(&headers)?.or(params.after);
    let mut waiting = VecDeque::new();
    let after = match asked {
        Some(after) => after,
        None => {
            let number = api.store.newest_event(merchant.id).await?;
            waiting.push_back(
                Message::default().event("ready").id(number.to_string()).data(json!({ "number": number }).to_string()),
            );
            number
        }
    };
    let now = Instant::now();
    let listener = Listener {
        api,
        merchant: merchant.id,
        pass,
        after,
        waiting,
        looked_at: now - REST,
        checked_at: now,
        _place: place,
    };
    let messages = stream::unfold(listener, |mut listener| async move {
        let message = listener.next().await?;
        Some((Ok::<_, Infallible>(message), listener))
    });
    let sse = Sse::new(messages).keep_alive(KeepAlive::new().interval(COMMENT_EVERY));
    // A proxy that gathers answers would hold the events back.
    Ok(([(HeaderName::from_static("x-accel-buffering"), "no")], sse).into_response())
}

pub fn last_seen(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| bad_parameter("Last-Event-ID must be the number of an event."))
}

struct Listener {
    api: Api,
    merchant: MerchantId,
    pass: Pass,
    /// The last number that was read.
    after: i64,
    waiting: VecDeque<Message>,
    looked_at: Instant,
    checked_at: Instant,
    _place: Place,
}

impl Listener {
    /// None: the stream ends.
    async fn next(&mut self) -> Option<Message> {
        let stop = self.api.stop.clone();
        stop.run_until_cancelled(self.message()).await.flatten()
    }

    async fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            tokio::time::sleep_until(self.looked_at + REST).await;
            if !self.may_go_on().await {
                return None;
            }
            // Heard from before the look on: what is written during it is news too.
            let api = self.api.clone();
            let mut news = pin!(api.door.notifier.next(self.merchant));
            news.as_mut().enable();
            self.look().await;
            if self.waiting.is_empty() {
                let _ = tokio::time::timeout(LOOK_EVERY, news).await;
            }
        }
    }

    async fn look(&mut self) {
        self.looked_at = Instant::now();
        let lines = match self.api.store.events(self.merchant, self.after, AT_ONCE).await {
            Ok(lines) => lines,
            // The database may come back: the next look will tell.
            Err(error) => return tracing::warn!(%error, "a stream could not look for events"),
        };
        self.after = lines.last().map_or(self.after, |line| line.seq);
        self.waiting.extend(lines.into_iter().map(|line| message(&line.into())));
    }

    /// Until the key is revoked, or the session ended. (A database that cannot be asked ends nothing.)
    async fn may_go_on(&mut self) -> bool {
        if self.checked_at.elapsed() < CHECK_PASS_EVERY {
            return true;
        }
        self.checked_at = Instant::now();
        !matches!(self.pass.owner(&self.api).await, Err(problem) if problem.is_unauthorized())
    }
}

fn message(event: &Event) -> Message {
    let data = serde_json::to_string(event).unwrap_or_default();
    Message::default().id(event.number.to_string()).event(event.kind).data(data)
}
