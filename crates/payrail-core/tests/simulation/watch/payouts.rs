//! The history of a payout, as seen in the commits and at the bank.

use payrail_core::backoff::Policy;
use payrail_core::bank_return::BankReturn;
use payrail_core::command::{Action, Command};
use payrail_core::event::{Event, EventKind};
use payrail_core::ledger::{Entry, EntryKind};
use payrail_core::payout::{Attempt, AttemptKind, AttemptOutcome, BankAnswer, Payout, Status};
use payrail_core::writes::{AttemptEnd, Writes};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::rail::{BankId, RailId};

use super::promise::{ALL_OR_NOTHING, CREDITED_MORE, LEGAL_MOVES, OWN_BANK, PAID_TWICE, REFUNDED_AND_PAID};
use super::{Kept, ensure};
use crate::common::bank::Abilities;
use crate::common::is_legal;
use crate::plan::bank_of;

pub struct Life {
    pub merchant: MerchantId,
    pub amount: i64,
    pub rail: RailId,
    bank: BankId,
    abilities: Abilities,
    status: Status,
    /// The number of holds, settles, refunds and returns.
    moves: [u8; 4],
    /// How often the bank has paid it, and whether it promised never to.
    paid: u8,
    pub never: bool,
    /// The newest attempt, and the newest that ended.
    opened: u32,
    ended: u32,
    /// The submissions that may have been sent.
    told: Vec<u32>,
    /// The newest submission, whatever its outcome.
    submitted: u32,
    /// The newest attempt that got "never received".
    denied: u32,
    /// The UTR of the bank's payment, and the lines of its list of returns.
    utr: Option<Utr>,
    pub listed: Vec<BankReturn>,
}

impl Life {
    /// A payout is created together with its hold, its record and its event.
    pub fn begin(
        merchant: MerchantId,
        payout: &Payout,
        writes: &Writes,
        policy: Policy,
    ) -> Result<Self, super::Broken> {
        let id = Some(payout.id);
        let whole = writes.entries.iter().any(|(_, entry)| entry.payout == id && entry.kind == EntryKind::Hold)
            && writes.records.iter().any(|(_, record)| record.payout == id)
            && writes.events.iter().any(|(_, event)| event.payout == id);
        ensure(whole, ALL_OR_NOTHING, || format!("{} without its hold, record or event", payout.id))?;
        ensure(payout.status() == Status::Pending, LEGAL_MOVES, || format!("begins as {payout:?}"))?;
        let (amount, status, moves) = (payout.amount.get(), Status::Pending, [0; 4]);
        let (paid, never, opened, ended, told, denied) = (0, false, 0, 0, Vec::new(), 0);
        let (utr, listed, submitted) = (None, Vec::new(), 0);
        let (rail, bank, abilities) = (payout.rail, bank_of(payout.rail), Abilities::of(&policy));
        let life = Self {
            merchant,
            amount,
            rail,
            bank,
            abilities,
            status,
            moves,
            paid,
            never,
            opened,
            ended,
            told,
            submitted,
            denied,
            utr,
            listed,
        };
        Ok(life)
    }

    /// The funds that it holds.
    pub fn holds(&self) -> i128 {
        let open = matches!(self.status, Status::Pending | Status::Processing);
        if open { i128::from(self.amount) } else { 0 }
    }

    /// Every transition is legal and has an event.
    pub fn step(&mut self, payout: &Payout, writes: &Writes) -> Kept {
        let (before, after) = (self.status, payout.status());
        self.status = after;
        ensure(is_legal(before, after), LEGAL_MOVES, || format!("{}: {before:?} to {after:?}", payout.id))?;
        let tells = |event: &Event| event.payout == Some(payout.id) && event.kind == EventKind::from(after);
        let told = writes.events.iter().any(|(_, event)| tells(event));
        ensure(told || before == after, ALL_OR_NOTHING, || format!("{} is {after:?}, and no event says so", payout.id))
    }

    /// Each attempt has the next number, and none submits again without an enquiry first.
    pub fn opened(&mut self, attempt: &Attempt) -> Kept {
        let how = || format!("{attempt:?} after number {}", self.opened);
        ensure(attempt.number == self.opened + 1, PAID_TWICE, how)?;
        self.opened = attempt.number;
        ensure(attempt.bank.as_ref() == Some(&self.bank), OWN_BANK, || format!("not for {}: {attempt:?}", self.bank))?;
        let can = attempt.kind != AttemptKind::Close || self.abilities.closes;
        ensure(can, OWN_BANK, || format!("asked to close, which it cannot: {attempt:?}"))?;
        if attempt.kind == AttemptKind::Submit {
            let told = self.told.last().copied().unwrap_or(0);
            let asked = told == 0 || self.denied > told;
            ensure(asked, PAID_TWICE, || format!("told in call {told} and again, unasked, in {attempt:?}"))?;
            self.told.push(attempt.number);
            self.submitted = attempt.number;
        }
        Ok(())
    }

