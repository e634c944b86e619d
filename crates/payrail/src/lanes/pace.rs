//! How long a command that comes now would wait: what waits in the lane, times what each has taken of late.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A smaller batch tells only how slow a crowd would not be: most of its time is the transaction's own.
const TELLING: usize = 32;

/// Shared between a lane, which learns, and the door, which asks.
#[derive(Debug, Default)]
pub struct Pace {
    /// Zero while nothing is known: then nobody is turned away for it.
    nanos_per_command: AtomicU64,
}

impl Pace {
    /// So many commands took so long. The newest batch counts for a quarter.
    pub fn learn(&self, commands: usize, took: Duration) {
        let new = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) / commands.max(1) as u64;
        let known = self.nanos_per_command.load(Ordering::Relaxed);
        if commands < TELLING && new >= known {
            return;
        }
        let blended = if known == 0 { new } else { known - known / 4 + new / 4 };
        self.nanos_per_command.store(blended, Ordering::Relaxed);
    }

    /// How long it takes until so many are done.
    pub fn wait_behind(&self, commands: usize) -> Duration {
        Duration::from_nanos(self.nanos_per_command.load(Ordering::Relaxed).saturating_mul(commands as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn nobody_is_turned_away_by_a_lane_that_knows_nothing() {
        assert_eq!(Pace::default().wait_behind(1_000_000), Duration::ZERO);
    }

    #[test]
    fn a_crowd_waits_as_long_as_crowds_of_late_have() {
        let pace = Pace::default();
        pace.learn(100, SECOND);
        assert_eq!(pace.wait_behind(50), SECOND / 2);
        (0..50).for_each(|_| pace.learn(100, SECOND / 10));
        let wait = pace.wait_behind(100);
        assert!(wait > SECOND / 11 && wait < SECOND / 9, "{wait:?}");
    }

    #[test]
    fn one_command_alone_is_no_measure_of_many() {
        let pace = Pace::default();
        pace.learn(TELLING - 1, SECOND);
        assert_eq!(pace.wait_behind(1_000), Duration::ZERO);
    }

    /// Else a lane that was held up once would let in so few that it never learned better.
    #[test]
    fn small_batches_are_enough_to_forget_a_standstill() {
        let pace = Pace::default();
        pace.learn(TELLING, 60 * SECOND);
        assert!(pace.wait_behind(1) > SECOND);
        (0..50).for_each(|_| pace.learn(1, SECOND / 1_000));
        assert!(pace.wait_behind(100) < SECOND / 5);
    }
}
