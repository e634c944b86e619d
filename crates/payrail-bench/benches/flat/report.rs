//! What was measured: on the terminal, as JSON, as a picture.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::Size;
use super::picture::picture;

/// One kind of request on books of several lengths.
pub struct Curve {
    pub store: &'static str,
    pub case: &'static str,
    /// Entries, and the median in nanoseconds.
    pub points: Vec<(u64, u64)>,
}

/// Few against many.
struct Pair {
    store: &'static str,
    case: &'static str,
    of: &'static str,
    few: (u64, u64),
    many: (u64, u64),
}

pub struct Report {
    size: Size,
    curves: Vec<Curve>,
    pairs: Vec<Pair>,
    remarks: Vec<String>,
}

impl Report {
    pub fn new(size: Size) -> Self {
        println!("medians of {} requests of each kind, taken in turn; {size:?}\n", size.rounds);
        Self { size, curves: Vec::new(), pairs: Vec::new(), remarks: Vec::new() }
    }

    pub fn curve(&mut self, store: &'static str, case: &'static str, lengths: &[u64], medians: &[Duration]) {
        let points: Vec<_> = lengths.iter().copied().zip(medians.iter().map(nanos)).collect();
        let base = points[0].1;
        let columns = points
            .iter()
            .map(|(entries, time)| format!("{entries} entries {:>8} ({})", micros(*time), ratio(*time, base)));
        println!("{store:<11} {case:<27} {}", columns.collect::<Vec<_>>().join("   "));
        self.curves.push(Curve { store, case, points });
    }

    pub fn pair(
        &mut self,
        store: &'static str,
        case: &'static str,
        of: &'static str,
        few: (u64, Duration),
        many: (u64, Duration),
    ) {
        let (few, many) = ((few.0, nanos(&few.1)), (many.0, nanos(&many.1)));
        println!(
            "{store:<11} {case:<27} {} {of} {:>8}   {} {of} {:>8} ({})",
            few.0,
            micros(few.1),
            many.0,
            micros(many.1),
            ratio(many.1, few.1)
        );
        self.pairs.push(Pair { store, case, of, few, many });
    }

    pub fn say(&mut self, remark: String) {
        println!("{remark}");
        self.remarks.push(remark);
    }

    pub fn write(self) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
        std::fs::create_dir_all(&folder).expect("a folder");
        let json = serde_json::to_string_pretty(&self.json()).expect("JSON");
        std::fs::write(folder.join("flat.json"), json).expect("a file");
        std::fs::write(folder.join("flat.svg"), picture(&self.curves)).expect("a file");
        println!("\nWritten to target/bench: flat.json, flat.svg");
    }

    fn json(&self) -> Value {
        let curves = self.curves.iter().map(|curve| {
            let points = curve.points.iter().map(|(entries, time)| {
                json!({ "entries": entries, "median_ns": time, "ratio": ratio(*time, curve.points[0].1) })
            });
            json!({ "store": curve.store, "case": curve.case, "points": points.collect::<Vec<_>>() })
        });
        let pairs = self.pairs.iter().map(|pair| {
            let Pair { store, case, of, few, many } = pair;
            json!({
                "store": store, "case": case, "of": of,
                "few": few.0, "few_median_ns": few.1, "many": many.0, "many_median_ns": many.1,
                "ratio": ratio(many.1, few.1),
            })
        });
        let Size { entries, merchants, pending, finished, drained, rounds } = self.size;
        json!({
            "size": {
                "entries": entries, "merchants": merchants, "pending": pending, "finished": finished,
                "drained": drained, "rounds": rounds,
            },
            "curves": curves.collect::<Vec<_>>(),
            "pairs": pairs.collect::<Vec<_>>(),
            "remarks": self.remarks,
        })
    }
}

pub fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn nanos(time: &Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn micros(nanos: u64) -> String {
    format!("{} µs", nanos / 1_000)
}

/// With two decimals.
fn ratio(this: u64, base: u64) -> String {
    let percent = this * 100 / base.max(1);
    format!("{}.{:02}", percent / 100, percent % 100)
}
