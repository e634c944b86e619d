//! What a decision changes: of one command, and of a whole batch.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::bank_return::{Exception, TakenReturn};
use crate::command::{Exchange, Refusal, Reply};
use crate::event::Event;
use crate::idempotency::Record;
use crate::ids::{MerchantId, PayoutId};
use crate::ledger::Entry;
use crate::operator::OperatorAction;
use crate::payout::{Attempt, Payout};

/// What one command changes, by table: as many rows of each as it takes. All of it is written in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub entries: Vec<Entry>,
    pub new_payouts: Vec<Payout>,
    pub steps: Vec<Payout>,
    pub opened: Vec<Attempt>,
    pub closed: Vec<AttemptEnd>,
    pub records: Vec<Record>,
    pub events: Vec<Event>,
    pub actions: Vec<OperatorAction>,
    /// Lines of the bank's list of returns, and what became of them.
    pub returns: Vec<TakenReturn>,
    pub exceptions: Vec<Exception>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    pub payout: PayoutId,
    pub number: u32,
    /// A [`BankAnswer`](crate::payout::BankAnswer)'s word, or `released`.
    pub outcome: &'static str,
    pub exchange: Exchange,
    pub ended_at: Timestamp,
}

/// The changes of a batch, by table, each in the order of the commands.
#[derive(Debug, Default)]
pub struct Writes {
    pub entries: Vec<(MerchantId, Entry)>,
    pub new_payouts: Vec<(MerchantId, Payout)>,
    pub steps: Vec<(MerchantId, Payout)>,
    pub opened: Vec<(MerchantId, Attempt)>,
    pub closed: Vec<(MerchantId, AttemptEnd)>,
    pub records: Vec<(MerchantId, Record)>,
    pub events: Vec<(MerchantId, Event)>,
    /// The audit log's rows; each names its merchant itself.
    pub actions: Vec<OperatorAction>,
    pub returns: Vec<(MerchantId, TakenReturn)>,
    pub exceptions: Vec<(MerchantId, Exception)>,
    /// One for each command, in order.
    pub replies: Vec<Result<Reply, Refusal>>,
}

impl Writes {
    pub(super) fn take(&mut self, merchant: MerchantId, changes: Changes) {
        let Changes { entries, new_payouts, steps, opened, closed, records, events, actions, returns, exceptions } =
            changes;
        self.entries.extend(of(merchant, entries));
        self.new_payouts.extend(of(merchant, new_payouts));
        self.steps.extend(of(merchant, steps));
        self.opened.extend(of(merchant, opened));
        self.closed.extend(of(merchant, closed));
        self.records.extend(of(merchant, records));
        self.events.extend(of(merchant, events));
        self.actions.extend(actions);
        self.returns.extend(of(merchant, returns));
        self.exceptions.extend(of(merchant, exceptions));
    }

    /// Whether nothing is to be written: replays and refusals only.
    pub fn is_empty(&self) -> bool {
        let Self { entries, new_payouts, steps, opened, closed, records, events, actions, returns, exceptions, .. } =
            self;
        entries.is_empty()
            && new_payouts.is_empty()
            && steps.is_empty()
            && opened.is_empty()
            && closed.is_empty()
            && records.is_empty()
            && events.is_empty()
            && actions.is_empty()
            && returns.is_empty()
            && exceptions.is_empty()
    }

    /// The payouts' steps in rounds, so that no payout steps twice in one round: the database
    /// checks each step, and must see each.
    pub fn rounds(&self) -> Vec<Vec<&(MerchantId, Payout)>> {
        let mut taken: BTreeMap<PayoutId, usize> = BTreeMap::new();
        let mut rounds: Vec<Vec<_>> = Vec::new();
        for step in &self.steps {
            let round = taken.entry(step.1.id).and_modify(|round| *round += 1).or_insert(0);
            if rounds.len() <= *round {
                rounds.push(Vec::new());
            }
            rounds[*round].push(step);
        }
        rounds
    }
}

fn of<T>(merchant: MerchantId, rows: Vec<T>) -> impl Iterator<Item = (MerchantId, T)> {
    rows.into_iter().map(move |row| (merchant, row))
}
