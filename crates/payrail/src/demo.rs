//! Demo mode: whether it is on, and the three demo merchants. Seeding again changes nothing: each step is one that can
//! be repeated.

use payrail_core::command::{Action, Command};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::money::Amount;
use payrail_store::{Merchant, Operator, OperatorAction, Purpose, Role, Store};
use uuid::Uuid;

use crate::clock::Clock;
use crate::keys::KeyHasher;
use crate::lanes::{Door, DoorError};
use crate::settings::BadSetting;
use crate::{ids, keys};

type Error = Box<dyn std::error::Error + Send + Sync>;

pub struct DemoMerchant {
    pub name: &'static str,
    pub email: &'static str,
    pub api_key: &'static str,
    opening_credit_paise: i64,
}

pub const MERCHANTS: [DemoMerchant; 3] = [
    DemoMerchant {
        name: "Acme Agency",
        email: "acme@example.com",
        api_key: "api-key-acme-agency",
        opening_credit_paise: 1_000_000,
    },
    DemoMerchant {
        name: "Freelancer Fiaz",
        email: "fiaz@example.com",
        api_key: "api-key-freelancer-fiaz",
        opening_credit_paise: 500_000,
    },
    DemoMerchant {
        name: "Tiny Studio",
        email: "tiny@example.com",
        api_key: "api-key-tiny-studio",
        opening_credit_paise: 10_000,
    },
];

pub struct DemoOperator {
    pub name: &'static str,
    pub password: &'static str,
    role: Role,
    /// Of the password, made beforehand: to hash it at each start would delay the first answer.
    password_hash: &'static str,
}

pub const OPERATORS: [DemoOperator; 2] = [
    DemoOperator {
        name: "admin",
        password: "payrail-demo-admin",
        role: Role::Operator,
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$8qrdNrRbnnedEiFtpOpr2w$pIAiwnAQvohZ/dBUphES96q/c8FGOZi/a4/GAkyszQg",
    },
    DemoOperator {
        name: "viewer",
        password: "payrail-demo-viewer",
        role: Role::Viewer,
        password_hash: "$argon2id$v=19$m=19456,t=2,p=1$CSgFzB7vIKVswU1pznhB5g$Zzn+3Ntpsvc/E3vtwn+8yNz+2dEDMjLk2dLnJvb8j4I",
    },
];

/// Everybody knows these keys: outside of demo mode they open nothing, whoever they belong to.
pub fn is_published_key(key: &str) -> bool {
    MERCHANTS.iter().any(|demo| demo.api_key == key)
}

pub fn is_published_password(password: &str) -> bool {
    OPERATORS.iter().any(|demo| demo.password == password)
}

/// What a new database is created as: by `PAYRAIL_DEMO`, or a demonstration where the program is only tried out.
pub fn purpose(wanted: Option<bool>, is_trial: bool) -> Purpose {
    if wanted.unwrap_or(is_trial) { Purpose::Demonstration } else { Purpose::Ledger }
}

/// Whether a server runs in demo mode. A ledger never does: what is real must not be opened by published keys,
/// whatever a variable says.
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
    Door(#[from] DoorError),
    #[error("{0} was added and yet is not there")]
    Lost(&'static str),
}

/// The demo merchants with their keys and opening credits: how many of them are new.
pub async fn seed(store: &Store, door: &Door, hasher: &KeyHasher, clock: &Clock) -> Result<usize, SeedError> {
    let mut added = 0;
    for demo in &MERCHANTS {
        let (merchant, is_new) = find_or_add(store, demo, clock).await?;
        added += usize::from(is_new);
        store.add_key(merchant.id, &hasher.hash(demo.api_key), &keys::prefix(demo.api_key), clock.now()).await?;
        open_balance(door, &merchant, demo).await?;
    }
    Ok(added)
}

/// Two operators whose passwords are public: in demo mode only. One who is there already stays as is, with
/// whatever password. How many are new.
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
            action: "operator_created".to_owned(),
            subject: Some(demo.name.to_owned()),
            reason: None,
            detail: Some(format!("role: {}", role.as_str())),
        };
        store.add_operator(&operator, demo.password_hash, &done).await?;
        added += 1;
    }
    Ok(added)
}

/// Matched by e-mail address. True with it if it is new.
async fn find_or_add(store: &Store, demo: &DemoMerchant, clock: &Clock) -> Result<(Merchant, bool), SeedError> {
    let merchant = Merchant {
        id: ids::merchant_id(),
        name: demo.name.to_owned(),
        email: demo.email.to_owned(),
        created_at: clock.now(),
    };
    let is_new = store.add_merchant(&merchant).await?;
    let merchant = store.merchant_of_email(demo.email).await?.ok_or(SeedError::Lost(demo.name))?;
    Ok((merchant, is_new))
}

/// Once per merchant, by a key of its own.
async fn open_balance(door: &Door, merchant: &Merchant, demo: &DemoMerchant) -> Result<(), SeedError> {
    let Ok(amount) = Amount::new(demo.opening_credit_paise) else { return Ok(()) };
    let key = IdempotencyKey(Uuid::new_v5(&merchant.id.0, b"opening credit"));
    let action = Action::Fund { key, amount, description: "Initial seed credit".to_owned(), by: None };
    // A refusal can only say that the balance is full to 64 bits.
    let _ = door.send(Command { merchant: merchant.id, action }).await?;
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
            assert!(Passwords::default().is_right(demo.password.to_owned(), hash).await.unwrap(), "{}", demo.name);
        }
    }
}
