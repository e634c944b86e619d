//! `GET /metrics`. The lanes' counters belong to this process. The gauges of the database are read on request, so every
//! process reports the same ones. No metric is about a single merchant.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use jiff::Timestamp;
use metrics::gauge;
use payrail_store::Waiting;

use crate::http::plumbing::problem::Problem;
use crate::http::state::Api;
use crate::telemetry::{
    ANOTHER_BANK, DUE, DUE_FAR_AHEAD, DUE_OLDEST, EXCEPTIONS, EXCEPTIONS_OLDEST, IN_DOUBT, IN_DOUBT_OLDEST,
    RETURNS_WAITING, WAITING, text,
};
use crate::{bank_change, readiness};

pub async fn show(State(api): State<Api>) -> Result<impl IntoResponse, Problem> {
    let now = api.clock.now();
    let counted = tokio::try_join!(
        api.store.count_in_doubt(),
        api.store.count_due(now),
        api.store.count_due_far_ahead(now),
        readiness::compare(&api.store)
    );
    let (in_doubt, due, far_ahead, _) = counted?;
    gauge!(DUE_FAR_AHEAD).set(far_ahead.count);
    for (count, oldest, waiting) in [(IN_DOUBT, IN_DOUBT_OLDEST, in_doubt), (DUE, DUE_OLDEST, due)] {
        gauge!(count).set(waiting.count);
        gauge!(oldest).set(age(waiting, now));
    }
    let (exceptions, returns) = tokio::try_join!(api.store.count_exceptions(), api.store.count_waiting_returns())?;
    gauge!(EXCEPTIONS).set(exceptions.count);
    gauge!(EXCEPTIONS_OLDEST).set(age(exceptions, now));
    gauge!(RETURNS_WAITING).set(returns.count);
    for rail in bank_change::rails(&api.store, &api.rails.configured).await? {
        let bank = bank_change::state(&api.store, rail, now).await?;
        gauge!(ANOTHER_BANK, "rail" => rail.to_string()).set(u32::from(bank.met.is_some()));
    }
    gauge!(WAITING).set(u32::try_from(api.engine.waiting()).unwrap_or(u32::MAX));
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text()))
}

fn age(waiting: Waiting, now: Timestamp) -> u32 {
    let seconds = waiting.oldest.map_or(0, |oldest| now.as_second() - oldest.as_second());
    u32::try_from(seconds).unwrap_or(0)
}
