//! The parts of the program in this process, with a clock that the test sets: the real store, the real engine, the
//! simulated bank over HTTP, and any number of workers.

use std::path::PathBuf;
use std::time::Duration;

use jiff::SignedDuration;
use payrail::clock::{Clock, ManualClock};
use payrail::ids::PayoutIds;
use payrail::lanes::{Engine, LaneSettings};
use payrail::rail::{Instruction, Rail};
use payrail::settings::default_rules;
use payrail::worker::{Worker, WorkerSettings};
use payrail_bank::{self as bank, Running};
use payrail_core::bank_return::BankReturn;
use payrail_core::command::{Action, Command, PayoutRequest, Refusal, Reply};
use payrail_core::idempotency::IdempotencyKey;
use payrail_core::payout::{Attempt, Payout, State, Status};
use payrail_store::{AttemptLine, Merchant, Store};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::money::Amount;
use payrail_types::names::{BankAccountId, Email};
use payrail_types::word::Word;
use rusqlite::{Connection, OptionalExtension};

use crate::support::{DEADLINE, World, key};

pub struct Harness<'w> {
    pub world: &'w World,
    pub store: Store,
    pub engine: Engine,
    pub clock: ManualClock,
    pub bank: Option<Running>,
    pub bank_url: String,
    ids: PayoutIds,
}

/// Longer than an answer takes on a busy machine.
pub const PATIENCE: Duration = DEADLINE;

pub fn paise(amount: i64) -> Amount {
    Amount::new(amount).unwrap()
}

pub fn instruction<'a>(reference: &'a str, amount: i64, bank_account_id: &'a str) -> Instruction<'a> {
    Instruction { reference, amount: paise(amount), bank_account_id }
}

pub fn seconds(number: i64) -> SignedDuration {
    SignedDuration::from_secs(number)
}

fn engine(store: &Store, clock: &ManualClock) -> Engine {
    let settings = LaneSettings { lanes: 2, queue: 1_000, batch: 100, queue_time: DEADLINE, answer_timeout: DEADLINE };
    Engine::open(store.clone(), default_rules(), Clock::Manual(clock.clone()), settings)
}

impl<'w> Harness<'w> {
    /// With a bank whose unanswered calls hang for a moment only.
    pub async fn start(world: &'w World) -> Self {
        let harness = Self::start_without_bank(world, String::new()).await;
        harness.open_bank(Duration::from_millis(50)).await
    }

    /// With the bank at `bank_url`, if there is one.
    pub async fn start_without_bank(world: &'w World, bank_url: String) -> Self {
        let store = world.database.store().await;
        let clock = ManualClock::at(Clock::System.now());
        let engine = engine(&store, &clock);
        Self { world, store, engine, clock, bank: None, bank_url, ids: PayoutIds::default() }
    }

    /// Opens the simulated bank for all workers that are created from now on.
    pub async fn open_bank(mut self, silence: Duration) -> Self {
        let addr = ([127, 0, 0, 1], 0).into();
        let returns_after = Duration::ZERO;
        let settings =
            bank::Settings { addr, book: self.book(), silence, returns_after, seed: 7, ..bank::Settings::default() };
        let bank = bank::start(settings).await.unwrap();
        self.bank_url = format!("http://{}", bank.addr());
        self.bank = Some(bank);
        self
    }

    /// Where `payrail verify`, run in the world's folder, looks for it.
    fn book(&self) -> PathBuf {
        self.world.folder.join("payrail-bank.db")
    }

    pub fn rail(&self, timeout: Duration) -> Rail {
        Rail::http(&self.bank_url, timeout).unwrap()
    }

    pub fn worker(&self, name: &str) -> Worker {
        self.worker_with(name, PATIENCE, 8)
    }

    pub fn worker_with(&self, name: &str, bank_timeout: Duration, concurrency: usize) -> Worker {
        let settings = WorkerSettings { concurrency, poll: Duration::from_millis(20) };
        let clock = Clock::Manual(self.clock.clone());
        Worker::new(name, self.store.clone(), self.engine.clone(), self.rail(bank_timeout), clock, settings)
    }

    /// A worker that shares only the database and the time with the others, like another process.
    pub async fn worker_elsewhere(&self, name: &str) -> Worker {
        let store = Store::open(&self.world.database.url, 4, 4).await.unwrap();
        let settings = WorkerSettings { concurrency: 8, poll: Duration::from_millis(20) };
        let clock = Clock::Manual(self.clock.clone());
        Worker::new(name, store.clone(), engine(&store, &self.clock), self.rail(PATIENCE), clock, settings)
    }

