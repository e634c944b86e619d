//! Operators' passwords: argon2id (RFC 9106) with the crate's recommended cost, about 19 MiB of memory a hash.
//! So each runs on a thread of its own kind, and no more at a time than the machine has cores.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::demo;

pub const MIN_CHARACTERS: usize = 12;
pub const MAX_CHARACTERS: usize = 1_000;

/// How long a sign-in waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// Of no password that anybody knows, at today's cost: who asks for a name that does not exist waits as long as
/// who mistypes a password.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("the password must have {MIN_CHARACTERS} characters or more")]
    TooShort,
    #[error("the password must have {MAX_CHARACTERS} characters or fewer")]
    TooLong,
    #[error("this password is published in the documentation; choose another")]
    Published,
    #[error("too many passwords are being checked at once")]
    Busy,
    #[error("the password could not be hashed")]
    Failed,
}

/// Checks passwords, a few at a time. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { turns: Arc::new(Semaphore::new(cores)) }
    }
}

impl Passwords {
    /// Whether this is the password that `hash` was made of. Without a hash it is not, at the same cost.
    pub async fn is_right(&self, password: String, hash: Option<String>) -> Result<bool, Error> {
        let turn = self.turn().await?;
        let checking = tokio::task::spawn_blocking(move || {
            let is_right = matches(&password, hash.as_deref().unwrap_or(NOBODYS));
            drop(turn);
            is_right && hash.is_some()
        });
        checking.await.map_err(|_| Error::Failed)
    }

    /// As [`hash`], in its turn: a hash costs as much as a check.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        let _turn = self.turn().await?;
        hash(password).await
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        turn.ok().and_then(Result::ok).ok_or(Error::Busy)
    }
}

/// The cost is the one that the hash was made at.
pub fn matches(password: &str, hash: &str) -> bool {
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &hash).is_ok()
}

/// A new password's hash, as a PHC string with a salt of its own.
pub async fn hash(password: String) -> Result<String, Error> {
    let characters = password.chars().count();
    if characters < MIN_CHARACTERS {
        return Err(Error::TooShort);
    }
    if characters > MAX_CHARACTERS {
        return Err(Error::TooLong);
    }
    if demo::is_published_password(&password) {
        return Err(Error::Published);
    }
    let hashing = tokio::task::spawn_blocking(move || Argon2::default().hash_password(password.as_bytes()));
    let hashed = hashing.await.map_err(|_| Error::Failed)?;
    hashed.map(|hash| hash.to_string()).map_err(|_| Error::Failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_by_no_other() {
        let passwords = Passwords::default();
        let made = hash("correct horse battery".to_owned()).await.unwrap();
        assert!(made.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{made}");
        assert_ne!(made, hash("correct horse battery".to_owned()).await.unwrap(), "each has its own salt");
        let is_right = |password: &str, hash: Option<&str>| {
            let (password, hash) = (password.to_owned(), hash.map(str::to_owned));
            let passwords = passwords.clone();
            async move { passwords.is_right(password, hash).await.unwrap() }
        };
        assert!(is_right("correct horse battery", Some(&made)).await);
        assert!(!is_right("correct horse batterz", Some(&made)).await);
        assert!(!is_right("", Some(&made)).await);
        assert!(!is_right("correct horse battery", Some("no hash")).await);
        assert!(!is_right("correct horse battery", None).await);
    }

    #[tokio::test]
    async fn what_is_too_short_or_too_long_is_no_password() {
        assert_eq!(hash("elf letters".to_owned()).await, Err(Error::TooShort));
        assert_eq!(hash("ä".repeat(MAX_CHARACTERS + 1)).await, Err(Error::TooLong));
        assert!(hash("ä".repeat(MIN_CHARACTERS)).await.is_ok());
        assert_eq!(hash("payrail-demo-admin".to_owned()).await, Err(Error::Published));
    }

    /// Else an unknown name would be told by the time that its answer takes.
    #[test]
    fn nobodys_hash_costs_what_a_new_one_costs() {
        let (nobodys, new) = (PasswordHash::new(NOBODYS).unwrap(), Argon2::default().hash_password(b"x").unwrap());
        assert_eq!((nobodys.algorithm, nobodys.version, &nobodys.params), (new.algorithm, new.version, &new.params));
        assert_eq!(nobodys.hash.unwrap().len(), new.hash.unwrap().len());
    }
}
