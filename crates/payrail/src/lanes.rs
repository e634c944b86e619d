//! The door's waiting room. A lane owns a set of buckets and is their one writer in this process: it
//! takes all commands that came in while its last transaction was committing and runs them as one
//! (group commit: no timer, no delay when idle). Lanes are for speed; truth is the store's lock.

mod pace;
mod threads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use metrics::counter;
use payrail_core::command::{Action, Command, Refusal, Reply};
use payrail_core::decide::Rules;
use payrail_core::ids::MerchantId;
use payrail_store::{Now, Replies, Store, StoreError};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::task::TaskTracker;

use crate::clock::Clock;
use crate::notifier::Notifier;
use crate::telemetry;
use pace::Pace;
use threads::Threads;

/// Why a command got no decision. What was wished for may be tried again, under the same key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DoorError {
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

/// It ends a wait that the database knows nothing of, and with it the standstill of a lane. Longer than whoever asked
/// waits for an answer, and than any lock or statement takes on a database that is well.
const TRANSACTION_TIMEOUT: Duration = Duration::from_secs(25);

#[derive(Clone, Copy, Debug)]
pub struct LaneSettings {
    pub lanes: usize,
    /// Commands that may wait in a lane; more are refused at once.
    pub queue: usize,
    /// How long a client's request may be expected to wait in a lane; with more before it, it is refused at once.
    pub queue_time: Duration,
    /// Commands in one transaction at the most.
    pub batch: usize,
    /// How long a command may wait for its answer.
    pub patience: Duration,
}

/// Every movement of money goes through here. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Door {
    lanes: Arc<[Entrance]>,
    /// Commands whose senders wait for an answer.
    waiting: Arc<AtomicUsize>,
    queue_time: Duration,
    patience: Duration,
    /// Rings when something was committed that a worker may want to look at.
    pub bell: Arc<Notify>,
    /// Notified of each merchant whose book was in what was committed.
    pub notifier: Arc<Notifier>,
    tasks: TaskTracker,
}

/// Where a lane's commands come in.
#[derive(Debug)]
struct Entrance {
    sender: mpsc::Sender<Waiting>,
    pace: Arc<Pace>,
}

#[derive(Debug)]
struct Waiting {
    command: Command,
    reply: oneshot::Sender<Outcome>,
}

type Outcome = Result<Result<Reply, Refusal>, DoorError>;

impl Door {
    pub fn open(store: Store, rules: Rules, clock: Clock, settings: LaneSettings) -> Self {
        let tasks = TaskTracker::new();
        let bell = Arc::new(Notify::new());
        let notifier = Arc::new(Notifier::default());
        let threads = Arc::new(Threads::start(settings.lanes.max(1)));
        let lanes = (0..settings.lanes.max(1)).map(|number| {
            let (sender, receiver) = mpsc::channel(settings.queue);
            let (store, clock, pace) = (store.clone(), clock.clone(), Arc::new(Pace::default()));
            let (bell, notifier) = (bell.clone(), notifier.clone());
            let lane = Lane { number, store, rules, clock, bell, notifier, pace: pace.clone() };
            let running = threads.spawn(lane.run(receiver, settings.batch));
            let threads = threads.clone();
            tasks.spawn(async move {
                // A lane that panicked leaves its merchants without a door. What it was doing is on
                // disk or is not; to start anew is the way to know.
                if let Err(panic) = running.await {
                    tracing::error!(lane = number, %panic, "a lane died; stopping");
                    std::process::exit(70);
                }
                drop(threads);
            });
            Entrance { sender, pace }
        });
        let lanes = lanes.collect();
        tasks.close();
        let LaneSettings { queue_time, patience, .. } = settings;
        Self { lanes, waiting: Arc::default(), queue_time, patience, bell, notifier, tasks }
    }

    /// For a command line that needs the door once: one lane.
    pub fn for_command(store: &Store, rules: Rules) -> Self {
        let wait = Duration::from_secs(30);
        let settings = LaneSettings { lanes: 1, queue: 16, batch: 16, queue_time: wait, patience: wait };
        Self::open(store.clone(), rules, Clock::of(store), settings)
    }

    /// Hands a command in and waits for its decision, which is on disk when it comes.
    pub async fn send(&self, command: Command) -> Outcome {
        let (reply, answer) = oneshot::channel();
        let lane = self.lane(command.merchant);
        // What has a key can be asked again; a worker's report is wanted however late it is.
        if command.action.key().is_some() && lane.expected_wait() > self.queue_time {
            return Err(DoorError::Full);
        }
        lane.sender.try_send(Waiting { command, reply }).map_err(|_| DoorError::Full)?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let _leaves = scopeguard::guard(&self.waiting, |waiting| {
            waiting.fetch_sub(1, Ordering::Relaxed);
        });
        match tokio::time::timeout(self.patience, answer).await {
            Ok(Ok(outcome)) => outcome,
            // The lane is gone in the middle of it: the process is going down.
            Ok(Err(_)) => Err(DoorError::Unknown),
            Err(_) => Err(DoorError::TooLate),
        }
    }

