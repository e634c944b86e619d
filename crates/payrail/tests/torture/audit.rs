//! After the faults: waits until no work is left, then runs the two auditors.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use payrail_store::testing::Sql;
use serde_json::Value;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::forger::LINES_PER_RETURN;
use crate::other_bank;
use crate::system::System;

/// An auditor's output, and whether it found no difference.
pub struct Word {
    pub said: String,
    pub is_clean: bool,
}

const TAKES_AT_MOST: Duration = Duration::from_secs(300);

/// Counts unfinished work: payouts that have not ended, returns that are not credited, unread or waiting lines of the
/// list, unrecorded UTRs of two payouts.
pub async fn under_way(system: &System) -> Option<i64> {
    let open = "SELECT count(*) FROM payouts WHERE due_at IS NOT NULL \
                AND (bank_account_id <> 'demo-silent' OR doubt_since IS NULL)";
    let taken = "SELECT count(*) FROM payouts WHERE status = 'returned'";
    let waiting = "SELECT count(*) FROM bank_returns WHERE status = 'waiting'";
    let cursor = "SELECT coalesce(max(CAST(value AS BIGINT)), 0) FROM settings WHERE name = 'bank_returns_cursor'";
    let shared = "SELECT count(*) FROM (SELECT utr FROM payouts WHERE utr IS NOT NULL GROUP BY utr \
                  HAVING count(*) > 1) shared WHERE NOT EXISTS (SELECT 1 FROM exceptions \
                  WHERE kind = 'duplicate_utr' AND stated_utr = shared.utr)";
    let mut counts = [0_i64; 5];
    for (count, question) in counts.iter_mut().zip([open, taken, waiting, cursor, shared]) {
        *count = number(&system.read_url, question).await?;
    }
    let [open, taken, waiting, cursor, shared] = counts;
    let returns = "SELECT (SELECT count(*) FROM returns) \
                   + (SELECT count(*) FROM transfers WHERE return_due_at IS NOT NULL)";
    let returns = number(&format!("sqlite://{}", system.book.display()), returns).await?;
    Some(open + shared + (returns - taken).abs() + waiting + (returns * LINES_PER_RETURN - cursor).abs())
}

async fn number(url: &str, question: &str) -> Option<i64> {
    let mut database = Sql::try_connect(url).await.ok()?;
    let found = database.try_texts(&format!("SELECT CAST(({question}) AS TEXT)")).await.ok()?;
    found.first()?.parse().ok()
}

/// Waits until no work is left; false on timeout.
pub async fn settles(system: &System, within: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < within {
        if under_way(system).await == Some(0) {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}

/// Runs `payrail verify` on the database and the bank. The auditor checks that its report names every difference that
/// it must. A complete report counts as success, whatever it names.
pub async fn verify(system: &System) -> Word {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail"));
    command.args(["verify", "--json"]).current_dir(&system.folder).env("DEBUG", "1").env("PAYRAIL_LOG", "error");
    command.env("DATABASE_URL", &system.database_url).env("PAYRAIL_BANK_URL", system.bank_wire.url());
    let word = run(command).await;
    std::fs::write(system.folder.join("verify.json"), &word.said).unwrap();
    match serde_json::from_str::<Value>(&word.said) {
        Ok(report) => {
            let found = report["differences"].as_array().map_or(0, Vec::len);
            let said = format!("{found} differences, {} open exceptions", report["exceptions_open"]);
            Word { said, is_clean: report["bank_checked"] == true && word.is_clean == (found == 0) }
        }
        Err(_) => Word { is_clean: false, ..word },
    }
}

/// Runs the independent auditor.
pub async fn audit(system: &System, figures: &Path) -> Word {
    let mut command = auditor(&system.folder, &system.read_url, &system.book);
    command.arg("--json").arg(figures);
    if let Some(cluster) = &system.cluster {
        command.arg("--psql").arg(&cluster.psql);
    }
    run(command).await
}

/// Runs it with the notes in this folder.
pub fn auditor(notes: &Path, database_url: &str, book: &Path) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/auditor");
    let mut command = Command::new("python3");
    command.args(["-B", script, "--database", database_url, "--bank"]).arg(book);
    for (argument, file) in [
        ("--clients", "clients.jsonl"),
        ("--stated", "bank.jsonl"),
        ("--verified", "verify.json"),
        ("--other-bank", other_bank::BOOK),
        ("--asked-of-other", other_bank::NOTES),
    ] {
        command.arg(argument).arg(notes.join(file));
    }
    command
}

pub async fn run(mut command: Command) -> Word {
    let running = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(TAKES_AT_MOST, running).await.expect("an auditor took too long").unwrap();
    let said = [output.stdout, output.stderr].concat();
    Word { said: String::from_utf8_lossy(&said).trim().to_owned(), is_clean: output.status.success() }
}

pub fn figures(path: &Path) -> Value {
    std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null)
}

/// Lines in the processes' logs that no fault explains.
pub fn panics(folder: &Path) -> Vec<String> {
    let logs = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let lines = logs.flat_map(|path| {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        text.lines().filter(|line| line.contains("panicked at")).map(str::to_owned).collect::<Vec<_>>()
    });
    lines.collect()
}
