//! `GET /api/v1/events/stream/`: new rows of the merchant's outbox, as server-sent events. The notifier shortens the
//! wait. A poll once a second finds what the notifier missed.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::pin;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream;
use payrail_types::ids::MerchantId;
use payrail_types::word::Word;
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;
use utoipa::IntoParams;

use super::list::Event;
use super::stream_limit::StreamPermit;
use crate::http::merchant::auth::{Caller, Pass};
use crate::http::plumbing::params::{Params, bad_parameter};
use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;

/// The poll interval without a notification.
const POLL_EVERY: Duration = Duration::from_secs(1);
/// The shortest poll interval, however many notifications there are.
const MIN_INTERVAL: Duration = Duration::from_millis(100);
const CHECK_PASS_EVERY: Duration = Duration::from_secs(30);
/// An event and not a comment, because a page must notice a server that hangs, and browsers hide comments from pages.
const ALIVE_EVERY: Duration = Duration::from_secs(15);
const AT_ONCE: u32 = 200;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamParams {
    /// Begin after this number. The header `Last-Event-ID` takes precedence.
    after: Option<i64>,
}

/// Events, as they happen
///
/// Server-sent events (`text/event-stream`): `id` is the event's number, `event` its kind, `data` the event as JSON. A
/// reader that reconnects with `Last-Event-ID` misses nothing. A reader without a number first receives an event
/// `ready` with the data `{"number": N}`, the newest number, and then the new events. After 15 seconds without an
/// event, an event `alive` without a number keeps the connection open. The stream ends with the session or the key.
#[utoipa::path(get, path = "/events/stream", operation_id = "streamEvents",
    params(StreamParams, ("Last-Event-ID" = Option<i64>, Header, description = "The number of the last event seen")),
    responses(
        (status = 200, description = "A stream of events", content_type = "text/event-stream", body = Event),
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
    let permit = api.streams.acquire(merchant.id)?;
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
        polled_at: now - MIN_INTERVAL,
        checked_at: now,
        _permit: permit,
    };
    let messages = stream::unfold(listener, |mut listener| async move {
        let message = listener.next().await?;
        Some((Ok::<_, Infallible>(message), listener))
    });
    let sse = Sse::new(messages).keep_alive(KeepAlive::new().interval(ALIVE_EVERY).event(alive()));
    // A buffering proxy would delay the events.
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
    /// The last number read.
    after: i64,
    waiting: VecDeque<Message>,
    polled_at: Instant,
    checked_at: Instant,
    _permit: StreamPermit,
}

impl Listener {
    /// `None` ends the stream.
    async fn next(&mut self) -> Option<Message> {
        let stop = self.api.stop.clone();
        stop.run_until_cancelled(self.message()).await.flatten()
    }

    async fn message(&mut self) -> Option<Message> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Some(message);
            }
            tokio::time::sleep_until(self.polled_at + MIN_INTERVAL).await;
            if !self.may_continue().await {
                return None;
            }
            // Subscribe before the poll: it may miss an event that is written meanwhile.
            let api = self.api.clone();
            let mut news = pin!(api.engine.notifier.next(self.merchant));
            news.as_mut().enable();
            self.poll().await;
            if self.waiting.is_empty() {
                let _ = tokio::time::timeout(POLL_EVERY, news).await;
            }
        }
    }

    async fn poll(&mut self) {
        self.polled_at = Instant::now();
        let lines = match self.api.store.events(self.merchant, self.after, AT_ONCE).await {
            Ok(lines) => lines,
            // The database may come back. The next poll shows it.
            Err(error) => return tracing::warn!(%error, "a stream could not read events"),
        };
        self.after = lines.last().map_or(self.after, |line| line.seq);
        self.waiting.extend(lines.into_iter().map(|line| message(&line.into())));
    }

    /// Whether the key or the session is still valid. (If the database cannot be reached, it counts as valid.)
    async fn may_continue(&mut self) -> bool {
        if self.checked_at.elapsed() < CHECK_PASS_EVERY {
            return true;
        }
        self.checked_at = Instant::now();
        !matches!(self.pass.owner(&self.api).await, Err(problem) if problem.is_unauthorized())
    }
}

fn alive() -> Message {
    Message::default().event("alive").data("{}")
}

fn message(event: &Event) -> Message {
    let data = serde_json::to_string(event).unwrap_or_default();
    Message::default().id(event.number.to_string()).event(event.kind.0.as_str()).data(data)
}
