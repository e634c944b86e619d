//! `payrail merchant create|fund|list`.

use clap::Subcommand;
use payrail_core::command::{Action, Command as EngineCommand, Reply};
use payrail_core::idempotency::IdempotencyKey;
use payrail_store::{Merchant, NewKey, OperatorAction, Store};
use payrail_types::ids::MerchantId;
use payrail_types::money::Amount;
use payrail_types::names::{Email, Unfit};
use payrail_types::operator::{ByOperator, OperatorActionKind};
use serde_json::{Value, json};
use uuid::Uuid;

use super::shared::{COMMAND_LINE, Error};
use super::words::rupees;
use crate::clock::Clock;
use crate::http::plumbing::text::Kind;
use crate::lanes::Engine;
use crate::settings::{BadSetting, Common, default_rules};
use crate::{ids, keys, secret};

/// The longest name or description, as in the operators' API.
const LINE_CHARACTERS: usize = 255;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Create a merchant and issue its first API key, which is shown this once
    Create {
        /// What people call it
        name: String,
        /// Its e-mail address; no two merchants have the same
        email: String,
        /// The merchant and its key as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Credit a merchant's available balance
    Fund {
        /// The merchant's e-mail address or id
        merchant: String,
        /// In paise: 100 are ₹1
        #[arg(allow_negative_numbers = true)]
        amount_paise: i64,
        /// What the ledger says of it
        #[arg(long, default_value = "Funds received")]
        description: String,
        /// A UUID; the same one again credits nothing more, so that a funding can be retried safely
        #[arg(long)]
        idempotency_key: Option<String>,
        /// The balances afterwards as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// List the merchants with their balances
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(common: &Common, command: Command) -> Result<(), Error> {
    common.check()?;
    let store = match &command {
        Command::List { .. } => common.open_current().await?,
        Command::Create { .. } => common.open_to_write(1).await?,
        // At a mistyped address there is nothing to credit, and no reason to create a database.
        Command::Fund { .. } => {
            let store = common.open_existing().await?;
            store.migrate().await?;
            store
        }
    };
    match command {
        Command::Create { name, email, json } => create(common, &store, name.trim(), &email, json).await,
        Command::Fund { merchant, amount_paise, description, idempotency_key, json } => {
            let amount = Amount::new(amount_paise).map_err(|error| BadSetting(error.to_string()))?;
            line("description", &description)?;
            let key = key(idempotency_key.as_deref())?;
            let merchant = find(&store, &merchant).await?;
            let by = Some(ByOperator { name: COMMAND_LINE.to_owned(), action_id: ids::action_id() });
            fund(&store, merchant, Action::Fund { key, amount, description, by }, json).await
        }
        Command::List { json } => list(&store, json).await,
    }
}

async fn create(common: &Common, store: &Store, name: &str, email: &str, as_json: bool) -> Result<(), Error> {
    line("name", name)?;
    let email = Email::parse(email).map_err(|wrong| cannot_be_used("e-mail address", &wrong))?;
    let merchant = Merchant {
        id: ids::merchant_id(),
        name: name.to_owned(),
        email: email.clone(),
        created_at: Clock::of(store).now(),
    };
    let hasher = secret::hasher(common.secret_key.as_deref(), store).await?;
    let key = keys::generate();
    let kept = NewKey { hash: hasher.hash(&key), prefix: keys::prefix(&key), created_at: merchant.created_at };
    let created = audit_row(&merchant, OperatorActionKind::MerchantCreated, None, Some(email.as_str()));
    let issued = audit_row(&merchant, OperatorActionKind::KeyIssued, Some(&kept.prefix), None);
    if !store.create_merchant(&merchant, &kept, &[created, issued]).await? {
        return Err(bad(&format!("there is a merchant with the address {email} already")));
    }
    if as_json {
        say!("{}", json!({ "id": merchant.id, "name": name, "email": email, "api_key": key }));
    } else {
        say!("Created {name} ({email}), id {}.", merchant.id);
        say!("Its API key, shown this once: {key}");
    }
    Ok(())
}

/// A row of the audit log.
fn audit_row(
    merchant: &Merchant,
    kind: OperatorActionKind,
    subject: Option<&str>,
    detail: Option<&str>,
) -> OperatorAction {
    OperatorAction {
        id: ids::action_id(),
        at: merchant.created_at,
        merchant: Some(merchant.id),
        operator: COMMAND_LINE.to_owned(),
        action: kind,
        subject: subject.map(str::to_owned),
        reason: None,
        detail: detail.map(str::to_owned),
    }
}

async fn fund(store: &Store, merchant: Merchant, action: Action, as_json: bool) -> Result<(), Error> {
    let engine = Engine::for_command(store, default_rules());
    let Reply::Answered { answer, replayed } = engine.send(EngineCommand { merchant: merchant.id, action }).await??
    else {
        return Err("the engine answered a funding with something else".into());
    };
    if as_json {
        say!("{}", answer.body);
        return Ok(());
    }
    let balances = store.tip(merchant.id).await?.balances;
    let done = if replayed { "had this funding already" } else { "was funded" };
    say!("{} {done}. Available: {}, held: {}.", merchant.name, rupees(balances.available), rupees(balances.held));
    Ok(())
}

/// In the order in which they were created.
async fn list(store: &Store, as_json: bool) -> Result<(), Error> {
    let merchants = all(store).await?;
    for merchant in &merchants {
        let balances = store.tip(merchant.id).await?.balances;
        let goes_on = if as_json {
            say!("{}", json_line(merchant, balances.available.get(), balances.held.get()))
        } else {
            let (available, held) = (rupees(balances.available), rupees(balances.held));
            let Merchant { id, name, email, .. } = merchant;
            say!("{id}  {available:>20} available  {held:>16} held  {name} <{email}>")
        };
        if !goes_on {
            return Ok(());
        }
    }
    if merchants.is_empty() && !as_json {
        say!("There is no merchant yet; `payrail merchant create` makes one.");
    }
    Ok(())
}

async fn all(store: &Store) -> Result<Vec<Merchant>, Error> {
    let mut all: Vec<Merchant> = Vec::new();
    loop {
        let page = store.merchants(all.last().map(|last| last.id), 500).await?;
        if page.is_empty() {
            // The store's order is that of its buckets, which tells people nothing.
            all.sort_by_key(|merchant| (merchant.created_at, merchant.id));
            return Ok(all);
        }
        all.extend(page);
    }
}

/// One JSON object a line, as far as there are merchants.
fn json_line(merchant: &Merchant, available: i64, held: i64) -> Value {
    json!({
        "id": merchant.id,
        "name": merchant.name,
        "email": merchant.email,
        "available_balance_paise": available,
        "held_balance_paise": held,
    })
}

async fn find(store: &Store, who: &str) -> Result<Merchant, Error> {
    let found = match Uuid::try_parse(who) {
        Ok(id) => store.merchant(MerchantId(id)).await?,
        Err(_) => match Email::parse(who) {
            Ok(email) => store.merchant_of_email(&email).await?,
            Err(_) => None,
        },
    };
    found.ok_or_else(|| bad(&format!("there is no merchant {who:?}; `payrail merchant list` shows them")))
}

fn key(given: Option<&str>) -> Result<IdempotencyKey, Error> {
    let Some(text) = given else { return Ok(IdempotencyKey(Uuid::now_v7())) };
    IdempotencyKey::parse(text).ok_or_else(|| bad("--idempotency-key must be a UUID"))
}

/// The rule of the operators' API.
fn line(what: &str, text: &str) -> Result<(), Error> {
    let wrong = Kind::Line.faults(text, LINE_CHARACTERS);
    if wrong.is_empty() { Ok(()) } else { Err(cannot_be_used(what, &wrong)) }
}

fn cannot_be_used(what: &str, wrong: &[Unfit]) -> Error {
    let sentences: Vec<_> = wrong.iter().map(Unfit::to_string).collect();
    bad(&format!("the {what} cannot be used. {}", sentences.join(" ")))
}

fn bad(text: &str) -> Error {
    Box::new(BadSetting(text.to_owned()))
}
