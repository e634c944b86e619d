//! Records which interesting cases the runs have reached.

use std::collections::BTreeMap;

use payrail_core::command::{Refusal, Reply};
use payrail_core::payout::{DoubtReason, Progress, State};
use payrail_core::writes::Writes;
use payrail_types::operator::OperatorActionKind;
use payrail_types::rail::RailId;
use payrail_types::word::Word;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen(pub BTreeMap<&'static str, u64>);

/// The cases that must occur.
pub const PLACES: &str = "201, 201 again, 400, 400 again, key reused, not due, stale, not cancellable, not returnable, \
    held, submit, enquire, close, payout.completed, payout.failed, payout.cancelled, payout.returned, payout.in_doubt, \
    paid, refused, never_received, closed, no_answer, unreachable, released, asked_bank, brought_forward, decided_paid, \
    decided_not_paid, return_other_amount, return_other_utr, return_again, duplicate_utr, exception, lock not had, server ended it, \
    cannot close, never received for good, too late to be paid, another rail";

impl Seen {
    pub fn note(&mut self, place: &'static str) {
        *self.0.entry(place).or_default() += 1;
    }

    pub fn commit(&mut self, writes: &Writes) {
        for reply in &writes.replies {
            self.note(name(reply));
        }
        for (_, event) in &writes.events {
            self.note(event.kind.as_str());
        }
        for (_, attempt) in &writes.opened {
            self.note(attempt.kind.as_str());
        }
        for (_, payout) in &writes.updated_payouts {
            match &payout.state {
                State::Failed { reason } if reason.ends_with("is final") => self.note("never received for good"),
                State::Processing(Progress { doubt: Some(doubt), .. }) if doubt.reason == DoubtReason::CannotClose => {
                    self.note("cannot close");
                }
                _ => {}
            }
        }
        if writes.new_payouts.iter().any(|(_, payout)| payout.rail != RailId::DEFAULT) {
            self.note("another rail");
        }
        for (_, end) in &writes.closed {
            self.note(end.outcome.as_str());
        }
        for (_, exception) in &writes.exceptions {
            self.note(exception.kind.as_str());
        }
        for action in &writes.actions {
            if action.action != OperatorActionKind::Funded {
                self.note(action.action.as_str());
            }
        }
    }

    pub fn add(&mut self, more: &Seen) {
        for (place, times) in &more.0 {
            *self.0.entry(place).or_default() += times;
        }
    }
}

fn name(reply: &Result<Reply, Refusal>) -> &'static str {
    match reply {
        Ok(Reply::Answered { answer, replayed }) => match (answer.status, replayed) {
            (201, false) => "201",
            (201, true) => "201 again",
            (400, false) => "400",
            _ => "400 again",
        },
        Ok(Reply::Exception(_)) => "exception",
        Ok(_) => "stepped",
        Err(Refusal::KeyReused) => "key reused",
        Err(Refusal::NotDue) => "not due",
        Err(Refusal::StaleAttempt) => "stale",
        Err(Refusal::NotCancellable(_)) => "not cancellable",
        Err(Refusal::NotReturnable(_)) => "not returnable",
        Err(Refusal::Held) => "held",
        Err(_) => "otherwise refused",
    }
}
