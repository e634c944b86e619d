//! Everything anew: the tables, and the bank's book, which would otherwise remember payouts that nobody made.
//!
//! One variable must not be able to destroy a ledger. So a reset wants all of this: a database that was *created* as
//! a demonstration, no process at work on it, and a bank that can be reset too, which a real one cannot.
//!
//! `RESET_DATA=1` may be set for good. What is one start, then? A process that is told to stop and stops in order
//! ends its start; one that crashes, or is killed, is started again by whatever watches over it. So a reset leaves a
//! mark, an orderly stop takes it away, and a start that still finds it goes on with the data that are there.

use std::time::Duration;

use payrail_store::{ProcessLock, Store};

use crate::rail::{self, Rail};
use crate::settings::BadSetting;
use payrail_bank::{self as bank, identity};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The mark of a reset at start, until the process has stopped in order.
const STARTED: &str = "reset_at_start";
const AT_WORK: &str = "at work";

/// Where the bank is whose book goes with the database.
pub enum Bank<'a> {
    Elsewhere(&'a str),
    BuiltIn(&'a bank::Settings),
}

/// How long a bank may take to come up beside us.
const BANK_COMES_UP_WITHIN: Duration = Duration::from_secs(30);

/// `RESET_DATA=1`: once for each start that a person made.
pub async fn at_start(store: &Store, bank: Bank<'_>) -> Result<ProcessLock, Error> {
    let lock = alone(store, "RESET_DATA=1").await?;
    if !store.is_new().await? {
        check_purpose(store, "RESET_DATA=1").await?;
        if store.setting(STARTED).await?.is_some() {
            tracing::warn!(
                "RESET_DATA=1 is passed over: the process that reset this database last did not stop in order, so \
                 this is taken for its restart. To reset: stop this process in order (SIGTERM) and start it again, or \
                 stop it and run `payrail reset --yes`"
            );
            return Ok(lock.share().await?);
        }
    }
    reset_both(store, bank, &[(STARTED, AT_WORK)]).await?;
    Ok(lock.share().await?)
}

/// After a stop in order the next start is a new one.
pub async fn stopped_in_order(store: &Store) {
    if let Err(error) = store.remove_setting(STARTED).await {
        tracing::debug!(%error, "the mark of the reset could not be taken away");
    }
}

/// `payrail reset --yes`.
pub async fn on_command(store: &Store, bank: Bank<'_>) -> Result<ProcessLock, Error> {
    let lock = alone(store, "reset").await?;
    if !store.is_new().await? {
        check_purpose(store, "reset").await?;
    }
    reset_both(store, bank, &[]).await?;
    Ok(lock)
}

/// With no other process at work on the database, and none to come before this is over.
pub async fn alone(store: &Store, what: &str) -> Result<ProcessLock, Error> {
    let lock = store.lock_exclusive().await?;
    lock.ok_or_else(|| {
        refused(what, "another payrail process is at work on this database, and nothing was changed. Stop it first")
    })
}

async fn check_purpose(store: &Store, what: &str) -> Result<(), Error> {
    if store.is_demonstration().await? {
        return Ok(());
    }
    Err(refused(
        what,
        "this database was not created as a demonstration, and nothing was removed. Only a demonstration can be reset. \
         To begin anew, name a new database in DATABASE_URL",
    ))
}

fn refused(what: &str, why: &str) -> Error {
    BadSetting(format!("{what} is refused: {why}")).into()
}

/// The bank first: what dies in between leaves books whose bank is another one, which the worker sees and says;
/// the other way round nobody would know whose payments the bank lists.
async fn reset_both(store: &Store, bank: Bank<'_>, settings: &[(&str, &str)]) -> Result<(), Error> {
    let known = if store.is_new().await? { None } else { store.setting(rail::IDENTITY).await? };
    match bank {
        Bank::Elsewhere(url) => reset_elsewhere(url, known.as_deref()).await?,
        Bank::BuiltIn(settings) => reset_book(settings, known.as_deref()).await?,
    }
    Ok(store.reset(settings).await?)
}

async fn reset_book(settings: &bank::Settings, known: Option<&str>) -> Result<(), Error> {
    if !settings.book.exists() {
        if known.is_some() {
            tracing::warn!(book = %settings.book.display(), "the bank's book is not there, and so it is not emptied. \
                A bank elsewhere keeps its book: PAYRAIL_BANK_URL names it");
        }
        return Ok(());
    }
    let found = identity::look(&settings.book).await.map_err(BadSetting::from)?;
    if !found.is_empty && known.is_some_and(|known| known != found.identity) {
        return Err(refused(
            "the reset",
            &format!(
                "the book {} is not that of the bank to which this database sent its payouts, and nothing was removed. \
                 Name the right one in PAYRAIL_BANK_BOOK, or its bank in PAYRAIL_BANK_URL",
                settings.book.display()
            ),
        ));
    }
    identity::reset(&settings.book).await.map_err(BadSetting::from)?;
    Ok(())
}

async fn reset_elsewhere(url: &str, known: Option<&str>) -> Result<(), Error> {
    let rail = Rail::http(url, Duration::from_secs(10))?;
    let begun = tokio::time::Instant::now();
    let stated = loop {
        match rail.identity().await {
            Ok(stated) => break stated,
            Err(why) if begun.elapsed() > BANK_COMES_UP_WITHIN => {
                return Err(refused(
                    "the reset",
                    &format!("nothing was removed, as the bank's book goes with it: {why}"),
                ));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    };
    if known.is_some_and(|known| known != stated) {
        return Err(refused(
            "the reset",
            "at PAYRAIL_BANK_URL is another bank than the one to which this database sent its payouts, and nothing was \
             removed",
        ));
    }
    rail.reset(&stated).await.map_err(|why| {
        refused(
            "the reset",
            &format!(
                "the bank's book goes with it, and the bank at PAYRAIL_BANK_URL does not do so: {why}. Nothing was \
                 removed. (A simulated bank can be reset when it was started with PAYRAIL_DEMO=1)"
            ),
        )
    })
}
