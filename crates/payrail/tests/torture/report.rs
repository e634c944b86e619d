//! The final report: printed, and written to target/torture.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::audit::Word;
use crate::plan::Settings;

pub struct Report {
    pub scenario: &'static str,
    pub settings: Settings,
    pub faults: BTreeMap<String, u64>,
    /// Microseconds from a fault's end to the next acknowledged payout, with the fault, the slowest first.
    pub recoveries: Vec<(u64, String)>,
    /// Milliseconds from the last fault's end until no work was left.
    pub settled_after: Option<u64>,
    pub ends: BTreeMap<String, u64>,
    /// The number of calls to the bank, and how many of them were tampered with.
    pub bank_wire: (u64, u64),
    /// The auditor's.
    pub figures: Value,
    pub verify: Word,
    pub auditor: Word,
}

impl Report {
    fn recovery(&self, percent: usize) -> u64 {
        let place = self.recoveries.len() * (100 - percent) / 100;
        self.recoveries.get(place).map_or(0, |(micros, _)| micros / 1_000)
    }

    pub fn json(&self) -> Value {
        json!({
            "scenario": self.scenario,
            "seed": self.settings.seed,
            "seconds": self.settings.seconds,
            "faults": self.faults.values().sum::<u64>(),
            "faults_by_kind": self.faults,
            "recovery_ms": { "median": self.recovery(50), "p99": self.recovery(99), "max": self.recovery(100) },
            "settled_after_ms": self.settled_after,
            "ends": self.ends,
            "bank_wire": { "calls": self.bank_wire.0, "spoiled": self.bank_wire.1 },
            "figures": self.figures,
            "verify": self.verify.said,
            "auditor": self.auditor.said,
        })
    }

    pub fn table(&self) -> String {
        let mut text = format!("\n--- torture {} ---\n", self.scenario);
        let figure = |name: &str| self.figures[name].to_string();
        let mut row = |name: &str, value: String| text.push_str(&format!("{name:<34} {value}\n"));
        row("seed, seconds", format!("{}, {}", self.settings.seed, self.settings.seconds));
        row("faults", self.faults.values().sum::<u64>().to_string());
        self.faults.iter().for_each(|(kind, count)| row(&format!("    {kind}"), count.to_string()));
        row("requests, retries, unanswered", [figure("calls"), figure("retries"), figure("unanswered")].join(", "));
        row("keys, acknowledged", [figure("keys"), figure("acknowledged")].join(", "));
        row("payouts", listed(&self.figures["payouts"]));
        row("ledger entries", figure("ledger_entries"));
        row("calls to the bank, orphaned", [figure("bank_calls"), figure("orphaned_calls")].join(", "));
        row("on the bank's wire, spoiled", format!("{}, {}", self.bank_wire.0, self.bank_wire.1));
        row("paid by the bank, returned", [figure("bank_paid"), figure("returns")].join(", "));
        row("forged lines of returns", figure("forged_returns"));
        row("calls to the other bank", figure("asked_of_other_bank"));
        row("exceptions", listed(&self.figures["exceptions"]));
        row("differences that verify must name", listed(&self.figures["verify"]));
        let recovery = [50, 99, 100].map(|percent| self.recovery(percent).to_string()).join(", ");
        row("recovery ms: median, p99, max", recovery);
        for (micros, kind) in self.recoveries.iter().take(3) {
            row(&format!("    after {kind}"), format!("{} ms", micros / 1_000));
        }
        let settled =
            self.settled_after.map_or("never".to_owned(), |millis| format!("{millis} ms after the last fault"));
        row("nothing under way", settled);
        self.ends.iter().for_each(|(end, count)| row(&format!("    {end}"), count.to_string()));
        row("answers", listed(&self.figures["answers"]));
        row("calls' outcomes", listed(&self.figures["call_outcomes"]));
        row("verify", last_lines(&self.verify.said));
        row("auditor", last_lines(&self.auditor.said));
        text
    }

    pub fn write(&self) -> PathBuf {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("../torture");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.canonicalize().unwrap().join(format!("{}-{}.json", self.scenario, self.settings.seed));
        std::fs::write(&file, format!("{:#}\n", self.json())).unwrap();
        file
    }
}

fn listed(counts: &Value) -> String {
    let counts = counts.as_object().into_iter().flatten();
    counts.map(|(name, count)| format!("{name} {count}")).collect::<Vec<_>>().join(", ")
}

/// Differences are printed in full elsewhere.
fn last_lines(said: &str) -> String {
    said.lines().rev().take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join(" / ")
}
