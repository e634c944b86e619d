//! The worker of one rail. It claims due payouts, calls the bank, and reports the answer. Between claim and report it
//! holds no transaction and no lock: the lease and the attempt's number exclude other workers. If a worker dies, the
//! payout is due again when the lease expires, and the next worker asks the bank first.

mod bank;
mod claims;
mod head;
mod heartbeat;
pub mod returns;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::payout::{self, Attempt, AttemptKind, BankAnswer, Payout};
use payrail_store::{Result, Store, StoreError};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::word::Word;
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use crate::clock::Clock;
use crate::lanes::{Engine, EngineError};
use crate::payout_log;
use crate::rail::{Exchange, Instruction, Rail};
use crate::telemetry;

pub use bank::{BankWatch, Met, Standing};
use claims::{Claiming, Claims};
use head::Head;
pub use heartbeat::{ANSWERS_KEPT, RecentAnswer, SILENT_AFTER};
use heartbeat::{Heartbeat, RecentAnswers};

#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// The maximum number of concurrent calls to the bank.
    pub concurrency: usize,
    /// How long to wait when nothing is due. A notification ends the wait early.
    pub poll: Duration,
}

#[derive(Clone, Debug)]
pub struct Worker {
    /// Written to leases and attempts.
    name: Arc<str>,
    /// The process's role, for the heartbeat.
    role: &'static str,
    store: Store,
    engine: Engine,
    rail: Rail,
    bank: Arc<BankWatch>,
    clock: Clock,
    settings: WorkerSettings,
    slots: Arc<Semaphore>,
    head: Arc<Mutex<Head>>,
    claims: Claims,
    calls: TaskTracker,
    /// Claims that succeeded since this was last read.
    claimed: Arc<AtomicUsize>,
    answers: RecentAnswers,
}

/// A payout that this worker claimed, and the call to make.
struct Claimed {
    merchant: MerchantId,
    payout: Payout,
    attempt: Attempt,
    /// The span of all log lines about this claim.
    span: Span,
}

/// When the network drops every packet, a connection neither answers nor closes, and a read would wait for ever.
const READS_WITHIN: Duration = Duration::from_secs(10);

/// How far down the list of due payouts a worker searches for merchants whose row is not locked.
const LOOK_MAX: u32 = 16_384;

/// How often a report is tried before the worker leaves the payout to the lease's expiry.
const REPORT_TRIES: u32 = 6;

impl Worker {
    pub fn new(
        name: impl Into<Arc<str>>,
        store: Store,
        engine: Engine,
        rail: Rail,
        clock: Clock,
        settings: WorkerSettings,
    ) -> Self {
        let slots = Arc::new(Semaphore::new(settings.concurrency));
        let name = name.into();
        let bank = Arc::new(BankWatch::new(name.clone(), store.clone(), rail.clone(), clock.clone()));
        Self {
            name,
            role: "worker",
            store,
            engine,
            rail,
            bank,
            clock,
            settings,
            slots,
            head: Arc::default(),
            claims: Claims::default(),
            calls: TaskTracker::new(),
            claimed: Arc::default(),
            answers: RecentAnswers::default(),
        }
    }

    /// What the worker knows about its bank; readiness depends on it.
    pub fn bank(&self) -> Arc<BankWatch> {
        self.bank.clone()
    }

    /// For the all-in-one process.
    pub fn of_all_in_one(self) -> Self {
        Self { role: "all", ..self }
    }

