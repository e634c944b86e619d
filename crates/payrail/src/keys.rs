//! API keys: 256 random bits, of which only a keyed hash is stored. A key with that many bits needs no slow hash, and a
//! keyed hash is useless to a reader of the database.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Hashes a key for storage: HMAC-SHA256 (RFC 2104) under the server's `SECRET_KEY`.
#[derive(Clone)]
pub struct KeyHasher {
    mac: Hmac<Sha256>,
}

impl std::fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyHasher(…)")
    }
}

impl KeyHasher {
    pub fn new(secret: &str) -> Self {
        // RFC 2104 takes keys of any length: longer ones are hashed, shorter ones padded.
        let mac = Hmac::new_from_slice(secret.as_bytes()).unwrap_or_else(|_| unreachable!("HMAC takes any key length"));
        Self { mac }
    }

    pub fn hash(&self, key: &str) -> [u8; 32] {
        self.mac.clone().chain_update(key.as_bytes()).finalize().into_bytes().into()
    }
}

const PREFIX: &str = "prk_";
const DEMO_PREFIX: &str = "prk_demo_";

/// A new key, shown once: `prk_` and 64 hexadecimal digits.
pub fn generate() -> String {
    format!("{PREFIX}{}", token())
}

/// A new key of demo mode, shown once: `prk_demo_` and 64 hexadecimal digits.
pub fn generate_demo() -> String {
    format!("{DEMO_PREFIX}{}", token())
}

/// Whether demo mode issued the key, perhaps to somebody who signed in with a published password.
pub fn is_demo(key: &str) -> bool {
    key.starts_with(DEMO_PREFIX)
}

/// A session's token, for its cookie: 256 random bits.
pub fn token() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// The part that people may see, to tell keys apart.
pub fn prefix(key: &str) -> String {
    let mark = if is_demo(key) { DEMO_PREFIX } else { PREFIX };
    key.chars().take(mark.len() + 8).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_depends_on_key_and_secret() {
        let hasher = KeyHasher::new("secret");
        assert_eq!(hasher.hash("key"), hasher.hash("key"));
        assert_ne!(hasher.hash("key"), hasher.hash("kez"));
        assert_ne!(hasher.hash("key"), KeyHasher::new("other").hash("key"));
    }

    #[test]
    fn keys_are_new_each_time() {
        assert_ne!(generate(), generate());
        assert_eq!(generate().len(), 68);
        assert_eq!(prefix("prk_0123456789"), "prk_01234567");
    }

    #[test]
    fn a_key_of_demo_mode_is_recognised() {
        assert!(is_demo(&generate_demo()));
        assert!(!is_demo(&generate()));
        assert_eq!(prefix("prk_demo_0123456789"), "prk_demo_01234567");
    }
}
