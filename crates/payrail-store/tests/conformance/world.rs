//! The set-up of every case: a database, a store, names and times.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::bank_return::BankReturn;
use payrail_core::book::Books;
use payrail_core::command::{Action, Command, Needs, PayoutRequest, Refusal, Reply};
use payrail_core::decide::Rules;
use payrail_core::idempotency::{Answer, Answerable, IdempotencyKey};
use payrail_core::payout::{Attempt, BankAnswer, Exchange, Payout, Verdict};
use payrail_store::testing::{TestDatabase, until};
use payrail_store::{Cells, Merchant, Replies, Result, Store};
use payrail_types::ids::{MerchantId, PayoutId, RequestId};
use payrail_types::money::Amount;
use payrail_types::names::{BankAccountId, Email, Utr};
use payrail_types::operator::ByOperator;
use payrail_types::word::Word;
use tokio::task::JoinHandle;
use uuid::Uuid;

use payrail_store::testing::Sql as Raw;

/// A fresh database with the merchants 0, 1 and 2, whose books are empty.
pub struct World {
    pub store: Store,
    pub rules: Rules,
    // Last, so that the store closes it before it is removed.
    pub database: TestDatabase,
}

pub const MERCHANTS: u8 = 3;

impl World {
    pub async fn sqlite() -> Self {
        Self::on(TestDatabase::sqlite()).await
    }

    pub async fn postgres() -> Self {
        Self::on(TestDatabase::postgres().await).await
    }

    /// On PostgreSQL, with two cells. The three merchants are in the first one.
    pub async fn cells() -> Self {
        Self::on(TestDatabase::in_cells(2).await).await
    }

    /// The same on Citus.
    pub async fn citus() -> Self {
        Self::on(TestDatabase::on_citus(2).await).await
    }

    async fn on(database: TestDatabase) -> Self {
        let store = database.store().await;
        for number in 0..MERCHANTS {
            assert!(store.add_merchant(&person(number)).await.unwrap());
        }
        Self { store, rules: Rules::new(POLICY, render), database }
    }

    pub fn is_postgres(&self) -> bool {
        !self.store.is_sqlite()
    }

    /// Another store on the same database, as another process would have it.
    pub async fn second_store(&self) -> Store {
        Store::open(&self.database.url, 4, 4).await.unwrap()
    }

    /// Of the same kind, with nothing in it, not even tables.
    pub async fn empty_database(&self) -> TestDatabase {
        if self.is_postgres() { TestDatabase::postgres().await } else { TestDatabase::sqlite() }
    }

    /// Direct SQL to the merchants' tables.
    pub async fn raw(&self) -> Raw {
        self.raw_at(&self.database.url).await
    }

    /// The same where the store's sessions are: on Citus, at the node of these merchants.
    pub async fn raw_beside_the_store(&self) -> Raw {
        self.raw_at(&self.database.url_of_first_cell().await).await
    }

    async fn raw_at(&self, url: &str) -> Raw {
        let mut raw = Raw::connect(url).await;
        if self.store.cells() != Cells::ONE {
            raw.exec("SET search_path = payrail_cell_00; SET citus.enable_unsafe_triggers = on").await;
        }
        raw
    }

    /// One batch at one time.
    pub async fn run(&self, commands: &[Command], now: Timestamp) -> Result<Replies> {
        self.store.execute(commands, &self.rules, &move || now).await
    }

    pub async fn one(&self, merchant: MerchantId, action: Action, now: Timestamp) -> Result<Reply, Refusal> {
        self.run(&[Command { merchant, action }], now).await.expect("the store takes the batch").remove(0)
    }

    /// The answer to a request under a key.
    pub async fn ask(&self, merchant: MerchantId, action: Action, now: Timestamp) -> Answer {
        answer(self.one(merchant, action, now).await)
    }

    pub async fn fund(&self, merchant: MerchantId, paise: i64) {
        assert_eq!(self.ask(merchant, fund(fresh_key(), paise), at(0)).await.status, 201);
    }

    /// A payout that was accepted at second 0.
    pub async fn payout(&self, merchant: MerchantId, paise: i64) -> PayoutId {
        let id = fresh_id(merchant);
        assert_eq!(self.ask(merchant, create(id, fresh_key(), paise), at(0)).await.status, 201);
        id
    }

    pub async fn claim(&self, merchant: MerchantId, payout: PayoutId, now: Timestamp) -> Attempt {
        match self.one(merchant, claim(payout, "worker-1"), now).await {
            Ok(Reply::Claimed { attempt, .. }) => attempt,
            other => panic!("not claimed: {other:?}"),
        }
    }

