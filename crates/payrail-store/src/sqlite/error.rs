//! Classifies SQLite's errors.

use crate::error::StoreError;

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        // The primary result code is enough.
        match error.sqlite_error().map(|failure| failure.extended_code & 0xff) {
            Some(5 | 6) => Self::Busy(text),
            // I/O error, disk full, cannot open, read-only
            Some(8 | 10 | 13 | 14) => Self::Unavailable(text),
            Some(11 | 26) | None => Self::Corrupt(text),
            Some(_) => Self::Refused(text),
        }
    }
}
