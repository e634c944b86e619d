//! Whether this process can serve: the database answers in a session that is as it must be, and the machine's clock
//! agrees with the one that all processes share.

use std::time::Duration;

use jiff::SignedDuration;
use metrics::gauge;
use payrail_store::{ClockDifference, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::telemetry::CLOCK_DIFFERENCE;

#[derive(Debug, thiserror::Error)]
pub enum NotReady {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("{0}")]
    Clock(String),
}

/// How often the clocks are compared: the reading also keeps this process's idea of the shared time exact.
const EVERY: Duration = Duration::from_secs(1);
/// A network that swallows everything answers nothing.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// Asks the database, as any request would.
pub async fn check(store: &Store, tolerance: Duration) -> Result<(), NotReady> {
    store.check_session().await?;
    match complaint(compare(store).await?, tolerance) {
        Some(complaint) => Err(NotReady::Clock(complaint)),
        None => Ok(()),
    }
}

/// Until it is told to stop: says so in the log when the clocks begin to differ, and when they agree again.
pub async fn watch_clock(store: Store, tolerance: Duration, stop: CancellationToken) {
    let mut was_wrong = false;
    while !stop.is_cancelled() {
        // What else may be wrong with the database, whoever needs it says.
        if let Ok(Ok(difference)) = tokio::time::timeout(ANSWERS_WITHIN, compare(&store)).await {
            match complaint(difference, tolerance) {
                Some(complaint) if !was_wrong => tracing::error!("{complaint}"),
                None if was_wrong => tracing::warn!("the clock agrees with the database's again"),
                _ => {}
            }
            was_wrong = difference.exceeds(tolerance);
        }
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Also sets the metric.
pub async fn compare(store: &Store) -> Result<ClockDifference, StoreError> {
    let difference = store.compare_clocks().await?;
    gauge!(CLOCK_DIFFERENCE).set(difference.ahead.as_secs_f64());
    Ok(difference)
}

fn complaint(difference: ClockDifference, tolerance: Duration) -> Option<String> {
    let direction = if difference.ahead.is_negative() { "behind" } else { "ahead of" };
    // To the second, unless seconds are what it is about.
    let millis = i64::try_from(difference.ahead.as_millis().unsigned_abs()).unwrap_or(i64::MAX);
    let by = match millis {
        ..10_000 => SignedDuration::from_millis(millis),
        _ => SignedDuration::from_secs((millis + 500) / 1_000),
    };
    difference.exceeds(tolerance).then(|| {
        format!(
            "This machine's clock is {by:#} {direction} the database's, and {tolerance:?} are tolerated \
             (PAYRAIL_CLOCK_TOLERANCE_MS). Correct the clock that is wrong (`timedatectl`, `chronyc tracking`); this \
             process is then ready again by itself. Payouts are not affected: their times are the database's."
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_complained_about_only_when_it_is_certainly_wrong() {
        let of = |ahead: i64, within: u64| {
            let (ahead, within) = (SignedDuration::from_millis(ahead), Duration::from_millis(within));
            complaint(ClockDifference { ahead, within }, Duration::from_secs(2))
        };
        for (ahead, within) in [(0, 0), (2_000, 0), (-2_000, 0), (5_000, 3_000), (-5_000, 3_000)] {
            assert_eq!(of(ahead, within), None);
        }
        assert!(of(89_999_999, 5).unwrap().contains("is 25h ahead of the database's"));
        assert!(of(-2_001, 0).unwrap().contains("is 2s 1ms behind the database's"));
        assert!(of(5_000, 2_999).is_some());
    }
}
