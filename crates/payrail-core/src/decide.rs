//! The one place in which money moves. Pure: a merchant's book, a command, the time and the rules
//! go in; what is to be written and what is to be answered come out.
//!
//! A store locks the merchants of a batch, loads their [`Book`]s, calls [`decide_all`] and writes
//! the [`Writes`], in one transaction. It decides nothing itself.

mod book;
mod operators;
mod payouts;
mod requests;
mod returns;
mod writes;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::backoff::Policy;
use crate::command::{Action, Command, Refusal, Reply};
use crate::event::{Event, EventKind};
use crate::idempotency::Render;
use crate::ids::{MerchantId, PayoutId};
use crate::ledger::{Entry, EntryKind, Overdraw, Subject, Tip};
use crate::money::Amount;
use crate::payout::Payout;

pub use book::{Book, Loaded, NotLoaded};
pub use writes::{AttemptEnd, Changes, Writes};

/// What is the same for every decision of a program.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub policy: Policy,
    /// Makes the answer that is kept under a key, and given again.
    pub render: Render,
}

/// Runs a batch in order, each command on the books as the ones before it left them. An error is the store's fault;
/// then nothing may be written.
pub fn decide_all(
    books: &mut BTreeMap<MerchantId, Book>,
    commands: &[Command],
    rules: &Rules,
    now: Timestamp,
) -> Result<Writes, NotLoaded> {
    let mut writes = Writes::default();
    // By UTR: what the batch itself has settled, over all its merchants.
    let mut settled: BTreeMap<&str, PayoutId> = BTreeMap::new();
    for Command { merchant, action } in commands {
        let Some(book) = books.get_mut(merchant) else {
            writes.replies.push(Err(Refusal::UnknownMerchant));
            continue;
        };
        let utr = action.utr();
        if let Some((utr, other)) = utr.and_then(|utr| Some((utr, settled.get(utr)?))) {
            book.utrs.entry(utr.to_owned()).or_insert(*other);
        }
        let reply = match decide(book, action, rules, now) {
            Ok((changes, reply)) => {
                book.apply(&changes);
                writes.take(*merchant, changes);
                Ok(reply)
            }
            Err(Stop::Refused(refusal)) => Err(refusal),
            Err(Stop::NotLoaded(what)) => return Err(what),
        };
        if let (Some(utr), Ok(Reply::Stepped(payout))) = (utr, &reply) {
            settled.entry(utr).or_insert(payout.id);
        }
        writes.replies.push(reply);
    }
    Ok(writes)
}

/// THE decision.
fn decide(book: &Book, action: &Action, rules: &Rules, now: Timestamp) -> Result<(Changes, Reply), Stop> {
    let at = book.last_at.map_or(now, |last| last.max(now));
    let mut decision = Decision { book, rules, now, at, changes: Changes::default() };
    let reply = decision.of(action)?;
    Ok((decision.changes, reply))
}

/// Why a command changes nothing.
enum Stop {
    Refused(Refusal),
    NotLoaded(NotLoaded),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<NotLoaded> for Stop {
    fn from(what: NotLoaded) -> Self {
        Self::NotLoaded(what)
    }
}

type Result<T = Reply, E = Stop> = std::result::Result<T, E>;

/// One command's decision while it is made. Its changes count only if it comes to a reply.
struct Decision<'a> {
    book: &'a Book,
    rules: &'a Rules,
    /// What waits, leases and expiries go by.
    now: Timestamp,
    /// What is written into the book. It does not run backwards there, although the clock may: a database that takes
    /// over from a broken one can be behind it.
    at: Timestamp,
    changes: Changes,
}

impl<'a> Decision<'a> {
    fn of(&mut self, action: &Action) -> Result {
        match action {
            Action::Create { id, key, request } => self.create(*id, *key, request),
            Action::Fund { key, amount, description, by } => self.fund(*key, *amount, description, by.as_ref()),
            Action::Cancel { payout } => self.cancel(self.payout(*payout)?),
            Action::Claim { payout, worker } => self.claim(self.payout(*payout)?, worker),
            Action::Report { payout, number, answer, exchange } => {
                self.report(self.payout(*payout)?, *number, answer, exchange)
            }
            Action::Release { payout, number } => self.release(self.payout(*payout)?, *number),
            Action::Return { payout, line } => self.take_return(self.payout(*payout)?, line),
            Action::BringForward { payout, reason, by } => self.bring_forward(self.payout(*payout)?, reason, by),
            Action::Ask { payout, by } => self.ask(self.payout(*payout)?, by),
            Action::Decide { payout, verdict, reason, by } => {
                self.end_doubt(self.payout(*payout)?, verdict, reason, by)
            }
        }
    }

    fn payout(&self, id: PayoutId) -> Result<&'a Payout> {
        Ok(self.book.payout(id)?.ok_or(Refusal::UnknownPayout)?)
    }

    /// A payout's step with the movement of money and the event that belong to it.
    fn step(&mut self, next: Payout, movement: Option<EntryKind>, event: Option<EventKind>) -> Result {
        if let Some(kind) = movement {
            self.enter(kind, next.amount, Subject::Payout(next.id)).map_err(|overdraw| match overdraw {
                Overdraw::TooLarge => Refusal::BalanceTooLarge,
                // What a payout holds was put there by its own hold: a shortfall means a damaged ledger.
                Overdraw::TooLittle { .. } => Refusal::Inconsistent(overdraw.to_string()),
            })?;
        }
        if let Some(kind) = event {
            self.event(kind, Some(next.id));
        }
        self.changes.steps.push(next.clone());
        Ok(Reply::Stepped(next))
    }

    /// Moves money: an entry that follows the newest one, this command's own included.
    fn enter(&mut self, kind: EntryKind, amount: Amount, subject: Subject) -> Result<Tip, Overdraw> {
        let tip = self.changes.entries.last().map_or(self.book.tip, Entry::tip);
        let entry = tip.next(kind, amount, subject, self.at)?;
        let tip = entry.tip();
        self.changes.entries.push(entry);
        Ok(tip)
    }

    fn event(&mut self, kind: EventKind, payout: Option<PayoutId>) {
        let last = self.changes.events.last().map_or(self.book.last_event, |event| event.seq);
        self.changes.events.push(Event { seq: last + 1, kind, payout, created_at: self.at });
    }
}

#[cfg(test)]
mod tests;
