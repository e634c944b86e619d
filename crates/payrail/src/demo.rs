//! Demo mode: whether it is on, and the three demo merchants. Seeding again changes nothing, because each step can be
//! repeated.

use payrail_core::command::{Action, Command};
use payrail_core::idempotency::IdempotencyKey;
use payrail_store::{Merchant, Operator, OperatorAction, Purpose, Store};
use payrail_types::money::Amount;
use payrail_types::names::Email;
use payrail_types::operator::OperatorActionKind;
use uuid::Uuid;

use crate::bad_setting::BadSetting;
use crate::clock::Clock;
use crate::keys::KeyHasher;
use crate::lanes::{Engine, EngineError};
use crate::published::{DemoMerchant, MERCHANTS, OPERATORS};
use crate::{ids, keys};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The purpose of a new database: set by `PAYRAIL_DEMO`, or a demonstration if the program is only tried out.
pub fn purpose(wanted: Option<bool>, is_trial: bool) -> Purpose {
    if wanted.unwrap_or(is_trial) { Purpose::Demonstration } else { Purpose::Ledger }
}

/// Whether a server runs in demo mode. A ledger never does: published keys must never open real data, whatever a
/// variable says.
pub async fn is_on(store: &Store, wanted: Option<bool>, is_trial: bool) -> Result<bool, Error> {
    match (wanted, store.is_demonstration().await?) {
        (Some(false), _) => Ok(false),
        (Some(true), false) => Err(BadSetting(
            "PAYRAIL_DEMO=1 is refused: this database was not created as a demonstration, and its keys are not for \
             everybody. Start with PAYRAIL_DEMO=0, or with a new database in DATABASE_URL"
                .to_owned(),
        )
        .into()),
        (None, false) => {
            if is_trial {
                tracing::info!("demo mode is off: this database was not created as a demonstration");
            }
            Ok(false)
        }
        (None, true) if !is_trial => {
            tracing::warn!(
                "demo mode is off, though this database was created as a demonstration: PAYRAIL_DEMO=1 turns it on"
            );
            Ok(false)
        }
        (wanted, true) => {
            match wanted {
                Some(true) => tracing::warn!(
                    "demo mode is on: whoever reaches this server can sign in as a demo merchant or as the operator \
                     `admin`, whose keys and passwords are published. PAYRAIL_DEMO=0 turns it off"
                ),
                _ => tracing::info!(
                    "demo mode is on: the demo merchants' keys and the operators' passwords are published"
                ),
            }
            Ok(true)
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    #[error(transparent)]
    Store(#[from] payrail_store::StoreError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("{0} was added and yet is not there")]
    Lost(&'static str),
}

/// Creates the demo merchants with their keys and opening credits. Returns how many are new.
pub async fn seed(store: &Store, engine: &Engine, hasher: &KeyHasher, clock: &Clock) -> Result<usize, SeedError> {
    let mut added = 0;
    for demo in &MERCHANTS {
        let (merchant, is_new) = find_or_add(store, demo, clock).await?;
        added += usize::from(is_new);
        store.add_key(merchant.id, &hasher.hash(demo.api_key), &keys::prefix(demo.api_key), clock.now()).await?;
        open_balance(engine, &merchant, demo).await?;
    }
    Ok(added)
}

/// Creates the two operators with public passwords, in demo mode only. An existing one stays unchanged, with any
/// password. Returns how many are new.
pub async fn seed_operators(store: &Store, clock: &Clock) -> Result<usize, SeedError> {
    let mut added = 0;
    for demo in &OPERATORS {
        if store.operator_of_name(demo.name).await?.is_some() {
            continue;
        }
        let now = clock.now();
        let (name, role) = (demo.name.to_owned(), demo.role);
        let operator =
            Operator { id: ids::operator_id(), name, role, created_at: now, disabled_at: None, temporary_until: None };
        let done = OperatorAction {
            id: ids::action_id(),
            at: now,
            merchant: None,
            operator: "demo mode".to_owned(),
            action: OperatorActionKind::OperatorCreated,
            subject: Some(demo.name.to_owned()),
            reason: None,
            detail: Some(format!("role: {}", role.as_str())),
        };
        store.add_operator(&operator, demo.password_hash, &done).await?;
        added += 1;
    }
    Ok(added)
}

/// Finds the merchant by e-mail address or creates it. True if it is new.
async fn find_or_add(store: &Store, demo: &DemoMerchant, clock: &Clock) -> Result<(Merchant, bool), SeedError> {
    let merchant = Merchant {
        id: ids::merchant_id(),
        name: demo.name.to_owned(),
        email: Email::from_stored(demo.email),
        created_at: clock.now(),
    };
    let is_new = store.add_merchant(&merchant).await?;
    let merchant = store.merchant_of_email(&merchant.email).await?.ok_or(SeedError::Lost(demo.name))?;
    Ok((merchant, is_new))
}

/// Once per merchant, under a key of its own.
async fn open_balance(engine: &Engine, merchant: &Merchant, demo: &DemoMerchant) -> Result<(), SeedError> {
    let Ok(amount) = Amount::new(demo.opening_credit_paise) else { return Ok(()) };
    let key = IdempotencyKey(Uuid::new_v5(&merchant.id.0, b"opening credit"));
    let action = Action::Fund { key, amount, description: "Initial seed credit".to_owned(), by: None };
    // A refusal can only say that the balance is full to 64 bits.
    let _ = engine.send(Command { merchant: merchant.id, action }).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::passwords::Passwords;

    #[tokio::test]
    async fn the_hashes_are_those_of_the_passwords() {
        for demo in &OPERATORS {
            let hash = Some(demo.password_hash.to_owned());
            assert!(Passwords::new(false).is_right(demo.password.to_owned(), hash).await.unwrap(), "{}", demo.name);
        }
    }
}
