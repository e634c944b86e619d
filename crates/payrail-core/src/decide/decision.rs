//! The steps of all decisions: find a payout, move money, update a payout, write an event.

use jiff::Timestamp;

use crate::backoff::Policy;
use crate::book::{Book, DecisionError};
use crate::command::{Refusal, Reply};
use crate::event::{Event, EventKind};
use crate::idempotency::Render;
use crate::ledger::{EntryKind, Overdraw, Subject, Tip};
use crate::payout::Payout;
use crate::writes::Writes;
use payrail_types::ids::PayoutId;
use payrail_types::money::Amount;
use payrail_types::rail::RailId;

/// What all decisions of a process share.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// For every rail without a policy of its own.
    pub policy: Policy,
    /// Rails with a policy of their own. They are read once, when the program starts.
    pub rails: &'static [(RailId, Policy)],
    /// The rail of the payouts whose request names none.
    pub default_rail: RailId,
    /// Renders the answer that is stored under a key and repeated.
    pub render: Render,
}

impl Rules {
    /// With one rail.
    pub const fn new(policy: Policy, render: Render) -> Self {
        Self { policy, rails: &[], default_rail: RailId::DEFAULT, render }
    }

    pub fn policy_of(&self, payout: &Payout) -> &Policy {
        let own = self.rails.iter().find(|(rail, _)| *rail == payout.rail);
        own.map_or(&self.policy, |(_, policy)| policy)
    }
}

/// Why a command changes nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Failed(#[from] DecisionError),
}

pub(super) type Result<T = Reply, E = Stop> = std::result::Result<T, E>;

/// A decision in progress. Its writes count only if it ends in a reply.
pub(super) struct Decision<'a> {
    pub book: &'a Book,
    pub rules: &'a Rules,
    /// The time for waits, leases and expiries.
    pub now: Timestamp,
    /// The time that is written into the book. It never runs backwards there, although the clock may: after a failover
    /// the new database's clock can be behind the old one's.
    pub at: Timestamp,
    pub writes: Writes,
}

impl<'a> Decision<'a> {
    pub fn new(book: &'a Book, rules: &'a Rules, now: Timestamp) -> Self {
        let at = book.last_at.map_or(now, |last| last.max(now));
        Self { book, rules, now, at, writes: Writes::default() }
    }

    pub fn payout(&self, id: PayoutId) -> Result<&'a Payout> {
        Ok(self.book.payout(id)?.ok_or(Refusal::UnknownPayout)?)
    }

    /// Changes a payout, with the movement of money and the event that belong to the transition.
    pub fn update(&mut self, before: &Payout, after: Payout) -> Result {
        let (payout, from, to) = (after.id, before.status(), after.status());
        let transition = from.transition(to).ok_or(DecisionError::IllegalTransition { payout, from, to })?;
        let mut entry = None;
        if let Some(kind) = transition.movement {
            let tip = self.enter(kind, after.amount, Subject::Payout(payout)).map_err(|overdraw| match overdraw {
                Overdraw::TooLarge => Refusal::BalanceTooLarge,
                // The payout's own hold reserved this amount: a shortfall means a damaged ledger.
                Overdraw::TooLittle { .. } => Refusal::Inconsistent(overdraw.to_string()),
            })?;
            entry = Some(tip.seq);
        }
        if from != to {
            self.event(to.into(), Some(payout), entry);
        } else if after.is_in_doubt() && !before.is_in_doubt() {
            self.event(EventKind::PayoutInDoubt, Some(payout), entry);
        }
        self.writes.updated_payouts.push((self.book.merchant, after.clone()));
        Ok(Reply::Updated(after))
    }

    /// Moves money: appends an entry to the newest one, which may be this command's own.
    pub fn enter(&mut self, kind: EntryKind, amount: Amount, subject: Subject) -> Result<Tip, Overdraw> {
        let tip = self.writes.entries.last().map_or(self.book.tip, |(_, entry)| entry.tip());
        let entry = tip.next(kind, amount, subject, self.at)?;
        let tip = entry.tip();
        self.writes.entries.push((self.book.merchant, entry));
        Ok(tip)
    }

    pub fn event(&mut self, kind: EventKind, payout: Option<PayoutId>, entry: Option<i64>) {
        let last = self.writes.events.last().map_or(self.book.last_event, |(_, event)| event.seq);
        let event = Event { seq: last + 1, kind, payout, entry, created_at: self.at };
        self.writes.events.push((self.book.merchant, event));
    }
}
