//! What was measured: a table, a JSON file, and, by their own rooms, ratios and a picture.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Plan;
use super::goals::{GOALS, Ratio};
use super::picture;

pub const STORES: [&str; 2] = ["SQLite", "PostgreSQL"];

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
    /// Of all answers, 503 included, counted from when the request was sent. (`p99_us` counts from when it was due.)
    pub sent_p99_us: u64,
    /// Commands a transaction, on average.
    pub batch: u64,
}

impl Sample {
    fn cpu_ms_per_1000(&self, hundredths: u64) -> u64 {
        (hundredths * 10 * 1_000).checked_div(self.count).unwrap_or(0)
    }
}

pub struct Row {
    pub store: &'static str,
    pub name: String,
    samples: Vec<Sample>,
}

impl Row {
    /// The round in the middle, by speed.
    pub fn median(&self) -> Sample {
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

impl Report {
    pub fn new(plan: Plan) -> Self {
        println!("{} rounds of {} s a case, every case once a round; medians\n", plan.rounds, plan.duration.as_secs());
        println!(
            "store       case                          a second       p50       p99  CPU ms/1000: server  database   batch     503   p99 sent"
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

    /// Of the round in the middle.
    pub fn median(&self, store: &str, name: &str) -> Option<Sample> {
        self.row(store, name).map(Row::median)
    }

    fn ratios(&self) -> Vec<Ratio> {
        let of_store = |store| GOALS.iter().filter_map(move |goal| goal.ratio(store, |name| self.median(store, name)));
        STORES.into_iter().flat_map(of_store).collect()
    }

    fn row(&self, store: &str, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.store == store && row.name == name)
    }

    fn print(&self, store: &str, name: &str, sample: Sample) {
        let Sample { per_second, p50_us, p99_us, batch, shed, sent_p99_us, .. } = sample;
        let (server, database) =
            (sample.cpu_ms_per_1000(sample.server_cpu), sample.cpu_ms_per_1000(sample.database_cpu));
        println!(
            "{store:<11} {name:<29} {per_second:>8} {:>9} {:>9}  {server:>19}  {database:>8}  {batch:>6}  {shed:>6} {:>10}",
            millis(p50_us),
            millis(p99_us),
            millis(sent_p99_us)
        );
    }

    /// Medians and ratios on the terminal; all of it as JSON; the medians as a picture.
    pub fn write(self) {
        println!("\nMedians");
        for row in &self.rows {
            self.print(row.store, &row.name, row.median());
        }
        println!("\nRatios, and what is asked of them");
        for ratio in self.ratios() {
            println!("{ratio}");
        }
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/bench");
        std::fs::create_dir_all(&folder).expect("a folder");
        let json = serde_json::to_string_pretty(&self.json()).expect("JSON");
        std::fs::write(folder.join("throughput.json"), json).expect("a file");
        std::fs::write(folder.join("throughput.svg"), picture::of(&self.rows)).expect("a file");
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
                "sent_p99_us": median.sent_p99_us,
            })
        });
        json!({
            "rounds": self.plan.rounds,
            "seconds": self.plan.duration.as_secs(),
            "cases": rows.collect::<Vec<_>>(),
            "ratios": self.ratios().iter().map(Ratio::json).collect::<Vec<_>>(),
            "remarks": self.remarks,
        })
    }
}

/// Milliseconds with two decimals, of microseconds.
fn millis(micros: u64) -> String {
    if micros == 0 { "-".to_owned() } else { format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10) }
}
