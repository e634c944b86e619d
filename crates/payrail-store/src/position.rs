//! Positions in lists that are ordered by time.

use jiff::Timestamp;
use uuid::Uuid;

/// A position in a list that is ordered by time, newest first. Owner, and number or id, order the rows of one moment.
/// The next page begins after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub at: Timestamp,
    pub owner: Uuid,
    pub number: i64,
    pub id: Uuid,
}

impl Position {
    /// Before everything that is not newer than `at`.
    pub fn newest(at: Timestamp) -> Self {
        Self { at, owner: Uuid::max(), number: i64::MAX, id: Uuid::max() }
    }
}
