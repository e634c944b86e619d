//! API keys: 256 random bits, of which only a keyed hash is stored. Having that many bits, a key
//! needs no slow hash; having a secret in it, the hash is worth nothing to who reads the database.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Turns a key into what is stored of it: HMAC-SHA256 (RFC 2104) under the server's `SECRET_KEY`.
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

/// A new key, shown once: `prk_` and 64 hexadecimal digits.
pub fn generate() -> String {
    format!("prk_{}", hexadecimal(rand::random()))
}

fn hexadecimal(bits: [u8; 32]) -> String {
    bits.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What a session's cookie holds: 256 random bits, good for that session alone.
pub fn token() -> String {
    hexadecimal(rand::random())
}

/// The part that people may see, to tell keys apart.
pub fn prefix(key: &str) -> String {
    key.chars().take(12).collect()
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
}
