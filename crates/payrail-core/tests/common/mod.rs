//! Names, times, and a store in memory: what every test file shares.
#![allow(dead_code)] // Each test file is a program of its own and uses its part of this.

pub mod bank;
pub mod mutant;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::bank_return::{BankReturn, Exception, KnownReturn, TakenReturn};
use payrail_core::command::{Action, Command, PayoutRequest, Refusal, Reply};
use payrail_core::decide::{AttemptEnd, Book, Rules, Writes, decide_all};
use payrail_core::event::Event;
use payrail_core::idempotency::{Answer, Answerable, IdempotencyKey, Record};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::ledger::Entry;
use payrail_core::money::Amount;
use payrail_core::operator::{ByOperator, OperatorAction};
use payrail_core::payout::{Attempt, Payout, State, Status};
use uuid::Uuid;

pub fn merchant(number: u8) -> MerchantId {
    MerchantId(Uuid::from_u128(0x2edc_2490_a9d6_4bdb_805b_6708_6701_0000 + u128::from(number)))
}

pub fn key(number: u8) -> IdempotencyKey {
    IdempotencyKey(Uuid::from_u128(0xb0b0_0000_0000_4000_8000_0000_0000_0000 + u128::from(number)))
}

/// The `number`th id that anybody asked for; spread, as the jitter is drawn from it.
pub fn payout_id(merchant: MerchantId, number: usize) -> PayoutId {
    let random = (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    PayoutId::new(at(0), merchant.bucket(), random)
}

/// `seconds` after the tests' beginning of time.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time in range")
}

pub const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

pub fn amount(paise: i64) -> Amount {
    Amount::new(paise).expect("one paisa or more")
}

pub fn create(id: PayoutId, key: IdempotencyKey, paise: i64, account: &str) -> Action {
    Action::Create {
        id,
        key,
        request: PayoutRequest { amount: amount(paise), bank_account_id: account.to_owned(), request_id: None },
    }
}

pub fn fund(key: IdempotencyKey, paise: i64) -> Action {
    Action::Fund { key, amount: amount(paise), description: "top-up".to_owned(), by: None }
}

/// A line of the bank's list of returns.
pub fn line(number: i64, payout: PayoutId, amount_paise: i64, utr: &str) -> BankReturn {
    let reason = "account frozen".to_owned();
    BankReturn { number, reference: payout.reference(), amount_paise, utr: utr.to_owned(), reason }
}

/// All of what a payout paid comes back; of one that is not known to be paid, under a UTR of nobody's.
pub fn full_return(number: i64, payout: &Payout) -> BankReturn {
    line(number, payout.id, payout.amount.get(), utr_of(payout).unwrap_or("UTR"))
}

pub fn utr_of(payout: &Payout) -> Option<&str> {
    match &payout.state {
        State::Completed { utr } | State::Returned { utr, .. } => Some(utr),
        _ => None,
    }
}

/// The `number`th thing that anybody did by hand.
pub fn by(name: &str, number: usize) -> ByOperator {
    let action_id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + number as u128);
    ByOperator { name: name.to_owned(), action_id }
}

/// The arrows of the design, a second time.
pub fn is_legal(before: Status, after: Status) -> bool {
    use Status::{Cancelled, Completed, Failed, Pending, Processing, Returned};
    match before {
        Pending => matches!(after, Pending | Processing | Cancelled),
        Processing => matches!(after, Processing | Completed | Failed),
        Completed => after == Returned,
        Failed | Cancelled | Returned => false,
    }
}

/// What a store has written, by table, and what it has answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    pub entries: Vec<(MerchantId, Entry)>,
    pub new_payouts: Vec<(MerchantId, Payout)>,
    pub steps: Vec<(MerchantId, Payout)>,
    pub opened: Vec<(MerchantId, Attempt)>,
    pub closed: Vec<(MerchantId, AttemptEnd)>,
    pub records: Vec<(MerchantId, Record)>,
    pub events: Vec<(MerchantId, Event)>,
    pub actions: Vec<OperatorAction>,
    pub returns: Vec<(MerchantId, TakenReturn)>,
    pub exceptions: Vec<(MerchantId, Exception)>,
    pub replies: Vec<Result<Reply, Refusal>>,
}

impl Log {
    pub fn wrote_nothing(&self) -> bool {
        *self == Log { replies: self.replies.clone(), ..Log::default() }
    }

