//! The engine: every command passes through one of its lanes. A lane owns a set of buckets and is their only writer in
//! this process. It collects the commands that arrive while its previous transaction commits, and runs them as one
//! transaction (group commit: no timer, no delay when idle). Lanes are for speed. Correctness depends on the store's
//! lock.

mod pace;
mod threads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use metrics::counter;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::decide::Rules;
use payrail_store::{Cells, Now, Replies, Store, StoreError};
use payrail_types::ids::MerchantId;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::notifier::Notifier;
use crate::telemetry;
use pace::Pace;
use threads::Threads;

/// Why a command got no decision. The request may be tried again under the same key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    #[error("more is waiting than can be done in time")]
    Full,
    #[error("the merchant's book is in use for too long")]
    Busy,
    #[error("the database cannot be reached")]
    Unavailable,
    #[error("the connection to the database broke at the commit: whether it was written is not known yet")]
    Unknown,
    #[error("the database refused the command: {0}")]
    Failed(String),
    #[error("no answer came in time: whether it was written is not known yet")]
    TooLate,
}

/// The timeout of a transaction, so that a database that stops answering does not block a lane for good. It is longer
/// than a request waits for its answer, and than any lock or statement takes on a working database.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(25);

#[derive(Clone, Copy, Debug)]
pub struct LaneSettings {
    pub lanes: usize,
    /// How many commands may wait in a lane. More are refused at once.
    pub queue: usize,
    /// The longest expected wait of a client's request in a lane. Beyond it, the request is refused at once.
    pub queue_time: Duration,
    /// The maximum number of commands in one transaction.
    pub batch: usize,
    /// How long a command may wait for its answer.
    pub answer_timeout: Duration,
}

/// Every movement of money goes through here. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The lanes of the first cell, then those of the next, and so on. All cells have the same number.
    lanes: Arc<[LaneSender]>,
    cells: Cells,
    /// Commands whose senders wait for an answer.
    waiting: Arc<AtomicUsize>,
    queue_time: Duration,
    answer_timeout: Duration,
    /// Notified after each commit: there may be work for the worker.
    pub committed: Arc<Notify>,
    /// Notified of each merchant with a committed change.
    pub notifier: Arc<Notifier>,
    tasks: TaskTracker,
}

/// The sending side of a lane.
#[derive(Debug)]
struct LaneSender {
    sender: mpsc::Sender<Waiting>,
    pace: Arc<Pace>,
}

#[derive(Debug)]
struct Waiting {
    command: Command,
    reply: oneshot::Sender<Outcome>,
}

type Outcome = Result<Result<Reply, Refusal>, EngineError>;

impl Engine {
    pub fn open(store: Store, rules: Rules, clock: Clock, settings: LaneSettings) -> Self {
        let tasks = TaskTracker::new();
        let committed = Arc::new(Notify::new());
        let notifier = Arc::new(Notifier::default());
        // No transaction spans cells, so no lane does.
        let cells = store.cells();
        let count = settings.lanes.max(1).next_multiple_of(usize::from(cells.get()));
        let threads = Arc::new(Threads::start(count));
        let lanes = (0..count).map(|number| {
            let (sender, receiver) = mpsc::channel(settings.queue);
            let (store, clock, pace) = (store.clone(), clock.clone(), Arc::new(Pace::default()));
            let (committed, notifier) = (committed.clone(), notifier.clone());
            let lane = Lane { number, store, rules, clock, committed, notifier, pace: pace.clone() };
            let running = threads.spawn(lane.run(receiver, settings.batch));
            let threads = threads.clone();
            tasks.spawn(async move {
                // The lane's merchants have no lane now, and its last transaction may have committed. A new process
                // finds out.
                if let Err(panic) = running.await {
                    tracing::error!(lane = number, %panic, "a lane died; stopping");
                    std::process::exit(70);
                }
                drop(threads);
            });
            LaneSender { sender, pace }
        });
        let lanes = lanes.collect();
        tasks.close();
        let LaneSettings { queue_time, answer_timeout, .. } = settings;
        Self { lanes, cells, waiting: Arc::default(), queue_time, answer_timeout, committed, notifier, tasks }
    }

