//! Converts columns to the core's values. An invalid row is an error.

use payrail_types::money::Amount;

use crate::error::{Result, StoreError};

pub(crate) fn word<T>(parsed: Option<T>, column: &str, text: &str) -> Result<T> {
    parsed.ok_or_else(|| StoreError::Corrupt(format!("unknown {column} {text:?}")))
}

pub(crate) fn amount(paise: i64) -> Result<Amount> {
    Amount::new(paise).map_err(|error| StoreError::Corrupt(error.to_string()))
}

pub(crate) fn count(number: i32) -> Result<u32> {
    u32::try_from(number).map_err(|_| StoreError::Corrupt(format!("a count of {number}")))
}
