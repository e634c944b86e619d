//! The command line: output for people by default, and JSON with `--json`.

/// As `println!`, without a panic if the reader is gone. False if it is.
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::words::say(format_args!($($text)*)) };
}

mod admin;
mod after_restore;
mod backup;
mod bank;
mod books;
mod bring_forward;
mod doubtful;
mod exceptions;
mod health;
mod merchant;
mod returns;
mod shared;
mod usage;
mod verify;
pub mod words;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Parser, Subcommand};
use payrail_store::{Cells, Purpose};

use crate::clock::Clock;
use crate::lanes::Engine;
use crate::rails::Rails;
use crate::settings::{BadSetting, Common, Serve, Worker, default_rules};
use crate::{demo, logging, published, reset, secret, serve, signals};
use payrail_bank as simulated;

use shared::COMMAND_LINE;
pub use shared::Error;
pub use words::complain;
use words::count;

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
    /// Serve the API and run the worker (the default)
    Serve(Box<Serve>),
    /// Run only the simulated bank; with `confirm`, confirm that the payouts go to another bank
    Bank(Box<BankArgs>),
    /// Update the database's schema to this version
    Migrate(MigrateArgs),
    /// Add the demo merchants and operators; repeating it changes nothing
    Seed,
    /// Remove everything from a demonstration, including the history and the bank's book, and add the demo merchants
    /// again
    Reset(ResetArgs),
    /// Replay every ledger and compare it with the payouts and the bank's book
    Verify(verify::Args),
    /// After a restore: list what the bank paid that this database does not know, or has otherwise, and what to do
    AfterRestore(after_restore::Args),
    /// Copy the embedded database into a new file, while a server runs
    Backup(backup::Args),
    /// List the payouts in doubt, with the time, the reason and the next step
    Doubtful(doubtful::Args),
    /// List the exceptions (statements of the bank that do not match the books) and the returns that wait
    Exceptions(exceptions::Args),
    /// Show how far a bank's list of returns has been read, or continue after a gap in it
    Returns(returns::Args),
    /// List the payouts that a wrong clock made due far in the future, or make them due now
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
}

#[derive(Debug, clap::Args)]
struct ResetArgs {
    /// Really remove everything
    #[arg(long)]
    yes: bool,
    /// The bank in use, when it is not the built-in simulated one: its book is emptied too, or nothing is
    #[arg(long, env = "PAYRAIL_BANK_URL", value_name = "URL", hide_env_values = true)]
    bank_url: Option<String>,
    /// The rails, as the server has them: the books of all their banks are emptied, or nothing is
    #[arg(long, env = "PAYRAIL_RAILS", value_name = "FILE")]
    rails: Option<PathBuf>,
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

    /// How many cells a new database gets on PostgreSQL: 1 to 64 schemas, each with the merchants of a range of buckets.
    /// On a Citus cluster each schema is on one of its nodes. The number never changes [default: 1]
    #[arg(long, value_name = "NUMBER")]
    cells: Option<u16>,
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

/// How long a command may take to release its resources after a signal.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(2);

/// Exit status 0: done; 1: it failed, or there are differences (`verify`, `after-restore`); 2: bad usage; 130, 143: stopped
/// by SIGINT or SIGTERM before it was done.
pub async fn main() -> ExitCode {
    exit(start().await)
}

/// The exit status of a command. An error is printed to standard error.
pub fn exit(done: Result<ExitCode, Error>) -> ExitCode {
    match done {
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
        // These handle signals themselves.
        Some(Command::Serve(_)) => run(cli).await,
        Some(Command::Bank(args)) if args.command.is_none() => run(cli).await,
        _ => unless_stopped(run(cli)).await,
    }
}

/// Stops a command at a signal. Dropping it rolls back everything that it has not committed; SIGKILL is safe too.
pub async fn unless_stopped(
    command: impl Future<Output = Result<ExitCode, Error>> + Send + 'static,
) -> Result<ExitCode, Error> {
    let signal = signals::listen()?;
    let mut task = tokio::spawn(command);
    tokio::select! {
        done = &mut task => done.unwrap_or_else(|panic| Err(panic.into())),
        signal = signal => {
            task.abort();
            let _ = tokio::time::timeout(CLEANUP_TIMEOUT, task).await;
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
        Some(Command::AfterRestore(args)) => return after_restore::run(&common, &args).await,
        Some(Command::Backup(args)) => backup::run(&common, &args).await?,
        Some(Command::Doubtful(args)) => doubtful::run(&common, &args).await?,
        Some(Command::Exceptions(args)) => exceptions::run(&common, &args).await?,
        Some(Command::Returns(args)) => returns::run(&common, &args).await?,
        Some(Command::BringForward(args)) => bring_forward::run(&common, &args).await?,
        Some(Command::Health(args)) => health::run(&common, args).await?,
        Some(Command::Openapi) => print_openapi()?,
        Some(Command::Admin(command)) => admin::run(&common, command).await?,
        Some(Command::Merchant(command)) => merchant::run(&common, command).await?,
        Some(Command::Secret(SecretCommand::Change { yes })) => change_secret(&common, yes).await?,
        Some(Command::Migrate(args)) => {
            let cells = args.cells.map(Cells::new).transpose().map_err(|why| BadSetting(why.to_string()))?;
            let store = common.open_with_cells(1, cells).await?;
            store.migrate_as(demo::purpose(args.demo, false), &[]).await?;
            let (version, cells) = (store.schema_version(), count(usize::from(store.cells().get()), "cell"));
            say!("The schema is at version {version}, in {cells}.");
        }
        Some(Command::Seed) => seed(&common).await?,
        Some(Command::Reset(args)) => reset_all(&common, &args).await?,
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Prints the document in one write, because half of it would be invalid.
fn print_openapi() -> std::io::Result<()> {
    match std::io::stdout().write_all(crate::http::openapi::text().as_bytes()) {
        // The reader may stop early.
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
    let hasher = secret::hasher(common.secret_key.as_deref(), &store).await?;
    let merchants = demo::seed(&store, &Engine::for_command(&store, default_rules()), &hasher, &Clock::System).await?;
    let operators = demo::seed_operators(&store, &Clock::System).await?;
    if merchants + operators == 0 {
        say!("Nothing was added: the demo merchants and operators are there already.");
    } else {
        say!("Added {} and {}.", count(merchants, "demo merchant"), count(operators, "operator"));
    }
    for demo in &published::MERCHANTS {
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
    let rails = Rails::read(&Worker::that_reads(args.bank_url.clone(), args.rails.clone()))?;
    let lock = reset::on_command(&store, reset::Banks::of(&rails, &rails.open(None)?, &args.bank)).await?;
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
    secret::change(common.secret_key.as_deref(), &store, COMMAND_LINE).await?;
    drop(lock);
    say!("The secret is changed. Every API key and every session is void; issue new keys in the admin.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::{Command, CommandFactory};

    use super::Cli;

    /// The items without a description: commands, arguments and values, including those of subcommands.
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