    pub async fn report(
        &self,
        merchant: MerchantId,
        payout: PayoutId,
        number: u32,
        answer: BankAnswer,
        now: Timestamp,
    ) -> Result<Payout, Refusal> {
        self.one(merchant, report(payout, number, answer), now).await.map(stepped)
    }

    /// Accepted, claimed and reported on, each at second 0.
    pub async fn ended(&self, merchant: MerchantId, paise: i64, answer: BankAnswer) -> PayoutId {
        let id = self.payout(merchant, paise).await;
        let attempt = self.claim(merchant, id, at(0)).await;
        self.report(merchant, id, attempt.number, answer, at(0)).await.unwrap();
        id
    }

    /// The payout of merchant 0 in the reply, which must be what the store now reads.
    pub async fn stored(&self, reply: Result<Reply, Refusal>) -> Payout {
        let Ok(Reply::Updated(payout) | Reply::Claimed { payout, .. }) = reply else { panic!("{reply:?}") };
        assert_eq!(self.store.payout(merchant(0), payout.id).await.unwrap().as_ref(), Some(&payout));
        payout
    }

    /// Until a transaction waits for a lock. SQLite does not tell who waits. There this only lets some time pass: a
    /// slow machine then makes the test prove less, and never fail.
    pub async fn until_one_waits(&self) {
        if !self.is_postgres() {
            return tokio::time::sleep(Duration::from_millis(200)).await;
        }
        let waiting = "SELECT pid::text FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until("one waits for a lock", async || !self.raw_beside_the_store().await.texts(waiting).await.is_empty())
            .await;
    }

    /// `(available, held)`, as the store reads them.
    pub async fn balances(&self, merchant: MerchantId) -> (i64, i64) {
        let balances = self.store.tip(merchant).await.unwrap().balances;
        (balances.available.get(), balances.held.get())
    }
}

/// Waits like those of the program's settings.
pub const POLICY: Policy = Policy {
    attempts_max: 3,
    retry_base: SignedDuration::from_secs(30),
    retry_max: SignedDuration::from_mins(30),
    lease: SignedDuration::from_secs(60),
    can_close: true,
    never_received_is_final: false,
    refusal_ttl: SignedDuration::from_hours(24),
};

