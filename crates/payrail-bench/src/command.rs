//! `payrail-bench fill`: a demonstration with a history, to measure on.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Parser, Subcommand};
use jiff::SignedDuration;
use payrail::cli::words::{self, count};
use payrail::cli::{self, Error};
use payrail::clock::Clock;
use payrail::settings::{BadSetting, Common};
use payrail::{ids, keys, logging, secret};
use payrail_store::{OperatorAction, Store};
use payrail_types::money::Amount;
use payrail_types::operator::OperatorActionKind;
use serde_json::json;

use crate::fill::{FillError, Progress, check, fill, prepare};
use crate::plan::{Plan, api_key};

/// Fills databases for measurements of PayRail. For development only: the payouts that it writes never happened
#[derive(Debug, Parser)]
#[command(name = "payrail-bench", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Add merchants with a history of payouts, as the API and the worker would have written it
    ///
    /// A new database is created as a demonstration; an existing one must be a demonstration. The payouts are written
    /// with SQL, for speed: on PostgreSQL millions of payouts take minutes. Servers may run meanwhile. `payrail verify`
    /// finds no difference afterwards. Only `payrail reset` removes the payouts again, with everything else.
    Fill(FillArgs),
}

#[derive(Debug, clap::Args)]
struct FillArgs {
    /// How many merchants to add, each with a key and with ₹1,000 crore to spend
    #[arg(long, default_value_t = 100, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    merchants: u64,

    /// How many payouts to add in total; a completed one has two ledger entries, a pending one has one
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(0..=1_000_000_000))]
    payouts: u64,

    /// Give all payouts to the first merchant, instead of the same number to each
    #[arg(long)]
    hot: bool,

    /// Whether the bank has paid the payouts, or a worker has yet to submit them
    #[arg(long, value_enum, default_value = "completed")]
    status: Filled,

    /// The amount of each payout, in paise: 100 are ₹1
    #[arg(long, default_value_t = 10_000, value_name = "PAISE")]
    amount_paise: i64,

    /// Over how many days, up to now, the payouts are spread
    #[arg(long, default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,

    /// The seed of the merchants' API keys: the key of merchant 0, 1, 2, … is `prk_` and the HMAC-SHA256 of its number
    /// under this seed, in hexadecimal. The seed gives access to all of these merchants [default: random]
    #[arg(long, value_name = "TEXT")]
    keys_seed: Option<String>,

    /// The simulated bank's book; completed payouts are paid in it too
    #[arg(long, env = "PAYRAIL_BANK_BOOK", value_name = "FILE", default_value = "payrail-bank.db")]
    bank_book: PathBuf,

    /// Leave the bank's book unchanged; afterwards, audit with `payrail verify --no-bank`
    #[arg(long)]
    no_bank: bool,

    /// Print the result as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Filled {
    /// The bank paid them
    Completed,
    /// A worker has yet to submit them
    Pending,
}

/// The exit status is 2 for bad usage and for a refused database, as with `payrail`.
pub async fn main() -> ExitCode {
    cli::exit(start().await)
}

async fn start() -> Result<ExitCode, Error> {
    let Cli { mut common, command: Command::Fill(args) } = Cli::parse();
    logging::begin(&common.log, common.log_format)?;
    cli::unless_stopped(async move {
        common.read_files()?;
        run(&common, args).await?;
        Ok(ExitCode::SUCCESS)
    })
    .await
}

async fn run(common: &Common, args: FillArgs) -> Result<(), Error> {
    common.check()?;
    let plan = plan(&args)?;
    let store = common.open(1).await?;
    prepare(&store).await.map_err(classify)?;
    let hasher = secret::hasher(common.secret_key.as_deref(), &store).await?;
    check(&store, &hasher, &plan).await.map_err(classify)?;
    record_action(&store, &args).await?;
    let (begun, mut shown) = (Instant::now(), Instant::now());
    let book = (!args.no_bank).then_some(args.bank_book.as_path());
    let done = fill(&store, &hasher, &plan, book, |progress| show(progress, begun, &mut shown)).await;
    report(&args, &plan, done.map_err(classify)?, begun.elapsed());
    Ok(())
}