    /// For a command of the command line: one lane per cell.
    pub fn for_command(store: &Store, rules: Rules) -> Self {
        let wait = Duration::from_secs(30);
        let settings = LaneSettings { lanes: 1, queue: 16, batch: 16, queue_time: wait, answer_timeout: wait };
        Self::open(store.clone(), rules, Clock::of(store), settings)
    }

    /// Sends a command and waits for its decision, which is on disk by then.
    pub async fn send(&self, command: Command) -> Outcome {
        let (reply, answer) = oneshot::channel();
        let lane = self.lane(command.merchant);
        // A request with a key can be retried. A worker's report must be accepted, however late.
        if !command.action.needs().keys.is_empty() && lane.expected_wait() > self.queue_time {
            return Err(EngineError::Full);
        }
        lane.sender.try_send(Waiting { command, reply }).map_err(|_| EngineError::Full)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _leaves = scopeguard::guard(&self.waiting, |waiting| {
            waiting.fetch_sub(1, Ordering::Relaxed);
        });
        match tokio::time::timeout(self.answer_timeout, answer).await {
            Ok(Ok(outcome)) => outcome,
            // The lane has ended: the process is stopping.
            Ok(Err(_)) => Err(EngineError::Unknown),
            Err(_) => Err(EngineError::TooLate),
        }
    }

    /// How many commands of this process wait for their decision.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn lane(&self, merchant: MerchantId) -> &LaneSender {
        let (bucket, of_cell) = (merchant.bucket(), self.lanes.len() / usize::from(self.cells.get()));
        &self.lanes[self.cells.of(bucket) * of_cell + usize::from(bucket.get()) % of_cell]
    }

    /// Waits for the last lane to end: every clone of the engine is dropped, and every command has its answer.
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        let tasks = self.tasks.clone();
        async move { tasks.wait().await }
    }
}

impl LaneSender {
    fn expected_wait(&self) -> Duration {
        self.pace.wait_behind(self.sender.max_capacity() - self.sender.capacity())
    }
}

struct Lane {
    number: usize,
    store: Store,
    rules: Rules,
    clock: Clock,
    committed: Arc<Notify>,
    notifier: Arc<Notifier>,
    pace: Arc<Pace>,
}

impl Lane {
    async fn run(self, mut waiting: mpsc::Receiver<Waiting>, batch: usize) {
        let mut arrived = Vec::with_capacity(batch);
        while waiting.recv_many(&mut arrived, batch).await > 0 {
            let (commands, replies): (Vec<_>, _) = arrived.drain(..).map(|item| (item.command, item.reply)).unzip();
            let (count, begun) = (commands.len(), Instant::now());
            self.settle(Part { commands, replies }).await;
            self.pace.learn(count, begun.elapsed());
        }
    }

