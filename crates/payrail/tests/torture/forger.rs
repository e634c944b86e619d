//! The bank's false statements, made on its wire. Its list of returns has forged lines around each true one, and some
//! of its UTRs belong to another payment. All are derived from the bank's own numbers, so they are the same for every
//! reader and after each restart. The statements are logged for the auditor in bank.jsonl.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::http::{Message, exchange};

/// In each group of this many payments, the second is stated under the first one's UTR.
const SHARED_EVERY: u64 = 8;
const LINES: [Line; 6] =
    [Line::Partial, Line::True, Line::OtherUtr, Line::Again, Line::UnknownReference, Line::PartialUnderOtherUtr];
/// How many lines the bank's list has for each return in its book.
pub const LINES_PER_RETURN: i64 = LINES.len() as i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    True,
    /// Another amount than was paid, most often a smaller one.
    Partial,
    OtherUtr,
    PartialUnderOtherUtr,
    /// The same facts under another number.
    Again,
    UnknownReference,
}

pub struct Forger {
    notes: Mutex<Notes>,
}

struct Notes {
    file: File,
    /// The highest line of the list that is logged.
    lines: i64,
    utrs: BTreeSet<u64>,
}

impl Forger {
    pub fn begin(folder: &Path) -> Self {
        let file = File::create(folder.join("bank.jsonl")).unwrap();
        Self { notes: Mutex::new(Notes { file, lines: 0, utrs: BTreeSet::new() }) }
    }

    /// Forwards to the bank and forges its answer.
    pub async fn exchange(&self, bank: SocketAddr, request: &Message) -> Option<Message> {
        let Some(page) = Page::of(request) else {
            let mut answer = exchange(bank, request).await?;
            self.share_utrs(&mut answer.bytes);
            return Some(answer);
        };
        let mut answer = exchange(bank, &page.in_the_book(request)).await?;
        self.share_utrs(&mut answer.bytes);
        let Some(returns) = returns_in(&answer) else { return Some(answer) };
        let mut lines: Vec<Value> = returns.iter().flat_map(lines_about).collect();
        lines.retain(|line| line["number"].as_i64().unwrap() > page.after);
        lines.truncate(page.limit);
        self.notes.lock().unwrap().lines(&lines);
        lines.iter_mut().for_each(|line| drop(line.as_object_mut().unwrap().remove("forged")));
        Some(answer.with_body(json!({ "returns": lines }).to_string().as_bytes()))
    }

    /// All UTRs have the same length.
    fn share_utrs(&self, bytes: &mut [u8]) {
        for at in 0..bytes.len().saturating_sub(15) {
            if let Some(number) = utr_at(&bytes[at..at + 16]).filter(|number| number % SHARED_EVERY == 2) {
                let stated = utr(number - 1);
                bytes[at..at + 16].copy_from_slice(stated.as_bytes());
                self.notes.lock().unwrap().utr(number, &stated);
            }
        }
    }
}

impl Notes {
    fn lines(&mut self, lines: &[Value]) {
        for line in lines {
            let number = line["number"].as_i64().unwrap();
            if number > self.lines {
                self.lines = number;
                let mut note = line.clone();
                note["event"] = json!("line");
                writeln!(self.file, "{note}").unwrap();
            }
        }
    }

    fn utr(&mut self, number: u64, stated: &str) {
        if self.utrs.insert(number) {
            writeln!(self.file, "{}", json!({ "event": "utr", "number": number, "utr": stated })).unwrap();
        }
    }
}

fn utr(number: u64) -> String {
    format!("SIMB{number:012}")
}

fn utr_at(text: &[u8]) -> Option<u64> {
    let digits = text.strip_prefix(b"SIMB")?;
    let number = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    number?.parse().ok()
}

/// The requested part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Page {
    after: i64,
    limit: usize,
}

impl Page {
    fn of(request: &Message) -> Option<Self> {
        let text = std::str::from_utf8(&request.bytes).ok()?;
        let query = text.strip_prefix("GET /v1/returns?after=")?.split_whitespace().next()?;
        let (after, limit) = query.split_once("&limit=")?;
        Some(Self { after: after.parse().ok()?, limit: limit.parse().ok()? })
    }

