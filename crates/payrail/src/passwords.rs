//! Operators' passwords: argon2id (RFC 9106) with the crate's recommended cost, about 19 MiB of memory per hash. So
//! each runs on a blocking thread, and no more at a time than the machine has cores.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::published;

pub const MIN_CHARACTERS: usize = 12;
pub const MAX_CHARACTERS: usize = 1_000;

/// How long a sign-in waits until its password can be checked.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// The hash of an unknown password, at today's cost. Checking it makes an unknown name take as long as a wrong
/// password.
const DUMMY_HASH: &str =
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

/// Follows the hash of a password that was set in demo mode, perhaps by somebody who signed in with a published one.
/// Outside of demo mode such a password is refused.
const DEMO_MARK: &str = " demo";

/// Checks passwords, a few at a time. Clones share the limit.
#[derive(Clone, Debug)]
pub struct Passwords {
    is_demo: bool,
    permits: Arc<Semaphore>,
}

impl Passwords {
    pub fn new(is_demo: bool) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { is_demo, permits: Arc::new(Semaphore::new(cores)) }
    }

    /// Whether the password matches the stored hash. Without a hash the answer is no, at the same cost.
    pub async fn is_right(&self, password: String, stored: Option<String>) -> Result<bool, Error> {
        let hash = stored.and_then(|stored| self.usable(stored));
        let permit = self.permit().await?;
        let checking = tokio::task::spawn_blocking(move || {
            let is_right = matches(&password, hash.as_deref().unwrap_or(DUMMY_HASH));
            drop(permit);
            is_right && hash.is_some()
        });
        checking.await.map_err(|_| Error::Failed)
    }

    /// As [`hash`], within the same limit: a hash costs as much as a check.
    pub async fn hash(&self, password: String) -> Result<String, Error> {
        let _permit = self.permit().await?;
        let hash = hash(password).await?;
        Ok(if self.is_demo { hash + DEMO_MARK } else { hash })
    }

    fn usable(&self, stored: String) -> Option<String> {
        match stored.strip_suffix(DEMO_MARK) {
            Some(hash) if self.is_demo => Some(hash.to_owned()),
            Some(_) => {
                tracing::warn!("a sign-in was refused: this operator's password was set in demo mode, which is off");
                None
            }
            None => Some(stored),
        }
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, Error> {
        let permit = tokio::time::timeout(WAIT_MAX, self.permits.clone().acquire_owned()).await;
        permit.ok().and_then(Result::ok).ok_or(Error::Busy)
    }
}

/// Checks at the cost of the hash.
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
    if published::is_published_password(&password) {
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
    async fn a_hash_matches_its_password_and_no_other() {
        let passwords = Passwords::new(false);
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
    async fn a_password_of_demo_mode_is_right_only_in_demo_mode() {
        let (demo, real) = (Passwords::new(true), Passwords::new(false));
        let password = || "correct horse battery".to_owned();
        let (of_demo, of_real) = (demo.hash(password()).await.unwrap(), real.hash(password()).await.unwrap());
        assert!(demo.is_right(password(), Some(of_demo.clone())).await.unwrap());
        assert!(demo.is_right(password(), Some(of_real.clone())).await.unwrap());
        assert!(real.is_right(password(), Some(of_real)).await.unwrap());
        assert!(!real.is_right(password(), Some(of_demo)).await.unwrap());
    }

    #[tokio::test]
    async fn a_password_that_is_too_short_or_too_long_is_refused() {
        assert_eq!(hash("elf letters".to_owned()).await, Err(Error::TooShort));
        assert_eq!(hash("ä".repeat(MAX_CHARACTERS + 1)).await, Err(Error::TooLong));
        assert!(hash("ä".repeat(MIN_CHARACTERS)).await.is_ok());
        assert_eq!(hash("payrail-demo-admin".to_owned()).await, Err(Error::Published));
    }

    /// Otherwise the time of the answer would reveal an unknown name.
    #[test]
    fn the_dummy_hash_costs_as_much_as_a_new_one() {
        let (dummy, new) = (PasswordHash::new(DUMMY_HASH).unwrap(), Argon2::default().hash_password(b"x").unwrap());
        assert_eq!((dummy.algorithm, dummy.version, &dummy.params), (new.algorithm, new.version, &new.params));
        assert_eq!(dummy.hash.unwrap().len(), new.hash.unwrap().len());
    }
}
