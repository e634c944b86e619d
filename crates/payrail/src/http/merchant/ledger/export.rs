//! `GET /api/v1/ledger/export/`: the whole book as CSV, streamed page by page, so that a long book or a slow reader
//! costs no memory.

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures::stream::{self, Stream, StreamExt};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use payrail_core::ledger;
use payrail_store::{LedgerLine, StoreError, Window};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::word::Word;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::http::merchant::auth::Caller;
use crate::http::plumbing::params::Params;
use crate::http::plumbing::period::Period;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::ledger::LedgerEntry;
use crate::http::shapes::words::EntryKind;
use crate::http::state::Api;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ExportParams {
    /// Only entries of this kind.
    kind: Option<EntryKind>,
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
/// account; a debit has a minus sign. The three add up to zero in every row, and the columns of a book add up to its
/// balances. `available_inr`, `held_inr` and `bank_inr` are the same in rupees, as exact decimals.
/// `reference`, `bank_account` and `utr` are those of the entry's payout. A text that a spreadsheet would read as
/// a formula is prefixed with `'`. The table ends with the newest entry at the beginning of the export.
#[utoipa::path(get, path = "/ledger/export", operation_id = "exportLedger", params(ExportParams, Period),
    responses(
        (status = 200, description = "The table", content_type = "text/csv", body = String,
            headers(("Content-Disposition" = String, description = "`attachment`, with a name that says the period and its time zone"))),
    ))]
pub async fn export(
    State(api): State<Api>,
    Caller(merchant): Caller,
    Params(params): Params<ExportParams>,
    Params(period): Params<Period>,
) -> Result<Response, Problem> {
    let (zone, window) = (period.zone()?, period.window()?);
    let first = match window.from {
        Some(from) => api.store.number_at(merchant.id, from).await?,
        None => 1,
    };
    let last = match window.to {
        Some(to) => api.store.number_at(merchant.id, to).await? - 1,
        None => api.store.tip(merchant.id).await?.seq,
    };
    let name = format!("attachment; filename=\"{}\"", file_name(&window, &zone, api.clock.now()));
    let headers = [(header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, name)];
    let table = header_row().chain(rows(api, merchant.id, params.kind.map(|kind| kind.0), first, last));
    Ok((headers, Body::from_stream(table)).into_response())
}

/// The file's name: the days of the table, and their time zone.
fn file_name(window: &Window, zone: &TimeZone, now: Timestamp) -> String {
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    // The end of a period is the first moment after it.
    let last = day(window.to.map_or(now, |to| to - SignedDuration::from_nanos(1)));
    let from = window.from.map(|from| format!("{}-", day(from))).unwrap_or_default();
    let zone = zone.iana_name().unwrap_or("UTC").replace('/', "-");
    format!("payrail-ledger-{from}to-{last}-{zone}.csv")
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

/// Numbers are gapless, so a page is a range of them. An error in the middle ends the connection, so that the reader
/// sees that the table is incomplete.
fn rows(
    api: Api,
    merchant: MerchantId,
    kind: Option<ledger::EntryKind>,
    first: i64,
    last: i64,
) -> impl Stream<Item = Piece> {
    const SPAN: i64 = 1_000;
    stream::unfold(first - 1, move |after| {
        let api = api.clone();
        async move {
            if after >= last {
                return None;
            }
            let up_to = (after + SPAN).min(last);
            let read = api.store.entries_oldest_first(merchant, kind, after, up_to).await;
            let piece = read.map_err(Broken::from).and_then(|lines| {
                written(|table| lines.iter().try_for_each(|line| Ok(table.write_record(row(merchant, line))?)))
            });
            let piece = piece.inspect_err(|error| tracing::error!(%error, "an export failed"));
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

/// What an entry adds to `available`, `held` and `bank`. The sum is zero.
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

/// A spreadsheet reads a cell that begins so as a formula, and a stranger may have written the text.
pub fn harmless(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    if is_formula { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::plumbing::period;

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

    #[test]
    fn the_name_of_the_file_says_the_days_and_the_zone() {
        let now = "2026-10-09T20:00:00Z".parse().unwrap();
        let name = |from, to, zone| {
            let zone = period::zone(zone).unwrap();
            file_name(&period::window(from, to, &zone).unwrap(), &zone, now)
        };
        let (from, to) = (Some("2026-10-01"), Some("2026-10-08"));
        assert_eq!(name(from, to, None), "payrail-ledger-2026-10-01-to-2026-10-08-Asia-Kolkata.csv");
        assert_eq!(name(from, None, Some("UTC")), "payrail-ledger-2026-10-01-to-2026-10-09-UTC.csv");
        assert_eq!(name(None, None, None), "payrail-ledger-to-2026-10-10-Asia-Kolkata.csv");
    }
}
