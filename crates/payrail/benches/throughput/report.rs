//! What was measured: a table, ratios, a JSON file and a picture.

use std::fmt::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::Plan;

/// One case of one round.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sample {
    pub per_second: u64,
    pub p50_us: u64,
    pub p99_us: u64,
    /// In hundredths of a second.
    pub server_cpu: u64,
    pub database_cpu: u64,
    /// Payouts or answers in all.
    pub count: u64,
    /// Answered 503.
    pub shed: u64,
    /// Commands a transaction, on average.
    pub batch: u64,
}

impl Sample {
    fn cpu_ms_per_1000(&self, hundredths: u64) -> u64 {
        (hundredths * 10 * 1_000).checked_div(self.count).unwrap_or(0)
    }
}

struct Row {
    store: &'static str,
    name: String,
    samples: Vec<Sample>,
}

impl Row {
    /// The round in the middle, by speed.
    fn median(&self) -> Sample {
        let mut samples = self.samples.clone();
        samples.sort_by_key(|sample| sample.per_second);
        samples[samples.len() / 2]
    }
}

pub struct Report {
    plan: Plan,
    rows: Vec<Row>,
    remarks: Vec<String>,
}

/// What each case is divided by, and what DESIGN asks of it.
const RATIOS: [(&str, &str); 10] = [
    ("payouts, spread", "textbook, spread"),
    ("payouts, spread", "limit"),
    ("payouts, spread, 512 clients", "textbook, spread"),
    ("payouts, spread, 512 clients", "limit"),
    ("payouts, hot", "payouts, spread"),
    ("payouts, hot", "textbook, hot"),
    ("payouts, one client", "one small transaction"),
    ("whole life", "payouts, spread"),
    ("replays", "payouts, spread"),
    ("at three times full load", "payouts, spread"),
];

impl Report {
    pub fn new(plan: Plan) -> Self {
        println!("{} rounds of {} s a case, every case once a round; medians\n", plan.rounds, plan.duration.as_secs());
        println!(
            "store       case                          a second       p50       p99  CPU ms/1000: server  database   batch     503"
        );
        Self { plan, rows: Vec::new(), remarks: Vec::new() }
    }

    pub fn add(&mut self, store: &'static str, name: &str, sample: Sample) {
        self.print(store, name, sample);
        match self.rows.iter_mut().find(|row| row.store == store && row.name == name) {
            Some(row) => row.samples.push(sample),
            None => self.rows.push(Row { store, name: name.to_owned(), samples: vec![sample] }),
        }
    }

    pub fn say(&mut self, remark: String) {
        println!("{remark}");
        self.remarks.push(remark);
    }

    pub fn median(&self, store: &str, name: &str) -> u64 {
        self.row(store, name).map_or(0, |row| row.median().per_second)
    }

    fn row(&self, store: &str, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.store == store && row.name == name)
    }

    fn print(&self, store: &str, name: &str, sample: Sample) {
        let Sample { per_second, p50_us, p99_us, batch, shed, .. } = sample;
        let (server, database) =
            (sample.cpu_ms_per_1000(sample.server_cpu), sample.cpu_ms_per_1000(sample.database_cpu));
        println!(
            "{store:<11} {name:<29} {per_second:>8} {:>9} {:>9}  {server:>19}  {database:>8}  {batch:>6}  {shed:>6}",
            millis(p50_us),
            millis(p99_us)
        );
    }

    /// Medians and ratios on the terminal; all of it as JSON; the medians as a picture.
    pub fn write(self) {
        println!("\nMedians");
        for row in &self.rows {
            self.print(row.store, &row.name, row.median());
        }
        println!("\nRatios");
        for store in ["SQLite", "PostgreSQL"] {
            for (name, base) in RATIOS {
                let (this, that) = (self.median(store, name), self.median(store, base));
                if let Some(percent) = (this * 100).checked_div(that).filter(|_| this > 0) {
                    println!("{store:<11} {name:<29} / {base:<22} {}.{:02}", percent / 100, percent % 100);
                }
            }
        }
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
        std::fs::create_dir_all(&folder).expect("a folder");
        let json = serde_json::to_string_pretty(&self.json()).expect("JSON");
        std::fs::write(folder.join("throughput.json"), json).expect("a file");
        std::fs::write(folder.join("throughput.svg"), self.picture()).expect("a file");
        println!("\nWritten to target/bench: throughput.json, throughput.svg");
    }

    fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let median = row.median();
            json!({
                "store": row.store,
                "case": row.name,
                "per_second": row.samples.iter().map(|sample| sample.per_second).collect::<Vec<_>>(),
                "median_per_second": median.per_second,
                "p50_us": median.p50_us,
                "p99_us": median.p99_us,
                "server_cpu_ms_per_1000": median.cpu_ms_per_1000(median.server_cpu),
                "database_cpu_ms_per_1000": median.cpu_ms_per_1000(median.database_cpu),
                "batch": median.batch,
                "shed": median.shed,
            })
        });
        json!({
            "rounds": self.plan.rounds,
            "seconds": self.plan.duration.as_secs(),
            "cases": rows.collect::<Vec<_>>(),
            "remarks": self.remarks,
        })
    }

    /// A bar a case, as long as it is fast, against the fastest of its store.
    fn picture(&self) -> String {
        const LINE: u64 = 22;
        let height = LINE * (self.rows.len() as u64 + 3);
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"760\" height=\"{height}\" font-family=\"sans-serif\" \
             font-size=\"13\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>"
        );
        let mut y = LINE;
        for store in ["SQLite", "PostgreSQL"] {
            let rows: Vec<&Row> = self.rows.iter().filter(|row| row.store == store).collect();
            let most = rows.iter().map(|row| row.median().per_second).max().unwrap_or(1).max(1);
            let _ = write!(svg, "<text x=\"8\" y=\"{y}\" font-weight=\"bold\">{store}: a second</text>");
            y += LINE;
            for row in rows {
                let value = row.median().per_second;
                let colour = if row.name.starts_with("textbook") || row.name.starts_with("limit") {
                    "#94a3b8"
                } else {
                    "#4f46e5"
                };
                let _ = write!(
                    svg,
                    "<text x=\"8\" y=\"{y}\">{}</text><rect x=\"220\" y=\"{}\" width=\"{}\" height=\"14\" \
                     fill=\"{colour}\"/><text x=\"{}\" y=\"{y}\">{value}</text>",
                    row.name,
                    y - 11,
                    (value * 440 / most).max(1),
                    228 + value * 440 / most,
                );
                y += LINE;
            }
        }
        svg.push_str("</svg>\n");
        svg
    }
}

/// Milliseconds with two decimals, of microseconds.
fn millis(micros: u64) -> String {
    if micros == 0 { "-".to_owned() } else { format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10) }
}
