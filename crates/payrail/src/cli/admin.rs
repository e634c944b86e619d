//! `payrail admin create|list|disable|enable|password`: the people who may sign in at `/admin/`.

use std::io::{BufRead, IsTerminal};
use std::sync::OnceLock;

use clap::{Subcommand, ValueEnum};
use payrail_store::{Operator, OperatorAction, Role, Store};
use payrail_types::operator::OperatorActionKind;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use serde_json::json;

use super::shared::{COMMAND_LINE, Error};
use crate::clock::Clock;
use crate::operators::{NAME_RULE, is_name};
use crate::settings::{BadSetting, Common};
use crate::{ids, passwords};

const PASSWORD_VARIABLE: &str = "PAYRAIL_ADMIN_PASSWORD";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create an operator; the password is asked for, read from standard input or from PAYRAIL_ADMIN_PASSWORD
    Create {
        /// The name to sign in with: letters, digits and . _ @ -
        #[arg(required_unless_present = "name_flag")]
        name: Option<String>,
        /// The operator's rights
        #[arg(required_unless_present = "role_flag")]
        role: Option<Allowed>,
        /// The same as NAME, as in earlier versions
        #[arg(long = "name", id = "name_flag", hide = true, conflicts_with = "name")]
        name_flag: Option<String>,
        /// The same as ROLE
        #[arg(long = "role", id = "role_flag", hide = true, conflicts_with = "role")]
        role_flag: Option<Allowed>,
        /// Print the operator as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List the operators
    List {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Disable an operator; open sessions end at once
    Disable {
        /// The operator's name
        name: String,
    },
    /// Enable a disabled operator, with the earlier password
    Enable {
        /// The operator's name
        name: String,
    },
    /// Set an operator's password; open sessions end at once
    Password {
        /// The operator's name
        name: String,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Allowed {
    /// May see everything and change nothing
    Viewer,
    /// May change everything: fund, issue keys, resolve payouts in doubt
    Operator,
}

impl From<Allowed> for Role {
    fn from(allowed: Allowed) -> Self {
        match allowed {
            Allowed::Viewer => Self::Viewer,
            Allowed::Operator => Self::Operator,
        }
    }
}

pub async fn run(common: &Common, command: Command) -> Result<(), Error> {
    common.check()?;
    let store = match &command {
        Command::List { .. } => common.open_current().await?,
        Command::Create { .. } => common.open_to_write(1).await?,
        _ => {
            let store = common.open_existing().await?;
            store.migrate().await?;
            store
        }
    };
    match command {
        Command::Create { name, role, name_flag, role_flag, json } => {
            let (Some(name), Some(role)) = (name.or(name_flag), role.or(role_flag)) else {
                return Err(bad("name the operator and the role: payrail admin create NAME viewer|operator"));
            };
            create(&store, name.trim(), role.into(), json).await
        }
        Command::List { json } => list(&store, json).await,
        Command::Disable { name } => disable(&store, &name).await,
        Command::Enable { name } => enable(&store, &name).await,
        Command::Password { name } => password(&store, &name).await,
    }
}

async fn create(store: &Store, name: &str, role: Role, as_json: bool) -> Result<(), Error> {
    if !is_name(name) {
        return Err(bad(NAME_RULE));
    }
    let taken = || bad(&format!("there is an operator {name} already"));
    if store.operator_of_name(name).await?.is_some() {
        return Err(taken());
    }
    let hash = new_password().await?;
    let created_at = Clock::of(store).now();
    let operator = Operator {
        id: ids::operator_id(),
        name: name.to_owned(),
        role,
        created_at,
        disabled_at: None,
        temporary_until: None,
    };
    let done = action(store, OperatorActionKind::OperatorCreated, name, Some(format!("role: {}", role.as_str())));
    if !store.add_operator(&operator, &hash, &done).await? {
        return Err(taken());
    }
    if as_json {
        say!("{}", line(&operator));
    } else {
        say!("Created {name}, whose role is {}.", role.as_str());
    }
    Ok(())
}

/// Lists the operators by name.
async fn list(store: &Store, as_json: bool) -> Result<(), Error> {
    let operators = store.operators().await?;
    if operators.is_empty() && !as_json {
        say!("There is no operator yet; `payrail admin create` lets one in.");
    }
    for operator in &operators {
        if as_json {
            say!("{}", line(operator));
            continue;
        }
        let since = |at| format!("disabled {at:.0}");
        say!(
            "{:<24} {:<8}  created {:.0}  {}",
            operator.name,
            operator.role.as_str(),
            operator.created_at,
            operator.disabled_at.map(since).unwrap_or_default()
        );
    }
    Ok(())
}

/// One JSON object per line.
fn line(operator: &Operator) -> serde_json::Value {
    json!({
        "id": operator.id,
        "name": operator.name,
        "role": operator.role.as_str(),
        "created_at": crate::clock::timestamp(operator.created_at),
        "disabled_at": operator.disabled_at.map(crate::clock::timestamp),
    })
}

async fn disable(store: &Store, name: &str) -> Result<(), Error> {
    let Operator { id, name, .. } = find(store, name).await?;
    let done = action(store, OperatorActionKind::OperatorDisabled, &name, None);
    if store.disable_operator(id, done.at, &done).await? {
        say!("{name} is kept out from now on.");
    } else {
        say!("{name} was disabled already.");
    }
    Ok(())
}

async fn enable(store: &Store, name: &str) -> Result<(), Error> {
    let Operator { id, name, .. } = find(store, name).await?;
    if store.enable_operator(id, &action(store, OperatorActionKind::OperatorEnabled, &name, None)).await? {
        say!("{name} may sign in again, with the password of before.");
    } else {
        say!("{name} was not disabled.");
    }
    Ok(())
}

async fn password(store: &Store, name: &str) -> Result<(), Error> {
    let Operator { id, name, disabled_at, .. } = find(store, name).await?;
    let is_disabled = disabled_at.is_some();
    let hash = new_password().await?;
    store.set_password(id, &hash, &action(store, OperatorActionKind::PasswordChanged, &name, None)).await?;
    say!("{name} has a new password; open sessions have ended.");
    if is_disabled {
        say!("{name} is disabled and cannot sign in with it: `payrail admin enable {name}` changes that.");
    }
    Ok(())
}

async fn find(store: &Store, name: &str) -> Result<Operator, Error> {
    let found = store.operator_of_name(name.trim()).await?;
    let (operator, _) =
        found.ok_or_else(|| bad(&format!("there is no operator {name:?}; `payrail admin list` shows them")))?;
    Ok(operator)
}

fn action(store: &Store, kind: OperatorActionKind, subject: &str, detail: Option<String>) -> OperatorAction {
    OperatorAction {
        id: ids::action_id(),
        at: Clock::of(store).now(),
        merchant: None,
        operator: COMMAND_LINE.to_owned(),
        action: kind,
        subject: Some(subject.to_owned()),
        reason: None,
        detail,
    }
}

/// Reads a password from the environment, a terminal or a pipe, and hashes it.
async fn new_password() -> Result<String, Error> {
    let password = match std::env::var(PASSWORD_VARIABLE) {
        Ok(password) => password,
        // Waits on a blocking thread, so that the others still handle signals.
        Err(_) => {
            tokio::task::spawn_blocking(|| if std::io::stdin().is_terminal() { asked_for() } else { piped() }).await??
        }
    };
    passwords::hash(password).await.map_err(|error| bad(&error.to_string()))
}

/// The terminal's settings before the prompt for a password.
static TERMINAL: OnceLock<Termios> = OnceLock::new();

/// Restores them: an interrupted prompt leaves the terminal without echo.
pub fn show_typing_again() {
    if let Some(before) = TERMINAL.get() {
        let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
    }
}

fn asked_for() -> Result<String, Error> {
    if let Ok(before) = tcgetattr(std::io::stdin()) {
        let _ = TERMINAL.set(before);
    }
    let password = rpassword::prompt_password("Password: ")?;
    if password.chars().count() < passwords::MIN_CHARACTERS {
        return Err(bad(&passwords::Error::TooShort.to_string()));
    }
    if rpassword::prompt_password("The same again: ")? != password {
        return Err(bad("the two are not the same; nothing was done"));
    }
    Ok(password)
}

fn piped() -> Result<String, Error> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    if password.is_empty() {
        return Err(bad(&format!(
            "no password: set {PASSWORD_VARIABLE}, or give it as one line of standard input, or start this on a terminal"
        )));
    }
    Ok(password.to_owned())
}

fn bad(text: &str) -> Error {
    Box::new(BadSetting(text.to_owned()))
}