    /// The same request in the numbers of the bank's book.
    fn in_the_book(self, request: &Message) -> Message {
        let mine = format!("after={}&limit={} ", self.after, self.limit);
        let limit = self.limit / LINES.len() + 2;
        let its = format!("after={}&limit={limit} ", self.after / LINES_PER_RETURN);
        request.with_head(|head| head.replacen(&mine, &its, 1))
    }
}

fn returns_in(answer: &Message) -> Option<Vec<Value>> {
    let body: Value = serde_json::from_slice(answer.body()).ok()?;
    body["returns"].as_array().cloned()
}

/// The lines about one return of the book, in an order that varies by return.
fn lines_about(returned: &Value) -> Vec<Value> {
    let number = returned["number"].as_i64().unwrap();
    let mut order = LINES;
    order.rotate_left(usize::try_from(number).unwrap() % LINES.len());
    let first = (number - 1) * LINES_PER_RETURN + 1;
    (first..).zip(order).map(|(place, line)| stated(returned, number, place, line)).collect()
}

fn stated(returned: &Value, number: i64, place: i64, line: Line) -> Value {
    let mut stated = returned.clone();
    stated["number"] = json!(place);
    stated["forged"] = json!(line != Line::True);
    if matches!(line, Line::Partial | Line::PartialUnderOtherUtr) {
        stated["amount_paise"] = json!(other_amount(returned["amount_paise"].as_i64().unwrap(), number));
    }
    if matches!(line, Line::OtherUtr | Line::PartialUnderOtherUtr) {
        stated["utr"] = json!(other_utr(returned["utr"].as_str().unwrap(), number));
    }
    if line == Line::UnknownReference {
        stated["reference"] = match number % 2 {
            0 => json!(format!("PR{:032X}", 0xF0E0_u128 << 96 | u128::from(number.unsigned_abs()))),
            _ => json!(format!("no-reference-{number}")),
        };
    }
    stated
}

fn other_amount(amount: i64, number: i64) -> i64 {
    let amounts = [1, amount - 1, amount / 2, 0, amount + 1, -amount];
    let other = amounts[usize::try_from(number - 1).unwrap() % amounts.len()];
    if other == amount { amount + 1 } else { other }
}

/// A UTR that the bank never used, or another payment's.
fn other_utr(own: &str, number: i64) -> String {
    let another = utr(1);
    if number % 2 == 1 || own == another { format!("OTHER{number:011}") } else { another }
}

#[test]
fn a_list_has_its_forgeries_at_the_same_places_whoever_asks() {
    let returned = |number: i64| json!({ "number": number, "reference": "PR1", "utr": utr(5), "amount_paise": 1, "reason": "x", "returned_at": "y" });
    let lines: Vec<_> = (1..=12).flat_map(|number| lines_about(&returned(number))).collect();
    let numbers: Vec<_> = lines.iter().map(|line| line["number"].as_i64().unwrap()).collect();
    assert_eq!(numbers, (1..=12 * LINES_PER_RETURN).collect::<Vec<_>>());
    assert_eq!(lines.iter().filter(|line| line["forged"] == false).count(), 12);
    let fits = |line: &&Value| line["reference"] == "PR1" && line["utr"] == utr(5) && line["amount_paise"] == 1;
    assert_eq!(lines.iter().filter(fits).count(), 24, "each true line and the same again, and no other");
}

#[test]
fn shared_utrs_are_stated_and_noted_once() {
    let folder = std::env::temp_dir().join(format!("payrail_forger_{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let forger = Forger::begin(&folder);
    let mut bytes = b"{\"utr\":\"SIMB000000000018\",\"other\":\"SIMB000000000019\",\"end\":\"SIMB000000000018".to_vec();
    forger.share_utrs(&mut bytes);
    let expected = b"{\"utr\":\"SIMB000000000017\",\"other\":\"SIMB000000000019\",\"end\":\"SIMB000000000017".to_vec();
    assert_eq!(bytes, expected);
    let noted = std::fs::read_to_string(folder.join("bank.jsonl")).unwrap();
    assert_eq!(noted.lines().count(), 1, "{noted}");
    std::fs::remove_dir_all(&folder).unwrap();
}
