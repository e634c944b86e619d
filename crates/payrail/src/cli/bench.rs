//! `payrail bench fill`: a database with a history, to measure on.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Subcommand;
use jiff::SignedDuration;
use payrail_core::money::Amount;
use payrail_store::{OperatorAction, Store};
use serde_json::json;

use super::Error;
use super::merchant::COMMAND_LINE;
use super::words::{self, count};
use crate::bench::{FillError, Plan, Progress, api_key, check, fill};
use crate::clock::Clock;
use crate::settings::{BadSetting, Common};
use crate::{ids, keys, secret};

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Add merchants with a history of payouts, as the API and the worker would have written it
    ///
    /// Through SQL, for speed: on PostgreSQL millions of payouts take minutes. `payrail verify` finds no
    /// difference afterwards, and servers may be at work meanwhile. Nothing of it can be removed again
    /// but with all the rest, by `payrail reset`.
    Fill(FillArgs),
}

#[derive(Debug, clap::Args)]
pub struct FillArgs {
    /// How many merchants to add, each with a key and with ₹1,000 crore to spend
    #[arg(long, default_value_t = 100, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    merchants: u64,

    /// How many payouts they made, all together; a completed one is two ledger entries, a pending one is one
    #[arg(long, default_value_t = 10_000, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(0..=1_000_000_000))]
    payouts: u64,

    /// All of the first merchant's, instead of the same number for each
    #[arg(long)]
    hot: bool,

    /// Whether the bank paid them, or a worker is still to take them up
    #[arg(long, value_enum, default_value = "completed")]
    status: Filled,

    /// What each payout is for, in paise: 100 are ₹1
    #[arg(long, default_value_t = 10_000, value_name = "PAISE")]
    amount_paise: i64,

    /// Over how many days, up to now, the payouts are spread
    #[arg(long, default_value_t = 365, value_name = "DAYS", value_parser = clap::value_parser!(u16).range(1..=3650))]
    days: u16,

    /// What the merchants' API keys are derived from: merchant 0, 1, 2, … has `prk_` and the HMAC-SHA256 of
    /// its number under this seed, in hexadecimal. Who knows the seed has the keys [default: random]
    #[arg(long, value_name = "TEXT")]
    keys_seed: Option<String>,

    /// The simulated bank's book, in which completed payouts are paid, too
    #[arg(long, env = "PAYRAIL_BANK_BOOK", value_name = "FILE", default_value = "payrail-bank.db")]
    bank_book: PathBuf,

    /// Leave the bank's book alone: then `payrail verify --no-bank` is the one that finds no difference
    #[arg(long)]
    no_bank: bool,

    /// Also where DEBUG=0 and there are merchants already
    #[arg(long)]
    yes: bool,

    /// What was written, as one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Filled {
    /// The bank paid them
    Completed,
    /// A worker is still to take them up
    Pending,
}

pub async fn run(common: &Common, command: Command) -> Result<(), Error> {
    let Command::Fill(args) = command;
    common.check()?;
    let plan = plan(&args)?;
    let store = common.open(1).await?;
    store.migrate().await?;
    ask(common, &store, &args).await?;
    let hasher = secret::hasher(common, &store).await?;
    check(&store, &hasher, &plan).await.map_err(sentence)?;
    write_down(&store, &args).await?;
    let (begun, mut shown) = (Instant::now(), Instant::now());
    let book = (!args.no_bank).then_some(args.bank_book.as_path());
    let done = fill(&store, &hasher, &plan, book, |progress| show(progress, begun, &mut shown)).await;
    told(&args, &plan, done.map_err(sentence)?, begun.elapsed());
    Ok(())
}

/// What is wrong with the settings is told apart from what went wrong.
fn sentence(error: FillError) -> Error {
    match error {
        FillError::SeedUsed | FillError::TooMuch => BadSetting(error.to_string()).into(),
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

/// Where DEBUG=0, merchants may be real ones.
async fn ask(common: &Common, store: &Store, args: &FillArgs) -> Result<(), Error> {
    if args.yes || common.debug || store.merchants(None, 1).await?.is_empty() {
        return Ok(());
    }
    Err(Box::new(BadSetting(format!(
        "with DEBUG=0, and with merchants in it, this database may be a real one. `--yes` would add, for ever: {}",
        what(args)
    ))))
}

fn what(args: &FillArgs) -> String {
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

/// In the audit log, before anything is done.
async fn write_down(store: &Store, args: &FillArgs) -> Result<(), Error> {
    let action = OperatorAction {
        id: ids::action_id(),
        at: Clock::of(store).now(),
        merchant: None,
        operator: COMMAND_LINE.to_owned(),
        action: "bench_filled".to_owned(),
        subject: None,
        reason: None,
        detail: Some(what(args)),
    };
    Ok(store.add_action(&action).await?)
}

/// On a terminal one line that counts up; elsewhere a log line now and then.
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

fn told(args: &FillArgs, plan: &Plan, done: Progress, took: Duration) {
    let Progress { merchants, payouts, ledger_entries } = done;
    let first_key = api_key(&plan.keys_seed, 0);
    if std::io::stderr().is_terminal() {
        words::progress(format_args!(""));
    }
    if args.json {
        say!(
            "{}",
            json!({
                "merchants": merchants,
                "payouts": payouts,
                "ledger_entries": ledger_entries,
                "milliseconds": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "keys_seed": plan.keys_seed,
                "first_api_key": first_key,
            })
        );
        return;
    }
    let millis = took.as_millis().max(1);
    let rate = u128::from(ledger_entries) * 1_000 / millis;
    say!("{} in {}.{:03} s ({} a second)", written(&done), took.as_secs(), took.subsec_millis(), count(rate, "entry"));
    say!("The seed of their API keys: {}", plan.keys_seed);
    say!("The first merchant's API key: {first_key}");
}
