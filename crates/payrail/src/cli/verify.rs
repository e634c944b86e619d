//! `payrail verify`: prints the report and sets the exit status.

use std::io::IsTerminal;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::books::Books;
use super::shared::Error;
use super::words::{self, count, rupees};
use crate::settings::Common;
use crate::verify::{Progress, Report, verify};
use payrail_types::word::Word;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Do not compare with the bank's book
    #[arg(long)]
    no_bank: bool,
    #[command(flatten)]
    books: Books,
}

pub async fn run(common: &Common, args: Args) -> Result<ExitCode, Error> {
    let store = common.open_current().await?;
    let (rails, simulated) = if args.no_bank { (Vec::new(), None) } else { args.books.open().await? };
    tracing::info!("verifying");
    let mut shown = Instant::now();
    let report = verify(&store, &rails, |progress| show(progress, &mut shown)).await?;
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

/// Shows progress: as a counter on a terminal, as log lines elsewhere.
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
        rupees(totals.funded),
        rupees(totals.available),
        rupees(totals.held),
        rupees(totals.paid_out)
    );
    say!("in doubt: {}; waiting for a worker or the bank: {}", report.in_doubt, report.under_way);
    if report.returns_waiting > 0 {
        say!("returns set aside until they can be credited: {}", report.returns_waiting);
    }
    if !report.bank_checked {
        say!("{}", not_compared(args));
    }
    if report.left_out > 0 {
        say!(
            "Not compared with any bank: {} of a bank to which no rail leads now.",
            count(report.left_out, "completed payout")
        );
    }
    for difference in &report.differences {
        say!("DIFFERENCE {}: {} ({})", difference.kind.as_str(), difference.what, difference.subject);
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

/// Says what the report does not cover.
fn not_compared(args: &Args) -> String {
    let why = match args.no_bank {
        true => "--no-bank left it out".to_owned(),
        false => args.books.none(),
    };
    format!(
        "Not compared with the bank ({why}): whether each completed payout was paid, once and in full, and whether the \
         bank paid anything else."
    )
}
