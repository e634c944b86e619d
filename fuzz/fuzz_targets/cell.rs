#![no_main]
//! A cell of an export: no formula to a spreadsheet, and otherwise what it was, through the table and back.

use libfuzzer_sys::fuzz_target;
use payrail::http::parsers::cell;

fuzz_target!(|text: &str| {
    let harmless = cell(text);
    assert!(!harmless.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']));
    assert_eq!(harmless.strip_prefix('\'').filter(|rest| *rest == text).unwrap_or(&harmless), text);
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record([harmless.as_str(), "next"]).unwrap();
    let bytes = table.into_inner().unwrap();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes.as_slice());
    let row = rows.records().next().unwrap().unwrap();
    assert_eq!((&row[0], &row[1]), (harmless.as_str(), "next"));
});
