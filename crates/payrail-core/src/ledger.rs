//! The book of one merchant: a chain of immutable entries. Each is a balanced movement between two of the three
//! accounts, with its number and the balances after it.

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantArray};

use payrail_types::ids::PayoutId;
use payrail_types::money::{Amount, Paise};

/// The three accounts of a merchant's book. They always sum to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Can be spent.
    Available,
    /// Reserved for payouts in progress.
    Held,
    /// The outside world.
    Bank,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum EntryKind {
    /// Money comes in.
    Fund,
    /// A payout is accepted.
    Hold,
    /// The bank paid.
    Settle,
    /// The bank certainly did not pay.
    Refund,
    /// The bank paid and the money came back later.
    Return,
}

impl EntryKind {
    /// From which account to which the amount moves.
    pub const fn movement(self) -> (Account, Account) {
        match self {
            Self::Fund | Self::Return => (Account::Bank, Account::Available),
            Self::Hold => (Account::Available, Account::Held),
            Self::Settle => (Account::Held, Account::Bank),
            Self::Refund => (Account::Held, Account::Available),
        }
    }
}

/// A merchant's balances. `bank` is not stored: by definition it makes the sum of the three zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    pub available: Paise,
    pub held: Paise,
}

impl Balances {
    /// The balances after a movement of `amount` and `kind`.
    pub fn after(self, kind: EntryKind, amount: Amount) -> Result<Self, Overdraw> {
        let (from, to) = kind.movement();
        let mut next = self;
        next.add(from, Paise::new(-amount.get()))?;
        next.add(to, amount.paise())?;
        // The bank account is the negative sum of the other two: it must fit 64 bits as well.
        next.available.plus(next.held).ok_or(Overdraw::TooLarge)?;
        Ok(next)
    }

    fn add(&mut self, account: Account, change: Paise) -> Result<(), Overdraw> {
        let balance = match account {
            Account::Available => &mut self.available,
            Account::Held => &mut self.held,
            Account::Bank => return Ok(()),
        };
        let sum = balance.plus(change).ok_or(Overdraw::TooLarge)?;
        if sum.is_negative() {
            return Err(Overdraw::TooLittle { account, balance: *balance });
        }
        *balance = sum;
        Ok(())
    }
}

/// Why an amount cannot move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Overdraw {
    #[error("the {account:?} account holds only {} paise", balance.get())]
    TooLittle { account: Account, balance: Paise },
    #[error("the balance would not fit 64 bits")]
    TooLarge,
}

/// The end of a merchant's book: the newest entry's number and the balances after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tip {
    pub seq: i64,
    pub balances: Balances,
}

/// One line of a merchant's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number in the merchant's book: 1, 2, 3, … without a gap.
    pub seq: i64,
    pub kind: EntryKind,
    pub amount: Amount,
    pub after: Balances,
    /// Every kind but `fund` belongs to a payout.
    pub payout: Option<PayoutId>,
    /// Why money came in; the other kinds are described by their payout.
    pub description: Option<String>,
    pub created_at: Timestamp,
}

/// What an entry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    Payout(PayoutId),
    Memo(String),
}

impl Tip {
    /// The entry that follows the newest one, if the accounts allow the movement.
    pub fn next(self, kind: EntryKind, amount: Amount, subject: Subject, now: Timestamp) -> Result<Entry, Overdraw> {
        let (payout, description) = match subject {
            Subject::Payout(id) => (Some(id), None),
            Subject::Memo(text) => (None, Some(text)),
        };
        Ok(Entry {
            seq: self.seq + 1,
            kind,
            amount,
            after: self.balances.after(kind, amount)?,
            payout,
            description,
            created_at: now,
        })
    }
}

impl Entry {
    pub fn tip(&self) -> Tip {
        Tip { seq: self.seq, balances: self.after }
    }
}
