//! Resets the tables and the bank's book, which would otherwise list payouts that no longer exist.
//!
//! One variable must not be able to destroy a ledger. So a reset requires a database that was *created* as a
//! demonstration, no process that uses it, and a bank that can be reset too, which a real one cannot.
//!
//! `RESET_DATA=1` may be set permanently, and must not reset again when a supervisor restarts a crashed process. So a
//! reset sets a mark and an orderly stop removes it. A start that finds the mark keeps the data.

use std::time::Duration;

use payrail_store::{ProcessLock, Store};
use payrail_types::rail::RailId;

use crate::bad_setting::BadSetting;
use crate::rail::{Rail, Remembered};
use crate::rails::Rails;
use payrail_bank::{self as bank, file};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The mark of a reset at start, until an orderly stop.
const STARTED: &str = "reset_at_start";
const AT_WORK: &str = "at work";

/// The banks whose books are reset with the database.
#[derive(Clone, Copy)]
pub struct Banks<'a> {
    /// The book of the built-in bank, if a rail uses it.
    pub built_in: Option<&'a bank::Settings>,
    pub elsewhere: &'a [Rail],
}

impl<'a> Banks<'a> {
    /// The banks that the rails use.
    pub fn of(rails: &Rails, ways: &'a [Rail], built_in: &'a bank::Settings) -> Self {
        Self { built_in: rails.need_built_in_bank().then_some(built_in), elsewhere: ways }
    }
}

/// How long a bank may take to start.
const BANK_COMES_UP_WITHIN: Duration = Duration::from_secs(30);

/// `RESET_DATA=1`: resets unless this is the restart of a process that crashed.
pub async fn at_start(store: &Store, banks: Banks<'_>) -> Result<ProcessLock, Error> {
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
    reset_all(store, banks, &[(STARTED, AT_WORK)]).await?;
    Ok(lock.share().await?)
}

/// After an orderly stop the next start may reset again.
pub async fn stopped_in_order(store: &Store) {
    if let Err(error) = store.remove_setting(STARTED).await {
        tracing::debug!(%error, "the mark of the reset could not be taken away");
    }
}

/// `payrail reset --yes`.
pub async fn on_command(store: &Store, banks: Banks<'_>) -> Result<ProcessLock, Error> {
    let lock = alone(store, "reset").await?;
    if !store.is_new().await? {
        check_purpose(store, "reset").await?;
    }
    reset_all(store, banks, &[]).await?;
    Ok(lock)
}

/// Makes sure that no other process uses the database, and that none starts until the lock is released.
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

/// Resets the banks first. If the process dies in between, the worker finds another bank than the database's and
/// reports it; in the other order nobody would notice the bank's old payments. No bank is reset before all are checked.
async fn reset_all(store: &Store, banks: Banks<'_>, settings: &[(&str, &str)]) -> Result<(), Error> {
    let is_new = store.is_new().await?;
    let mut known = Vec::new();
    for rail in banks.elsewhere {
        let bank = if is_new { None } else { store.setting(&rail.setting(Remembered::Identity)).await? };
        known.push(identity_of(rail, bank.as_deref()).await?);
    }
    for (number, (rail, stated)) in banks.elsewhere.iter().zip(known).enumerate() {
        let done =
            if number == 0 { "Nothing was removed" } else { "Only the books of the rails before it were emptied" };
        rail.reset(&stated).await.map_err(|why| {
            refused(
                "the reset",
                &format!(
                    "the bank's book goes with it, and the bank at {} does not do so: {why}. {done}. (A simulated \
                     bank can be reset when it was started with PAYRAIL_DEMO=1)",
                    address_of(rail)
                ),
            )
        })?;
    }
    if let Some(settings) = banks.built_in {
        let bank = if is_new { None } else { store.setting(&Remembered::Identity.of(RailId::DEFAULT)).await? };
        reset_book(settings, bank.as_deref()).await?;
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
    let found = file::inspect(&settings.book).await.map_err(BadSetting::from)?;
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
    file::reset(&settings.book).await.map_err(BadSetting::from)?;
    Ok(())
}

/// The bank's identity, which must be the known one if there is one.
async fn identity_of(rail: &Rail, known: Option<&str>) -> Result<String, Error> {
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
            &format!(
                "at {} is another bank than the one to which this database sent its payouts, and nothing was removed",
                address_of(rail)
            ),
        ));
    }
    Ok(stated)
}

/// The name of the setting with its address.
fn address_of(rail: &Rail) -> String {
    match rail.name() {
        RailId::DEFAULT => "PAYRAIL_BANK_URL".to_owned(),
        name => format!("the url of the rail {name}"),
    }
}
