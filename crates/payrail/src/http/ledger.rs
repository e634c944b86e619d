//! `GET /api/v1/ledger/`: the merchant's book, newest first. By default the entries that touch the available
//! balance, as the original had them; at all times the sum of credits less the sum of debits is that balance.

use axum::extract::State;
use axum::response::Response;
use payrail_store::{LOOKED_AT_MAX, Merchant};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::auth::Caller;
use super::paging::{Params, View, bad_parameter, limit, page, query};
use super::period;
use super::problem::Problem;
use super::shapes::ledger::{LedgerEntry, LedgerLine};
use super::shapes::views::LedgerList;
use super::shapes::words::EntryKind;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerParams {
    /// How many at the most, 50 by default.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u32>,
    /// Entries older than this number in the merchant's book.
    before: Option<i64>,
    /// `full` opts in to every entry and member; without it a list is the original's, to the byte.
    #[serde(default)]
    #[param(inline)]
    view: View,
    /// Entries of this kind only; in the full view.
    kind: Option<EntryKind>,
    /// Made then or later: a date, or a time (RFC 3339). In the full view.
    from: Option<String>,
    /// Made before then; of a date, until its end.
    to: Option<String>,
    /// Whose dates: the IANA name of a time zone; Asia/Kolkata by default.
    zone: Option<String>,
}

/// The ledger, newest first
///
/// Without `view=full`: `LedgerLine`s, the entries that touch the available balance. With it: `LedgerEntry`s,
/// every entry with the balances after it. A request with `kind` looks at no more than 5,000 entries. If it
/// stopped there, the page may be short or even empty, and `Link` still has the next one.
#[utoipa::path(get, path = "/ledger", operation_id = "listLedger", params(LedgerParams),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = LedgerList,
            headers(("Link" = Option<String>, description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<LedgerParams>,
) -> Result<Response, Problem> {
    let limit = limit(params.limit)?;
    let is_filtered = params.kind.is_some() || params.from.is_some() || params.to.is_some();
    match params.view {
        View::Original if is_filtered => Err(bad_parameter("kind, from and to need view=full.")),
        View::Original => original(&api, &merchant, params.before, limit).await,
        View::Full => full(&api, &merchant, params, limit).await,
    }
}

const PATH: &str = "/api/v1/ledger/";

async fn original(api: &Api, merchant: &Merchant, before: Option<i64>, limit: u32) -> Result<Response, Problem> {
    let lines = api.store.ledger(merchant.id, before.unwrap_or(i64::MAX), limit).await?;
    let next = lines.last().filter(|_| lines.len() == limit as usize);
    let next = next.map(|line| format!("before={}&limit={limit}", line.entry.seq));
    let items: Vec<_> = lines.iter().map(|line| LedgerLine::new(merchant.id, line)).collect();
    Ok(page(PATH, &items, next))
}

async fn full(api: &Api, merchant: &Merchant, params: LedgerParams, limit: u32) -> Result<Response, Problem> {
    let kind = params.kind;
    let zone = period::zone(params.zone.as_deref())?;
    let window = period::window(params.from.as_deref(), params.to.as_deref(), &zone)?;
    let first = match window.from {
        Some(from) => api.store.number_at(merchant.id, from).await?,
        None => 1,
    };
    let end = match window.to {
        Some(to) => api.store.number_at(merchant.id, to).await?,
        None => api.store.tip(merchant.id).await?.seq + 1,
    };
    let before = params.before.map_or(end, |before| before.min(end)).max(first);
    // Numbers are gapless: so many numbers are so many rows.
    let from = (before - LOOKED_AT_MAX as i64).max(first);
    let lines = api.store.entries_newest_first(merchant.id, kind.map(Into::into), from, before, limit).await?;
    let next = if lines.len() == limit as usize { lines.last().map(|line| line.entry.seq) } else { Some(from) };
    let next = next.filter(|next| *next > first).map(|next| {
        query(&[
            ("before", Some(next.to_string())),
            ("limit", Some(limit.to_string())),
            ("view", View::Full.word()),
            ("kind", kind.map(|kind| payrail_core::ledger::EntryKind::from(kind).as_str().to_owned())),
            ("from", params.from),
            ("to", params.to),
            ("zone", params.zone),
        ])
    });
    let items: Vec<_> = lines.iter().map(|line| LedgerEntry::new(merchant.id, line)).collect();
    Ok(page(PATH, &items, next))
}
