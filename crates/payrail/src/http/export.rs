//! `GET /api/v1/ledger/export/`: the whole book as a table for spreadsheets, streamed page by page, so that
//! neither its length nor the reader's speed costs memory.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use jiff::tz::TimeZone;
use payrail_core::ids::MerchantId;
use payrail_store::StoreError;
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::auth::Caller;
use super::paging::Params;
use super::problem::Problem;
use super::shapes::ledger::LedgerEntry;
use super::shapes::words::EntryKind;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// Entries of this kind only.
    kind: Option<EntryKind>,
}

const COLUMNS: [&str; 9] = [
    "number",
    "created_at",
    "kind",
    "description",
    "payout_id",
    "amount_paise",
    "available_after_paise",
    "held_after_paise",
    "amount_inr",
];

/// The whole ledger as CSV, oldest first
///
/// RFC 4180, with a header row: `number`, `created_at`, `kind`, `description`, `payout_id`, `amount_paise`,
/// `available_after_paise`, `held_after_paise`, `amount_inr` (rupees, an exact decimal). A text that a
/// spreadsheet would take for a formula is prefixed with `'`. It ends with the entry that was the newest when
/// it began.
#[utoipa::path(get, path = "/ledger/export", operation_id = "exportLedger", params(ExportParams),
    responses(
        (status = 200, description = "The table", content_type = "text/csv", body = String,
            headers(("Content-Disposition" = String, description = "`attachment`, with a name of the day"))),
        (status = 400, description = "`invalid_parameter`", body = Problem),
    ))]
pub async fn export(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<ExportParams>,
) -> Result<Response, Problem> {
    let last = api.store.tip(merchant.id).await?.seq;
    let date = api.clock.now().to_zoned(TimeZone::UTC).date();
    let name = format!("attachment; filename=\"payrail-ledger-{date}.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    let table = header_row().chain(rows(api, merchant.id, params.kind, last));
    Ok((headers, Body::from_stream(table)).into_response())
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Table(#[from] csv::Error),
    #[error("the table's buffer: {0}")]
    Buffer(String),
}

type Piece = Result<Bytes, Broken>;

fn header_row() -> impl Stream<Item = Piece> {
    stream::once(async { written(|table| Ok(table.write_record(COLUMNS)?)) })
}

/// Numbers are gapless, so a page is a span of them. An error in the middle breaks the connection off: the
/// reader sees that the table is not complete.
fn rows(api: Api, merchant: MerchantId, kind: Option<EntryKind>, last: i64) -> impl Stream<Item = Piece> {
    const SPAN: i64 = 1_000;
    stream::unfold(0, move |after| {
        let api = api.clone();
        async move {
            if after >= last {
                return None;
            }
            let up_to = (after + SPAN).min(last);
            let read = api.store.entries_oldest_first(merchant, kind.map(Into::into), after, up_to).await;
            let piece = read.map_err(Broken::from).and_then(|lines| {
                written(|table| {
                    lines.iter().try_for_each(|line| Ok(table.write_record(row(&LedgerEntry::new(merchant, line)))?))
                })
            });
            let piece = piece.inspect_err(|error| tracing::error!(%error, "an export broke off"));
            let next = if piece.is_ok() { up_to } else { last };
            Some((piece, next))
        }
    })
}

type Table = csv::Writer<Vec<u8>>;

fn written(write: impl FnOnce(&mut Table) -> Result<(), Broken>) -> Piece {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    write(&mut table)?;
    table.into_inner().map(Bytes::from).map_err(|error| Broken::Buffer(error.to_string()))
}

fn row(entry: &LedgerEntry) -> [String; COLUMNS.len()] {
    let kind = payrail_core::ledger::EntryKind::from(entry.kind).as_str();
    let paise = entry.amount_paise.get();
    [
        entry.number.to_string(),
        entry.created_at.clone(),
        kind.to_owned(),
        harmless(&entry.description),
        entry.payout_id.map(|id| id.to_string()).unwrap_or_default(),
        paise.to_string(),
        entry.available_after_paise.get().to_string(),
        entry.held_after_paise.get().to_string(),
        format!("{}.{:02}", paise / 100, paise % 100),
    ]
}

/// A cell that begins so is a formula to a spreadsheet, and its words may be a stranger's.
pub fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_no_formula() {
        for (text, cell) in
            [("=1+1", "'=1+1"), ("+1", "'+1"), ("-1", "'-1"), ("@x", "'@x"), ("\tx", "'\tx"), ("a=1", "a=1")]
        {
            assert_eq!(harmless(text), cell);
        }
    }
}
