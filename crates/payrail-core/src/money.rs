//! Money is a whole number of paise in 64 bits (₹1 = 100 paise): checked arithmetic, never a float.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A balance or a sum, in paise. May be zero; the `bank` account's may be negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
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

    /// `None` when the difference does not fit 64 bits.
    pub fn minus(self, other: Paise) -> Option<Paise> {
        self.0.checked_sub(other.0).map(Paise)
    }

    pub fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl fmt::Display for Paise {
    /// `₹1,00,000.00`: rupees with Indian grouping (the last three digits, then pairs).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (rupees, paise) = (self.0.unsigned_abs() / 100, self.0.unsigned_abs() % 100);
        let digits = rupees.to_string();
        let (head, tail) = digits.split_at(digits.len().saturating_sub(3));
        write!(f, "{sign}₹")?;
        for (i, digit) in head.chars().enumerate() {
            write!(f, "{digit}")?;
            if head.len() % 2 != i % 2 {
                write!(f, ",")?;
            }
        }
        write!(f, "{tail}.{paise:02}")
    }
}

/// An amount that moves: one paisa or more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64", into = "i64")]
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

impl From<Amount> for i64 {
    fn from(amount: Amount) -> i64 {
        amount.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupees_are_grouped_the_indian_way() {
        for (paise, text) in [
            (0, "₹0.00"),
            (5, "₹0.05"),
            (99_999, "₹999.99"),
            (100_000, "₹1,000.00"),
            (10_000_000, "₹1,00,000.00"),
            (1_234_567_890, "₹1,23,45,678.90"),
            (-6_000, "-₹60.00"),
            (i64::MIN, "-₹92,23,37,20,36,85,47,758.08"),
        ] {
            assert_eq!(Paise::new(paise).to_string(), text);
        }
    }

    #[test]
    fn arithmetic_refuses_to_wrap() {
        assert_eq!(Paise::new(i64::MAX).plus(Paise::new(1)), None);
        assert_eq!(Paise::new(i64::MIN).minus(Paise::new(1)), None);
        assert_eq!(Paise::new(2).minus(Paise::new(3)), Some(Paise::new(-1)));
    }

    #[test]
    fn an_amount_is_positive() {
        assert_eq!(Amount::new(0), Err(NotAnAmount(0)));
        assert_eq!(Amount::new(-1), Err(NotAnAmount(-1)));
        assert_eq!(Amount::new(1).map(Amount::get), Ok(1));
    }
}
