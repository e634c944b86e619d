//! The promises, looked after at every commit by someone who keeps books of his own and believes nobody: neither
//! the decision's words for it nor the store's. Cheap: each look costs what the commit wrote, not what there is.

mod keys;
mod lives;
mod money;
mod seen;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use payrail_core::bank_return::BankReturn;
use payrail_core::command::{Command, Refusal};
use payrail_core::decide::Writes;
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::{BankAnswer, Step};

use keys::Keys;
use lives::Life;
use money::Accounts;
pub use seen::{PLACES, Seen};

/// A promise that was broken, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Broken {
    pub promise: &'static str,
    pub how: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.promise, self.how)
    }
}

pub type Kept = Result<(), Broken>;

pub fn ensure(kept: bool, promise: &'static str, how: impl FnOnce() -> String) -> Kept {
    if kept { Ok(()) } else { Err(Broken { promise, how: how() }) }
}

/// In the words and with the numbers of the design.
pub mod promise {
    pub const NO_OVERDRAFT: &str = "1 no overdraft";
    pub const DERIVED: &str = "3 derived";
    pub const ALL_OR_NOTHING: &str = "4 all or nothing";
    pub const ONCE_PER_KEY: &str = "5 once per key";
    pub const LEGAL_MOVES: &str = "6 only legal moves";
    pub const REFUNDED_AND_PAID: &str = "7 never refunded and paid";
    pub const CREDITED_MORE: &str = "7 never credited more than came back";
    pub const PAID_TWICE: &str = "8 never paid twice";
    pub const DURABLE: &str = "9 acknowledged is durable";
    /// No number: without it none of the others would hold.
    pub const LOADED: &str = "decided on what was loaded";
    pub const STRANDED: &str = "10 nothing is stranded";
}

#[derive(Default)]
pub struct Watch {
    accounts: Accounts,
    lives: BTreeMap<PayoutId, Life>,
    keys: Keys,
    pub seen: Seen,
}

impl Watch {
    /// What a transaction was asked, has decided and has written, at the moment of its commit.
    pub fn committed(&mut self, commands: &[Command], writes: &Writes, now: Timestamp) -> Kept {
        // The decision found less than what the ledger must have had.
        for refusal in writes.replies.iter().filter_map(|reply| reply.as_ref().err()) {
            ensure(!matches!(refusal, Refusal::Inconsistent(_)), promise::DERIVED, || refusal.to_string())?;
        }
        self.seen.commit(writes);
        self.keys.see(commands, writes, now)?;
        self.see_lives(commands, writes)?;
        self.accounts.see(writes, &self.lives)
    }

    /// A call reached the bank, and this is the truth about it.
    pub fn at_bank(&mut self, payout: PayoutId, number: u32, step: Step, answer: &BankAnswer, paid_now: bool) -> Kept {
        let life = self.lives.get_mut(&payout).expect("a call for a payout that there is");
        life.at_bank(payout, number, step, answer, paid_now)
    }

    fn see_lives(&mut self, commands: &[Command], writes: &Writes) -> Kept {
        for (merchant, payout) in &writes.new_payouts {
            let life = Life::begin(*merchant, payout, writes)?;
            let known = self.lives.insert(payout.id, life);
            ensure(known.is_none(), promise::ONCE_PER_KEY, || format!("{} is made twice", payout.id))?;
        }
        for (_, payout) in &writes.steps {
            self.life(payout.id)?.step(payout, writes)?;
        }
        for (_, end) in &writes.closed {
            self.life(end.payout)?.closed(end)?;
        }
        for (_, attempt) in &writes.opened {
            self.life(attempt.payout)?.opened(attempt)?;
        }
        for (_, entry) in &writes.entries {
            if let Some(payout) = entry.payout {
                self.life(payout)?.moved(entry)?;
            }
        }
        lives::reports_are_their_own(commands, writes)?;
        let mut touched = writes.new_payouts.iter().chain(&writes.steps);
        touched.try_for_each(|(_, payout)| self.lives[&payout.id].is_in_order(payout.id))
    }

    fn life(&mut self, payout: PayoutId) -> Result<&mut Life, Broken> {
        let unknown = || Broken { promise: promise::ALL_OR_NOTHING, how: format!("{payout} was never made") };
        self.lives.get_mut(&payout).ok_or_else(unknown)
    }

    pub fn amount(&self, payout: PayoutId) -> i64 {
        self.lives[&payout].amount
    }

    /// The bank's list says so of a payout.
    pub fn listed(&mut self, payout: PayoutId, line: &BankReturn) {
        let life = self.lives.get_mut(&payout).expect("a return of a payout that there is");
        life.listed.push(line.clone());
    }

    /// Who owns it.
    pub fn owner(&self, payout: PayoutId) -> MerchantId {
        self.lives[&payout].merchant
    }
}
