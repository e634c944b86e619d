//! `GET /api/v1/ledger/export/`: the whole book as a table for spreadsheets, streamed page by page, so that
//! neither its length nor the reader's speed costs memory.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger;
use payrail_store::{LedgerLine, StoreError};
use serde::Deserialize;
use utoipa::IntoParams;

use super::Api;
use super::auth::Caller;
use super::paging::Params;
use super::period;
use super::problem::Problem;
use super::shapes::ledger::LedgerEntry;
use super::shapes::words::EntryKind;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// Entries of this kind only.
    kind: Option<EntryKind>,
    /// Made then or later: a date, or a time (RFC 3339).
    from: Option<String>,
    /// Made before then; of a date, until its end.
    to: Option<String>,
    /// Whose dates: the IANA name of a time zone; Asia/Kolkata by default.
    zone: Option<String>,
}

const COLUMNS: [&str; 16] = [
    "number",
    "created_at",
    "kind",
    "description",
    "payout_id",
    "reference",
    "bank_account",
    "utr",
    "available_paise",
    "held_paise",
    "bank_paise",
    "available_after_paise",
    "held_after_paise",
    "available_inr",
    "held_inr",
    "bank_inr",
];

/// The whole ledger as CSV, oldest first
///
/// RFC 4180, with a header row. `available_paise`, `held_paise` and `bank_paise` say what the entry adds to each
/// account, with a minus sign for what it takes away: the three add up to zero in every row, and over all rows of a
/// book to its balances. `available_inr`, `held_inr` and `bank_inr` are the same in rupees, as exact decimals.
/// `reference`, `bank_account` and `utr` are those of the entry's payout. A text that a spreadsheet would take for
/// a formula is prefixed with `'`. The table ends with the entry that was the newest when the export began.
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
    let zone = period::zone(params.zone.as_deref())?;
    let window = period::window(params.from.as_deref(), params.to.as_deref(), &zone)?;
    let first = match window.from {
        Some(from) => api.store.number_at(merchant.id, from).await?,
        None => 1,
    };
    let last = match window.to {
        Some(to) => api.store.number_at(merchant.id, to).await? - 1,
        None => api.store.tip(merchant.id).await?.seq,
    };
    let date = api.clock.now().to_zoned(zone).date();
    let name = format!("attachment; filename=\"payrail-ledger-{date}.csv\"");
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    let table = header_row().chain(rows(api, merchant.id, params.kind, first, last));
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
fn rows(api: Api, merchant: MerchantId, kind: Option<EntryKind>, first: i64, last: i64) -> impl Stream<Item = Piece> {
    const SPAN: i64 = 1_000;
    stream::unfold(first - 1, move |after| {
        let api = api.clone();
        async move {
            if after >= last {
                return None;
            }
            let up_to = (after + SPAN).min(last);
            let read = api.store.entries_oldest_first(merchant, kind.map(Into::into), after, up_to).await;
            let piece = read.map_err(Broken::from).and_then(|lines| {
                written(|table| lines.iter().try_for_each(|line| Ok(table.write_record(row(merchant, line))?)))
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

fn row(merchant: MerchantId, line: &LedgerLine) -> [String; COLUMNS.len()] {
    let entry = LedgerEntry::new(merchant, line);
    let kind = line.entry.kind;
    let [available, held, bank] = changes(kind, entry.amount_paise.get());
    [
        entry.number.to_string(),
        entry.created_at.clone(),
        kind.as_str().to_owned(),
        harmless(&entry.description),
        entry.payout_id.map(|id| id.to_string()).unwrap_or_default(),
        entry.payout_id.map(PayoutId::reference).unwrap_or_default(),
        harmless(line.bank_account_id.as_deref().unwrap_or_default()),
        harmless(line.utr.as_deref().unwrap_or_default()),
        available.to_string(),
        held.to_string(),
        bank.to_string(),
        entry.available_after_paise.get().to_string(),
        entry.held_after_paise.get().to_string(),
        rupees(available),
        rupees(held),
        rupees(bank),
    ]
}

/// What an entry adds to `available`, `held` and `bank`: together nothing.
fn changes(kind: ledger::EntryKind, paise: i64) -> [i64; 3] {
    match kind {
        ledger::EntryKind::Fund | ledger::EntryKind::Return => [paise, 0, -paise],
        ledger::EntryKind::Hold => [-paise, paise, 0],
        ledger::EntryKind::Settle => [0, -paise, paise],
        ledger::EntryKind::Refund => [paise, -paise, 0],
    }
}

fn rupees(paise: i64) -> String {
    let (sign, size) = (if paise < 0 { "-" } else { "" }, paise.unsigned_abs());
    format!("{sign}{}.{:02}", size / 100, size % 100)
}

/// A cell that begins so is a formula to a spreadsheet, and its words may be a stranger's.
pub fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_are_exact_and_signed() {
        for (paise, text) in [(0, "0.00"), (-5, "-0.05"), (123_456, "1234.56"), (i64::MIN, "-92233720368547758.08")] {
            assert_eq!(rupees(paise), text);
        }
    }

    #[test]
    fn a_text_is_no_formula() {
        for (text, cell) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\n=1", "'\n=1"),
            ("＝1", "'＝1"),
            ("a=1", "a=1"),
        ] {
            assert_eq!(harmless(text), cell);
        }
    }
}