    /// One merchant's part; the replies are left out, as they name no merchant.
    pub fn of(&self, merchant: MerchantId) -> Log {
        fn part<T: Clone>(rows: &[(MerchantId, T)], merchant: MerchantId) -> Vec<(MerchantId, T)> {
            rows.iter().filter(|row| row.0 == merchant).cloned().collect()
        }
        Log {
            entries: part(&self.entries, merchant),
            new_payouts: part(&self.new_payouts, merchant),
            steps: part(&self.steps, merchant),
            opened: part(&self.opened, merchant),
            closed: part(&self.closed, merchant),
            records: part(&self.records, merchant),
            events: part(&self.events, merchant),
            actions: self.actions.iter().filter(|action| action.merchant == Some(merchant)).cloned().collect(),
            returns: part(&self.returns, merchant),
            exceptions: part(&self.exceptions, merchant),
            replies: Vec::new(),
        }
    }

    fn extend(&mut self, more: &Log) {
        self.entries.extend_from_slice(&more.entries);
        self.new_payouts.extend_from_slice(&more.new_payouts);
        self.steps.extend_from_slice(&more.steps);
        self.opened.extend_from_slice(&more.opened);
        self.closed.extend_from_slice(&more.closed);
        self.records.extend_from_slice(&more.records);
        self.events.extend_from_slice(&more.events);
        self.actions.extend_from_slice(&more.actions);
        self.returns.extend_from_slice(&more.returns);
        self.exceptions.extend_from_slice(&more.exceptions);
        self.replies.extend_from_slice(&more.replies);
    }
}

impl From<Writes> for Log {
    fn from(writes: Writes) -> Self {
        let Writes {
            entries,
            new_payouts,
            steps,
            opened,
            closed,
            records,
            events,
            actions,
            returns,
            exceptions,
            replies,
        } = writes;
        let log = Log { entries, new_payouts, steps, opened, closed, records, events, actions, ..Log::default() };
        Log { returns, exceptions, replies, ..log }
    }
}

