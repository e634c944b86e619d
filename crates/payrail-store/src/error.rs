//! A store's errors, by what the caller must do about them.

use payrail_core::book::DecisionError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Nothing was written; an immediate retry may succeed (a deadlock, a serialization failure).
    #[error("the transaction was rolled back and may be repeated: {0}")]
    Retry(String),
    /// The address is invalid, or requests something that is refused.
    #[error("{0}")]
    Address(String),
    /// Nothing was written: a lock was not available in time.
    #[error("a lock was not to be had in time: {0}")]
    Busy(String),
    /// Nothing was written: the database cannot be reached or cannot write now.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The connection broke at COMMIT. Only a later read can tell whether it was written.
    #[error("the outcome of the commit is unknown: {0}")]
    CommitUnknown(String),
    /// Nothing was written: the database refused these rows.
    #[error("the database refused the write: {0}")]
    Refused(String),
    /// Nothing was written, unless at a COMMIT: the server had an internal error.
    #[error("the database failed: {0}")]
    Internal(String),
    /// Nothing was written: the session does not have the required settings.
    #[error("{0}")]
    Session(String),
    /// A stored value is invalid.
    #[error("the stored data are inconsistent: {0}")]
    Corrupt(String),
    #[error("{0}")]
    Migration(String),
    /// Nothing was written: the batch could not be decided. It is a bug in this program.
    #[error("{0}")]
    Undecided(String),
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

impl From<DecisionError> for StoreError {
    fn from(error: DecisionError) -> Self {
        Self::Undecided(error.to_string())
    }
}

impl StoreError {
    /// The meaning of a failed COMMIT. A refusal from the server is a rollback. After any other error the outcome is
    /// unknown: on Citus a node that died in COMMIT may have kept its writes, and an internal error reports it.
    pub(crate) fn from_commit(error: impl Into<Self>) -> Self {
        match error.into() {
            known @ (Self::Retry(_) | Self::Refused(_) | Self::Busy(_) | Self::Session(_)) => known,
            Self::Unavailable(text) | Self::Internal(text) | Self::Corrupt(text) => Self::CommitUnknown(text),
            other => other,
        }
    }
}
