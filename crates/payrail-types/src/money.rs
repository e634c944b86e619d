//! Money is a whole number of paise in 64 bits (₹1 = 100 paise): checked arithmetic, never a float.

use serde::{Deserialize, Serialize};

/// A balance or a sum, in paise. May be zero; the `bank` account's may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Paise(i64);

impl Paise {
    pub const ZERO: Paise = Paise(0);

    pub const fn new(paise: i64) -> Self {
        Self(paise)
    }

    pub const fn get(self) -> i64 {
        self.0
    }

    /// `None` when the sum does not fit 64 bits.
    pub fn plus(self, other: Paise) -> Option<Paise> {
        self.0.checked_add(other.0).map(Paise)
    }

    pub fn is_negative(self) -> bool {
        self.0 < 0
    }
}

/// An amount that moves: one paisa or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Amount(i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount is one paisa or more, in whole paise; got {0}")]
pub struct NotAnAmount(pub i64);

impl Amount {
    pub fn new(paise: i64) -> Result<Self, NotAnAmount> {
        if paise >= 1 { Ok(Self(paise)) } else { Err(NotAnAmount(paise)) }
    }

    pub const fn get(self) -> i64 {
        self.0
    }

    pub const fn paise(self) -> Paise {
        Paise(self.0)
    }
}

impl TryFrom<i64> for Amount {
    type Error = NotAnAmount;

    fn try_from(paise: i64) -> Result<Self, NotAnAmount> {
        Self::new(paise)
    }
}
