//! The worker: takes due payouts, calls the bank, reports what it said. Between claim and report no
//! transaction and no lock is open; the lease and the attempt's number keep others away. Whatever
//! dies wherever, the payout falls due again and the next worker asks the bank first.

mod bank;
mod head;
mod heartbeat;
mod returns;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use payrail_core::command::{self, Action, Command, Refusal, Reply};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::{Attempt, BankAnswer, Payout, Step};
use payrail_store::{Result, Store, StoreError};
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{Instrument, Span};

use crate::clock::Clock;
use crate::lanes::{Door, DoorError};
use crate::payout_log;
use crate::rail::{Exchange, Instruction, Rail};

pub use bank::{BankWatch, MET, Met, Standing};
use head::Head;
pub use heartbeat::{ANSWERS_KEPT, RecentAnswer, SILENT_AFTER};
use heartbeat::{Heartbeat, RecentAnswers};
pub use returns::RETURNS_CURSOR;

#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// Calls to the bank at the same time.
    pub concurrency: usize,
    /// How long to rest when nothing is due. Bells only shorten it.
    pub poll: Duration,
}

#[derive(Clone, Debug)]
pub struct Worker {
    /// Written to the leases and attempts: who it was.
    name: Arc<str>,
    /// The process's role, for the heartbeat.
    role: &'static str,
    store: Store,
    door: Door,
    rail: Rail,
    bank: Arc<BankWatch>,
    clock: Clock,
    settings: WorkerSettings,
    slots: Arc<Semaphore>,
    head: Arc<Mutex<Head>>,
    calls: TaskTracker,
    answers: RecentAnswers,
}

/// A payout that this worker holds, and the call that it is to make.
struct Claimed {
    merchant: MerchantId,
    payout: Payout,
    attempt: Attempt,
    /// Of every line that the log has about this claim.
    span: Span,
}

/// A network that swallows everything answers nothing and closes nothing: who only waits, waits for ever.
const READS_WITHIN: Duration = Duration::from_secs(10);

/// How often a report is tried before the payout is left to its lease's end.
const REPORT_TRIES: u32 = 6;

impl Worker {
    pub fn new(
        name: impl Into<Arc<str>>,
        store: Store,
        door: Door,
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
            door,
            rail,
            bank,
            clock,
            settings,
            slots,
            head: Arc::default(),
            calls: TaskTracker::new(),
            answers: RecentAnswers::default(),
        }
    }

    /// What it knows of the bank, for those who ask whether it can work.
    pub fn bank(&self) -> Arc<BankWatch> {
        self.bank.clone()
    }

    /// As part of a process that is more than a worker.
    pub fn of_all_in_one(self) -> Self {
        Self { role: "all", ..self }
    }

    /// Works until it is told to stop, then finishes the calls under way.
    pub async fn run(self, stop: CancellationToken) {
        tracing::info!(worker = %self.name, concurrency = self.settings.concurrency, "the worker has begun");
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

    /// Everything that is due now, to the end: for tests, which set the clock between two rounds.
    pub async fn round(&self) -> Result<usize> {
        let stop = CancellationToken::new();
        let mut begun = 0;
        loop {
            let more = self.begin_due_calls(&stop).await?;
            self.calls.close();
            self.calls.wait().await;
            if more == 0 {
                self.take_returns().await;
                return Ok(begun);
            }
            begun += more;
        }
    }

    async fn rest(&self, stop: &CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.door.bell.notified() => {}
            () = tokio::time::sleep(self.settings.poll) => {}
        }
    }

    /// Claims as many due payouts as there are free slots and begins a call for each.
    async fn begin_due_calls(&self, stop: &CancellationToken) -> Result<usize> {
        // With all slots taken, wait for one rather than claim what cannot be begun.
        drop(self.slots.acquire().await);
        if stop.is_cancelled() || !self.bank.lets_claim().await {
            return Ok(0);
        }
        let free = u32::try_from(self.slots.available_permits()).unwrap_or(u32::MAX);
        let due = async { self.head.lock().await.due(&self.store, self.clock.now(), free).await };
        let silent = |_| StoreError::Unavailable(format!("the database was silent for {} s", READS_WITHIN.as_secs()));
        let due = tokio::time::timeout(READS_WITHIN, due).await.map_err(silent)??;
        let claims = due.into_iter().map(|(merchant, payout)| self.claim(merchant, payout));
        let claimed: Vec<Claimed> = join_all(claims).await.into_iter().flatten().collect();
        let begun = claimed.len();
        for claim in claimed {
            if stop.is_cancelled() {
                self.hand_back(&claim).await;
                continue;
            }
            // One loop hands out the slots, so those counted above are still free.
            let Ok(slot) = self.slots.clone().acquire_owned().await else { break };
            let worker = self.clone();
            self.calls.spawn(async move {
                let span = claim.span.clone();
                worker.call(claim).instrument(span).await;
                drop(slot);
            });
        }
        Ok(begun)
    }

    /// `None` if another worker was first, or the door is shut for now.
    async fn claim(&self, merchant: MerchantId, payout: PayoutId) -> Option<Claimed> {
        let action = Action::Claim { payout, worker: self.name.to_string() };
        match self.door.send(Command { merchant, action }).await {
            Ok(Ok(Reply::Claimed { payout, attempt })) => {
                let span = payout_log::span(merchant, payout.id, payout.request_id.as_ref());
                span.in_scope(|| payout_log::claimed(&attempt));
                Some(Claimed { merchant, payout, attempt, span })
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
        let Exchange { sent, received, answer } = self.exchange(attempt.step, instruction).await;
        payout_log::called(&attempt, &answer);
        self.answers.note(self.clock.now(), begun.elapsed(), (merchant, payout.id), attempt.step, &answer);
        let exchange = command::Exchange { sent, received };
        let action = Action::Report { payout: payout.id, number: attempt.number, answer, exchange };
        self.report(Command { merchant, action }).await;
    }

    /// Only with the bank that the database remembers: to any other nothing is sent, for certain.
    async fn exchange(&self, step: Step, instruction: Instruction<'_>) -> Exchange {
        if let Some(why) = self.bank.objection().await {
            let answer = BankAnswer::Unreachable { why };
            return Exchange { sent: String::new(), received: String::new(), answer };
        }
        match step {
            Step::Submit => self.rail.submit(instruction).await,
            Step::Enquire => self.rail.enquire(instruction).await,
            Step::Close => self.rail.close(instruction).await,
        }
    }

    async fn hand_back(&self, claimed: &Claimed) {
        let action = Action::Release { payout: claimed.payout.id, number: claimed.attempt.number };
        let report = self.report(Command { merchant: claimed.merchant, action });
        report.instrument(claimed.span.clone()).await;
    }

    /// Keeps trying for a while. A report that is lost costs an enquiry after the lease, no more.
    async fn report(&self, command: Command) {
        for attempt in 0..REPORT_TRIES {
            match self.door.send(command.clone()).await {
                Ok(Ok(Reply::Stepped(payout))) => return payout_log::stepped(&payout),
                Ok(Ok(_)) => return,
                Ok(Err(Refusal::StaleAttempt)) => {
                    tracing::info!("the report came too late or twice: the attempt no longer holds the payout");
                    return;
                }
                Ok(Err(refusal)) => {
                    tracing::error!(%refusal, "the report was refused");
                    return;
                }
                Err(DoorError::Failed(_)) => break,
                Err(_) => tokio::time::sleep(Duration::from_millis(100 << attempt)).await,
            }
        }
        tracing::warn!("the report could not be handed in; the lease's end will bring an enquiry");
    }
}