/// Words like those of the program, and not the same.
pub fn render(about: &Answerable<'_>) -> Answer {
    let (status, body) = match about {
        Answerable::Accepted(payout) => (201, format!(r#"{{"id":"{}","amount":{}}}"#, payout.id, payout.amount.get())),
        Answerable::Funded { entry_id, amount, balances } => {
            let (available, held) = (balances.available.get(), balances.held.get());
            (201, format!(r#"{{"id":"{entry_id}","amount":{},"available":{available},"held":{held}}}"#, amount.get()))
        }
        Answerable::InsufficientFunds { available, requested, remembered_until } => {
            let (available, requested) = (available.get(), requested.get());
            let body = format!(r#"{{"available":{available},"requested":{requested},"until":"{remembered_until}"}}"#);
            (400, body)
        }
    };
    Answer { status, body }
}

pub fn rules(policy: Policy) -> Rules {
    Rules { policy, render }
}

/// All that the action needs has been looked for in what the book has.
pub fn note_needs(book: &mut Book, action: &Action) {
    book.loaded.keys.extend(action.key());
    book.loaded.payouts.extend(action.payout());
    book.loaded.utrs.extend(action.utr().map(str::to_owned));
    let line = action.payout().zip(action.line());
    book.loaded.returns.extend(line.map(|(payout, line)| (payout, line.id())));
}

/// As a real store does: what the commands name, and no more.
pub fn load(stored: &BTreeMap<MerchantId, Book>, commands: &[Command]) -> BTreeMap<MerchantId, Book> {
    let mut loaded = BTreeMap::new();
    let everyone = stored;
    for Command { merchant, action } in commands {
        let Some(stored) = stored.get(merchant) else { continue };
        let book = loaded.entry(*merchant).or_insert_with(|| Book {
            tip: stored.tip,
            last_event: stored.last_event,
            last_at: stored.last_at,
            ..Book::new(*merchant)
        });
        let record = action.key().and_then(|key| stored.records.get(&key));
        book.records.extend(record.map(|record| (record.key, record.clone())));
        let payout = action.payout().and_then(|id| stored.payouts.get(&id));
        book.payouts.extend(payout.map(|payout| (payout.id, payout.clone())));
        if let Action::Return { payout, line } = action {
            let id = line.id();
            let is_needed = |(known, of): &(&_, &KnownReturn)| **known == id || (of.credited && of.payout == *payout);
            book.returns.extend(stored.returns.iter().filter(is_needed).map(|(known, of)| (*known, *of)));
        }
        note_needs(book, action);
        if let (Some(utr), Some(own)) = (action.utr(), action.payout()) {
            let other = everyone.values().flat_map(|book| book.payouts.values());
            let other = other.filter(|payout| payout.id != own && utr_of(payout) == Some(utr)).min_by_key(|p| p.id);
            book.utrs.extend(other.map(|payout| (utr.to_owned(), payout.id)));
        }
    }
    loaded
}

/// A store in memory. As a real one does, it loads what a batch names and no more, lets the core
/// decide, and keeps nothing but what the core wrote.
#[derive(Clone)]
pub struct Store {
    pub policy: Policy,
    pub books: BTreeMap<MerchantId, Book>,
    pub log: Log,
}

impl Store {
    /// With the merchants 0 to `merchants` − 1.
    pub fn new(policy: Policy, merchants: u8) -> Self {
        let books = (0..merchants).map(merchant).map(|id| (id, Book::new(id))).collect();
        Self { policy, books, log: Log::default() }
    }

    pub fn payout(&self, id: PayoutId) -> Option<&Payout> {
        self.books.values().find_map(|book| book.payouts.get(&id))
    }

    pub fn one(&mut self, merchant: MerchantId, action: Action, now: Timestamp) -> Result<Reply, Refusal> {
        self.run(&[Command { merchant, action }], now).replies.remove(0)
    }

    /// One batch, as one transaction; answers what it wrote.
    pub fn run(&mut self, commands: &[Command], now: Timestamp) -> Log {
        let mut books = load(&self.books, commands);
        let mut twin = books.clone();
        let rules = rules(self.policy);
        let writes = decide_all(&mut books, commands, &rules, now).expect("all that is needed was loaded");
        check_rounds(&writes);
        let is_empty = writes.is_empty();
        let log = Log::from(writes);
        assert_eq!(is_empty, log.wrote_nothing(), "a store writes nothing of what is said to be empty");
        let again = Log::from(decide_all(&mut twin, commands, &rules, now).expect("as before"));
        assert_eq!((&again, &twin), (&log, &books), "the same input, another decision");
        self.write(&log);
        self.check_memory(&books);
        log
    }

    fn write(&mut self, log: &Log) {
        for (merchant, payout) in log.new_payouts.iter().chain(&log.steps) {
            self.book(*merchant).payouts.insert(payout.id, payout.clone());
        }
        for (merchant, entry) in &log.entries {
            let book = self.book(*merchant);
            (book.tip, book.last_at) = (entry.tip(), Some(entry.created_at));
        }
        for (merchant, record) in &log.records {
            self.book(*merchant).records.insert(record.key, record.clone());
        }
        for (merchant, event) in &log.events {
            self.book(*merchant).last_event = event.seq;
        }
        for (merchant, taken) in &log.returns {
            let known = KnownReturn { payout: taken.payout, credited: taken.credited };
            let before = self.book(*merchant).returns.insert(taken.line.id(), known);
            assert_eq!(before, None, "a line is taken twice");
        }
        self.log.extend(log);
    }

    /// The books that the core went on with inside the batch are those that its writes make.
    fn check_memory(&self, books: &BTreeMap<MerchantId, Book>) {
        for (merchant, book) in books {
            let stored = &self.books[merchant];
            assert_eq!((book.tip, book.last_event), (stored.tip, stored.last_event));
            assert!(book.records.iter().all(|(key, record)| stored.records.get(key) == Some(record)));
            assert!(book.payouts.iter().all(|(id, payout)| stored.payouts.get(id) == Some(payout)));
            assert!(book.returns.iter().all(|(id, known)| stored.returns.get(id) == Some(known)));
        }
    }

    fn book(&mut self, merchant: MerchantId) -> &mut Book {
        self.books.get_mut(&merchant).expect("a write for a merchant that there is")
    }
}

/// The rounds hold every step, none twice in one, and each payout's in their order.
fn check_rounds(writes: &Writes) {
    let rounds = writes.rounds();
    for round in &rounds {
        let ids: BTreeSet<_> = round.iter().map(|step| step.1.id).collect();
        assert_eq!(ids.len(), round.len(), "a payout steps twice in one round");
    }
    let mut in_rounds: Vec<_> = rounds.into_iter().flatten().collect();
    let mut as_decided: Vec<_> = writes.steps.iter().collect();
    // Stable sorts: within a payout the order stays.
    in_rounds.sort_by_key(|step| step.1.id);
    as_decided.sort_by_key(|step| step.1.id);
    assert_eq!(in_rounds, as_decided);
}
