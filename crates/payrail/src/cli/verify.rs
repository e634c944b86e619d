//! `payrail verify`: the report in words, and its exit status.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::Error;
use super::words::{self, count};
use crate::rail::Rail;
use crate::settings::{BadSetting, Common, rail};
use crate::verify::{Progress, Report, verify};
use payrail_bank as bank;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The report as one JSON object
    #[arg(long)]
    json: bool,
    /// The bank to compare with [default: the simulated bank's book, if there is one]
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    bank_url: Option<String>,
    /// Do not compare with the bank's book
    #[arg(long)]
    no_bank: bool,
    /// The simulated bank's book, which is read when no bank is named
    #[arg(long, env = "PAYRAIL_BANK_BOOK", value_name = "FILE", default_value = "payrail-bank.db")]
    bank_book: PathBuf,
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
        print(&report, &args);
    }
    Ok(if report.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The bank is always asked over HTTP; a book without a bank is opened by one of our own, for as long as this takes.
async fn bank_of(args: &Args) -> Result<(Option<Rail>, Option<bank::Running>), Error> {
    if args.no_bank {
        return Ok((None, None));
    }
    if let Some(url) = &args.bank_url {
        return Ok((Some(rail(url, BANK_TIMEOUT)?), None));
    }
    if !args.bank_book.exists() {
        return Ok((None, None));
    }
    let (addr, book) = (([127, 0, 0, 1], 0).into(), args.bank_book.clone());
    let bank =
        bank::open(bank::Settings { addr, book, ..bank::Settings::default() }).await.map_err(BadSetting::from)?;
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
        words::progress(format_args!("{} …", checked(progress)));
    } else {
        tracing::info!(merchants, entries, payouts, bank_transfers, "verifying");
    }
}

fn print(report: &Report, args: &Args) {
    if std::io::stderr().is_terminal() {
        words::progress(format_args!(""));
    }
    say!("{}", checked(&report.checked));
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
        say!("{}", not_compared(args));
    }
    for difference in &report.differences {
        say!("DIFFERENCE {}: {} ({})", difference.kind, difference.what, difference.subject);
    }
    match report.differences.len() {
        0 => say!("OK: no difference."),
        number => say!("{}.", count(number, "difference")),
    };
}

fn checked(progress: &Progress) -> String {
    let Progress { merchants, entries, payouts, bank_transfers } = progress;
    [
        count(merchants, "merchant"),
        count(entries, "ledger entry"),
        count(payouts, "payout"),
        count(bank_transfers, "bank transfer"),
    ]
    .join(", ")
}

/// What this report says nothing about.
fn not_compared(args: &Args) -> String {
    let why = match args.no_bank {
        true => "--no-bank left it out".to_owned(),
        false => format!("PAYRAIL_BANK_URL is not set, and there is no {}", args.bank_book.display()),
    };
    format!(
        "Not compared with the bank ({why}): whether each completed payout was paid, once and in full, and whether the \
         bank paid anything else."
    )
}