    pub fn closed(&mut self, end: &AttemptEnd) -> Kept {
        ensure(end.number > self.ended, PAID_TWICE, || format!("{end:?} after number {}", self.ended))?;
        self.ended = end.number;
        if matches!(end.outcome, AttemptOutcome::Unreachable | AttemptOutcome::Released) {
            self.told.retain(|number| *number != end.number);
        }
        Ok(())
    }

    pub fn moved(&mut self, entry: &Entry) -> Kept {
        let (place, word) = match entry.kind {
            EntryKind::Fund => return ensure(false, ALL_OR_NOTHING, || format!("{entry:?}")),
            EntryKind::Hold => (0, "held"),
            EntryKind::Settle => (1, "settled"),
            EntryKind::Refund => (2, "refunded"),
            EntryKind::Return => (3, "returned"),
        };
        self.moves[place] += 1;
        ensure(self.moves[place] == 1, PAID_TWICE, || format!("{word} twice: {entry:?}"))?;
        ensure(entry.amount.get() == self.amount, ALL_OR_NOTHING, || format!("{} of {entry:?}", self.amount))?;
        match entry.kind {
            EntryKind::Settle => ensure(self.paid > 0, PAID_TWICE, || format!("settled and not paid: {entry:?}")),
            EntryKind::Refund => {
                ensure(self.paid == 0, REFUNDED_AND_PAID, || format!("{entry:?}"))?;
                // An unclaimed payout may be cancelled. Any other needs the bank's promise that it never pays.
                let promised = self.never || (self.abilities.is_final && self.denied > self.submitted);
                let proof = promised || (self.opened == 0 && self.status == Status::Cancelled);
                ensure(proof, REFUNDED_AND_PAID, || format!("refunded without proof: {entry:?}"))
            }
            EntryKind::Return => {
                let fits = |line: &BankReturn| {
                    line.amount_paise == self.amount && Some(line.utr.as_str()) == self.utr.as_ref().map(Utr::as_str)
                };
                let came_back = self.listed.iter().any(fits);
                ensure(came_back, CREDITED_MORE, || format!("{entry:?} for {:?}", self.listed))
            }
            _ => Ok(()),
        }
    }

    pub fn is_in_order(&self, id: PayoutId) -> Kept {
        let expected = match self.status {
            Status::Pending | Status::Processing => [1, 0, 0, 0],
            Status::Completed => [1, 1, 0, 0],
            Status::Failed | Status::Cancelled => [1, 0, 1, 0],
            Status::Returned => [1, 1, 0, 1],
        };
        let how = || format!("{id} is {:?} with {:?}", self.status, self.moves);
        ensure(self.moves == expected, ALL_OR_NOTHING, how)
    }

    pub fn at_bank(
        &mut self,
        id: PayoutId,
        number: u32,
        step: AttemptKind,
        answer: &BankAnswer,
        paid_now: bool,
    ) -> Kept {
        self.paid += u8::from(paid_now);
        if let BankAnswer::Paid { utr } = answer {
            self.utr.get_or_insert_with(|| utr.clone());
        }
        self.never |= matches!(answer, BankAnswer::Refused { .. } | BankAnswer::Closed);
        if step == AttemptKind::Enquire && *answer == BankAnswer::NeverReceived {
            self.denied = self.denied.max(number);
        }
        ensure(self.paid < 2, PAID_TWICE, || format!("the bank paid {id} again"))?;
        ensure(self.paid == 0 || self.moves[2] == 0, REFUNDED_AND_PAID, || format!("{id} is refunded, then paid"))
    }
}

/// An accepted report ends its own attempt and no other.
pub fn reports_are_their_own(commands: &[Command], writes: &Writes) -> Kept {
    for (command, reply) in commands.iter().zip(&writes.replies) {
        if let (Action::Report { payout, number, .. } | Action::Release { payout, number }, Ok(_)) =
            (&command.action, reply)
        {
            let own = writes.closed.iter().any(|(_, end)| (end.payout, end.number) == (*payout, *number));
            ensure(own, PAID_TWICE, || format!("a report on call {number} of {payout} was taken for another"))?;
        }
    }
    Ok(())
}
