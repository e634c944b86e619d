//! The book of one merchant: a chain of immutable entries, each a balanced movement between two
//! of the three accounts, each carrying its number and the balances after it.

use jiff::Timestamp;

use crate::ids::PayoutId;
use crate::money::{Amount, Paise};

/// The three accounts of a merchant's book. They always sum to zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Account {
    /// Can be spent.
    Available,
    /// Promised to payouts under way.
    Held,
    /// The outside world.
    Bank,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    pub const ALL: [EntryKind; 5] = [Self::Fund, Self::Hold, Self::Settle, Self::Refund, Self::Return];

    /// From which account to which the amount moves.
    pub const fn movement(self) -> (Account, Account) {
        match self {
            Self::Fund | Self::Return => (Account::Bank, Account::Available),
            Self::Hold => (Account::Available, Account::Held),
            Self::Settle => (Account::Held, Account::Bank),
            Self::Refund => (Account::Held, Account::Available),
        }
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fund => "fund",
            Self::Hold => "hold",
            Self::Settle => "settle",
            Self::Refund => "refund",
            Self::Return => "return",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What a merchant has. `bank` is not stored: it is, by definition, what makes the three zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balances {
    pub available: Paise,
    pub held: Paise,
}

impl Balances {
    /// The balances after `amount` has moved as `kind` says.
    pub fn after(self, kind: EntryKind, amount: Amount) -> Result<Self, Overdraw> {
        let (from, to) = kind.movement();
        let mut next = self;
        next.add(from, Paise::new(-amount.get()))?;
        next.add(to, amount.paise())?;
        // The bank account stands for the rest of the sum: it must fit 64 bits as well.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn balances(available: i64, held: i64) -> Balances {
        Balances { available: Paise::new(available), held: Paise::new(held) }
    }

    #[test]
    fn each_kind_moves_between_its_two_accounts() {
        let amount = Amount::new(30).unwrap();
        for (kind, after) in [
            (EntryKind::Fund, balances(130, 50)),
            (EntryKind::Hold, balances(70, 80)),
            (EntryKind::Settle, balances(100, 20)),
            (EntryKind::Refund, balances(130, 20)),
            (EntryKind::Return, balances(130, 50)),
        ] {
            assert_eq!(balances(100, 50).after(kind, amount), Ok(after), "{kind:?}");
        }
    }

    #[test]
    fn no_account_goes_below_zero() {
        let too_much = Amount::new(101).unwrap();
        for (kind, account) in [
            (EntryKind::Hold, Account::Available),
            (EntryKind::Settle, Account::Held),
            (EntryKind::Refund, Account::Held),
        ] {
            let refused = Overdraw::TooLittle { account, balance: Paise::new(100) };
            assert_eq!(balances(100, 100).after(kind, too_much), Err(refused));
        }
    }

    #[test]
    fn no_account_leaves_64_bits_and_neither_does_the_bank() {
        let one = Amount::new(1).unwrap();
        assert_eq!(balances(i64::MAX, 0).after(EntryKind::Fund, one), Err(Overdraw::TooLarge));
        assert_eq!(balances(i64::MAX - 1, 1).after(EntryKind::Fund, one), Err(Overdraw::TooLarge));
    }

    #[test]
    fn words_lead_back_to_their_kinds() {
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::parse(kind.as_str()), Some(kind));
        }
        assert_eq!(EntryKind::parse("credit"), None);
    }
}
