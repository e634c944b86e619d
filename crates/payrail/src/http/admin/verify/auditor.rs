//! Runs `verify` in the server's process, one run at a time, and stores the last report in the settings. If the server
//! stops, the run ends without a report.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use jiff::Timestamp;
use payrail_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::report::VerifyReport;
use crate::clock::Clock;
use crate::rail::Rail;
use crate::verify::verify;

/// The setting with the last report, as JSON.
const LAST: &str = "last_verify";

#[derive(Clone, Debug)]
pub struct Auditor {
    store: Store,
    /// The rails to the banks whose books are compared. Without rails no bank's book is compared.
    rails: Vec<Rail>,
    clock: Clock,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// When the current run began, if there is one.
    running: Arc<Mutex<Option<Timestamp>>>,
}

impl Auditor {
    pub fn new(store: Store, rails: Vec<Rail>, clock: Clock, stop: CancellationToken, tasks: TaskTracker) -> Self {
        Self { store, rails, clock, stop, tasks, running: Arc::default() }
    }

    pub fn running_since(&self) -> Option<Timestamp> {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` while an audit is running. Dropping the permit without [`RunPermit::run`] has no effect.
    pub fn acquire(&self) -> Option<RunPermit> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return None;
        }
        let since = self.clock.now();
        *running = Some(since);
        Some(RunPermit { auditor: self.clone(), since })
    }

    /// The last report, as JSON.
    pub async fn last(&self) -> Result<Option<String>, StoreError> {
        self.store.setting(LAST).await
    }
}

/// The only run at a time, until it is dropped.
#[derive(Debug)]
pub struct RunPermit {
    auditor: Auditor,
    since: Timestamp,
}

impl Drop for RunPermit {
    fn drop(&mut self) {
        *self.auditor.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl RunPermit {
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Runs in the background.
    pub fn run(self, by: String) {
        let tasks = self.auditor.tasks.clone();
        tasks.spawn(async move {
            let stop = self.auditor.stop.clone();
            tokio::select! {
                () = stop.cancelled() => tracing::info!("the server stops; the running audit ends without a report"),
                () = self.audit(by) => {}
            }
        });
    }

    async fn audit(&self, by: String) {
        let Auditor { store, rails, clock, .. } = &self.auditor;
        let auditing = AssertUnwindSafe(verify(store, rails, |_| {}));
        let found = match auditing.catch_unwind().await {
            Ok(Ok(report)) => Ok(report),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the auditor failed; the server's log has the cause".to_owned()),
        };
        if let Err(why) = self.store_report(VerifyReport::new(self.since, clock.now(), by, found)).await {
            tracing::error!(%why, "the report of an audit could not be stored");
        }
    }

    async fn store_report(&self, report: VerifyReport) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let text = serde_json::to_string(&report)?;
        Ok(self.auditor.store.put_setting(LAST, &text).await?)
    }
}
