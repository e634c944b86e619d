//! The secret under which API keys and sessions are hashed, and how a database knows its own.
//!
//! It is `SECRET_KEY`. Without it, some databases may store a random secret: keys and tokens have 256 random bits, so
//! the hashes are useless even to a reader of the database. Published texts are never accepted as secrets, and there is
//! no default. Each database stores a check value, a keyed hash of a constant, and refuses every other secret, because
//! no key would match.

use payrail_store::{Store, names};
use payrail_types::operator::{OperatorAction, OperatorActionKind};

use crate::bad_setting::BadSetting;
use crate::clock::Clock;
use crate::ids;
use crate::keys::{self, KeyHasher};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// The setting that holds the secret of a database that was created without `SECRET_KEY`.
const OWN: &str = "own_secret";
/// The constant of the check value.
const CONSTANT: &str = "payrail: the secret of this database";

/// Secrets that were published in a manual, an example or an earlier version.
const PUBLISHED: [&str; 2] =
    ["payrail-demo-secret-key-not-for-production", "demo-only-secret-key-change-me-0123456789"];
/// A framework's prefix for insecure example secrets.
const OF_EXAMPLES: &str = "django-insecure-";
const CHARACTERS_MIN: usize = 32;
/// A random secret of 32 characters has far more different ones than a placeholder such as "xxxx…".
const DIFFERENT_CHARACTERS_MIN: usize = 8;

/// Refuses secrets that may not protect real data.
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

/// The hasher of this database's secret. The first secret that is used with a database becomes its own.
pub async fn hasher(given: Option<&str>, store: &Store) -> Result<KeyHasher, Error> {
    // The order matters: a process writes a new secret before its check value.
    let is_known = store.setting(names::SECRET_CHECK).await?.is_some();
    let own = store.setting(OWN).await?;
    let secret = match (given, own) {
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
    // Another process may have stored another secret at this moment.
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
    hex::encode(hasher.hash(CONSTANT))
}

/// Changes the database's secret to `SECRET_KEY`, or to a new random one if that is not set.
pub async fn change(given: Option<&str>, store: &Store, by: &str) -> Result<(), Error> {
    let own = given.is_none().then(keys::token);
    let secret = given.or(own.as_deref()).unwrap_or_default();
    let check = check_value(&KeyHasher::new(secret));
    let done = OperatorAction {
        id: ids::action_id(),
        at: Clock::System.now(),
        merchant: None,
        operator: by.to_owned(),
        action: OperatorActionKind::SecretChanged,
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
    fn published_and_weak_secrets_are_refused() {
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

    /// Every secret in a file of this project is published.
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
