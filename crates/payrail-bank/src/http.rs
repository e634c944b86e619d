//! The bank's HTTP API: every answer is JSON, errors too.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::entry::{Answer, Order, Terms, Transfer, is_reference};
use crate::lists::Page;
use crate::problem::{bad, problem, unreadable, unwritten};
use crate::service::Service;
use crate::{accounts, identity};

const BODY_MAX: usize = 16 * 1024;
const PAGE_MAX: i64 = 1_000;

pub fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/transfers", post(submit).get(paid))
        .route("/v1/transfers/{reference}", get(enquire))
        .route("/v1/transfers/{reference}/close", post(close))
        .route("/v1/returns", get(returns))
        .route("/v1/statement", get(statement))
        .route("/v1/identity", get(identity::show))
        .route("/v1/reset", post(identity::reset))
        .route("/healthz", get(health))
        .fallback(async || problem(StatusCode::NOT_FOUND, "there is nothing at this path"))
        .method_not_allowed_fallback(async || problem(StatusCode::METHOD_NOT_ALLOWED, "the method is not allowed here"))
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(middleware::from_fn_with_state(service.clone(), identity::check))
        .with_state(service)
}

async fn submit(
    State(service): State<Arc<Service>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Response> {
    let body = body.map_err(|rejection| problem(rejection.status(), rejection.body_text()))?;
    let transfer: Transfer = serde_json::from_slice(&body).map_err(bad)?;
    if let Some(fault) = transfer.fault() {
        return Err(bad(fault));
    }
    let reference = transfer.reference.clone();
    let is_random = accounts::forced(&transfer.bank_account_id).is_none();
    let answer = match transfer.bank_account_id.as_str() {
        accounts::SLOW => submit_late(&service, transfer).await,
        _ => service.book.carry_out(Order::Submit(transfer)).await,
    };
    let answer = answer.ok_or_else(unwritten)?;
    if is_random {
        // Silence has a delay of its own.
        pause(if answer == Answer::Silence { Duration::ZERO } else { service.random_delay }).await;
    }
    service.respond(&reference, answer).await
}

/// Skips the timer for zero, because even an empty sleep takes a millisecond.
async fn pause(time: Duration) {
    if !time.is_zero() {
        sleep(time).await;
    }
}

/// Runs on its own task, so that the bank pays even if the caller hangs up.
async fn submit_late(service: &Arc<Service>, transfer: Transfer) -> Option<Answer> {
    let service = Arc::clone(service);
    let late = async move {
        sleep(accounts::SLOWNESS).await;
        service.book.carry_out(Order::Submit(transfer)).await
    };
    tokio::spawn(late).await.ok()?
}

type Reference = Result<Path<String>, PathRejection>;

async fn enquire(State(service): State<Arc<Service>>, path: Reference) -> Result<Response, Response> {
    let Path(reference) = path.map_err(bad)?;
    let answer = service.book.enquire(&reference).map_err(unreadable)?;
    service.respond(&reference, answer).await
}

async fn close(State(service): State<Arc<Service>>, path: Reference) -> Result<Response, Response> {
    let Path(reference) = path.map_err(bad)?;
    if !is_reference(&reference) {
        return Err(bad("this is not a reference"));
    }
    let answer = service.book.carry_out(Order::Close(reference.clone())).await;
    service.respond(&reference, answer.ok_or_else(unwritten)?).await
}

#[derive(Serialize)]
struct Body<'a> {
    status: &'static str,
    reference: &'a str,
    #[serde(flatten)]
    terms: Option<Terms>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utr: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Service {
    async fn respond(&self, reference: &str, answer: Answer) -> Result<Response, Response> {
        let mut body = Body { status: "", reference, terms: None, utr: None, reason: None };
        match answer {
            Answer::Paid { terms, utr } => (body.status, body.terms, body.utr) = ("paid", Some(terms), Some(utr)),
            Answer::Refused { terms, reason } => {
                (body.status, body.terms, body.reason) = ("refused", Some(terms), Some(reason));
            }
            Answer::Closed => body.status = "closed",
            Answer::NeverReceived => body.status = "never_received",
            Answer::Silence => return Err(self.stay_silent().await),
            Answer::Conflict => {
                let error = "this reference is known for another amount or bank account";
                return Err(problem(StatusCode::CONFLICT, error));
            }
        }
        pause(self.delay).await;
        Ok(Json(body).into_response())
    }

    /// Keeps the caller waiting, until the bank stops at the latest.
    async fn stay_silent(&self) -> Response {
        let mut stopping = self.stopping.clone();
        tokio::select! {
            () = sleep(self.silence) => {}
            _ = stopping.changed() => {}
        }
        problem(StatusCode::GATEWAY_TIMEOUT, "no answer in time")
    }
}

#[derive(Deserialize)]
struct PageQuery {
    #[serde(default)]
    after: i64,
    limit: Option<i64>,
}

impl PageQuery {
    fn page(&self) -> Page {
        Page { after: self.after.max(0), limit: self.limit.unwrap_or(100).clamp(1, PAGE_MAX) }
    }
}

type Queried<T> = Result<Query<T>, QueryRejection>;

async fn paid(State(service): State<Arc<Service>>, query: Queried<PageQuery>) -> Result<Json<Value>, Response> {
    let paid = service.book.paid(query.map_err(bad)?.page()).await.map_err(unreadable)?;
    Ok(Json(json!({ "transfers": paid })))
}

async fn returns(State(service): State<Arc<Service>>, query: Queried<PageQuery>) -> Result<Json<Value>, Response> {
    let returns = service.book.returns(query.map_err(bad)?.page()).await.map_err(unreadable)?;
    Ok(Json(json!({ "returns": returns })))
}

#[derive(Deserialize)]
struct DayQuery {
    day: String,
    /// How many of the day's lines to skip.
    #[serde(default)]
    after: i64,
    limit: Option<i64>,
}

async fn statement(State(service): State<Arc<Service>>, query: Queried<DayQuery>) -> Result<Json<Value>, Response> {
    let Query(DayQuery { day, after, limit }) = query.map_err(bad)?;
    let (from, to) = bounds(&day).ok_or_else(|| bad("day must be a date such as 2026-11-22"))?;
    let page = PageQuery { after, limit }.page();
    let lines = service.book.statement(from, to, page).await.map_err(unreadable)?;
    Ok(Json(json!({ "day": day, "lines": lines })))
}

/// The day's first moment and the next day's, in microseconds, UTC.
fn bounds(day: &str) -> Option<(i64, i64)> {
    let day: Date = day.parse().ok()?;
    let start = |day: Date| Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp().as_microsecond());
    Some((start(day)?, start(day.tomorrow().ok()?)?))
}

async fn health(State(service): State<Arc<Service>>) -> Result<Json<Value>, Response> {
    match service.book.is_readable() {
        true => Ok(Json(json!({ "status": "ok" }))),
        false => Err(problem(StatusCode::SERVICE_UNAVAILABLE, "the book cannot be read")),
    }
}