    /// Runs until `stop`, then finishes the calls in progress.
    pub async fn run(self, stop: CancellationToken) {
        tracing::info!(worker = %self.name, rail = %self.rail.name(), concurrency = self.settings.concurrency, "the worker has begun");
        let returns = tokio::spawn(self.clone().follow_returns(stop.clone()));
        let ended = CancellationToken::new();
        let heartbeat = tokio::spawn(self.heartbeat().run(ended.clone()));
        while !stop.is_cancelled() {
            let begun = self.begin_due_calls(&stop).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the due payouts could not be read; trying again");
                0
            });
            if begun == 0 {
                self.rest(&stop).await;
            }
        }
        self.calls.close();
        self.calls.wait().await;
        let _ = returns.await;
        ended.cancel();
        let _ = heartbeat.await;
        tracing::info!(worker = %self.name, "the worker has stopped");
    }

    fn heartbeat(&self) -> Heartbeat {
        let Self { name, role, store, clock, answers, .. } = self;
        Heartbeat { worker: name.clone(), role, store: store.clone(), clock: clock.clone(), answers: answers.clone() }
    }

    /// Finishes everything that is due now. For tests, which set the clock between two rounds.
    pub async fn round(&self) -> Result<usize> {
        let stop = CancellationToken::new();
        let mut begun = 0;
        loop {
            self.begin_due_calls(&stop).await?;
            self.calls.close();
            self.calls.wait().await;
            match self.claimed.swap(0, Ordering::Relaxed) {
                0 => break,
                more => begun += more,
            }
        }
        self.take_returns().await;
        Ok(begun)
    }

    async fn rest(&self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.engine.committed.notified() => {}
            () = tokio::time::sleep(self.settings.poll) => {}
        }
    }

    /// Starts a claim of a due payout for each free slot, and returns their number. Each call begins as soon as its
    /// claim succeeds.
    async fn begin_due_calls(&self, stop: &CancellationToken) -> Result<usize> {
        // With all slots taken, wait for one rather than claim a payout whose call cannot begin.
        drop(self.slots.acquire().await);
        if stop.is_cancelled() || !self.bank.lets_claim().await {
            return Ok(0);
        }
        let mut begun = 0;
        for (merchant, payout) in self.due().await? {
            let Some(claiming) = self.claims.begin(merchant, payout, self.claims_of_a_merchant()) else { continue };
            let Ok(slot) = self.slots.clone().try_acquire_owned() else { break };
            self.calls.spawn(self.clone().claim_and_call(claiming, slot, stop.clone()));
            begun += 1;
        }
        Ok(begun)
    }

    /// Due payouts, the longest due first. While a merchant's row is locked, its payouts stay at the head of the list,
    /// so the search continues further down, at other merchants' payouts.
    async fn due(&self) -> Result<Vec<(MerchantId, PayoutId)>> {
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let mut wanted = number(self.slots.available_permits() + self.claims.count()).min(LOOK_MAX);
        loop {
            let due =
                async { self.head.lock().await.due(&self.store, self.rail.name(), self.clock.now(), wanted).await };
            let silent =
                |_| StoreError::Unavailable(format!("the database was silent for {} s", READS_WITHIN.as_secs()));
            let due = tokio::time::timeout(READS_WITHIN, due).await.map_err(silent)??;
            let is_all = number(due.len()) < wanted || wanted >= LOOK_MAX;
            if is_all || !self.claims.are_stuck() || self.claims.beginnable(&due, self.claims_of_a_merchant()) > 0 {
                return Ok(due);
            }
            wanted = wanted.saturating_mul(4).min(LOOK_MAX);
        }
    }

    fn claims_of_a_merchant(&self) -> usize {
        self.settings.concurrency.div_ceil(2)
    }

    async fn claim_and_call(self, claiming: Claiming, slot: OwnedSemaphorePermit, stop: CancellationToken) {
        let Some(claimed) = self.claim(&claiming).await else {
            drop(slot);
            // The next read finds the payout again. Wait for a moment first.
            let _ = tokio::time::timeout(self.settings.poll, stop.cancelled()).await;
            return;
        };
        drop(claiming);
        self.claimed.fetch_add(1, Ordering::Relaxed);
        match stop.is_cancelled() {
            true => self.hand_back(&claimed).await,
            false => {
                let span = claimed.span.clone();
                self.call(claimed).instrument(span).await;
            }
        }
        drop(slot);
    }

    /// `None` if another worker was first, or the engine cannot accept the command now.
    async fn claim(&self, claiming: &Claiming) -> Option<Claimed> {
        let Claiming { merchant, payout, .. } = *claiming;
        let action = Action::Claim { payout, worker: self.name.to_string(), bank: self.bank.known() };
        let answer = self.engine.send(Command { merchant, action }).await;
        claiming.found_the_row(matches!(answer, Err(EngineError::Busy | EngineError::TooLate)));
        match answer {
            Ok(Ok(Reply::Claimed { payout, attempt })) => {
                let span = payout_log::span(merchant, payout.id, payout.request_id.as_ref());
                span.in_scope(|| payout_log::claimed(&attempt));
                Some(Claimed { merchant, payout, attempt, span })
            }
            Ok(Ok(Reply::Updated(payout))) => {
                let span = payout_log::span(merchant, payout.id, payout.request_id.as_ref());
                span.in_scope(|| payout_log::stepped(&payout));
                None
            }
            Ok(Ok(_) | Err(_)) => None,
            Err(error) => {
                let span = payout_log::span(merchant, payout, None);
                span.in_scope(|| tracing::warn!(%error, "could not be claimed; trying again later"));
                None
            }
        }
    }

    async fn call(&self, claimed: Claimed) {
        let Claimed { merchant, payout, attempt, .. } = claimed;
        let reference = payout.id.reference();
        let bank_account_id = payout.bank_account_id.as_str();
        let instruction = Instruction { reference: &reference, amount: payout.amount, bank_account_id };
        let begun = Instant::now();
        let Exchange { sent, received, answer } = self.exchange(&attempt, instruction).await;
        payout_log::called(&attempt, self.rail.name(), &answer);
        let (rail, outcome) = (self.rail.name().to_string(), answer.outcome().as_str());
        metrics::counter!(telemetry::BANK_CALLS, "rail" => rail, "answer" => outcome).increment(1);
        self.answers.note(self.clock.now(), begun.elapsed(), (merchant, payout.id), attempt.kind, &answer);
        let exchange = payout::Exchange { sent, received };
        let action = Action::Report { payout: payout.id, number: attempt.number, answer, exchange };
        self.report(Command { merchant, action }).await;
    }

    /// Calls only the attempt's own bank. If it cannot, the answer states that nothing was sent.
    async fn exchange(&self, attempt: &Attempt, instruction: Instruction<'_>) -> Exchange {
        if let Some(why) = self.bank.objection_to(attempt.bank.as_ref()).await {
            let answer = BankAnswer::Unreachable { why };
            return Exchange { sent: String::new(), received: String::new(), answer };
        }
        match attempt.kind {
            AttemptKind::Submit => self.rail.submit(instruction).await,
            AttemptKind::Enquire => self.rail.enquire(instruction).await,
            AttemptKind::Close => self.rail.close(instruction).await,
        }
    }

    async fn hand_back(&self, claimed: &Claimed) {
        let action = Action::Release { payout: claimed.payout.id, number: claimed.attempt.number };
        let report = self.report(Command { merchant: claimed.merchant, action });
        report.instrument(claimed.span.clone()).await;
    }

    /// Retries for a while. A lost report only costs an enquiry after the lease.
    async fn report(&self, command: Command) {
        for attempt in 0..REPORT_TRIES {
            match self.engine.send(command.clone()).await {
                Ok(Ok(Reply::Updated(payout))) => return payout_log::stepped(&payout),
                Ok(Ok(_)) => return,
                Ok(Err(Refusal::StaleAttempt)) => {
                    tracing::info!("the report came too late or twice: the attempt no longer holds the payout");
                    return;
                }
                Ok(Err(refusal)) => {
                    tracing::error!(%refusal, "the report was refused");
                    return;
                }
                Err(EngineError::Failed(_)) => break,
                Err(_) => tokio::time::sleep(Duration::from_millis(100 << attempt)).await,
            }
        }
        tracing::warn!("the report could not be handed in; the lease's end will bring an enquiry");
    }
}
