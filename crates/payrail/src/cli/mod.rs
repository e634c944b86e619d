//! The command line: human output by default, `--json` where a script would want it.

/// `println!`, but for readers who leave early, which is no reason to panic: whether anybody still reads.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::words::say(format_args!($($text)*)) };
}

mod admin;
mod backup;
mod bank;
mod bench;
mod bring_forward;
mod doubtful;
mod exceptions;
mod health;
mod merchant;
mod usage;
mod verify;
mod words;

use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use payrail_store::Purpose;

use crate::clock::Clock;
use crate::http::answers;
use crate::lanes::Door;
use crate::settings::{BadSetting, Common, Serve};
use crate::{demo, logging, reset, secret, serve, signals};
use payrail_bank as simulated;

pub use words::complain;
use words::count;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// A payout engine: holds, sends, settles and refunds, and never loses a paisa.
///
/// Without a command it serves everything (API, worker, simulated bank) on an embedded SQLite file.
/// With DATABASE_URL=postgres://… it runs on PostgreSQL, as one process or as many.
#[derive(Debug, Parser)]
#[command(name = "payrail", version)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API and work (the default)
    Serve(Box<Serve>),
    /// Run the simulated bank on its own; with `confirm`, confirm that the payouts go to another bank
    Bank(Box<BankArgs>),
    /// Bring the database's schema up to this version
    Migrate(MigrateArgs),
    /// Add the three demo merchants; again changes nothing
    Seed,
    /// Remove everything from a demonstration, history and bank's book included, and start again with the demo merchants
    Reset(ResetArgs),
    /// Replay every ledger and compare it with the payouts and the bank's book
    Verify(verify::Args),
    /// Copy the embedded database into a new file, while a server runs
    Backup(backup::Args),
    /// List the payouts in doubt: since when, why, and what each waits for
    Doubtful(doubtful::Args),
    /// List the exceptions: what the bank said that does not fit the books; and the returns that wait
    Exceptions(exceptions::Args),
    /// List the payouts that a wrong clock made due far in the future, or have them taken up now
    BringForward(bring_forward::Args),
    /// Ask a process whether it can serve; exit status 1 if not
    Health(health::Args),
    /// Print the OpenAPI document of the HTTP API (docs/openapi.json is its copy)
    Openapi,
    /// Create, disable and enable operators, and set their passwords
    #[command(subcommand)]
    Admin(admin::Command),
    /// Create, fund and list merchants
    #[command(subcommand)]
    Merchant(merchant::Command),
    /// Change the secret under which API keys are hashed
    #[command(subcommand)]
    Secret(SecretCommand),
    /// Prepare a database to measure on
    #[command(subcommand)]
    Bench(bench::Command),
}

#[derive(Debug, clap::Args)]
struct ResetArgs {
    /// Really remove everything
    #[arg(long)]
    yes: bool,
    /// The bank in use, when it is not the built-in simulated one: its book is emptied too, or nothing is
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    bank_url: Option<String>,
    #[command(flatten)]
    bank: simulated::Settings,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
struct BankArgs {
    #[command(subcommand)]
    command: Option<BankCommand>,
    #[command(flatten)]
    settings: simulated::Settings,
    /// 1: the bank's book may be emptied over HTTP, as a part of `payrail reset` [default: 1 on a loopback address]
    #[arg(long, env = "PAYRAIL_DEMO", value_parser = BoolishValueParser::new(), value_name = "0|1",
          hide_possible_values = true)]
    demo: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum BankCommand {
    /// Show which bank the payouts went to and whether a worker met another one; with all options, confirm that the
    /// change is meant. It is written to the audit log
    Confirm(self::bank::ConfirmArgs),
}

#[derive(Debug, clap::Args)]
struct MigrateArgs {
    /// 1: a new database is created as a demonstration, which can be reset and opened with published keys
    #[arg(long, env = "PAYRAIL_DEMO", value_parser = BoolishValueParser::new(), value_name = "0|1",
          hide_possible_values = true)]
    demo: Option<bool>,
}

