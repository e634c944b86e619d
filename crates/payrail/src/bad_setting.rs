//! A setting that is refused at start, with a sentence that names it.

use payrail_bank as bank;

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct BadSetting(pub String);

impl From<bank::Error> for BadSetting {
    fn from(error: bank::Error) -> Self {
        Self(match error {
            bank::Error::Setting(text) => text,
            bank::Error::Listen { .. } => format!("PAYRAIL_BANK_ADDR: {error}"),
            bank::Error::Book { .. } | bank::Error::NotABook(_) => format!("PAYRAIL_BANK_BOOK: {error}"),
        })
    }
}
