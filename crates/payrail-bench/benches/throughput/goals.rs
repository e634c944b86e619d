//! What is divided by what, and what is asked of it.

use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};

use super::report::Sample;

pub struct Goal {
    of: &'static str,
    by: By,
    /// In hundredths; a rate wants as much or more, a time as much or less. `None`: the ratio is only shown.
    goal: Option<u64>,
    /// Where it is asked; nowhere else is it even printed.
    stores: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum By {
    /// Its rate by this case's rate.
    Rate(&'static str),
    /// The 99th percentile of its time, in milliseconds.
    P99,
}

const BOTH: &[&str] = &["SQLite", "PostgreSQL"];
const POSTGRES: &[&str] = &["PostgreSQL"];
const SQLITE: &[&str] = &["SQLite"];

const fn rate(of: &'static str, by: &'static str, goal: Option<u64>, stores: &'static [&'static str]) -> Goal {
    Goal { of, by: By::Rate(by), goal, stores }
}

pub const GOALS: [Goal; 16] = [
    rate("payouts, spread", "textbook, spread", None, BOTH),
    rate("payouts, spread, 512 clients", "textbook, spread", Some(600), POSTGRES),
    rate("payouts, spread, 512 clients", "limit", None, POSTGRES),
    rate("payouts, spread, 512 clients", "limit", Some(90), SQLITE),
    rate("payouts, hot", "payouts, spread", Some(100), BOTH),
    rate("payouts, hot", "textbook, hot", None, POSTGRES),
    rate("payouts, hot, 512 clients", "textbook, hot", Some(1_600), POSTGRES),
    rate("payouts, hot, 512 clients", "payouts, spread, 512 clients", Some(100), BOTH),
    rate("payouts, one client", "textbook, one client", Some(100), BOTH),
    rate("GET /me/", "payouts, spread, 512 clients", Some(200), BOTH),
    rate("GET /payouts/", "payouts, spread, 512 clients", Some(70), BOTH),
    rate("GET /ledger/", "payouts, spread, 512 clients", None, BOTH),
    rate("whole life", "payouts, spread", Some(50), BOTH),
    rate("at three times full load", "payouts, spread", Some(100), BOTH),
    rate("replays", "payouts, spread", None, BOTH),
    Goal { of: "at half of full load", by: By::P99, goal: Some(500), stores: BOTH },
];

impl Goal {
    /// `None` where a case was not measured, or nothing is asked.
    pub fn ratio(&self, store: &'static str, median: impl Fn(&str) -> Option<Sample>) -> Option<Ratio> {
        let this = median(self.of)?;
        let hundredths = match self.by {
            By::Rate(by) => (this.per_second * 100).checked_div(median(by)?.per_second)?,
            By::P99 => this.p99_us / 10,
        };
        let is_asked = self.stores.contains(&store);
        let Goal { of, by, goal, .. } = *self;
        is_asked.then_some(Ratio { store, of, by, hundredths, goal })
    }
}

pub struct Ratio {
    store: &'static str,
    of: &'static str,
    by: By,
    hundredths: u64,
    goal: Option<u64>,
}

impl Ratio {
    pub fn json(&self) -> Value {
        let by = match self.by {
            By::Rate(by) => by,
            By::P99 => "milliseconds, 99th percentile",
        };
        json!({ "store": self.store, "of": self.of, "by": by, "hundredths": self.hundredths, "goal": self.goal })
    }
}

impl Display for Ratio {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Ratio { store, of, by, hundredths, goal } = self;
        let figure = decimals(*hundredths);
        match by {
            By::Rate(by) => write!(f, "{store:<11} {of:<36} / {by:<29} {figure:>7}")?,
            By::P99 => write!(f, "{store:<11} {of:<36}   {:<29} {figure:>7}", "p99, ms")?,
        }
        let Some(goal) = *goal else { return Ok(()) };
        let (sign, is_reached) = match by {
            By::Rate(_) => ('≥', *hundredths >= goal),
            By::P99 => ('≤', *hundredths <= goal),
        };
        write!(f, "   {sign} {:<6} {}", decimals(goal), if is_reached { "reached" } else { "NOT REACHED" })
    }
}

fn decimals(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
