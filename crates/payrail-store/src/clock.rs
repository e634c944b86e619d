//! The clock that all processes of a database share. On PostgreSQL it is the database's: commands read it inside their
//! transaction; everything else uses the last reading plus the time since, by a monotonic clock. On SQLite all
//! processes are on one machine and share its clock.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

/// The time source of a transaction.
#[derive(Clone, Copy)]
pub enum Now<'a> {
    /// The clock that all processes share, read once the merchants are locked.
    Shared,
    /// A clock of a test or a benchmark, read at the same moment.
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
    /// This machine's clock.
    Machine,
    Database(Arc<RwLock<Reading>>),
}

/// A reading of the database's clock, and the moment of the reading.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    time: Timestamp,
    at: Instant,
}

/// The difference between this process's clock and the shared one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClockDifference {
    /// Positive if this process's clock is ahead.
    pub ahead: SignedDuration,
    /// The measurement's error: half of the duration of the query.
    pub within: Duration,
}

impl ClockDifference {
    /// Whether the clocks certainly differ by more than this.
    pub fn exceeds(&self, bound: Duration) -> bool {
        self.ahead.unsigned_abs() > bound + self.within
    }
}

/// Rounds to microseconds, the resolution of both databases.
fn machine() -> Timestamp {
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}

impl SharedClock {
    /// Uses this machine's clock until the first reading.
    pub(crate) fn from_database() -> Self {
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

    /// Takes a reading that was requested at `asked` and has just arrived. It counts for the middle of that time.
    pub(crate) fn take(&self, time: Timestamp, asked: Instant) -> ClockDifference {
        // The order matters: a pause of this thread then counts as part of the duration.
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

/// A reading that takes longer is too imprecise.
const USABLE: Duration = Duration::from_millis(500);
