//! Rails and banks, as far as decisions know them. A payout names its rail. A rail leads to one bank at a time, and the
//! bank's identity says which one that is.

use std::fmt;
use std::sync::Arc;

/// A rail's name: 1 to 20 lower-case letters, digits and hyphens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RailId {
    bytes: [u8; Self::MAX_BYTES],
    length: u8,
}

impl RailId {
    pub const MAX_BYTES: usize = 20;

    /// The rail of a program without a list of rails.
    pub const DEFAULT: Self = Self { bytes: *b"bank\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", length: 4 };

    pub fn parse(name: &str) -> Option<Self> {
        let is_name = name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if !is_name || !(1..=Self::MAX_BYTES).contains(&name.len()) {
            return None;
        }
        let mut bytes = [0; Self::MAX_BYTES];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        Some(Self { bytes, length: u8::try_from(name.len()).ok()? })
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or_default()
    }
}

impl fmt::Display for RailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Debug for RailId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RailId({self})")
    }
}

/// The identity that a bank states, or its address if it states none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BankId(Arc<str>);

impl BankId {
    pub fn new(identity: &str) -> Self {
        Self(identity.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BankId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
