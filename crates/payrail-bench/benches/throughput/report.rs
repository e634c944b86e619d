//! What was measured: a table, a JSON file, and, by their own rooms, ratios and a picture.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Plan;
use super::goals::{GOALS, Ratio};
use super::picture;
use super::server::Build;

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
    /// Microseconds of CPU time a request.
    fn cpu_us(&self, hundredths: u64) -> u64 {
        (hundredths * 10 * 1_000).checked_div(self.count).unwrap_or(0)
    }
}

pub struct Row {
    pub store: &'static str,
    pub build: Build,
    pub name: String,
    samples: Vec<Sample>,
}

impl Row {
    fn is(&self, store: &str, build: Build, name: &str) -> bool {
        self.store == store && self.build == build && self.name == name
    }

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
        println!(
            "{} rounds of {} s a case, every case once a round; medians. * is the baseline\n",
            plan.rounds,
            plan.duration.as_secs()
        );
        println!(
            "store       case                          a second       p50       p99  CPU µs each: server  database   batch     503   p99 sent"
        );
        Self { plan, rows: Vec::new(), remarks: Vec::new() }
    }

    pub fn add(&mut self, store: &'static str, build: Build, name: &str, sample: Sample) {
        print(store, build, name, sample);
        match self.rows.iter_mut().find(|row| row.is(store, build, name)) {
            Some(row) => row.samples.push(sample),
            None => self.rows.push(Row { store, build, name: name.to_owned(), samples: vec![sample] }),
        }
    }

    pub fn say(&mut self, remark: String) {
        println!("{remark}");
        self.remarks.push(remark);
    }

    /// Of this build, of the round in the middle.
    pub fn median(&self, store: &str, name: &str) -> Option<Sample> {
        self.rows.iter().find(|row| row.is(store, Build::This, name)).map(Row::median)
    }

    fn ratios(&self) -> Vec<Ratio> {
        let of_store = |store| GOALS.iter().filter_map(move |goal| goal.ratio(store, |name| self.median(store, name)));
        STORES.into_iter().flat_map(of_store).collect()
    }

    /// Each case that both builds were measured by: the baseline's row, its median, and this build's.
    fn pairs(&self) -> impl Iterator<Item = (&Row, Sample, Sample)> {
        let baseline = self.rows.iter().filter(|row| row.build == Build::Baseline);
        baseline.filter_map(|row| Some((row, row.median(), self.median(row.store, &row.name)?)))
    }

    /// As a table for docs/performance.md.
    fn print_pairs(&self) {
        println!("\nBefore and after: the baseline's build and this one, medians\n");
        println!("| store | case | a second | | | server CPU, µs | | database CPU, µs | |");
        println!("|---|---|---|---|---|---|---|---|---|");
        for (row, before, after) in self.pairs() {
            let percent = (after.per_second * 100).checked_div(before.per_second).unwrap_or(0);
            println!(
                "| {} | {} | {} | {} | × {}.{:02} | {} | {} | {} | {} |",
                row.store,
                row.name,
                before.per_second,
                after.per_second,
                percent / 100,
                percent % 100,
                before.cpu_us(before.server_cpu),
                after.cpu_us(after.server_cpu),
                before.cpu_us(before.database_cpu),
                after.cpu_us(after.database_cpu)
            );
        }
    }

    /// Medians and ratios on the terminal; all of it as JSON; the medians as a picture.
    pub fn write(self) {
        println!("\nMedians");
        for row in &self.rows {
            print(row.store, row.build, &row.name, row.median());
        }
        if self.pairs().next().is_some() {
            self.print_pairs();
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
                "build": row.build.name(),
                "case": row.name,
                "per_second": row.samples.iter().map(|sample| sample.per_second).collect::<Vec<_>>(),
                "median_per_second": median.per_second,
                "p50_us": median.p50_us,
                "p99_us": median.p99_us,
                "server_cpu_us": median.cpu_us(median.server_cpu),
                "database_cpu_us": median.cpu_us(median.database_cpu),
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

fn print(store: &str, build: Build, name: &str, sample: Sample) {
    let Sample { per_second, p50_us, p99_us, batch, shed, sent_p99_us, .. } = sample;
    let (server, database) = (sample.cpu_us(sample.server_cpu), sample.cpu_us(sample.database_cpu));
    let build = if build == Build::This { ' ' } else { '*' };
    println!(
        "{store:<11}{build}{name:<29} {per_second:>8} {:>9} {:>9}  {server:>19}  {database:>8}  {batch:>6}  {shed:>6} {:>10}",
        millis(p50_us),
        millis(p99_us),
        millis(sent_p99_us)
    );
}

/// Milliseconds with two decimals, of microseconds.
fn millis(micros: u64) -> String {
    if micros == 0 { "-".to_owned() } else { format!("{}.{:02} ms", micros / 1_000, micros % 1_000 / 10) }
}
