//! `GET /api/v1/ledger/`: the merchant's book, newest first. By default it has the entries that change the available
//! balance, as in the original. The sum of credits less the sum of debits always equals that balance.

use axum::extract::State;
use axum::response::Response;
use payrail_store::{LOOKED_AT_MAX, Merchant};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::merchant::auth::Caller;
use crate::http::paths::MERCHANT;
use crate::http::plumbing::list::{Limit, Page, View};
use crate::http::plumbing::params::{Params, bad_parameter};
use crate::http::plumbing::period::Period;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::ledger::{LedgerEntry, LedgerLine};
use crate::http::shapes::views::LedgerList;
use crate::http::shapes::words::EntryKind;
use crate::http::state::Api;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LedgerParams {
    /// Only entries before this number in the merchant's book.
    before: Option<i64>,
    /// `full` opts in to every entry and member. Without it, the list is the original's, byte for byte.
    #[serde(default)]
    #[param(inline)]
    view: View,
    /// Only entries of this kind; in the full view.
    kind: Option<EntryKind>,
}

/// The ledger, newest first
///
/// Without `view=full`: `LedgerLine`s, the entries that change the available balance. With it: `LedgerEntry`s,
/// every entry with the balances after it. A request with `kind` looks at no more than 5,000 entries. If it
/// stopped there, the page may be short or even empty, and `Link` still has the next one.
#[utoipa::path(get, path = "/ledger", operation_id = "listLedger", params(Limit, LedgerParams, Period),
    responses(
        (status = 200, description = "A page; `Link` has the next", body = LedgerList),
    ))]
pub async fn list(
    State(api): State<Api>,
    Caller(merchant): Caller,
    page: Page,
    Params(params): Params<LedgerParams>,
    Params(period): Params<Period>,
) -> Result<Response, Problem> {
    let is_filtered = params.kind.is_some() || period.is_set();
    match params.view {
        View::Original if is_filtered => Err(bad_parameter("kind, from and to need view=full.")),
        View::Original => original(&api, &merchant, params.before, &page).await,
        View::Full => full(&api, &merchant, &params, &period, &page).await,
    }
}

fn path() -> String {
    format!("{MERCHANT}/ledger/")
}

async fn original(api: &Api, merchant: &Merchant, before: Option<i64>, page: &Page) -> Result<Response, Problem> {
    let lines = api.store.ledger(merchant.id, before.unwrap_or(i64::MAX), page.limit).await?;
    let next = page.last_if_full(&lines).map(|line| ("before", line.entry.seq.to_string()));
    let items: Vec<_> = lines.iter().map(|line| LedgerLine::new(merchant.id, line)).collect();
    Ok(page.answer(&path(), &items, next))
}

async fn full(
    api: &Api,
    merchant: &Merchant,
    params: &LedgerParams,
    period: &Period,
    page: &Page,
) -> Result<Response, Problem> {
    let kind = params.kind.map(|kind| kind.0);
    let window = period.window()?;
    let first = match window.from {
        Some(from) => api.store.number_at(merchant.id, from).await?,
        None => 1,
    };
    let end = match window.to {
        Some(to) => api.store.number_at(merchant.id, to).await?,
        None => api.store.tip(merchant.id).await?.seq + 1,
    };
    let before = params.before.map_or(end, |before| before.min(end)).max(first);
    // Numbers are gapless, so the number of rows follows from them.
    let from = (before - LOOKED_AT_MAX as i64).max(first);
    let lines = api.store.entries_newest_first(merchant.id, kind, from, before, page.limit).await?;
    let next = if lines.len() == page.limit as usize { lines.last().map(|line| line.entry.seq) } else { Some(from) };
    let next = next.filter(|next| *next > first).map(|next| ("before", next.to_string()));
    let items: Vec<_> = lines.iter().map(|line| LedgerEntry::new(merchant.id, line)).collect();
    Ok(page.answer(&path(), &items, next))
}
