//! Shared by all test files: names, times, and an in-memory store.
#![allow(dead_code)] // Each test file is a program of its own and uses its part of this.

pub mod bank;
pub mod mutant;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::bank_return::BankReturn;
use payrail_core::book::{Book, Books};
use payrail_core::command::{Action, Command, Needs, PayoutRequest, Refusal, Reply};
use payrail_core::decide::{Rules, decide_all};
use payrail_core::idempotency::{Answer, Answerable, IdempotencyKey};
use payrail_core::payout::{Payout, State, Status};
use payrail_core::writes::Writes;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::money::Amount;
use payrail_types::names::BankAccountId;
use payrail_types::operator::ByOperator;
use payrail_types::rail::RailId;
use uuid::Uuid;

pub fn merchant(number: u8) -> MerchantId {
    MerchantId(Uuid::from_u128(0x2edc_2490_a9d6_4bdb_805b_6708_6701_0000 + u128::from(number)))
}

pub fn key(number: u8) -> IdempotencyKey {
    IdempotencyKey(Uuid::from_u128(0xb0b0_0000_0000_4000_8000_0000_0000_0000 + u128::from(number)))
}

/// The `number`th id; its bits are spread, because the jitter is derived from it.
pub fn payout_id(merchant: MerchantId, number: usize) -> PayoutId {
    let random = (number as u128 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    PayoutId::new(at(0), merchant.bucket(), random)
}

/// `seconds` after the tests' epoch.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).expect("a time in range")
}

pub const MICROSECOND: SignedDuration = SignedDuration::from_micros(1);

pub fn amount(paise: i64) -> Amount {
    Amount::new(paise).expect("one paisa or more")
}

pub fn create(id: PayoutId, key: IdempotencyKey, paise: i64, account: &str) -> Action {
    let (amount, bank_account_id) = (amount(paise), BankAccountId::from_stored(account));
    Action::Create { id, key, request: PayoutRequest { amount, bank_account_id, rail: None, request_id: None } }
}

pub fn create_on(rail: RailId, id: PayoutId, key: IdempotencyKey, paise: i64, account: &str) -> Action {
    let (amount, bank_account_id, rail) = (amount(paise), BankAccountId::from_stored(account), Some(rail));
    Action::Create { id, key, request: PayoutRequest { amount, bank_account_id, rail, request_id: None } }
}

pub fn fund(key: IdempotencyKey, paise: i64) -> Action {
    Action::Fund { key, amount: amount(paise), description: "top-up".to_owned(), by: None }
}

/// A line of the bank's list of returns.
pub fn line(number: i64, payout: PayoutId, amount_paise: i64, utr: &str) -> BankReturn {
    let reason = "account frozen".to_owned();
    BankReturn { number, reference: payout.reference(), amount_paise, utr: utr.to_owned(), reason }
}

/// A return of the full amount, under the payout's UTR or, if it has none, under an unknown one.
pub fn full_return(number: i64, payout: &Payout) -> BankReturn {
    line(number, payout.id, payout.amount.get(), utr_of(payout).unwrap_or("UTR"))
}

pub fn utr_of(payout: &Payout) -> Option<&str> {
    match &payout.state {
        State::Completed { utr } | State::Returned { utr, .. } => Some(utr.as_str()),
        _ => None,
    }
}

/// The `number`th action of an operator.
pub fn by(name: &str, number: usize) -> ByOperator {
    let action_id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + number as u128);
    ByOperator { name: name.to_owned(), action_id }
}

/// An independent copy of the legal transitions.
pub fn is_legal(before: Status, after: Status) -> bool {
    use Status::{Cancelled, Completed, Failed, Pending, Processing, Returned};
    match before {
        Pending => matches!(after, Pending | Processing | Cancelled),
        Processing => matches!(after, Processing | Completed | Failed),
        Completed => after == Returned,
        Failed | Cancelled | Returned => false,
    }
}

/// No rows; replies do not count.
pub fn wrote_nothing(writes: &Writes) -> bool {
    *writes == Writes { replies: writes.replies.clone(), ..Writes::default() }
}

