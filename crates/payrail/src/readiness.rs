//! Whether this process can serve: the database answers, its session has the required settings, and the machine's clock
//! agrees with the shared clock.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use jiff::SignedDuration;
use metrics::gauge;
use payrail_store::{ClockDifference, Store, StoreError};
use tokio_util::sync::CancellationToken;

use crate::telemetry::CLOCK_DIFFERENCE;

#[derive(Clone, Debug, thiserror::Error)]
pub enum NotReady {
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The database's session lacks a required setting.
    #[error("{0}")]
    Session(String),
    #[error("{0}")]
    Clock(String),
}

impl From<StoreError> for NotReady {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Session(why) => Self::Session(why),
            StoreError::Unavailable(why) => Self::Unavailable(why),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// How often the clocks are compared. The reading also keeps this process's copy of the shared time exact.
const EVERY: Duration = Duration::from_secs(1);
/// A network may drop all packets, so a check needs a timeout.
const ANSWERS_WITHIN: Duration = Duration::from_secs(5);

/// `/readyz` answers within this time.
const PROBE_ANSWERED_WITHIN: Duration = Duration::from_millis(800);

type Check = Shared<BoxFuture<'static, Result<(), NotReady>>>;

/// For `/readyz`: one check at a time for all callers. A check continues without callers, because behind a hanging
/// server it may reach another one.
#[derive(Clone)]
pub struct Readiness {
    store: Store,
    tolerance: Duration,
    running: Arc<Mutex<Option<Check>>>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Readiness").field("tolerance", &self.tolerance).finish_non_exhaustive()
    }
}

impl Readiness {
    pub fn new(store: Store, tolerance: Duration) -> Self {
        Self { store, tolerance, running: Arc::default() }
    }

    pub async fn ask(&self) -> Result<(), NotReady> {
        let late = || format!("no answer within {} ms", PROBE_ANSWERED_WITHIN.as_millis());
        let answer = tokio::time::timeout(PROBE_ANSWERED_WITHIN, self.check()).await;
        answer.unwrap_or_else(|_| Err(NotReady::Unavailable(late())))
    }

    /// The running check, or a new one.
    fn check(&self) -> Check {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(check) = running.as_ref().filter(|check| check.peek().is_none()) {
            return check.clone();
        }
        let (store, tolerance) = (self.store.clone(), self.tolerance);
        let task = tokio::spawn(async move { check(&store, tolerance).await });
        let broke_off = |_| Err(NotReady::Unavailable("the check broke off".to_owned()));
        let check = task.map(move |done| done.unwrap_or_else(broke_off)).boxed().shared();
        *running = Some(check.clone());
        check
    }
}

/// Queries the database as a request would.
pub async fn check(store: &Store, tolerance: Duration) -> Result<(), NotReady> {
    store.check_session().await?;
    match complaint(compare(store).await?, tolerance) {
        Some(complaint) => Err(NotReady::Clock(complaint)),
        None => Ok(()),
    }
}

/// Logs when the clocks begin to differ and when they agree again, until the stop.
pub async fn watch_clock(store: Store, tolerance: Duration, stop: CancellationToken) {
    let mut was_wrong = false;
    while !stop.is_cancelled() {
        // Other errors of the database are reported by their callers.
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

/// Compares the clocks and sets the metric.
pub async fn compare(store: &Store) -> Result<ClockDifference, StoreError> {
    let difference = store.compare_clocks().await?;
    gauge!(CLOCK_DIFFERENCE).set(difference.ahead.as_secs_f64());
    Ok(difference)
}

fn complaint(difference: ClockDifference, tolerance: Duration) -> Option<String> {
    let direction = if difference.ahead.is_negative() { "behind" } else { "ahead of" };
    // Rounded to seconds if it is longer than seconds.
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
