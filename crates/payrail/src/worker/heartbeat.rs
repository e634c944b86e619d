//! A worker writes a heartbeat every few seconds, with the bank's latest answers, for the operators' overview. It is
//! not part of the money path: a heartbeat that cannot be written stops nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use payrail_core::payout::{AttemptKind, BankAnswer};
use payrail_store::{Store, WorkerLine};
use payrail_types::ids::{MerchantId, PayoutId};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;

use crate::clock::Clock;
use crate::clock::timestamp;
use crate::http::shapes::words::{AttemptOutcome, Step};

const EVERY: Duration = Duration::from_secs(5);
/// A worker without a heartbeat for this many seconds counts as gone.
pub const SILENT_AFTER: SignedDuration = SignedDuration::from_secs(45);
/// How long a gone worker is still shown.
const FORGOTTEN_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// The number of answers in a heartbeat.
pub const ANSWERS_KEPT: usize = 20;

/// What came of a call to the bank.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecentAnswer {
    /// When the call ended.
    #[schema(format = DateTime)]
    pub at: String,
    pub step: Step,
    pub answer: AttemptOutcome,
    /// How long the call took.
    #[schema(minimum = 0)]
    pub milliseconds: u64,
    #[schema(value_type = Uuid)]
    pub merchant_id: MerchantId,
    #[schema(value_type = Uuid)]
    pub payout_id: PayoutId,
}

/// The newest answers of the bank to one worker. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct RecentAnswers(Arc<Mutex<VecDeque<RecentAnswer>>>);

impl RecentAnswers {
    pub fn note(
        &self,
        at: Timestamp,
        took: Duration,
        (merchant_id, payout_id): (MerchantId, PayoutId),
        step: AttemptKind,
        answer: &BankAnswer,
    ) {
        let noted = RecentAnswer {
            at: timestamp(at),
            step: step.into(),
            answer: answer.outcome().into(),
            milliseconds: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            merchant_id,
            payout_id,
        };
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.truncate(ANSWERS_KEPT - 1);
        kept.push_front(noted);
    }

    /// As JSON, the newest first.
    fn text(&self) -> String {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        serde_json::to_string(&*kept).unwrap_or_else(|_| "[]".to_owned())
    }
}

pub struct Heartbeat {
    pub worker: Arc<str>,
    /// The process's role: `all` or `worker`.
    pub role: &'static str,
    pub store: Store,
    pub clock: Clock,
    pub answers: RecentAnswers,
}

impl Heartbeat {
    /// Writes heartbeats until the worker has ended, and a last one then.
    pub async fn run(self, ended: CancellationToken) {
        let started_at = self.clock.now();
        while !ended.is_cancelled() {
            self.beat(started_at, None).await;
            let _ = tokio::time::timeout(EVERY, ended.cancelled()).await;
        }
        self.beat(started_at, Some(self.clock.now())).await;
    }

    async fn beat(&self, started_at: Timestamp, stopped_at: Option<Timestamp>) {
        let now = self.clock.now();
        let line = WorkerLine {
            name: self.worker.to_string(),
            role: self.role.to_owned(),
            started_at,
            seen_at: now,
            stopped_at,
            recent_answers: self.answers.text(),
        };
        let silent_since = now.saturating_sub(FORGOTTEN_AFTER).unwrap_or(now);
        match tokio::time::timeout(EVERY, self.store.beat(&line, silent_since)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(worker = %self.worker, %error, "the heartbeat could not be written"),
            Err(_) => tracing::warn!(worker = %self.worker, "the database did not take the heartbeat in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_answers_are_kept_and_fit_their_column() {
        let answers = RecentAnswers::default();
        let payout = (MerchantId(uuid::Uuid::max()), PayoutId(uuid::Uuid::max()));
        for second in 0..50 {
            let at = Timestamp::from_second(second).unwrap();
            answers.note(at, Duration::MAX, payout, AttemptKind::Enquire, &BankAnswer::NeverReceived);
        }
        let text = answers.text();
        assert!(text.len() <= 20_000, "{}", text.len());
        let kept: Vec<RecentAnswer> = serde_json::from_str(&text).unwrap();
        assert_eq!(kept.len(), ANSWERS_KEPT);
        assert_eq!((kept[0].at.as_str(), kept[0].milliseconds), ("1970-01-01T00:00:49.000000Z", u64::MAX));
    }
}