/// One merchant's part; the replies are left out, as they name no merchant.
pub fn part_of(writes: &Writes, merchant: MerchantId) -> Writes {
    fn part<T: Clone>(rows: &[(MerchantId, T)], merchant: MerchantId) -> Vec<(MerchantId, T)> {
        rows.iter().filter(|row| row.0 == merchant).cloned().collect()
    }
    Writes {
        entries: part(&writes.entries, merchant),
        new_payouts: part(&writes.new_payouts, merchant),
        updated_payouts: part(&writes.updated_payouts, merchant),
        opened: part(&writes.opened, merchant),
        closed: part(&writes.closed, merchant),
        records: part(&writes.records, merchant),
        events: part(&writes.events, merchant),
        actions: writes.actions.iter().filter(|action| action.merchant == Some(merchant)).cloned().collect(),
        returns: part(&writes.returns, merchant),
        exceptions: part(&writes.exceptions, merchant),
        replies: Vec::new(),
    }
}

/// Answers similar to the program's, but not the same.
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
    Rules::new(policy, render)
}

/// Marks everything that the action needs as looked for.
pub fn note_needs(book: &mut Book, action: &Action) {
    let Needs { keys, payouts, returns, utrs } = action.needs();
    keys.into_iter().for_each(|key| _ = book.records.entry(key).or_default());
    payouts.into_iter().for_each(|payout| _ = book.payouts.entry(payout).or_default());
    utrs.into_iter().for_each(|utr| _ = book.utrs.entry(utr).or_default());
    for (payout, line) in returns {
        book.returns.entry(line).or_default();
        book.credited.entry(payout).or_default();
    }
}

/// The existing payout that the action is about.
pub fn payout_named(action: &Action) -> Option<PayoutId> {
    action.needs().payouts.pop()
}

/// Loads what the commands name and no more, like a real store. A merchant that does not exist has no book.
pub fn load(stored: &BTreeMap<MerchantId, Book>, commands: &[Command]) -> Books {
    let mut loaded = Books::new();
    for Command { merchant, action } in commands {
        let Some(whole) = stored.get(merchant) else {
            loaded.insert(*merchant, None);
            continue;
        };
        let (tip, last_event, last_at) = (whole.tip, whole.last_event, whole.last_at);
        let new = || Some(Book { tip, last_event, last_at, ..Book::new(*merchant) });
        let Some(book) = loaded.entry(*merchant).or_insert_with(new) else { continue };
        let Needs { keys, payouts, returns, utrs } = action.needs();
        book.records.extend(keys.iter().map(|key| (*key, whole.records.get(key).cloned().flatten())));
        book.payouts.extend(payouts.iter().map(|id| (*id, whole.payouts.get(id).cloned().flatten())));
        for (payout, line) in returns {
            book.returns.insert(line, whole.returns.get(&line).copied().flatten());
            book.credited.insert(payout, whole.credited.get(&payout).copied().flatten());
        }
        for (own, utr) in utrs {
            let bank = whole.payouts.get(&own).and_then(Option::as_ref).and_then(|payout| payout.bank.as_ref());
            let others = stored.values().flat_map(|book| book.payouts.values().flatten());
            let others = others.filter(|payout| payout.id != own && payout.utr() == Some(&utr));
            let other = others.filter(|payout| payout.bank.as_ref() == bank).map(|payout| payout.id).min();
            book.utrs.insert((own, utr), other);
        }
    }
    loaded
}

/// Waits similar to the program's settings.
pub const fn policy() -> Policy {
    Policy {
        attempts_max: 3,
        retry_base: SignedDuration::from_secs(30),
        retry_max: SignedDuration::from_mins(30),
        lease: SignedDuration::from_secs(60),
        can_close: true,
        never_received_is_final: false,
        refusal_ttl: SignedDuration::from_hours(24),
    }
}

/// An in-memory store. Like a real one, it loads what a batch names and no more, lets the core decide, and stores only
/// what the core wrote.
#[derive(Clone)]
pub struct Store {
    pub policy: Policy,
    pub rails: &'static [(RailId, Policy)],
    pub books: BTreeMap<MerchantId, Book>,
    pub log: Writes,
}