/// The facts and nothing else: whether a store keeps every byte does not depend on their words.
pub fn render(about: &Answerable<'_>) -> Answer {
    match *about {
        Answerable::Accepted(payout) => Answer { status: 201, body: format!(r#"{{"id":"{}"}}"#, payout.id) },
        Answerable::Funded { entry_id, balances, .. } => {
            Answer { status: 201, body: format!(r#"{{"entry_id":"{entry_id}","after":"{balances:?}"}}"#) }
        }
        Answerable::InsufficientFunds { available, remembered_until, .. } => {
            let available = available.get();
            let body = format!(r#"{{"available_balance_paise":{available},"remembered_until":"{remembered_until}"}}"#);
            Answer { status: 400, body }
        }
    }
}

/// Everything that these commands need has been looked for in books that have everything.
pub fn note_needs(books: &mut Books, commands: &[Command]) {
    for Command { merchant, action } in commands {
        let Some(book) = books.entry(*merchant).or_default() else { continue };
        let Needs { keys, payouts, returns, utrs } = action.needs();
        keys.into_iter().for_each(|key| _ = book.records.entry(key).or_default());
        payouts.into_iter().for_each(|payout| _ = book.payouts.entry(payout).or_default());
        utrs.into_iter().for_each(|utr| _ = book.utrs.entry(utr).or_default());
        for (payout, line) in returns {
            book.returns.entry(line).or_default();
            book.credited.entry(payout).or_default();
        }
    }
}

/// A batch that has stopped in the middle of its transaction: merchants locked, nothing written yet.
pub struct Paused {
    task: JoinHandle<Result<Replies>>,
    go_on: mpsc::Sender<()>,
}

impl Paused {
    pub async fn start(store: &Store, commands: Vec<Command>, rules: Rules) -> Self {
        let (reached, is_reached) = mpsc::channel();
        let (go_on, wait) = mpsc::channel();
        let (store, wait) = (store.clone(), Mutex::new(wait));
        let task = tokio::spawn(async move {
            // The clock is read between the decision's reads and its writes.
            let now = || {
                reached.send(()).unwrap();
                tokio::task::block_in_place(|| wait.lock().unwrap().recv().unwrap());
                at(1)
            };
            store.execute(&commands, &rules, &now).await
        });
        tokio::task::block_in_place(|| is_reached.recv().unwrap());
        Self { task, go_on }
    }

    pub async fn finish(self) -> Result<Replies> {
        self.go_on.send(()).unwrap();
        self.task.await.unwrap()
    }
}

/// Its id, and with it its bucket, is its number's for ever. Merchants 0 and 2 share a bucket.
pub fn merchant(number: u8) -> MerchantId {
    let offset = if number == 2 { 425 } else { u128::from(number) };
    MerchantId(Uuid::from_u128(0x2edc_2490_a9d6_4bdb_805b_6708_6701_0000 + offset))
}

/// A clock that leaves time to be overtaken in, between what the decision reads and what it writes.
pub fn slow_clock() -> Timestamp {
    std::thread::sleep(Duration::from_millis(1));
    at(1)
}

pub fn person(number: u8) -> Merchant {
    Merchant {
        id: merchant(number),
        name: format!("Merchant {number}"),
        email: Email::from_stored(format!("merchant-{number}@example.com")),
        created_at: at(0),
    }
}

/// `seconds` after the tests' epoch.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

static FRESH: AtomicUsize = AtomicUsize::new(0);

pub fn fresh_id(merchant: MerchantId) -> PayoutId {
    PayoutId::new(at(0), merchant.bucket(), FRESH.fetch_add(1, Ordering::Relaxed) as u128)
}

pub fn fresh_key() -> IdempotencyKey {
    let number = FRESH.fetch_add(1, Ordering::Relaxed) as u128;
    IdempotencyKey(Uuid::from_u128(0xb0b0_0000_0000_4000_8000_0000_0000_0000 + number))
}

pub fn amount(paise: i64) -> Amount {
    Amount::new(paise).unwrap()
}

pub fn create(id: PayoutId, key: IdempotencyKey, paise: i64) -> Action {
    create_to(id, key, paise, "demo-bank-account")
}

pub fn create_to(id: PayoutId, key: IdempotencyKey, paise: i64, account: &str) -> Action {
    let (amount, bank_account_id, request_id) = (amount(paise), BankAccountId::from_stored(account), request_id());
    Action::Create { id, key, request: PayoutRequest { amount, bank_account_id, rail: None, request_id } }
}

/// The id of the HTTP request that created each payout.
pub fn request_id() -> Option<RequestId> {
    RequestId::parse("the client's own id")
}

pub fn fund(key: IdempotencyKey, paise: i64) -> Action {
    Action::Fund { key, amount: amount(paise), description: "top-up".to_owned(), by: None }
}

pub fn claim(payout: PayoutId, worker: &str) -> Action {
    Action::Claim { payout, worker: worker.to_owned(), bank: None }
}

pub fn report(payout: PayoutId, number: u32, answer: BankAnswer) -> Action {
    let exchange = Exchange { sent: format!("call {number}"), received: answer.outcome().as_str().to_owned() };
    Action::Report { payout, number, answer, exchange }
}

/// A line of the bank's list of returns.
pub fn line(number: i64, payout: PayoutId, amount_paise: i64, utr: &str) -> BankReturn {
    let reason = "account frozen".to_owned();
    BankReturn { number, reference: payout.reference(), amount_paise, utr: utr.to_owned(), reason }
}

/// All of what [`paid`] paid comes back.
pub fn back(payout: PayoutId, paise: i64) -> Action {
    Action::Return { payout, line: line(1, payout, paise, "UTR1") }
}

pub fn by() -> ByOperator {
    ByOperator { name: "Ana".to_owned(), action_id: fresh_key().0 }
}

pub fn ask(payout: PayoutId) -> Action {
    Action::Ask { payout, by: by() }
}

pub fn decide(payout: PayoutId, verdict: Verdict) -> Action {
    Action::Decide { payout, verdict, reason: "letter of the bank".to_owned(), by: by() }
}

pub fn decided_paid() -> Verdict {
    Verdict::Paid { utr: Utr::from_stored("UTR7") }
}

pub fn paid() -> BankAnswer {
    BankAnswer::Paid { utr: Utr::from_stored("UTR1") }
}

pub fn refused() -> BankAnswer {
    BankAnswer::Refused { reason: "account closed".to_owned() }
}

pub fn no_answer() -> BankAnswer {
    BankAnswer::NoAnswer { why: "timeout".to_owned() }
}

pub fn answer(reply: Result<Reply, Refusal>) -> Answer {
    match reply {
        Ok(Reply::Answered { answer, .. }) => answer,
        other => panic!("no answer: {other:?}"),
    }
}

pub fn stepped(reply: Reply) -> Payout {
    match reply {
        Reply::Updated(payout) => payout,
        other => panic!("no step: {other:?}"),
    }
}
