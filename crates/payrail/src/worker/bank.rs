//! With which bank this worker speaks. The database remembers the bank that its payouts were sent to: the first that
//! a worker meets. A worker that meets another one (the address leads elsewhere, the bank's book was replaced) claims
//! nothing, sends nothing and believes nothing, until an operator confirms the change. For the other bank does not know
//! what the first one paid: it would say "never received", and pay again.
//!
//! Looked at before the first claim, at most a second before each call, and every two seconds at rest. Between two
//! looks each call carries the identity that it is meant for, and an answer from any other bank is no answer.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use payrail_store::Store;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::rail::{self, Rail};

/// Under which a worker leaves word that it met another bank.
pub const MET: &str = "bank_met";
/// How long such a word counts: the worker repeats it while it is so.
const MET_COUNTS_FOR: Duration = Duration::from_secs(60);

/// A look counts for so long.
const FRESH: Duration = Duration::from_secs(1);
/// How often a worker that is kept away looks again, and says so anew.
const AGAIN: Duration = Duration::from_secs(2);
const TELL_AGAIN: Duration = Duration::from_secs(20);

/// What a worker found at the bank's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nobody looked yet.
    Unknown,
    /// The bank that the database remembers.
    Ours,
    /// Nobody answers there, or the database does not say who should.
    Unheard(String),
    Other {
        known: String,
        met: String,
    },
}

/// What a worker leaves in the database when it met another bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    pub identity: String,
    pub worker: String,
    /// When it was met last, in microseconds since 1970.
    pub at: i64,
    /// Since when it has been met without a break. Workers of earlier versions do not say.
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
    /// When the last look was, and when others were last told. One looks at a time.
    looked: Mutex<(Option<Instant>, Option<Instant>)>,
}

impl BankWatch {
    pub fn new(worker: Arc<str>, store: Store, rail: Rail, clock: Clock) -> Self {
        let standing = RwLock::new(Standing::Unknown);
        Self { worker, store, rail, clock, standing, looked: Mutex::default() }
    }

    pub fn standing(&self) -> Standing {
        self.standing.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether payouts may be claimed. A bank that cannot be reached keeps nobody from that: the call will say so.
    pub async fn lets_claim(&self) -> bool {
        match self.standing() {
            Standing::Ours if !self.rail.met_another() => true,
            Standing::Unheard(_) => true,
            Standing::Other { .. } => !matches!(self.look(AGAIN).await, Standing::Other { .. }),
            Standing::Unknown | Standing::Ours => !matches!(self.look(Duration::ZERO).await, Standing::Other { .. }),
        }
    }

    /// Why no call may be made now, if so.
    pub async fn objection(&self) -> Option<String> {
        match self.look(FRESH).await {
            Standing::Ours => None,
            Standing::Unheard(why) => Some(why),
            Standing::Other { .. } => Some("another bank answers at its address: nothing was sent to it".to_owned()),
            Standing::Unknown => Some("the bank has not said who it is".to_owned()),
        }
    }

    /// What was found within `fresh`, or is found now.
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
        let met = match self.rail.identity().await {
            Ok(met) => met,
            Err(why) => return Standing::Unheard(why),
        };
        // A remembered one is only read: this happens every second.
        let known = match self.store.setting(rail::IDENTITY).await {
            Ok(None) => self.store.remember(rail::IDENTITY, &met).await.map(Some),
            known => known,
        };
        match known {
            Ok(Some(known)) if known == met => {
                self.rail.expect(&known);
                Standing::Ours
            }
            Ok(known) => Standing::Other { known: known.unwrap_or_default(), met },
            Err(error) => Standing::Unheard(format!("the database did not say which bank is ours: {error}")),
        }
    }

    /// Since when this bank has been met: the word of an earlier look goes on, whichever worker left it.
    async fn met_since(&self, identity: &str, now: i64) -> i64 {
        let left = self.store.setting(MET).await.ok().flatten();
        let earlier: Option<Met> = left.and_then(|text| serde_json::from_str(&text).ok());
        match earlier {
            Some(earlier) if earlier.identity == identity && earlier.counts_at(now) => {
                earlier.since.unwrap_or(earlier.at)
            }
            _ => now,
        }
    }

    /// The log hears of a change; the database is told again and again, so that a worker that died is forgotten.
    async fn tell(&self, before: &Standing, found: &Standing, told: &mut Option<Instant>) {
        match found {
            Standing::Other { known, met } => {
                if before != found {
                    tracing::error!(
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
                if self.store.put_setting(MET, &text).await.is_ok() {
                    *told = Some(Instant::now());
                }
            }
            // A worker that starts after the address was corrected removes what the earlier process left.
            Standing::Ours if told.is_some() || *before == Standing::Unknown => {
                if told.is_some() {
                    tracing::info!("the bank is the one that the database knows; the worker goes on");
                }
                if self.store.remove_setting(MET).await.is_ok() {
                    *told = None;
                }
            }
            _ => {}
        }
    }
}
