//! A state of the model: payouts, banks, calls and open transactions.

use std::hash::{Hash, Hasher};

use payrail_core::book::Book;
use payrail_core::command::{Action, Command};
use payrail_core::ledger::{Balances, Tip};
use payrail_core::payout::{AttemptKind, BankAnswer, Payout, State};
use payrail_types::ids::PayoutId;
use payrail_types::money::Paise;

use crate::Rules;
use crate::common::bank::{Abilities, Bank, Call};
use crate::common::mutant::Mutant;
use crate::common::{merchant, payout_id};

/// The number of every payout's newest call, so that states can be compared.
pub const NEWEST: u32 = 1_000;

#[derive(Clone, Debug, PartialEq)]
pub struct ModelState {
    pub book: Book,
    /// One per rail.
    pub banks: Vec<Bank>,
    /// Claimed calls that workers may still send, receive the answer to, or report.
    pub calls: Vec<Call>,
    /// Transactions that have read but not yet written.
    pub open: Vec<Open>,
    /// One per payout, in the order of their requests.
    pub lives: Vec<Life>,
    /// The promise that a step on the path broke.
    pub broken: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Open {
    pub command: Command,
    pub read: Book,
}

/// What really happened to a payout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Hash)]
pub struct Life {
    pub claimed: bool,
    /// A submission may have reached the bank, and no enquiry since has denied it.
    pub told: bool,
    /// Its bank has given a final "never received" since the last submission.
    pub denied: bool,
    /// How often the bank paid, and whether it promised never to.
    pub paid: u8,
    pub never: bool,
    pub settled: u8,
    pub refunded: u8,
    /// How often a return was credited, and whether the bank really returned it.
    pub returned: u8,
    pub came_back: bool,
}

/// Enough money for everything, some of it held for payouts outside the model.
fn opening() -> Tip {
    Tip { seq: 0, balances: Balances { available: Paise::new(100), held: Paise::new(100) } }
}

/// The payout's number, in the order of requests.
pub fn number(id: PayoutId) -> usize {
    (0..).find(|number| payout_id(merchant(0), *number) == id).expect("there are as many as numbers")
}

impl ModelState {
    pub fn first(rules: &Rules) -> Self {
        let book = Book { tip: opening(), ..Book::new(merchant(0)) };
        let banks = rules.rails.iter().map(|(_, policy)| Bank::new(Abilities::of(policy))).collect();
        let (calls, open, lives) = (Vec::new(), Vec::new(), Vec::new());
        Self { book, banks, calls, open, lives, broken: None }
    }

    /// The bank of a payout's rail.
    pub fn bank(&self, id: PayoutId) -> &Bank {
        &self.banks[number(id) % self.banks.len()]
    }

    pub fn payout(&self, id: PayoutId) -> &Payout {
        self.book.payouts[&id].as_ref().expect("a payout of this book")
    }

    pub fn payouts(&self) -> impl Iterator<Item = (&Payout, &Life)> {
        let payout = |number| self.book.payouts.get(&payout_id(merchant(0), number))?.as_ref();
        self.lives.iter().enumerate().filter_map(move |(number, life)| Some((payout(number)?, life)))
    }

    /// The state without parts that no longer matter, to keep the number of states small.
    pub fn in_essence(mut self, rules: &Rules) -> Self {
        for payout in self.book.payouts.values_mut().flatten() {
            let newest = payout.attempts;
            let decided = self.banks[number(payout.id) % self.banks.len()].has_decided(&payout.id.reference());
            for call in self.calls.iter_mut().filter(|call| call.payout == payout.id) {
                call.number = if call.number == newest { NEWEST } else { 0 };
            }
            let id = payout.id;
            // A replaced attempt cannot report, so only its arrival at the bank can matter.
            let dead = |call: &Call| decided || call.withheld || call.step == AttemptKind::Enquire;
            if rules.mutant != Some(Mutant::LoseFencing) {
                self.calls.retain(|call| call.payout != id || call.number == NEWEST || !dead(call));
                let stale = self.calls.iter_mut().filter(|call| call.payout == id && call.number != NEWEST);
                stale.for_each(|call| call.answer = None);
            }
            payout.attempts = if newest == 0 { 0 } else { NEWEST };
            // This only determines the waits, and there are none.
            payout.unanswered = 0;
        }
        self.calls
            .sort_by_key(|call| (call.payout, call.number, call.step, call.answer.as_ref().map(BankAnswer::outcome)));
        self.calls.dedup();
        (self.book.tip, self.book.last_event, self.book.last_at) = (opening(), 0, None);
        self
    }
}

/// Equal states have equal hashes. A collision would only cost time, so this hashes just what differs between payouts
/// and calls.
impl Hash for ModelState {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_book(&self.book, state);
        self.banks.hash(state);
        for Call { payout, number, step, reference, answer, withheld } in &self.calls {
            (payout, number, step, reference, withheld, answer.as_ref().map(BankAnswer::outcome)).hash(state);
        }
        for Open { command, read } in &self.open {
            hash_action(&command.action, state);
            hash_book(read, state);
        }
        self.lives.hash(state);
        self.broken.hash(state);
    }
}

fn hash_action<H: Hasher>(action: &Action, state: &mut H) {
    let needs = action.needs();
    (std::mem::discriminant(action), needs.payouts, needs.keys).hash(state);
    match action {
        Action::Claim { worker, .. } => worker.hash(state),
        Action::Report { number, answer, .. } => (number, answer.outcome()).hash(state),
        Action::Release { number, .. } => number.hash(state),
        _ => {}
    }
}

fn hash_book<H: Hasher>(book: &Book, state: &mut H) {
    for payout in book.payouts.values().flatten() {
        (payout.id, payout.submissions, payout.attempts, payout.status()).hash(state);
        match &payout.state {
            State::Processing(now) => {
                (now.kind, &now.leased_by, now.due_at).hash(state);
                now.doubt.as_ref().map(|doubt| doubt.reason.as_str()).hash(state);
            }
            State::Completed { utr } | State::Returned { utr, .. } => utr.hash(state),
            State::Failed { reason } => reason.hash(state),
            State::Pending { .. } | State::Cancelled => {}
        }
    }
    (book.payouts.len(), book.records.len(), book.returns.keys().collect::<Vec<_>>()).hash(state);
}
