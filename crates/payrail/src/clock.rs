//! The program's clock: the one that all processes of a database share (payrail-store reads it), or one that a test
//! sets, so that a wait of 30 seconds takes no time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use payrail_store::{SharedClock, Store};

#[derive(Clone, Debug)]
pub enum Clock {
    /// This machine's, for the simulated bank, which has no such database.
    System,
    /// The database's.
    Shared(SharedClock),
    Manual(ManualClock),
}

impl Clock {
    pub fn of(store: &Store) -> Self {
        Self::Shared(store.clock())
    }

    /// To the microsecond: what both databases keep.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => SharedClock::Machine.now(),
            Self::Shared(clock) => clock.now(),
            Self::Manual(clock) => {
                Timestamp::from_microsecond(clock.micros.load(Ordering::SeqCst)).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

/// RFC 3339, UTC, six decimals, `Z`: a time as the API and the command line write it.
pub fn timestamp(at: Timestamp) -> String {
    format!("{at:.6}")
}

/// Stands still until a test advances it.
#[derive(Clone, Debug)]
pub struct ManualClock {
    micros: Arc<AtomicI64>,
}

impl ManualClock {
    pub fn at(start: Timestamp) -> Self {
        Self { micros: Arc::new(AtomicI64::new(start.as_microsecond())) }
    }

    pub fn advance(&self, by: SignedDuration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.micros.fetch_add(micros, Ordering::SeqCst);
    }
}
