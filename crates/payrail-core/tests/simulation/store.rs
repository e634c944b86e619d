//! An in-memory store for concurrent connections. It has what matters here of a database: a lock per merchant,
//! transactions in steps, and atomic writes. It has no constraints: only the lock and the decision keep the promises.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use payrail_core::book::{Book, Books};
use payrail_core::command::Command;
use payrail_core::ledger::Entry;
use payrail_core::payout::Payout;
use payrail_core::writes::Writes;
use payrail_types::ids::{MerchantId, PayoutId};

use crate::common;
use crate::plan::SECOND;

pub type Connection = u64;

/// The server ends a transaction that is idle for this long, as if its client had died.
const IDLE_TIMEOUT: i64 = 30 * SECOND;

#[derive(Debug, PartialEq)]
pub enum Lock {
    Had,
    Taken,
    /// The server has ended the transaction.
    Gone,
}

#[derive(Default)]
pub struct Store {
    /// The whole data: all records, all payouts.
    pub books: BTreeMap<MerchantId, Book>,
    /// Every entry of every book, in the order of the commits.
    pub entries: Vec<(MerchantId, Entry)>,
    locks: BTreeMap<MerchantId, Connection>,
    /// The open transactions, with the time of their last statement.
    open: BTreeMap<Connection, i64>,
    last: Connection,
    due: BTreeSet<(Timestamp, MerchantId, PayoutId)>,
}

impl Store {
    pub fn new(merchants: impl Iterator<Item = MerchantId>) -> Self {
        Self { books: merchants.map(|id| (id, Book::new(id))).collect(), ..Self::default() }
    }

    pub fn begin(&mut self, now: i64) -> Connection {
        self.last += 1;
        self.open.insert(self.last, now);
        self.last
    }

    /// False if the server has ended the transaction.
    pub fn hears_of(&mut self, connection: Connection, now: i64) -> bool {
        self.open.get_mut(&connection).map(|heard| *heard = now).is_some()
    }

    pub fn lock(&mut self, connection: Connection, merchant: MerchantId, now: i64) -> Lock {
        if !self.hears_of(connection, now) {
            return Lock::Gone;
        }
        let holder = self.locks.get(&merchant).copied();
        if holder.is_some_and(|holder| self.open.get(&holder).is_some_and(|heard| now - heard <= IDLE_TIMEOUT)) {
            return Lock::Taken;
        }
        if let Some(idle) = holder {
            self.end(idle);
        }
        self.locks.insert(merchant, connection);
        Lock::Had
    }

    pub fn load(&self, commands: &[Command]) -> Books {
        common::load(&self.books, commands)
    }

    pub fn write(&mut self, writes: &Writes) {
        for (merchant, payout) in writes.new_payouts.iter().chain(&writes.updated_payouts) {
            self.put(*merchant, payout);
        }
        for (merchant, entry) in &writes.entries {
            let book = self.book(*merchant);
            (book.tip, book.last_at) = (entry.tip(), Some(entry.created_at));
        }
        self.entries.extend_from_slice(&writes.entries);
        for (merchant, record) in &writes.records {
            self.book(*merchant).records.insert(record.key, Some(record.clone()));
        }
        for (merchant, event) in &writes.events {
            self.book(*merchant).last_event = event.seq;
        }
        for (merchant, taken) in &writes.returns {
            let book = self.book(*merchant);
            book.returns.insert(taken.line.id(), Some(taken.known()));
            if taken.credited {
                book.credited.insert(taken.payout, Some(taken.line.id()));
            }
        }
    }

    /// Ends it by commit, by rollback or by the death of its client.
    pub fn end(&mut self, connection: Connection) {
        self.open.remove(&connection);
        self.locks.retain(|_, holder| *holder != connection);
    }

    pub fn due(&self, now: Timestamp) -> impl Iterator<Item = (MerchantId, PayoutId)> {
        self.due.iter().take_while(move |(at, ..)| *at <= now).map(|(_, merchant, payout)| (*merchant, *payout))
    }

    pub fn due_after(&self, after: Timestamp) -> impl Iterator<Item = (MerchantId, PayoutId)> {
        self.due.iter().rev().take_while(move |(at, ..)| *at > after).map(|(_, merchant, payout)| (*merchant, *payout))
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(at, ..)| *at)
    }

    pub fn payouts(&self) -> impl Iterator<Item = (MerchantId, &Payout)> {
        self.books.iter().flat_map(|(merchant, book)| book.payouts.values().flatten().map(|payout| (*merchant, payout)))
    }

    fn put(&mut self, merchant: MerchantId, payout: &Payout) {
        let before = self.book(merchant).payouts.insert(payout.id, Some(payout.clone())).flatten();
        if let Some(at) = before.and_then(|before| before.due_at()) {
            self.due.remove(&(at, merchant, payout.id));
        }
        self.due.extend(payout.due_at().map(|at| (at, merchant, payout.id)));
    }

    fn book(&mut self, merchant: MerchantId) -> &mut Book {
        self.books.get_mut(&merchant).expect("a write for a merchant that there is")
    }
}