/// Errors of usage have another exit status than failures.
fn classify(error: FillError) -> Error {
    match error {
        FillError::Ledger | FillError::SeedUsed | FillError::TooMuch => BadSetting(error.to_string()).into(),
        FillError::Bank(error) => BadSetting::from(error).into(),
        other => other.into(),
    }
}

fn plan(args: &FillArgs) -> Result<Plan, BadSetting> {
    let amount = Amount::new(args.amount_paise).map_err(|why| BadSetting(format!("--amount-paise: {why}")))?;
    let books = if args.hot { Plan::hot } else { Plan::spread };
    let until = Clock::System.now();
    let keys_seed = args.keys_seed.clone().unwrap_or_else(keys::token);
    if keys_seed.is_empty() {
        return Err(BadSetting("--keys-seed must not be empty".to_owned()));
    }
    Ok(Plan {
        books: books(args.merchants, args.payouts),
        is_completed: args.status == Filled::Completed,
        amount,
        keys_seed,
        from: until - SignedDuration::from_hours(24 * i64::from(args.days)),
        until,
    })
}

fn summary(args: &FillArgs) -> String {
    let FillArgs { merchants, payouts, .. } = args;
    let status = if args.status == Filled::Completed { "completed" } else { "pending" };
    let bank = if args.no_bank || args.status == Filled::Pending {
        String::new()
    } else {
        format!(", and pay those in the bank's book {}", args.bank_book.display())
    };
    let (merchants, payouts) = (count(merchants, "merchant"), count(payouts, &format!("{status} payout")));
    format!("{merchants} for measuring, with keys, funds and {payouts}{bank}")
}

/// Writes the command to the audit log before it does anything else.
async fn record_action(store: &Store, args: &FillArgs) -> Result<(), Error> {
    let action = OperatorAction {
        id: ids::action_id(),
        at: Clock::of(store).now(),
        merchant: None,
        operator: "payrail-bench".to_owned(),
        action: OperatorActionKind::BenchFilled,
        subject: None,
        reason: None,
        detail: Some(summary(args)),
    };
    Ok(store.add_action(&action).await?)
}

/// Shows progress: as a counter on a terminal, as log lines elsewhere.
fn show(progress: &Progress, begun: Instant, shown: &mut Instant) {
    let terminal = std::io::stderr().is_terminal();
    let pause = if terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
    if shown.elapsed() < pause {
        return;
    }
    *shown = Instant::now();
    let seconds = begun.elapsed().as_secs();
    let Progress { merchants, payouts, ledger_entries } = progress;
    if terminal {
        words::progress(format_args!("{} in {seconds} s …", written(progress)));
    } else {
        tracing::info!(merchants, payouts, ledger_entries, seconds, "filling");
    }
}

fn written(progress: &Progress) -> String {
    let Progress { merchants, payouts, ledger_entries } = progress;
    [count(merchants, "merchant"), count(payouts, "payout"), count(ledger_entries, "ledger entry")].join(", ")
}

fn report(args: &FillArgs, plan: &Plan, done: Progress, took: Duration) {
    let Progress { merchants, payouts, ledger_entries } = done;
    let first_key = api_key(&plan.keys_seed, 0);
    if std::io::stderr().is_terminal() {
        words::progress(format_args!(""));
    }
    if args.json {
        words::say(format_args!(
            "{}",
            json!({
                "merchants": merchants,
                "payouts": payouts,
                "ledger_entries": ledger_entries,
                "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "keys_seed": plan.keys_seed,
                "first_api_key": first_key,
            })
        ));
        return;
    }
    let millis = took.as_millis().max(1);
    let rate = u128::from(ledger_entries) * 1_000 / millis;
    words::say(format_args!(
        "{} in {}.{:03} s ({} a second)",
        written(&done),
        took.as_secs(),
        took.subsec_millis(),
        count(rate, "entry")
    ));
    words::say(format_args!("The seed of their API keys: {}", plan.keys_seed));
    words::say(format_args!("The first merchant's API key: {first_key}"));
}