    /// A new merchant with this much to spend.
    pub async fn merchant(&self, available: i64) -> MerchantId {
        let id = payrail::ids::merchant_id();
        let email = Email::from_stored(format!("{id}@example.com"));
        let merchant = Merchant { id, name: "Test".to_owned(), email, created_at: Clock::System.now() };
        assert!(self.store.add_merchant(&merchant).await.unwrap());
        let description = "opening".to_owned();
        self.send(id, Action::Fund { key: IdempotencyKey(key()), amount: paise(available), description, by: None })
            .await
            .unwrap();
        id
    }

    pub async fn send(&self, merchant: MerchantId, action: Action) -> Result<Reply, Refusal> {
        self.engine.send(Command { merchant, action }).await.unwrap()
    }

    /// As the worker takes in the line that says of a completed payout what was paid for it.
    pub async fn give_back(&self, merchant: MerchantId, payout: PayoutId, number: i64) -> Result<Reply, Refusal> {
        let known = self.payout(merchant, payout).await;
        let State::Completed { utr } = known.state else { panic!("not completed") };
        let (reference, amount_paise, reason) = (payout.reference(), known.amount.get(), "came back".to_owned());
        let line = BankReturn { number, reference, amount_paise, utr: utr.to_string(), reason };
        self.send(merchant, Action::Return { payout, line }).await
    }

    pub async fn pay(&self, merchant: MerchantId, amount: i64, account: &str) -> PayoutId {
        let id = self.ids.next(merchant, Clock::Manual(self.clock.clone()).now());
        self.pay_as(merchant, id, amount, account).await
    }

    pub async fn pay_as(&self, merchant: MerchantId, id: PayoutId, amount: i64, account: &str) -> PayoutId {
        let request = PayoutRequest {
            amount: paise(amount),
            bank_account_id: BankAccountId::from_stored(account),
            rail: None,
            request_id: None,
        };
        let create = Action::Create { id, key: IdempotencyKey(key()), request };
        let Ok(Reply::Answered { answer, .. }) = self.send(merchant, create).await else { panic!("no answer") };
        assert_eq!(answer.status, 201, "{}", answer.body);
        id
    }

    /// Like a worker that dies right after it.
    pub async fn claim(&self, merchant: MerchantId, payout: PayoutId, worker: &str) -> Attempt {
        let claim = Action::Claim { payout, worker: worker.to_owned(), bank: None };
        match self.send(merchant, claim).await {
            Ok(Reply::Claimed { attempt, .. }) => attempt,
            other => panic!("not claimed: {other:?}"),
        }
    }

    pub async fn payout(&self, merchant: MerchantId, id: PayoutId) -> Payout {
        self.store.payout(merchant, id).await.unwrap().unwrap()
    }

    pub async fn status(&self, merchant: MerchantId, id: PayoutId) -> Status {
        self.payout(merchant, id).await.status()
    }

    pub async fn balances(&self, merchant: MerchantId) -> (i64, i64) {
        let balances = self.store.tip(merchant).await.unwrap().balances;
        (balances.available.get(), balances.held.get())
    }

    pub async fn attempts(&self, merchant: MerchantId, id: PayoutId) -> Vec<AttemptLine> {
        self.store.attempts(merchant, id).await.unwrap()
    }

    /// The steps and outcomes of a payout's calls: `submit no_answer`, …
    pub async fn calls(&self, merchant: MerchantId, id: PayoutId) -> Vec<String> {
        let attempts = self.attempts(merchant, id).await;
        attempts.into_iter().map(|a| format!("{} {}", a.kind.as_str(), a.outcome.map_or("?", Word::as_str))).collect()
    }

    pub fn bank_book(&self) -> Connection {
        Connection::open(self.book()).unwrap()
    }

    /// A payout's status in the bank's book, and its number of submissions.
    pub fn at_bank(&self, id: PayoutId) -> Option<(String, i64)> {
        let sql = "SELECT status, arrivals FROM transfers WHERE reference = ?";
        let found = self.bank_book().query_row(sql, [id.reference()], |row| Ok((row.get(0)?, row.get(1)?)));
        found.optional().unwrap()
    }

    /// Advances the clock to just after the payout's due time.
    pub async fn to_next_step(&self, merchant: MerchantId, id: PayoutId) -> SignedDuration {
        let due_at = self.payout(merchant, id).await.due_at().expect("it is under way");
        let wait = due_at.duration_since(Clock::Manual(self.clock.clone()).now());
        self.clock.advance(wait);
        wait
    }
}
