//! `payrail verify`: the report in words, and its exit status.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::Error;
use crate::bank;
use crate::rail::Rail;
use crate::settings::{BadSetting, Common, rail};
use crate::verify::{Progress, Report, verify};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
    /// The bank to compare with [default: the simulated bank's book, if there is one]
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    bank_url: Option<String>,
    /// Leave the bank's book out
    #[arg(long)]
    no_bank: bool,
    #[command(flatten)]
    bank: bank::Settings,
}

const BANK_TIMEOUT: Duration = Duration::from_secs(30);

pub async fn run(common: &Common, args: Args) -> Result<ExitCode, Error> {
    let store = common.open_existing().await?;
    let (rail, simulated) = bank_of(&args).await?;
    tracing::info!("verifying");
    let mut shown = Instant::now();
    let report = verify(&store, rail.as_ref(), |progress| show(progress, &mut shown)).await?;
    if let Some(bank) = simulated {
        bank.stop().await;
    }
    if args.json {
        say!("{}", serde_json::to_string(&report)?);
    } else {
        print(&report);
    }
    Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The bank is always asked over HTTP; for a book without a running bank, one is started on it.
async fn bank_of(args: &Args) -> Result<(Option<Rail>, Option<bank::Running>), Error> {
    if args.no_bank {
        return Ok((None, None));
    }
    if let Some(url) = &args.bank_url {
        return Ok((Some(rail(url, BANK_TIMEOUT)?), None));
    }
    if !args.bank.book.exists() {
        return Ok((None, None));
    }
    let settings = bank::Settings { addr: ([127, 0, 0, 1], 0).into(), ..args.bank.clone() };
    let bank = bank::start(settings).await.map_err(BadSetting::from)?;
    Ok((Some(rail(&format!("http://{}", bank.addr()), BANK_TIMEOUT)?), Some(bank)))
}

/// On a terminal one line that counts up; elsewhere a log line now and then.
fn show(progress: &Progress, shown: &mut Instant) {
    let terminal = std::io::stderr().is_terminal();
    let pause = if terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
    if shown.elapsed() < pause {
        return;
    }
    *shown = Instant::now();
    let Progress { merchants, entries, payouts, bank_transfers } = progress;
    if terminal {
        eprint!(
            "\r{merchants} merchants, {entries} entries, {payouts} payouts, {bank_transfers} bank transfers …\x1b[K"
        );
    } else {
        tracing::info!(merchants, entries, payouts, bank_transfers, "verifying");
    }
}

fn print(report: &Report) {
    if std::io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
    let Progress { merchants, entries, payouts, bank_transfers } = report.checked;
    say!("{merchants} merchants, {entries} ledger entries, {payouts} payouts, {bank_transfers} bank transfers");
    let totals = &report.totals;
    say!(
        "funded {} = available {} + held {} + paid out {}",
        totals.funded,
        totals.available,
        totals.held,
        totals.paid_out
    );
    say!("in doubt: {}; waiting for a worker or the bank: {}", report.in_doubt, report.under_way);
    if report.returns_waiting > 0 {
        say!("returns set aside until they can be credited: {}", report.returns_waiting);
    }
    if !report.bank_checked {
        say!("The bank's book was not compared: there is none here, and PAYRAIL_BANK_URL is not set.");
    }
    for difference in &report.differences {
        say!("DIFFERENCE {}: {} ({})", difference.kind, difference.what, difference.subject);
    }
    match report.differences.len() {
        0 => say!("OK: no difference."),
        count => say!("{count} differences."),
    }
}
