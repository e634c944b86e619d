//! When the faults are over: waiting until nothing is under way, and asking the two auditors.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::forger::LINES_PER_RETURN;
use crate::other_bank;
use crate::town::Town;

/// One that answers: what it said, and whether it found nothing.
pub struct Word {
    pub said: String,
    pub is_clean: bool,
}

const TAKES_AT_MOST: Duration = Duration::from_secs(300);

/// What is still to come: a payout that is not over, a return that is not taken, a line of the list that is not read
/// or waits, a UTR of two payouts that is not recorded.
pub async fn under_way(town: &Town) -> Option<i64> {
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
        *count = if town.cluster.is_some() {
            let mut database = PgConnection::connect(&town.database_url).await.ok()?;
            sqlx::query_scalar(question).fetch_one(&mut database).await.ok()?
        } else {
            let mut database = SqliteConnection::connect(&town.database_url).await.ok()?;
            sqlx::query_scalar(question).fetch_one(&mut database).await.ok()?
        };
    }
    let [open, taken, waiting, cursor, shared] = counts;
    let mut book = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&town.book)).await.ok()?;
    let returns = "SELECT (SELECT count(*) FROM returns) \
                   + (SELECT count(*) FROM transfers WHERE return_due_at IS NOT NULL)";
    let returns: i64 = sqlx::query_scalar(returns).fetch_one(&mut book).await.ok()?;
    Some(open + shared + (returns - taken).abs() + waiting + (returns * LINES_PER_RETURN - cursor).abs())
}

/// True when nothing is under way any more; false if that does not come.
pub async fn settles(town: &Town, within: Duration) -> bool {
    let begun = Instant::now();
    while begun.elapsed() < within {
        if under_way(town).await == Some(0) {
            return true;
        }
        sleep(Duration::from_millis(100)).await;
    }
    false
}

/// `payrail verify`, on the database itself and the bank as it shows itself. Its report is kept for the auditor, who
/// says whether it names what it must. Clean is a whole report, whatever it names.
pub async fn verify(town: &Town) -> Word {
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail"));
    command.args(["verify", "--json"]).current_dir(&town.folder).env("DEBUG", "1").env("PAYRAIL_LOG", "error");
    command.env("DATABASE_URL", &town.database_url).env("PAYRAIL_BANK_URL", town.bank_wire.url());
    let word = run(command).await;
    std::fs::write(town.folder.join("verify.json"), &word.said).unwrap();
    match serde_json::from_str::<Value>(&word.said) {
        Ok(report) => {
            let found = report["differences"].as_array().map_or(0, Vec::len);
            let said = format!("{found} differences, {} open exceptions", report["exceptions_open"]);
            Word { said, is_clean: report["bank_checked"] == true && word.is_clean == (found == 0) }
        }
        Err(_) => Word { is_clean: false, ..word },
    }
}

/// The auditor that shares no code with us.
pub async fn audit(town: &Town, figures: &Path) -> Word {
    let mut command = auditor(&town.folder, &town.database_url, &town.book);
    command.arg("--json").arg(figures);
    if let Some(cluster) = &town.cluster {
        command.arg("--psql").arg(&cluster.psql);
    }
    run(command).await
}

/// With the notes that lie in a folder.
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

/// Lines in the processes' logs that no fault excuses.
pub fn panics(folder: &Path) -> Vec<String> {
    let logs = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let logs = logs.filter(|path| path.extension().is_some_and(|extension| extension == "log"));
    let lines = logs.flat_map(|path| {
        let text = String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        text.lines().filter(|line| line.contains("panicked at")).map(str::to_owned).collect::<Vec<_>>()
    });
    lines.collect()
}