impl Store {
    /// With the merchants 0 to `merchants` − 1.
    pub fn new(policy: Policy, merchants: u8) -> Self {
        let books = (0..merchants).map(merchant).map(|id| (id, Book::new(id))).collect();
        Self { policy, rails: &[], books, log: Writes::default() }
    }

    pub fn payout(&self, id: PayoutId) -> Option<&Payout> {
        self.books.values().find_map(|book| book.payouts.get(&id)?.as_ref())
    }

    pub fn one(&mut self, merchant: MerchantId, action: Action, now: Timestamp) -> Result<Reply, Refusal> {
        self.run(&[Command { merchant, action }], now).replies.remove(0)
    }

    /// Runs a batch as one transaction, and returns its writes.
    pub fn run(&mut self, commands: &[Command], now: Timestamp) -> Writes {
        let mut books = load(&self.books, commands);
        let mut twin = books.clone();
        let rules = Rules { rails: self.rails, ..rules(self.policy) };
        let writes = decide_all(&mut books, commands, &rules, now).expect("all that is needed was loaded");
        check_rounds(&writes);
        let is_empty = writes.is_empty();
        assert_eq!(is_empty, wrote_nothing(&writes), "a store writes nothing of what is said to be empty");
        let again = decide_all(&mut twin, commands, &rules, now).expect("as before");
        assert_eq!((&again, &twin), (&writes, &books), "the same input, another decision");
        self.write(&writes);
        self.check_memory(&books);
        writes
    }

    fn write(&mut self, log: &Writes) {
        for (merchant, payout) in log.new_payouts.iter().chain(&log.updated_payouts) {
            self.book(*merchant).payouts.insert(payout.id, Some(payout.clone()));
        }
        for (merchant, entry) in &log.entries {
            let book = self.book(*merchant);
            (book.tip, book.last_at) = (entry.tip(), Some(entry.created_at));
        }
        for (merchant, record) in &log.records {
            self.book(*merchant).records.insert(record.key, Some(record.clone()));
        }
        for (merchant, event) in &log.events {
            self.book(*merchant).last_event = event.seq;
        }
        for (merchant, taken) in &log.returns {
            let book = self.book(*merchant);
            let before = book.returns.insert(taken.line.id(), Some(taken.known()));
            assert_eq!(before, None, "a line is taken twice");
            if taken.credited {
                book.credited.insert(taken.payout, Some(taken.line.id()));
            }
        }
        self.log.append(log.clone());
    }

    /// The core's own books within the batch equal the books after its writes.
    fn check_memory(&self, books: &Books) {
        for book in books.values().flatten() {
            let stored = &self.books[&book.merchant];
            assert_eq!((book.tip, book.last_event), (stored.tip, stored.last_event));
            assert!(is_part(&book.records, &stored.records) && is_part(&book.payouts, &stored.payouts));
            assert!(is_part(&book.returns, &stored.returns) && is_part(&book.credited, &stored.credited));
        }
    }

    fn book(&mut self, merchant: MerchantId) -> &mut Book {
        self.books.get_mut(&merchant).expect("a write for a merchant that there is")
    }
}

/// Everything that was loaded equals what is stored, absent rows included.
fn is_part<K: Ord, V: PartialEq>(loaded: &BTreeMap<K, Option<V>>, stored: &BTreeMap<K, Option<V>>) -> bool {
    loaded.iter().all(|(key, value)| stored.get(key).and_then(Option::as_ref) == value.as_ref())
}

/// The rounds contain every update, no payout twice in a round, and each payout's updates in order.
fn check_rounds(writes: &Writes) {
    let rounds = writes.rounds();
    for round in &rounds {
        let ids: BTreeSet<_> = round.iter().map(|step| step.1.id).collect();
        assert_eq!(ids.len(), round.len(), "a payout steps twice in one round");
    }
    let mut in_rounds: Vec<_> = rounds.into_iter().flatten().collect();
    let mut as_decided: Vec<_> = writes.updated_payouts.iter().collect();
    // The sort is stable, so a payout's order stays.
    in_rounds.sort_by_key(|step| step.1.id);
    as_decided.sort_by_key(|step| step.1.id);
    assert_eq!(in_rounds, as_decided);
}
