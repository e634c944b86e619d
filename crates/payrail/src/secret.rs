//! The secret under which API keys and sessions are hashed, and how a database knows its own.
//!
//! It is `SECRET_KEY`. Where that is not set, a database that may do without gets a random one, kept inside of it:
//! keys and tokens have 256 random bits, so that a hash is of no use even to a reader of the database. Nothing that
//! was ever published is a secret, nor a default. Each database keeps a check value, a keyed hash of a constant, and
//! refuses every other secret: with it no key would open anything, and nobody would know why.

use payrail_core::operator::OperatorAction;
use payrail_store::{Store, names};

use crate::clock::Clock;
use crate::ids;
use crate::keys::{self, KeyHasher};
use crate::settings::{BadSetting, Common};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The setting that holds the secret of a database that was created without `SECRET_KEY`.
const OWN: &str = "own_secret";
/// What the check value is made of.
const CONSTANT: &str = "payrail: the secret of this database";

/// Secrets that a manual, an example or an earlier version has made known to everybody.
const PUBLISHED: [&str; 2] =
    ["payrail-demo-secret-key-not-for-production", "demo-only-secret-key-change-me-0123456789"];
/// With which a framework marks the secrets of its examples.
const OF_EXAMPLES: &str = "django-insecure-";
const CHARACTERS_MIN: usize = 32;
/// A random secret of 32 characters has far more; a placeholder such as "xxxx…" has not.
const DIFFERENT_CHARACTERS_MIN: usize = 8;

/// Whether it may guard anything real.
pub fn check(secret: &str, debug: bool) -> Result<(), BadSetting> {
    let bad = |why: &str| {
        Err(BadSetting(format!("SECRET_KEY {why}. Set it to 32 or more random characters (openssl rand -hex 32)")))
    };
    if secret.chars().count() < CHARACTERS_MIN {
        return Err(BadSetting(format!("SECRET_KEY must have {CHARACTERS_MIN} characters or more")));
    }
    if debug {
        return Ok(());
    }
    if PUBLISHED.contains(&secret) || secret.starts_with(OF_EXAMPLES) {
        return bad("is one that has been published, which DEBUG=0 refuses");
    }
    let mut different: Vec<_> = secret.chars().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < DIFFERENT_CHARACTERS_MIN {
        return bad("is easily guessed, which DEBUG=0 refuses");
    }
    Ok(())
}

/// The hasher of this database's secret; the first secret that a database meets is its own from then on.
pub async fn hasher(common: &Common, store: &Store) -> Result<KeyHasher, Error> {
    // In this order: a process that makes a secret writes it before its check value.
    let is_known = store.setting(names::SECRET_CHECK).await?.is_some();
    let own = store.setting(OWN).await?;
    let secret = match (&common.secret_key, own) {
        (Some(given), own) => {
            let hasher = KeyHasher::new(given);
            if store.remember(names::SECRET_CHECK, &check_value(&hasher)).await? != check_value(&hasher) {
                return Err(foreign(own.is_some()).into());
            }
            return Ok(hasher);
        }
        (None, Some(own)) => own,
        (None, None) if is_known => {
            let missing = "SECRET_KEY is not set, and this database was used with one: set it to the same again. If \
                           it is lost, `payrail secret change --yes` with a new one voids every key and session";
            return Err(BadSetting(missing.to_owned()).into());
        }
        (None, None) => store.remember(OWN, &keys::token()).await?,
    };
    let hasher = KeyHasher::new(&secret);
    // Only where another process began with a secret of its own at this very moment.
    if store.remember(names::SECRET_CHECK, &check_value(&hasher)).await? != check_value(&hasher) {
        return Err(foreign(false).into());
    }
    Ok(hasher)
}

fn foreign(has_own: bool) -> BadSetting {
    let which = match has_own {
        true => "this database was created without one and keeps a secret of its own: start without SECRET_KEY",
        false => "this database was used with another one: set SECRET_KEY to that",
    };
    BadSetting(format!(
        "SECRET_KEY does not belong to this database. It is refused, because no API key and no session would be \
         known under it; {which}. To change the secret, which voids every key and session: stop the servers, then \
         `payrail secret change --yes`"
    ))
}

fn check_value(hasher: &KeyHasher) -> String {
    hasher.hash(CONSTANT).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// From now on the database belongs to `SECRET_KEY`, or to a new secret of its own where that is not set.
pub async fn change(common: &Common, store: &Store, by: &str) -> Result<(), Error> {
    let own = common.secret_key.is_none().then(keys::token);
    let secret = common.secret_key.as_deref().or(own.as_deref()).unwrap_or_default();
    let check = check_value(&KeyHasher::new(secret));
    let done = OperatorAction {
        id: ids::action_id(),
        at: Clock::System.now(),
        merchant: None,
        operator: by.to_owned(),
        action: "secret_changed".to_owned(),
        subject: None,
        reason: None,
        detail: Some("every API key and every session is void".to_owned()),
    };
    let kept = [(OWN, own.as_deref()), (names::SECRET_CHECK, Some(check.as_str()))];
    Ok(store.change_secret(&kept, &done).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_or_guessed_is_no_secret() {
        for secret in PUBLISHED {
            assert!(check(secret, false).is_err(), "{secret}");
            assert!(check(secret, true).is_ok(), "{secret}");
        }
        for secret in ["", "short", &"x".repeat(64), "django-insecure-0123456789abcdefghijklmnop"] {
            let text = check(secret, false).unwrap_err().to_string();
            assert!(text.starts_with("SECRET_KEY "), "{text}");
        }
        assert!(check("too short", true).is_err());
        assert!(check("0123456789abcdef0123456789abcdef", false).is_ok());
    }

    /// Whatever a file of this project shows as a secret is known to everybody who can read it.
    #[test]
    fn no_secret_of_our_own_files_is_accepted() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut files = vec!["README.md", "SECURITY.md", "EXPLAINER.md", "compose.yaml", "render.yaml", "Dockerfile"];
        files.extend(["docs/operations.md", "docs/scaling.md", "Makefile"]);
        for file in files {
            let text = std::fs::read_to_string(root.join(file)).unwrap();
            for (_, after) in text.match_indices("SECRET_KEY").map(|(at, name)| text[at..].split_at(name.len())) {
                let value = after.trim_start_matches([':', '=', '$', '{', '-', ' ', '"', '`']);
                let value: String =
                    value.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c)).collect();
                assert!(check(&value, false).is_err(), "{file} shows the secret {value:?}, which is accepted");
            }
        }
    }
}
