//! How things stand with the payouts, the bank, and the calls and transactions under way.

use std::hash::{Hash, Hasher};

use payrail_core::command::{Action, Command};
use payrail_core::decide::Book;
use payrail_core::ledger::{Balances, Tip};
use payrail_core::money::Paise;
use payrail_core::payout::{BankAnswer, Payout, State, Step};

use crate::Rules;
use crate::common::bank::{Bank, Call};
use crate::common::merchant;
use crate::common::mutant::Mutant;

/// The number under which the newest call of every payout goes, so that scenes can be compared.
pub const NEWEST: u32 = 1_000;

#[derive(Clone, Debug, PartialEq)]
pub struct Scene {
    pub book: Book,
    pub bank: Bank,
    /// Calls that workers have claimed and may still send, hear of or report.
    pub calls: Vec<Call>,
    /// Transactions that have read and not yet written.
    pub open: Vec<Open>,
    /// One for each payout, in the order of the book.
    pub lives: Vec<Life>,
    /// What a step broke on its way here.
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
    /// The bank was told to pay, and has not denied it since.
    pub told: bool,
    /// How often the bank paid, and whether it has promised never to.
    pub paid: u8,
    pub never: bool,
    pub settled: u8,
    pub refunded: u8,
    /// How often it was credited as returned, and whether the bank's list truly said so.
    pub returned: u8,
    pub came_back: bool,
}

/// Nobody is short of money here, and some is held for payouts that are not in the picture.
fn opening() -> Tip {
    Tip { seq: 0, balances: Balances { available: Paise::new(100), held: Paise::new(100) } }
}

impl Scene {
    pub fn first() -> Self {
        let book = Book { tip: opening(), ..Book::new(merchant(0)) };
        let (bank, calls, open, lives) = (Bank::default(), Vec::new(), Vec::new(), Vec::new());
        Self { book, bank, calls, open, lives, broken: None }
    }

    pub fn payouts(&self) -> impl Iterator<Item = (&Payout, &Life)> {
        self.book.payouts.values().zip(&self.lives)
    }

    /// The scene without what can make no difference any more, so that there are few enough of them.
    pub fn in_essence(mut self, rules: &Rules) -> Self {
        for payout in self.book.payouts.values_mut() {
            let newest = payout.calls;
            let decided = self.bank.has_decided(&payout.id.reference());
            for call in self.calls.iter_mut().filter(|call| call.payout == payout.id) {
                call.number = if call.number == newest { NEWEST } else { 0 };
            }
            let id = payout.id;
            // Of one that was replaced no report is taken: nothing but its arrival matters, if even that.
            let dead = |call: &Call| decided || call.withheld || call.step == Step::Enquire;
            if rules.mutant != Some(Mutant::LoseFencing) {
                self.calls.retain(|call| call.payout != id || call.number == NEWEST || !dead(call));
                let stale = self.calls.iter_mut().filter(|call| call.payout == id && call.number != NEWEST);
                stale.for_each(|call| call.answer = None);
            }
            payout.calls = if newest == 0 { 0 } else { NEWEST };
            // It sets the waits, of which there are none.
            payout.unanswered = 0;
        }
        self.calls
            .sort_by_key(|call| (call.payout, call.number, call.step, call.answer.as_ref().map(BankAnswer::as_str)));
        self.calls.dedup();
        (self.book.tip, self.book.last_event, self.book.last_at) = (opening(), 0, None);
        self
    }
}

/// Scenes that are equal have equal hashes; that some others have, too, would only cost time: all that differs
/// between payouts and calls is in here.
impl Hash for Scene {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_book(&self.book, state);
        self.bank.hash(state);
        for Call { payout, number, step, reference, answer, withheld } in &self.calls {
            (payout, number, step, reference, withheld, answer.as_ref().map(|answer| answer.as_str())).hash(state);
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
    (std::mem::discriminant(action), action.payout(), action.key()).hash(state);
    match action {
        Action::Claim { worker, .. } => worker.hash(state),
        Action::Report { number, answer, .. } => (number, answer.as_str()).hash(state),
        Action::Release { number, .. } => number.hash(state),
        _ => {}
    }
}

fn hash_book<H: Hasher>(book: &Book, state: &mut H) {
    for payout in book.payouts.values() {
        (payout.id, payout.attempts, payout.calls, payout.status()).hash(state);
        match &payout.state {
            State::Processing(now) => {
                (now.step, &now.leased_by, now.due_at).hash(state);
                now.doubt.as_ref().map(|doubt| &doubt.reason).hash(state);
            }
            State::Completed { utr } | State::Returned { utr, .. } => utr.hash(state),
            State::Failed { reason } => reason.hash(state),
            State::Pending { .. } | State::Cancelled => {}
        }
    }
    (book.payouts.len(), book.records.len(), book.returns.keys().collect::<Vec<_>>()).hash(state);
}