#[derive(Debug, Subcommand)]
enum SecretCommand {
    /// Make SECRET_KEY the secret of this database. Every API key and every session is void from then on
    Change {
        /// Really void every API key and session
        #[arg(long)]
        yes: bool,
    },
}

/// How long a command that is told to stop may take to put away what it holds.
const TIDY_WITHIN: Duration = Duration::from_secs(2);

/// Exit status 0: done; 1: done, and there are differences (`verify`) or it failed; 2: bad usage; 130, 143: stopped by
/// SIGINT or SIGTERM before it was done.
pub async fn main() -> ExitCode {
    match start().await {
        Ok(code) => code,
        Err(error) => {
            complain(format_args!("payrail: {error}"));
            if error.is::<BadSetting>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

async fn start() -> Result<ExitCode, Error> {
    let mut arguments: Vec<_> = std::env::args_os().collect();
    let mut cli: Cli = usage::parse(arguments.clone())?;
    if cli.command.is_none() {
        // `payrail` is `payrail serve`, with all of its settings from the environment.
        arguments.push("serve".into());
        cli = usage::parse(arguments)?;
    }
    logging::begin(&cli.common.log, cli.common.log_format)?;
    match &cli.command {
        // These end in order by themselves.
        Some(Command::Serve(_)) => run(cli).await,
        Some(Command::Bank(args)) if args.command.is_none() => run(cli).await,
        _ => unless_stopped(run(cli)).await,
    }
}

/// Whatever a command has not committed is undone when it is dropped; SIGKILL does no harm either.
async fn unless_stopped(
    command: impl Future<Output = Result<ExitCode, Error>> + Send + 'static,
) -> Result<ExitCode, Error> {
    let signal = signals::listen()?;
    let mut task = tokio::spawn(command);
    tokio::select! {
        done = &mut task => done.unwrap_or_else(|panic| Err(panic.into())),
        signal = signal => {
            task.abort();
            let _ = tokio::time::timeout(TIDY_WITHIN, task).await;
            admin::show_typing_again();
            complain(format_args!("payrail: stopped by {} before it was done", signal.name()));
            Ok(ExitCode::from(signal.exit_code()))
        }
    }
}

async fn run(cli: Cli) -> Result<ExitCode, Error> {
    let mut common = cli.common;
    common.read_files()?;
    match cli.command {
        Some(Command::Serve(settings)) => serve::run(common, *settings).await?,
        Some(Command::Bank(mut args)) => match args.command.take() {
            Some(BankCommand::Confirm(args)) => self::bank::confirm(&common, args).await?,
            None => run_bank(*args).await?,
        },
        Some(Command::Verify(args)) => return verify::run(&common, args).await,
        Some(Command::Backup(args)) => backup::run(&common, &args).await?,
        Some(Command::Doubtful(args)) => doubtful::run(&common, &args).await?,
        Some(Command::Exceptions(args)) => exceptions::run(&common, &args).await?,
        Some(Command::BringForward(args)) => bring_forward::run(&common, &args).await?,
        Some(Command::Health(args)) => health::run(&common, args).await?,
        Some(Command::Openapi) => print_openapi()?,
        Some(Command::Admin(command)) => admin::run(&common, command).await?,
        Some(Command::Merchant(command)) => merchant::run(&common, command).await?,
        Some(Command::Bench(command)) => bench::run(&common, command).await?,
        Some(Command::Secret(SecretCommand::Change { yes })) => change_secret(&common, yes).await?,
        Some(Command::Migrate(args)) => {
            let store = common.open(1).await?;
            store.migrate_as(demo::purpose(args.demo, false), &[]).await?;
            say!("The schema is at version {}.", store.schema_version());
        }
        Some(Command::Seed) => seed(&common).await?,
        Some(Command::Reset(args)) => reset_all(&common, &args).await?,
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// In one piece: half a document would be none.
fn print_openapi() -> std::io::Result<()> {
    match std::io::stdout().write_all(crate::http::openapi::text().as_bytes()) {
        // Whoever left has read enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

async fn run_bank(args: BankArgs) -> Result<(), Error> {
    let signal = signals::listen()?;
    let can_be_reset = args.demo.unwrap_or(args.settings.addr.ip().to_canonical().is_loopback());
    let bank =
        simulated::start(simulated::Settings { can_be_reset, ..args.settings }).await.map_err(BadSetting::from)?;
    say!("The simulated bank is listening on http://{}", bank.addr());
    signal.await;
    bank.stop().await;
    Ok(())
}

async fn seed(common: &Common) -> Result<(), Error> {
    common.check()?;
    let store = common.open(1).await?;
    store.migrate_as(Purpose::Demonstration, &[]).await?;
    if !store.is_demonstration().await? {
        return Err(Box::new(BadSetting(
            "seed is refused: this database was not created as a demonstration, and the demo merchants' keys are known \
             to everybody. Name a new database in DATABASE_URL; for a merchant of your own: `payrail merchant create`"
                .to_owned(),
        )));
    }
    let hasher = secret::hasher(common, &store).await?;
    let merchants =
        demo::seed(&store, &Door::for_command(&store, answers::usual_rules()), &hasher, &Clock::System).await?;
    let operators = demo::seed_operators(&store, &Clock::System).await?;
    if merchants + operators == 0 {
        say!("Nothing was added: the demo merchants and operators are there already.");
    } else {
        say!("Added {} and {}.", count(merchants, "demo merchant"), count(operators, "operator"));
    }
    for demo in &demo::MERCHANTS {
        say!("{:<16} {:<18} {}", demo.name, demo.email, demo.api_key);
    }
    Ok(())
}

async fn reset_all(common: &Common, args: &ResetArgs) -> Result<(), Error> {
    common.check()?;
    if !args.yes {
        return Err(Box::new(BadSetting(
            "reset removes every merchant, payout and ledger entry of a demonstration, for good. Stop the servers, then \
             say `payrail reset --yes`"
                .to_owned(),
        )));
    }
    let store = common.open(1).await?;
    let bank = match &args.bank_url {
        Some(url) => reset::Bank::Elsewhere(url),
        None => reset::Bank::BuiltIn(&args.bank),
    };
    let lock = reset::on_command(&store, bank).await?;
    seed(common).await?;
    drop(lock);
    Ok(())
}

async fn change_secret(common: &Common, yes: bool) -> Result<(), Error> {
    common.check()?;
    if !yes {
        return Err(Box::new(BadSetting(
            "this makes SECRET_KEY the secret of the database: every API key and every session is void, and each \
             merchant needs a new key. Stop the servers, then say `payrail secret change --yes`"
                .to_owned(),
        )));
    }
    let store = common.open_existing().await?;
    let lock = reset::alone(&store, "secret change").await?;
    store.migrate().await?;
    secret::change(common, &store, merchant::COMMAND_LINE).await?;
    drop(lock);
    say!("The secret is changed. Every API key and every session is void; issue new keys in the admin.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::Cli;

    /// Of a command: itself, its arguments, the values that they may have, and all of that of its subcommands.
    fn undescribed(command: &Command, path: &str) -> Vec<String> {
        let path = format!("{path} {}", command.get_name());
        let mut found: Vec<String> = command.get_about().is_none().then(|| path.clone()).into_iter().collect();
        for argument in command.get_arguments() {
            if argument.get_help().is_none_or(|help| help.to_string().trim().is_empty()) {
                found.push(format!("{path} {argument}"));
            }
            let values = argument.get_possible_values();
            let values = values.iter().filter(|_| !argument.is_hide_possible_values_set());
            let values = values.filter(|value| !["true", "false"].contains(&value.get_name()));
            found.extend(
                values
                    .filter(|value| value.get_help().is_none())
                    .map(|value| format!("{path} {argument}: {}", value.get_name())),
            );
        }
        found.extend(command.get_subcommands().flat_map(|sub| undescribed(sub, &path)));
        found
    }

    #[test]
    fn every_command_argument_and_value_has_a_description() {
        let mut command = Cli::command();
        command.build();
        assert_eq!(undescribed(&command, ""), Vec::<String>::new());
    }
}