    /// How many commands of this process wait for their decision.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    fn lane(&self, merchant: MerchantId) -> &Entrance {
        &self.lanes[usize::from(merchant.bucket().get()) % self.lanes.len()]
    }

    /// Waits until the last lane has ended: all doors dropped and all that waited answered.
    pub fn ended(&self) -> impl Future<Output = ()> + use<> {
        let tasks = self.tasks.clone();
        async move { tasks.wait().await }
    }
}

impl Entrance {
    fn expected_wait(&self) -> Duration {
        self.pace.wait_behind(self.sender.max_capacity() - self.sender.capacity())
    }
}

struct Lane {
    number: usize,
    store: Store,
    rules: Rules,
    clock: Clock,
    bell: Arc<Notify>,
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

    /// Runs a batch; one that the database refuses is cut in halves until the command that breaks it
    /// is alone, and one that waits too long for a lock is parted, so that only the merchant whose row
    /// is locked goes on waiting. Either way a merchant's commands keep their order.
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
                Err(StoreError::Refused(why) | StoreError::Corrupt(why) | StoreError::NotLoaded(why))
                    if part.commands.len() > 1 =>
                {
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
                    part.fail(DoorError::from(error));
                }
            }
        }
        self.bell.notify_one();
    }

    /// On SQLite the lock is everybody's: to part the batch would only wait again for each part.
    fn waits_for_one_of_many(&self, part: &Part) -> bool {
        let first = part.commands.first().map(|command| command.merchant);
        matches!(self.store, Store::Postgres(_)) && part.commands.iter().any(|command| Some(command.merchant) != first)
    }

    /// One transaction, repeated while nothing was written and the same again may succeed.
    async fn execute(&self, commands: &[Command]) -> Result<Replies, StoreError> {
        let given = || self.clock.now();
        // A transaction asks the shared clock itself, where it is kept.
        let now = match self.clock {
            Clock::Manual(_) => Now::Given(&given),
            Clock::System | Clock::Shared(_) => Now::Shared,
        };
        let mut tries = 0;
        loop {
            let executing = self.store.execute(commands, &self.rules, now);
            // A network that swallows everything answers nothing and closes nothing.
            let done = tokio::time::timeout(TRANSACTION_TIMEOUT, executing).await.unwrap_or_else(|_| {
                Err(StoreError::CommitUnknown(format!(
                    "the database was silent for {} s",
                    TRANSACTION_TIMEOUT.as_secs()
                )))
            });
            let pause = match &done {
                Err(StoreError::Retry(_)) if tries < 5 => rand::random_range(1..20) << tries,
                // A dead connection in the pool, or a server that is just coming back.
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
    /// Keeps the first half and gives the second.
    fn cut(&mut self) -> Part {
        let middle = self.commands.len() / 2;
        Part { commands: self.commands.split_off(middle), replies: self.replies.split_off(middle) }
    }

    /// Whose commands these are, each once.
    fn merchants(&self) -> impl Iterator<Item = MerchantId> + use<> {
        self.commands.iter().map(|command| command.merchant).collect::<BTreeSet<_>>().into_iter()
    }

    /// The ids of its payouts, as far as they fit a line of the log.
    fn payouts(&self) -> String {
        const NAMED: usize = 20;
        let payouts = self.commands.iter().filter_map(|command| match &command.action {
            Action::Create { id, .. } => Some(*id),
            action => action.payout(),
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

    /// Who no longer listens has hung up: the decision stands all the same.
    fn answer(self, outcomes: Replies) {
        for (reply, outcome) in self.replies.into_iter().zip(outcomes) {
            let _ = reply.send(Ok(outcome));
        }
    }

    fn fail(self, error: DoorError) {
        for reply in self.replies {
            let _ = reply.send(Err(error.clone()));
        }
    }
}

impl From<StoreError> for DoorError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Retry(_) | StoreError::Busy(_) => Self::Busy,
            StoreError::Unavailable(_) | StoreError::Migration(_) | StoreError::Session(_) => Self::Unavailable,
            StoreError::CommitUnknown(_) => Self::Unknown,
            StoreError::Refused(why) | StoreError::Corrupt(why) | StoreError::NotLoaded(why) => Self::Failed(why),
        }
    }
}
