//! Estimates how long a new command would wait: the number of waiting commands times their recent duration.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Smaller batches are not measured, because most of their time is the transaction itself.
const SIGNIFICANT: usize = 32;

/// Shared between a lane, which measures, and the engine, which reads.
#[derive(Debug, Default)]
pub struct Pace {
    /// Zero without a measurement; then no command is refused.
    nanos_per_command: AtomicU64,
}

impl Pace {
    /// Records a batch. The newest batch counts for a quarter.
    pub fn learn(&self, commands: usize, took: Duration) {
        let new = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX) / commands.max(1) as u64;
        let known = self.nanos_per_command.load(Ordering::Relaxed);
        if commands < SIGNIFICANT && new >= known {
            return;
        }
        let blended = if known == 0 { new } else { known - known / 4 + new / 4 };
        self.nanos_per_command.store(blended, Ordering::Relaxed);
    }

    /// The expected time for this many commands.
    pub fn wait_behind(&self, commands: usize) -> Duration {
        Duration::from_nanos(self.nanos_per_command.load(Ordering::Relaxed).saturating_mul(commands as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn no_command_is_refused_without_a_measurement() {
        assert_eq!(Pace::default().wait_behind(1_000_000), Duration::ZERO);
    }

    #[test]
    fn the_estimate_follows_recent_batches() {
        let pace = Pace::default();
        pace.learn(100, SECOND);
        assert_eq!(pace.wait_behind(50), SECOND / 2);
        (0..50).for_each(|_| pace.learn(100, SECOND / 10));
        let wait = pace.wait_behind(100);
        assert!(wait > SECOND / 11 && wait < SECOND / 9, "{wait:?}");
    }

    #[test]
    fn a_small_batch_is_no_measure_of_large_ones() {
        let pace = Pace::default();
        pace.learn(SIGNIFICANT - 1, SECOND);
        assert_eq!(pace.wait_behind(1_000), Duration::ZERO);
    }

    /// Otherwise a lane that was delayed once would admit so few commands that the estimate never recovered.
    #[test]
    fn small_batches_are_enough_to_forget_a_standstill() {
        let pace = Pace::default();
        pace.learn(SIGNIFICANT, 60 * SECOND);
        assert!(pace.wait_behind(1) > SECOND);
        (0..50).for_each(|_| pace.learn(1, SECOND / 1_000));
        assert!(pace.wait_behind(100) < SECOND / 5);
    }
}
