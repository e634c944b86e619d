//! Where the runs have been: they are worth nothing if they never go where it hurts.

use std::collections::BTreeMap;

use payrail_core::command::{Refusal, Reply};
use payrail_core::decide::Writes;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Seen(pub BTreeMap<&'static str, u64>);

/// What a person would want to be sure of.
pub const PLACES: &str = "201, 201 again, 400, 400 again, key reused, not due, stale, not cancellable, not returnable, \
    held, submit, enquire, close, payout.completed, payout.failed, payout.cancelled, payout.returned, payout.in_doubt, \
    paid, refused, never_received, closed, no_answer, unreachable, released, asked_bank, brought_forward, decided_paid, \
    decided_not_paid, return_other_amount, return_other_utr, return_again, duplicate_utr, exception, lock not had, server ended it";

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
            self.note(attempt.step.as_str());
        }
        for (_, end) in &writes.closed {
            self.note(end.outcome);
        }
        for (_, exception) in &writes.exceptions {
            self.note(exception.kind.as_str());
        }
        for action in &writes.actions {
            let words = ["asked_bank", "brought_forward", "decided_paid", "decided_not_paid"];
            words.into_iter().filter(|word| action.action == *word).for_each(|word| self.note(word));
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
