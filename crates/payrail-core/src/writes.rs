//! The changes of decisions, by table. Each row names its merchant; rows are in the order of the commands.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::bank_return::{Exception, TakenReturn};
use crate::command::{Refusal, Reply};
use crate::event::Event;
use crate::idempotency::Record;
use crate::ledger::Entry;
use crate::payout::{Attempt, AttemptOutcome, Exchange, Payout};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::operator::OperatorAction;

/// The rows of one command or of a whole batch, any number per table. All are written in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Writes {
    pub entries: Vec<(MerchantId, Entry)>,
    pub new_payouts: Vec<(MerchantId, Payout)>,
    pub updated_payouts: Vec<(MerchantId, Payout)>,
    pub opened: Vec<(MerchantId, Attempt)>,
    pub closed: Vec<(MerchantId, AttemptEnd)>,
    pub records: Vec<(MerchantId, Record)>,
    pub events: Vec<(MerchantId, Event)>,
    /// The audit log's rows; each names its merchant itself.
    pub actions: Vec<OperatorAction>,
    /// Lines of the bank's list of returns, and the decisions on them.
    pub returns: Vec<(MerchantId, TakenReturn)>,
    pub exceptions: Vec<(MerchantId, Exception)>,
    /// One for each command, in order.
    pub replies: Vec<Result<Reply, Refusal>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    pub payout: PayoutId,
    pub number: u32,
    pub outcome: AttemptOutcome,
    pub exchange: Exchange,
    pub ended_at: Timestamp,
}

impl Writes {
    pub fn append(&mut self, mut more: Writes) {
        self.entries.append(&mut more.entries);
        self.new_payouts.append(&mut more.new_payouts);
        self.updated_payouts.append(&mut more.updated_payouts);
        self.opened.append(&mut more.opened);
        self.closed.append(&mut more.closed);
        self.records.append(&mut more.records);
        self.events.append(&mut more.events);
        self.actions.append(&mut more.actions);
        self.returns.append(&mut more.returns);
        self.exceptions.append(&mut more.exceptions);
        self.replies.append(&mut more.replies);
    }

    /// Whether there is no row to write: only replays and refusals.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
            && self.new_payouts.is_empty()
            && self.updated_payouts.is_empty()
            && self.opened.is_empty()
            && self.closed.is_empty()
            && self.records.is_empty()
            && self.events.is_empty()
            && self.actions.is_empty()
            && self.returns.is_empty()
            && self.exceptions.is_empty()
    }

    /// The updated payouts in rounds that each update a payout at most once: the database checks each transition, so it
    /// must see each one.
    pub fn rounds(&self) -> Vec<Vec<&(MerchantId, Payout)>> {
        let mut taken: BTreeMap<PayoutId, usize> = BTreeMap::new();
        let mut rounds: Vec<Vec<_>> = Vec::new();
        for update in &self.updated_payouts {
            let round = taken.entry(update.1.id).and_modify(|round| *round += 1).or_insert(0);
            if rounds.len() <= *round {
                rounds.push(Vec::new());
            }
            rounds[*round].push(update);
        }
        rounds
    }
}
