//! Checks which bank answers this worker. The database stores the identity of each rail's bank, the first that a worker
//! finds. If another bank answers (a new address, a replaced bank's book), the worker claims nothing, sends nothing and
//! accepts no answer until an operator confirms the change. The other bank does not know what the first one paid: it
//! would answer "never received" and pay again.
//!
//! The worker checks before the first claim, at most a second before each call, and every two seconds when idle. Each
//! call also carries the identity of its bank, and an answer from any other bank counts as none.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use payrail_store::Store;
use payrail_types::rail::BankId;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::rail::{Rail, Remembered};

/// How long a [`Met`] counts. The worker renews it while the other bank answers.
const MET_COUNTS_FOR: Duration = Duration::from_secs(60);

/// How long the result of a check is reused.
const FRESH: Duration = Duration::from_secs(1);
/// How often a stopped worker checks again, and how often it reports that it is stopped.
const AGAIN: Duration = Duration::from_secs(2);
const TELL_AGAIN: Duration = Duration::from_secs(20);

/// What a worker found at the bank's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Not checked yet.
    Unknown,
    /// The bank in the database.
    Ours,
    /// No bank answers, or the database could not be read.
    Unheard(String),
    Other {
        known: String,
        met: String,
    },
}

/// What a worker writes to the database when it finds another bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    pub identity: String,
    pub worker: String,
    /// When it was last found, in microseconds since 1970.
    pub at: i64,
    /// Since when it has been found continuously. Workers of earlier versions do not write it.
    #[serde(default)]
    pub since: Option<i64>,
}

impl Met {
    /// Whether it is recent enough to count at this time, in microseconds since 1970.
    pub fn counts_at(&self, now: i64) -> bool {
        now.saturating_sub(self.at) < i64::try_from(MET_COUNTS_FOR.as_micros()).unwrap_or(i64::MAX)
    }
}

#[derive(Debug)]
pub struct BankWatch {
    worker: Arc<str>,
    store: Store,
    rail: Rail,
    clock: Clock,
    standing: RwLock<Standing>,
    /// The bank in the database, as last read.
    known: RwLock<Option<BankId>>,
    /// The times of the last check and of the last report. Its lock allows one check at a time.
    looked: Mutex<(Option<Instant>, Option<Instant>)>,
}

impl BankWatch {
    pub fn new(worker: Arc<str>, store: Store, rail: Rail, clock: Clock) -> Self {
        let standing = RwLock::new(Standing::Unknown);
        Self { worker, store, rail, clock, standing, known: RwLock::default(), looked: Mutex::default() }
    }

    pub fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The bank that calls are claimed for: the one in the database, whether or not it answers.
    pub fn known(&self) -> Option<BankId> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether payouts may be claimed. They may if the bank cannot be reached: the call will then fail.
    pub async fn lets_claim(&self) -> bool {
        match self.standing() {
            Standing::Ours if !self.rail.met_another() => true,
            Standing::Unheard(_) => true,
            Standing::Other { .. } => !matches!(self.look(AGAIN).await, Standing::Other { .. }),
            Standing::Unknown | Standing::Ours => !matches!(self.look(Duration::ZERO).await, Standing::Other { .. }),
        }
    }

    /// Why no call for `bank` may be made now, if so.
    pub async fn objection_to(&self, bank: Option<&BankId>) -> Option<String> {
        match self.objection().await {
            None if bank.is_none() || bank != self.rail.expected_bank().as_ref() => {
                Some("the call was meant for another bank than the one that the rail leads to now".to_owned())
            }
            objection => objection,
        }
    }

    /// Why the bank may not be called now, if so.
    pub async fn objection(&self) -> Option<String> {
        match self.look(FRESH).await {
            Standing::Ours => None,
            Standing::Unheard(why) => Some(why),
            Standing::Other { .. } => Some("another bank answers at its address: nothing was sent to it".to_owned()),
            Standing::Unknown => Some("the bank has not said who it is".to_owned()),
        }
    }

    /// The last result if it is newer than `fresh`, or else a new one.
    pub async fn look(&self, fresh: Duration) -> Standing {
        let mut looked = self.looked.lock().await;
        let is_fresh = looked.0.is_some_and(|at| at.elapsed() < fresh);
        if is_fresh && !self.rail.met_another() {
            return self.standing();
        }
        let before = self.standing();
        let found = self.find().await;
        *self.standing.write().unwrap_or_else(PoisonError::into_inner) = found.clone();
        looked.0 = Some(Instant::now());
        self.tell(&before, &found, &mut looked.1).await;
        found
    }

    async fn find(&self) -> Standing {
        let setting = self.rail.setting(Remembered::Identity);
        // Written only if none is stored: this runs every second.
        let known = self.store.setting(&setting).await;
        if let Ok(known) = &known {
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = known.as_deref().map(BankId::new);
        }
        let met = match self.rail.identity().await {
            Ok(met) => met,
            Err(why) => return Standing::Unheard(why),
        };
        let known = match known {
            Ok(None) => self.store.remember(&setting, &met).await.map(Some),
            known => known,
        };
        match known {
            Ok(Some(known)) if known == met => {
                self.rail.expect(&known);
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(BankId::new(&known));
                Standing::Ours
            }
            Ok(known) => Standing::Other { known: known.unwrap_or_default(), met },
            Err(error) => Standing::Unheard(format!("the database did not say which bank is ours: {error}")),
        }
    }

    /// Since when this bank has been found. Continues an earlier report, whichever worker wrote it.
    async fn met_since(&self, identity: &str, now: i64) -> i64 {
        let left = self.store.setting(&self.rail.setting(Remembered::Met)).await.ok().flatten();
        let earlier: Option<Met> = left.and_then(|text| serde_json::from_str(&text).ok());
        match earlier {
            Some(earlier) if earlier.identity == identity && earlier.counts_at(now) => {
                earlier.since.unwrap_or(earlier.at)
            }
            _ => now,
        }
    }

    /// Logs a change once, and renews the report in the database, so that a dead worker's report expires.
    async fn tell(&self, before: &Standing, found: &Standing, told: &mut Option<Instant>) {
        match found {
            Standing::Other { known, met } => {
                if before != found {
                    tracing::error!(
                        rail = %self.rail.name(),
                        known,
                        met,
                        "ANOTHER BANK answers at the bank's address than the one to which the payouts were sent. The \
                         worker has stopped: nothing is sent to it, and none of its answers counts. Does \
                         PAYRAIL_BANK_URL lead elsewhere, or was the bank's book deleted or replaced? Correct that, \
                         and the worker goes on. If the change is meant, confirm it in the admin or with `payrail bank \
                         confirm`. A demonstration can be reset: `payrail reset --yes`"
                    );
                } else if told.is_some_and(|at| at.elapsed() < TELL_AGAIN) {
                    return;
                }
                let at = self.clock.now().as_microsecond();
                let since = Some(self.met_since(met, at).await);
                let word = Met { identity: met.clone(), worker: self.worker.to_string(), at, since };
                let text = serde_json::to_string(&word).unwrap_or_default();
                if self.store.put_setting(&self.rail.setting(Remembered::Met), &text).await.is_ok() {
                    *told = Some(Instant::now());
                }
            }
            // A worker that starts after the address was corrected removes the earlier process's report.
            Standing::Ours if told.is_some() || *before == Standing::Unknown => {
                if told.is_some() {
                    tracing::info!(rail = %self.rail.name(), "the bank is the one that the database knows; the worker goes on");
                }
                if self.store.remove_setting(&self.rail.setting(Remembered::Met)).await.is_ok() {
                    *told = None;
                }
            }
            _ => {}
        }
    }
}
