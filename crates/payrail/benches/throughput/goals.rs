//! What is divided by what, and what is asked of it.

use std::fmt::{self, Display, Formatter};

use serde_json::{Value, json};

use super::report::Sample;

pub struct Goal {
    of: &'static str,
    by: &'static str,
    figure: Figure,
    /// In hundredths; a rate wants as much or more, a time as much or less.
    goal: Option<u64>,
    /// Where it is asked; nowhere else is it even printed.
    stores: &'static [&'static str],
}

#[derive(Clone, Copy)]
enum Figure {
    Rate,
    /// The 99th percentile by the other's median.
    P99,
}

const BOTH: &[&str] = &["SQLite", "PostgreSQL"];
const POSTGRES: &[&str] = &["PostgreSQL"];
const SQLITE: &[&str] = &["SQLite"];

const fn rate(of: &'static str, by: &'static str, goal: Option<u64>, stores: &'static [&'static str]) -> Goal {
    Goal { of, by, figure: Figure::Rate, goal, stores }
}

pub const GOALS: [Goal; 14] = [
    rate("payouts, spread", "textbook, spread", None, BOTH),
    rate("payouts, spread, 512 clients", "textbook, spread", Some(500), POSTGRES),
    rate("payouts, spread, 512 clients", "limit", Some(50), POSTGRES),
    rate("payouts, spread, 512 clients", "limit", Some(80), SQLITE),
    rate("payouts, hot", "payouts, spread", Some(80), BOTH),
    rate("payouts, hot", "textbook, hot", Some(1_500), POSTGRES),
    rate("payouts, hot, 512 clients", "textbook, hot", Some(1_500), POSTGRES),
    rate("payouts, hot, 512 clients", "payouts, spread, 512 clients", Some(80), BOTH),
    rate("payouts, one client", "textbook, one client", None, POSTGRES),
    // As many in the same time: 1 / 1.5.
    rate("payouts, one client", "one small transaction", Some(67), BOTH),
    rate("whole life", "payouts, spread", Some(40), BOTH),
    rate("at three times full load", "payouts, spread", Some(100), BOTH),
    rate("replays", "payouts, spread", None, BOTH),
    Goal {
        of: "at half of full load",
        by: "one small transaction",
        figure: Figure::P99,
        goal: Some(500),
        stores: BOTH,
    },
];

impl Goal {
    /// `None` where one of the two was not measured, or nothing is asked.
    pub fn ratio(&self, store: &'static str, median: impl Fn(&str) -> Option<Sample>) -> Option<Ratio> {
        let (this, that) = (median(self.of)?, median(self.by)?);
        let (this, that, is_less_better) = match self.figure {
            Figure::Rate => (this.per_second, that.per_second, false),
            Figure::P99 => (this.p99_us, that.p50_us, true),
        };
        let hundredths = (this * 100).checked_div(that)?;
        let is_asked = self.stores.contains(&store);
        let Goal { of, by, goal, .. } = *self;
        is_asked.then_some(Ratio { store, of, by, hundredths, goal, is_less_better })
    }
}

pub struct Ratio {
    store: &'static str,
    of: &'static str,
    by: &'static str,
    hundredths: u64,
    goal: Option<u64>,
    is_less_better: bool,
}

impl Ratio {
    pub fn json(&self) -> Value {
        json!({ "store": self.store, "of": self.of, "by": self.by, "hundredths": self.hundredths, "goal": self.goal,
            "figure": if self.is_less_better { "p99 by median" } else { "a second" } })
    }
}

impl Display for Ratio {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Ratio { store, of, by, hundredths, goal, is_less_better } = self;
        let what = if *is_less_better { "p99 of " } else { "" };
        write!(f, "{store:<11} {:<36} / {by:<29} {:>7}", format!("{what}{of}"), decimals(*hundredths))?;
        let Some(goal) = *goal else { return Ok(()) };
        let (sign, reached) = if *is_less_better { ('≤', *hundredths <= goal) } else { ('≥', *hundredths >= goal) };
        write!(f, "   {sign} {:<6} {}", decimals(goal), if reached { "reached" } else { "NOT REACHED" })
    }
}

fn decimals(hundredths: u64) -> String {
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