    /// Runs a batch. If the database refuses it, halves it until the failing command is alone. If it waits too long for
    /// a lock, splits it by merchant, so that only the merchant whose row is locked keeps waiting. Either way a
    /// merchant's commands keep their order.
    async fn settle(&self, batch: Part) {
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            match self.execute(&part.commands).await {
                Ok(outcomes) => {
                    counter!(telemetry::BATCHES).increment(1);
                    counter!(telemetry::COMMANDS).increment(part.commands.len() as u64);
                    part.merchants().for_each(|merchant| self.notifier.notify(merchant));
                    part.answer(outcomes);
                }
                Err(
                    StoreError::Refused(why)
                    | StoreError::Internal(why)
                    | StoreError::Corrupt(why)
                    | StoreError::Undecided(why),
                ) if part.commands.len() > 1 => {
                    tracing::warn!(lane = self.number, commands = part.commands.len(), why, "cutting a refused batch");
                    let rest = part.cut();
                    parts.push(rest);
                    parts.push(part);
                }
                Err(StoreError::Busy(why)) if self.waits_for_one_of_many(&part) => {
                    tracing::warn!(
                        lane = self.number,
                        commands = part.commands.len(),
                        why,
                        "parting a batch that waits"
                    );
                    parts.extend(part.by_merchant());
                }
                Err(error) => {
                    tracing::error!(lane = self.number, commands = part.commands.len(), payouts = part.payouts(),
                        %error, "a batch failed");
                    part.fail(EngineError::from(error));
                }
            }
        }
        self.committed.notify_one();
    }

    /// On SQLite the lock covers the whole database, so each part of a split batch would wait again.
    fn waits_for_one_of_many(&self, part: &Part) -> bool {
        let first = part.commands.first().map(|command| command.merchant);
        !self.store.is_sqlite() && part.commands.iter().any(|command| Some(command.merchant) != first)
    }

    /// Runs one transaction, and retries while nothing was written and a retry may succeed.
    async fn execute(&self, commands: &[Command]) -> Result<Replies, StoreError> {
        let given = || self.clock.now();
        // A transaction reads the shared clock itself.
        let now = match self.clock {
            Clock::Manual(_) => Now::Given(&given),
            Clock::System | Clock::Shared(_) => Now::Shared,
        };
        let mut tries = 0;
        loop {
            let executing = self.store.execute(commands, &self.rules, now);
            // When the network drops every packet, a connection neither answers nor closes.
            let done = tokio::time::timeout(TRANSACTION_TIMEOUT, executing).await.unwrap_or_else(|_| {
                Err(StoreError::CommitUnknown(format!(
                    "the database was silent for {} s",
                    TRANSACTION_TIMEOUT.as_secs()
                )))
            });
            let pause = match &done {
                Err(StoreError::Retry(_)) if tries < 5 => rand::random_range(1..20) << tries,
                // A dead connection in the pool, or a server that is restarting.
                Err(StoreError::Unavailable(_)) if tries < 3 => 50 << tries,
                _ => return done,
            };
            tries += 1;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }
}

#[derive(Default)]
struct Part {
    commands: Vec<Command>,
    replies: Vec<oneshot::Sender<Outcome>>,
}

impl Part {
    /// Keeps the first half and returns the second.
    fn cut(&mut self) -> Part {
        let middle = self.commands.len() / 2;
        Part { commands: self.commands.split_off(middle), replies: self.replies.split_off(middle) }
    }

    /// The distinct merchants of the commands.
    fn merchants(&self) -> impl Iterator<Item = MerchantId> + use<> {
        self.commands.iter().map(|command| command.merchant).collect::<BTreeSet<_>>().into_iter()
    }

    /// The ids of its payouts, as many as fit in a log line.
    fn payouts(&self) -> String {
        const NAMED: usize = 20;
        let payouts = self.commands.iter().filter_map(|command| match &command.action {
            Action::Create { id, .. } => Some(*id),
            action => action.needs().payouts.pop(),
        });
        payouts.take(NAMED).map(|payout| payout.to_string()).collect::<Vec<_>>().join(" ")
    }

    fn by_merchant(self) -> Vec<Part> {
        let mut parts: BTreeMap<MerchantId, Part> = BTreeMap::new();
        for (command, reply) in self.commands.into_iter().zip(self.replies) {
            let part = parts.entry(command.merchant).or_default();
            part.commands.push(command);
            part.replies.push(reply);
        }
        parts.into_values().collect()
    }

    /// A sender may have stopped waiting; the decision stands.
    fn answer(self, outcomes: Replies) {
        for (reply, outcome) in self.replies.into_iter().zip(outcomes) {
            let _ = reply.send(Ok(outcome));
        }
    }

    fn fail(self, error: EngineError) {
        for reply in self.replies {
            let _ = reply.send(Err(error.clone()));
        }
    }
}

impl From<StoreError> for EngineError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Retry(_) | StoreError::Busy(_) => Self::Busy,
            StoreError::Unavailable(_) | StoreError::Address(_) | StoreError::Migration(_) | StoreError::Session(_) => {
                Self::Unavailable
            }
            StoreError::CommitUnknown(_) => Self::Unknown,
            StoreError::Refused(why)
            | StoreError::Internal(why)
            | StoreError::Corrupt(why)
            | StoreError::Undecided(why) => Self::Failed(why),
        }
    }
}
