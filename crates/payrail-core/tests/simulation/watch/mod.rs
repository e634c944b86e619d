//! Checks the promises at every commit with books of its own, and trusts neither the decision nor the store. A check
//! costs as much as the commit wrote, not as much as there is.

mod keys;
mod money;
mod payouts;
mod seen;

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use payrail_core::backoff::Policy;
use payrail_core::bank_return::BankReturn;
use payrail_core::command::{Command, Refusal};
use payrail_core::payout::{AttemptKind, BankAnswer, Payout};
use payrail_core::writes::Writes;
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::rail::RailId;

use keys::Keys;
use money::Accounts;
use payouts::Life;
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

/// The names and numbers of the promises, as in docs/reliability.md.
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
    /// It has no number, because all others depend on it.
    pub const LOADED: &str = "decided on what was loaded";
    pub const STRANDED: &str = "10 nothing is stranded";
    pub const OWN_BANK: &str = "each payout has the bank of its rail, and is asked what that bank can do";
}

pub struct Watch {
    rails: &'static [(RailId, Policy)],
    accounts: Accounts,
    payouts: BTreeMap<PayoutId, Life>,
    keys: Keys,
    pub seen: Seen,
}

impl Watch {
    pub fn new(rails: &'static [(RailId, Policy)]) -> Self {
        let (accounts, keys) = (Accounts::default(), Keys::default());
        Self { rails, accounts, payouts: BTreeMap::new(), keys, seen: Seen::default() }
    }

    /// A transaction's commands, decisions and writes, at its commit.
    pub fn committed(&mut self, commands: &[Command], writes: &Writes, now: Timestamp) -> Kept {
        // The decision found less than the ledger must have.
        for refusal in writes.replies.iter().filter_map(|reply| reply.as_ref().err()) {
            ensure(!matches!(refusal, Refusal::Inconsistent(_)), promise::DERIVED, || refusal.to_string())?;
        }
        self.seen.commit(writes);
        self.keys.see(commands, writes, now)?;
        self.see_lives(commands, writes)?;
        self.accounts.see(writes, &self.payouts)
    }

    /// A call reached the bank, with its true outcome.
    pub fn at_bank(
        &mut self,
        payout: PayoutId,
        number: u32,
        step: AttemptKind,
        answer: &BankAnswer,
        paid_now: bool,
    ) -> Kept {
        let life = self.payouts.get_mut(&payout).expect("a call for a payout that there is");
        life.at_bank(payout, number, step, answer, paid_now)
    }

    fn see_lives(&mut self, commands: &[Command], writes: &Writes) -> Kept {
        for (merchant, payout) in &writes.new_payouts {
            let life = Life::begin(*merchant, payout, writes, self.policy_of(payout)?)?;
            let known = self.payouts.insert(payout.id, life);
            ensure(known.is_none(), promise::ONCE_PER_KEY, || format!("{} is made twice", payout.id))?;
        }
        for (_, payout) in &writes.updated_payouts {
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
        for (_, exception) in &writes.exceptions {
            if let (Some(payout), Some(other)) = (exception.payout, exception.other_payout) {
                let is_of_one_bank = self.rail(payout) == self.rail(other);
                ensure(is_of_one_bank, promise::OWN_BANK, || format!("the UTR of another bank: {exception:?}"))?;
            }
        }
        payouts::reports_are_their_own(commands, writes)?;
        let mut touched = writes.new_payouts.iter().chain(&writes.updated_payouts);
        touched.try_for_each(|(_, payout)| self.payouts[&payout.id].is_in_order(payout.id))
    }

    fn life(&mut self, payout: PayoutId) -> Result<&mut Life, Broken> {
        let unknown = || Broken { promise: promise::ALL_OR_NOTHING, how: format!("{payout} was never made") };
        self.payouts.get_mut(&payout).ok_or_else(unknown)
    }

    fn policy_of(&self, payout: &Payout) -> Result<Policy, Broken> {
        let own = self.rails.iter().find(|(rail, _)| *rail == payout.rail);
        let unknown = || Broken { promise: promise::OWN_BANK, how: format!("a rail of nobody's: {payout:?}") };
        own.map(|(_, policy)| *policy).ok_or_else(unknown)
    }

    /// By its index among the rails.
    pub fn rail(&self, payout: PayoutId) -> usize {
        let rail = self.payouts[&payout].rail;
        self.rails.iter().position(|(id, _)| *id == rail).expect("one of the rails")
    }

    /// A person at the bank blocked the reference.
    pub fn promised_never_to_pay(&mut self, payout: PayoutId) {
        self.payouts.get_mut(&payout).expect("a payout that there is").never = true;
    }

    pub fn amount(&self, payout: PayoutId) -> i64 {
        self.payouts[&payout].amount
    }

    /// The bank's list has a line about a payout.
    pub fn listed(&mut self, payout: PayoutId, line: &BankReturn) {
        let life = self.payouts.get_mut(&payout).expect("a return of a payout that there is");
        life.listed.push(line.clone());
    }

    /// Its merchant.
    pub fn owner(&self, payout: PayoutId) -> MerchantId {
        self.payouts[&payout].merchant
    }
}
