//! The one clock that all processes of a database share. On PostgreSQL it is the database's: what moves money asks it
//! inside the transaction, and everything else goes by the last reading and the time that has passed since, measured by
//! a clock that nobody can set. On SQLite all processes are on one machine and share its clock.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::Store;
use crate::error::Result;

/// What a transaction goes by.
#[derive(Clone, Copy)]
pub enum Now<'a> {
    /// The clock that all processes share, read once the merchants are locked.
    Shared,
    /// A clock that a test or a benchmark sets; read at the same moment.
    Given(&'a (dyn Fn() -> Timestamp + Send + Sync)),
}

impl<'a, F: Fn() -> Timestamp + Send + Sync> From<&'a F> for Now<'a> {
    fn from(given: &'a F) -> Self {
        Self::Given(given)
    }
}

impl Now<'_> {
    /// `shared` is the shared clock's time.
    pub(crate) fn or(self, shared: impl FnOnce() -> Timestamp) -> Timestamp {
        match self {
            Self::Shared => shared(),
            Self::Given(clock) => clock(),
        }
    }
}

#[derive(Clone, Debug)]
pub enum SharedClock {
    /// This machine's.
    Machine,
    Database(Arc<RwLock<Reading>>),
}

/// What the database's clock showed, and when that was.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    time: Timestamp,
    at: Instant,
}

/// How this process's own clock compares with the shared one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockDifference {
    /// Positive if this process's clock is ahead.
    pub ahead: SignedDuration,
    /// By how much the measurement may be wrong: half of the time that the question took.
    pub within: Duration,
}

impl ClockDifference {
    /// Whether the clocks certainly differ by more than this.
    pub fn exceeds(&self, bound: Duration) -> bool {
        self.ahead.unsigned_abs() > bound + self.within
    }
}

/// To the microsecond: what both databases keep.
fn machine() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

impl SharedClock {
    /// Until the first reading it goes by this machine's clock.
    pub(crate) fn of_database() -> Self {
        Self::Database(Arc::new(RwLock::new(Reading { time: machine(), at: Instant::now() })))
    }

    pub fn now(&self) -> Timestamp {
        match self {
            Self::Machine => machine(),
            Self::Database(reading) => {
                let Reading { time, at } = *reading.read().unwrap_or_else(PoisonError::into_inner);
                let passed = SignedDuration::try_from(at.elapsed()).unwrap_or(SignedDuration::MAX);
                let now = time.checked_add(passed).unwrap_or(Timestamp::MAX);
                Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
            }
        }
    }

    /// Takes a reading that was asked for at `asked` and has just come back: it shows the middle of that time.
    pub(crate) fn take(&self, time: Timestamp, asked: Instant) -> ClockDifference {
        // In this order: whatever holds this thread up on the way counts as part of the time that it took.
        let (own, at) = (machine(), Instant::now());
        let within = at.duration_since(asked) / 2;
        let time = SignedDuration::try_from(within).ok().and_then(|half| time.checked_add(half).ok()).unwrap_or(time);
        if let Self::Database(reading) = self
            && within < USABLE
        {
            *reading.write().unwrap_or_else(PoisonError::into_inner) = Reading { time, at };
        }
        ClockDifference { ahead: own.duration_since(time), within }
    }
}

/// A reading that took longer says too little about the moment at which it was taken.
const USABLE: Duration = Duration::from_millis(500);

impl Store {
    /// The clock that all processes of this database share.
    pub fn clock(&self) -> SharedClock {
        match self {
            Self::Sqlite(_) => SharedClock::Machine,
            Self::Postgres(store) => store.clock.clone(),
        }
    }

    /// Reads the shared clock and compares this process's own with it. On one machine there is but one clock.
    pub async fn compare_clocks(&self) -> Result<ClockDifference> {
        match self {
            Self::Sqlite(_) => Ok(ClockDifference::default()),
            Self::Postgres(store) => store.compare_clocks().await,
        }
    }
}
