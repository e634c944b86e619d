//! When the faults are over: waiting until nothing is under way, and asking the two auditors.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tokio::process::Command;
use tokio::time::{sleep, timeout};

use crate::town::Town;

/// One that answers: what it said, and whether it found nothing.
pub struct Word {
    pub said: String,
    pub is_clean: bool,
}

const TAKES_AT_MOST: Duration = Duration::from_secs(300);

/// What is still to come: a payout that is not over, a return that is not taken.
pub async fn under_way(town: &Town) -> Option<i64> {
    let open = "SELECT count(*) FROM payouts WHERE due_at IS NOT NULL \
                AND (bank_account_id <> 'demo-silent' OR doubt_since IS NULL)";
    let taken = "SELECT count(*) FROM payouts WHERE status = 'returned'";
    let (open, taken): (i64, i64) = if town.cluster.is_some() {
        let mut database = PgConnection::connect(&town.database_url).await.ok()?;
        let open = sqlx::query_scalar(open).fetch_one(&mut database).await.ok()?;
        (open, sqlx::query_scalar(taken).fetch_one(&mut database).await.ok()?)
    } else {
        let mut database = SqliteConnection::connect(&town.database_url).await.ok()?;
        let open = sqlx::query_scalar(open).fetch_one(&mut database).await.ok()?;
        (open, sqlx::query_scalar(taken).fetch_one(&mut database).await.ok()?)
    };
    let mut book = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(&town.book)).await.ok()?;
    let returns = "SELECT (SELECT count(*) FROM returns) \
                   + (SELECT count(*) FROM transfers WHERE return_due_at IS NOT NULL)";
    let returns: i64 = sqlx::query_scalar(returns).fetch_one(&mut book).await.ok()?;
    Some(open + (returns - taken).abs())
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

/// `payrail verify`, on the database and the bank themselves.
pub async fn verify(town: &Town) -> Word {
    let bank = town.bank.lock().unwrap().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_payrail"));
    command.arg("verify").current_dir(&town.folder).env("DEBUG", "1").env("PAYRAIL_LOG", "error");
    command.env("DATABASE_URL", &town.database_url).env("PAYRAIL_BANK_URL", format!("http://{bank}"));
    run(command).await
}

/// The auditor that shares no code with us.
pub async fn audit(town: &Town, figures: &Path) -> Word {
    let mut command = auditor(&town.folder.join("clients.jsonl"), &town.database_url, &town.book);
    command.arg("--json").arg(figures);
    if let Some(cluster) = &town.cluster {
        command.arg("--psql").arg(&cluster.psql);
    }
    run(command).await
}

pub fn auditor(clients: &Path, database_url: &str, book: &Path) -> Command {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/auditor");
    let mut command = Command::new("python3");
    command.args(["-B", script, "--clients"]).arg(clients).args(["--database", database_url, "--bank"]).arg(book);
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
