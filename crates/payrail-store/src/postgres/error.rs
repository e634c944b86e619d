//! Classifies errors of PostgreSQL and of the connection to it.

use std::error::Error as _;

use deadpool::managed::PoolError;
use tokio_postgres::error::Severity;

use super::session;
use crate::error::StoreError;

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(refusal) => from_sqlstate(refusal.code().code(), Self::ends_session(&error), refusal.to_string()),
            // The error's own text only says where it happened. Its source has the cause.
            None => Self::Unavailable(match error.source() {
                Some(cause) => format!("{error}: {cause}"),
                None => error.to_string(),
            }),
        }
    }
}

impl From<PoolError<Self>> for StoreError {
    fn from(error: PoolError<Self>) -> Self {
        match error {
            PoolError::Backend(error) => error,
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// Classifies by SQLSTATE and never by a constraint's name, which Citus leaves empty. `ended`: the server closed the
/// session with this error.
fn from_sqlstate(code: &str, ended: bool, text: String) -> StoreError {
    match code {
        "40001" | "40P01" => StoreError::Retry(text),
        "55P03" | "57014" => StoreError::Busy(text),
        // Too many connections, disk full, shutting down, starting up, idle too long, read-only
        code if code.starts_with("53") || code.starts_with("57P") || code.starts_with("08") => {
            StoreError::Unavailable(text)
        }
        "25006" => StoreError::Unavailable(format!("{text}: {}", session::READ_ONLY)),
        "25P03" => StoreError::Unavailable(text),
        // A prepared statement is unknown, or its name belongs to another: this is not our session.
        "26000" | "42P05" => StoreError::Session(format!("{}. PostgreSQL says: {text}", session::POOLED)),
        // The server's own trouble, such as a full disk when a session begins. The rows are not at fault.
        code if code.starts_with("XX") || code.starts_with("58") => {
            if ended {
                StoreError::Unavailable(text)
            } else {
                StoreError::Internal(text)
            }
        }
        _ => StoreError::Refused(text),
    }
}

impl StoreError {
    /// Whether the server closed the session with this error.
    pub(crate) fn ends_session(error: &tokio_postgres::Error) -> bool {
        let severity = error.as_db_error().and_then(|refusal| refusal.parsed_severity());
        matches!(severity, Some(Severity::Fatal | Severity::Panic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_the_server_could_not_keep_is_no_refusal_of_rows() {
        let is_unavailable =
            |code, ended| matches!(from_sqlstate(code, ended, String::new()), StoreError::Unavailable(_));
        // "could not write init file", on a full disk.
        assert!(is_unavailable("XX000", true));
        assert!(is_unavailable("58030", true));
        assert!(!is_unavailable("XX000", false), "an error in a statement of ours");
        assert!(matches!(from_sqlstate("XX000", false, String::new()), StoreError::Internal(_)));
        assert!(!is_unavailable("28P01", true), "a wrong password");
    }
}
