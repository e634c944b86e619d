//! What can go wrong with a store, by what the caller must do about it.

use std::error::Error as _;

use deadpool_postgres::{HookError, PoolError};
use payrail_core::decide::NotLoaded;
use tokio_postgres::error::Severity;

use crate::postgres::session;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written; the same again may succeed at once (a deadlock, a serialization failure).
    #[error("the transaction was rolled back and may be repeated: {0}")]
    Retry(String),
    /// Nothing was written: a lock was not to be had in time.
    #[error("a lock was not to be had in time: {0}")]
    Busy(String),
    /// Nothing was written: the database cannot be reached or cannot write now.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection died on COMMIT: whether it was written, only a later look can tell.
    #[error("the outcome of the commit is unknown: {0}")]
    CommitUnknown(String),
    /// Nothing was written: the database refused these rows.
    #[error("the database refused the write: {0}")]
    Refused(String),
    /// Nothing was written: the database's session is not one in which money may move.
    #[error("{0}")]
    Session(String),
    /// What was read makes no sense.
    #[error("the stored data are inconsistent: {0}")]
    Corrupt(String),
    #[error("{0}")]
    Migration(String),
    /// Nothing was written: a decision needed what this program did not look for. A fault of the program's own.
    #[error("{0}")]
    NotLoaded(String),
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<NotLoaded> for StoreError {
    fn from(what: NotLoaded) -> Self {
        Self::NotLoaded(what.to_string())
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        // The primary result code; the rest tells more of the same.
        match error.sqlite_error().map(|failure| failure.extended_code & 0xff) {
            Some(5 | 6) => Self::Busy(text),
            // I/O error, disk full, cannot open, read-only
            Some(8 | 10 | 13 | 14) => Self::Unavailable(text),
            Some(11 | 26) | None => Self::Corrupt(text),
            Some(_) => Self::Refused(text),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refusal) => of_sqlstate(refusal.code().code(), Self::ends_session(&error), refusal.to_string()),
            // Its own words say where it was; the cause is in what it stems from.
            None => Self::Unavailable(match error.source() {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            }),
        }
    }
}

impl From<PoolError> for StoreError {
    fn from(error: PoolError) -> Self {
        match error {
            PoolError::Backend(error) => error.into(),
            PoolError::PostCreateHook(HookError::Message(why)) => Self::Session(why.into_owned()),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// On PostgreSQL: never by a constraint's name, which Citus leaves empty. `ended`: with this the server closed the
/// session.
fn of_sqlstate(code: &str, ended: bool, text: String) -> StoreError {
    match code {
        "40001" | "40P01" => StoreError::Retry(text),
        "55P03" | "57014" => StoreError::Busy(text),
        // Too many connections, disk full, shutting down, starting up, idle too long, read-only
        code if code.starts_with("53") || code.starts_with("57P") || code.starts_with("08") => {
            StoreError::Unavailable(text)
        }
        "25006" => StoreError::Unavailable(format!("{text}: {}", session::READ_ONLY)),
        "25P03" => StoreError::Unavailable(text),
        // A prepared statement of ours is unknown, or another's has its name: this is not our session.
        "26000" | "42P05" => StoreError::Session(format!("{}. PostgreSQL says: {text}", session::POOLED)),
        // Trouble of the server's own, such as a new session that cannot write its files on a full disk: it is not
        // our rows that it refuses.
        code if ended && (code.starts_with("XX") || code.starts_with("58")) => StoreError::Unavailable(text),
        _ => StoreError::Refused(text),
    }
}

impl StoreError {
    /// Whether the server closed the session with this.
    pub(crate) fn ends_session(error: &tokio_postgres::Error) -> bool {
        let severity = error.as_db_error().and_then(|refusal| refusal.parsed_severity());
        matches!(severity, Some(Severity::Fatal | Severity::Panic))
    }

    /// Of a failed COMMIT. An error that the server itself reported is a rollback; anything else
    /// leaves the outcome open.
    pub(crate) fn from_commit(error: impl Into<Self>) -> Self {
        match error.into() {
            known @ (Self::Retry(_) | Self::Refused(_) | Self::Busy(_) | Self::Session(_)) => known,
            Self::Unavailable(text) | Self::Corrupt(text) => Self::CommitUnknown(text),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_the_server_could_not_keep_is_no_refusal_of_rows() {
        let is_unavailable =
            |code, ended| matches!(of_sqlstate(code, ended, String::new()), StoreError::Unavailable(_));
        // "could not write init file", on a full disk.
        assert!(is_unavailable("XX000", true));
        assert!(is_unavailable("58030", true));
        assert!(!is_unavailable("XX000", false), "an error in a statement of ours");
        assert!(!is_unavailable("28P01", true), "a wrong password");
    }
}
