//! `verify` beside the server at work: one run at a time in this process, its last report kept in the settings.
//! A stop of the server ends it without one.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use jiff::Timestamp;
use payrail_store::{Store, StoreError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::verify::VerifyReport;
use crate::clock::Clock;
use crate::rail::Rail;
use crate::verify::{Report, verify};

/// The setting with the last report, as JSON.
const LAST: &str = "last_verify";

#[derive(Clone, Debug)]
pub struct Auditor {
    store: Store,
    /// The bank whose book is compared; without one it is left out.
    rail: Option<Rail>,
    clock: Clock,
    stop: CancellationToken,
    tasks: TaskTracker,
    /// Since when it runs, if it does.
    running: Arc<Mutex<Option<Timestamp>>>,
}

impl Auditor {
    pub fn new(store: Store, rail: Option<Rail>, clock: Clock, stop: CancellationToken, tasks: TaskTracker) -> Self {
        Self { store, rail, clock, stop, tasks, running: Arc::default() }
    }

    pub fn running_since(&self) -> Option<Timestamp> {
        *self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// None when a run is under way. Given back without [`Turn::run`], nothing has happened.
    pub fn turn(&self) -> Option<Turn> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.is_some() {
            return None;
        }
        let since = self.clock.now();
        *running = Some(since);
        Some(Turn { auditor: self.clone(), since })
    }

    /// As the settings have it.
    pub async fn last(&self) -> Result<Option<String>, StoreError> {
        self.store.setting(LAST).await
    }
}

/// The one run that may be under way; ends with the value.
#[derive(Debug)]
pub struct Turn {
    auditor: Auditor,
    since: Timestamp,
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.auditor.running.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Turn {
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// In the background.
    pub fn run(self, by: String) {
        let tasks = self.auditor.tasks.clone();
        tasks.spawn(async move {
            let stop = self.auditor.stop.clone();
            tokio::select! {
                () = stop.cancelled() => tracing::info!("the server stops; the audit under way ends without a report"),
                () = self.audit(by) => {}
            }
        });
    }

    async fn audit(&self, by: String) {
        let Auditor { store, rail, clock, .. } = &self.auditor;
        let auditing = AssertUnwindSafe(verify(store, rail.as_ref(), |_| {}));
        let found = match auditing.catch_unwind().await {
            Ok(Ok(report)) => Ok(report),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("the auditor broke off; the server's log has the cause".to_owned()),
        };
        if let Err(why) = self.keep(VerifyReport::new(self.since, clock.now(), by, found)).await {
            tracing::error!(%why, "the report of an audit could not be kept");
        }
    }

    async fn keep(&self, report: VerifyReport) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        let text = serde_json::to_string(&report)?;
        Ok(self.auditor.store.put_setting(LAST, &text).await?)
    }
}

/// What came of a run, or why nothing did.
pub type Outcome = Result<Report, String>;
