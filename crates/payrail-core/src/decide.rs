//! The one place in which money moves. Pure: a merchant's book, a command, the time and the policy
//! go in; what is to be written and what is to be answered come out.
//!
//! A store locks the merchants of a batch, loads their [`Book`]s, calls [`decide_all`] and writes
//! the [`Writes`], in one transaction. It decides nothing itself.

mod returns;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use crate::backoff::{Policy, later};
use crate::bank_return::{Exception, KnownReturn, TakenReturn};
use crate::command::{
    Action, Command, Exchange, Funded, InsufficientBalance, PayoutRequest, PayoutSummary, Refusal, Reply, timestamp,
};
use crate::idempotency::{Answer, IdempotencyKey, Record, RequestHash};
use crate::ids::{MerchantId, PayoutId};
use crate::ledger::{Entry, EntryKind, Overdraw, Subject, Tip};
use crate::money::Amount;
use crate::operator::{ByOperator, OperatorAction, words};
use crate::payout::{Attempt, BankAnswer, Outcome, Payout, Progress, State, Verdict};

/// What the door needs to know of one merchant: loaded under the merchant's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    pub merchant: MerchantId,
    pub tip: Tip,
    /// The number of the newest outbox row.
    pub last_event: i64,
    /// The time of the newest entry.
    pub last_at: Option<Timestamp>,
    /// The records of the batch's keys, as far as there are any.
    pub records: BTreeMap<IdempotencyKey, Record>,
    /// The payouts that the batch's commands name.
    pub payouts: BTreeMap<PayoutId, Payout>,
    /// Of the lines of the bank's list of returns that the batch brings, those that were taken before; and of the
    /// payouts that they name, the lines that were credited.
    pub returns: BTreeMap<Uuid, KnownReturn>,
    /// Of the UTRs that the batch's payouts are paid under, those that another payout has already, whoever owns it.
    pub utrs: BTreeMap<String, PayoutId>,
}

impl Book {
    pub fn new(merchant: MerchantId) -> Self {
        Self {
            merchant,
            tip: Tip::default(),
            last_event: 0,
            last_at: None,
            records: BTreeMap::new(),
            payouts: BTreeMap::new(),
            returns: BTreeMap::new(),
            utrs: BTreeMap::new(),
        }
    }
}

/// What one command changes: at most one of each. All of it is written in one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    pub entry: Option<Entry>,
    pub payout: Option<PayoutChange>,
    pub attempt: Option<AttemptChange>,
    pub record: Option<Record>,
    pub event: Option<Event>,
    pub action: Option<OperatorAction>,
    /// A line of the bank's list of returns, and what became of it.
    pub taken: Option<TakenReturn>,
    pub exception: Option<Exception>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PayoutChange {
    New(Payout),
    Step(Payout),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptChange {
    Opened(Attempt),
    Closed(AttemptEnd),
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptEnd {
    pub payout: PayoutId,
    pub number: u32,
    /// A [`BankAnswer`]'s word, or `released`.
    pub outcome: &'static str,
    pub exchange: Exchange,
    pub ended_at: Timestamp,
}

/// An outbox row: what the world must learn, in the order in which it happened to the merchant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 1, 2, 3, … per merchant, gapless, so that a reader knows when it missed something.
    pub seq: i64,
    /// `payout.` and the new status, `payout.in_doubt`, or `balance.funded`.
    pub kind: &'static str,
    pub payout: Option<PayoutId>,
    pub created_at: Timestamp,
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

/// Runs a batch in order, each command on the books as the ones before it left them.
pub fn decide_all(
    books: &mut BTreeMap<MerchantId, Book>,
    commands: &[Command],
    policy: &Policy,
    now: Timestamp,
) -> Writes {
    let mut writes = Writes::default();
    // By UTR: what the batch itself has settled, over all its merchants.
    let mut settled: BTreeMap<&str, PayoutId> = BTreeMap::new();
    for command in commands {
        let utr = command.action.utr();
        if let (Some(utr), Some(book)) = (utr, books.get_mut(&command.merchant))
            && let Some(other) = settled.get(utr)
        {
            book.utrs.entry(utr.to_owned()).or_insert(*other);
        }
        let decision = match books.get(&command.merchant) {
            Some(book) => decide(book, &command.action, policy, now),
            None => Err(Refusal::UnknownMerchant),
        };
        let reply = decision.map(|(changes, reply)| {
            if let Some(book) = books.get_mut(&command.merchant) {
                book.apply(&changes);
            }
            if let (Some(utr), Reply::Stepped(payout)) = (utr, &reply) {
                settled.entry(utr).or_insert(payout.id);
            }
            writes.take(command.merchant, changes);
            reply
        });
        writes.replies.push(reply);
    }
    writes
}

/// THE decision.
pub fn decide(book: &Book, action: &Action, policy: &Policy, now: Timestamp) -> Result<(Changes, Reply), Refusal> {
    let at = book.last_at.map_or(now, |last| last.max(now));
    let door = Door { book, policy, now, at };
    match action {
        Action::Create { id, key, request } => door.once(*key, request.hash(), || door.create(*id, *key, request)),
        Action::Fund { key, amount, description, by } => {
            // Not by whom: a colleague's second try is the same funding.
            let hash = RequestHash::of(&["fund", &amount.get().to_string(), description]);
            door.once(*key, hash, || door.fund(*key, hash, *amount, description, by.as_ref()))
        }
        Action::Cancel { payout } => door.cancel(door.payout(*payout)?),
        Action::Claim { payout, worker } => door.claim(door.payout(*payout)?, worker),
        Action::Report { payout, number, answer, exchange } => {
            door.report(door.payout(*payout)?, *number, answer, exchange)
        }
        Action::Release { payout, number } => door.release(door.payout(*payout)?, *number),
        Action::Return { payout, line } => door.take_return(door.payout(*payout)?, line),
        Action::BringForward { payout, reason, by } => door.bring_forward(door.payout(*payout)?, reason, by),
        Action::Ask { payout, by } => door.ask(door.payout(*payout)?, by),
        Action::Decide { payout, verdict, reason, by } => door.end_doubt(door.payout(*payout)?, verdict, reason, by),
    }
}

struct Door<'a> {
    book: &'a Book,
    policy: &'a Policy,
    /// What waits, leases and expiries go by.
    now: Timestamp,
    /// What is written into the book. It does not run backwards there, although the clock may: a database that takes
    /// over from a broken one can be behind it.
    at: Timestamp,
}

type Decision = Result<(Changes, Reply), Refusal>;

impl Door<'_> {
    /// The first answer again if the key has one; otherwise the first answer.
    fn once(&self, key: IdempotencyKey, request: RequestHash, first: impl FnOnce() -> Decision) -> Decision {
        match self.book.records.get(&key) {
            Some(record) if record.is_expired(self.now) => first(),
            Some(record) if record.request != request => Err(Refusal::KeyReused),
            Some(record) => Ok((Changes::default(), Reply::Answered { answer: record.answer.clone(), replayed: true })),
            None => first(),
        }
    }

    fn create(&self, id: PayoutId, key: IdempotencyKey, request: &PayoutRequest) -> Decision {
        let entry = match self.entry(EntryKind::Hold, request.amount, Subject::Payout(id)) {
            Ok(entry) => entry,
            Err(Overdraw::TooLittle { .. }) => return Ok(self.insufficient(key, request)),
            Err(Overdraw::TooLarge) => return Err(Refusal::BalanceTooLarge),
        };
        let payout = Payout::new(id, request.amount, request.bank_account_id.clone(), self.now);
        let request_id = request.request_id.clone();
        let payout = Payout { request_id, created_at: self.at, updated_at: self.at, ..payout };
        let answer = answer(201, &PayoutSummary::from(&payout));
        let changes = Changes {
            entry: Some(entry),
            record: Some(self.record(key, request.hash(), &answer, Some(id))),
            event: Some(self.event("payout.pending", Some(id))),
            payout: Some(PayoutChange::New(payout)),
            ..Changes::default()
        };
        Ok((changes, Reply::Answered { answer, replayed: false }))
    }

    /// The refusal is remembered for a time: until then a duplicate of the request cannot pay. The answer says until
    /// when.
    fn insufficient(&self, key: IdempotencyKey, request: &PayoutRequest) -> (Changes, Reply) {
        let available = self.book.tip.balances.available;
        let expires_at = later(self.now, self.policy.refusal_ttl);
        let remembered_until = timestamp(expires_at);
        let body = InsufficientBalance {
            error: "Insufficient balance",
            available_balance_paise: available,
            kind: "about:blank",
            title: "Bad Request",
            status: 400,
            detail: format!(
                "{} paise are available; {} were requested. This Idempotency-Key gets this answer until \
                 {remembered_until}. To try again, use a new key.",
                available.get(),
                request.amount.get()
            ),
            code: "insufficient_balance",
            remembered_until,
        };
        let answer = answer(400, &body);
        let record = Record { expires_at: Some(expires_at), ..self.record(key, request.hash(), &answer, None) };
        (Changes { record: Some(record), ..Changes::default() }, Reply::Answered { answer, replayed: false })
    }

    fn fund(
        &self,
        key: IdempotencyKey,
        request: RequestHash,
        amount: Amount,
        description: &str,
        by: Option<&ByOperator>,
    ) -> Decision {
        let entry = self
            .entry(EntryKind::Fund, amount, Subject::Memo(description.to_owned()))
            .map_err(|_| Refusal::BalanceTooLarge)?;
        let entry_id = self.book.merchant.entry_id(entry.seq);
        let answer = answer(
            201,
            &Funded {
                entry_id,
                amount_paise: amount,
                available_balance_paise: entry.after.available,
                held_balance_paise: entry.after.held,
            },
        );
        let changes = Changes {
            entry: Some(entry),
            record: Some(self.record(key, request, &answer, None)),
            event: Some(self.event("balance.funded", None)),
            action: by.map(|by| {
                let detail = format!("{} paise", amount.get());
                self.action(by, words::FUNDED, entry_id, Some(description), Some(detail))
            }),
            ..Changes::default()
        };
        Ok((changes, Reply::Answered { answer, replayed: false }))
    }

    fn claim(&self, payout: &Payout, worker: &str) -> Decision {
        let (next, attempt) = payout.claim(worker, self.policy, self.now).ok_or(Refusal::NotDue)?;
        let event = match attempt.number {
            1 => Some("payout.processing"),
            // A lease that ran out is a doubt of its own.
            _ => newly_in_doubt(payout, &next),
        };
        let changes = Changes {
            event: event.map(|kind| self.event(kind, Some(payout.id))),
            payout: Some(PayoutChange::Step(next.clone())),
            attempt: Some(AttemptChange::Opened(attempt.clone())),
            ..Changes::default()
        };
        Ok((changes, Reply::Claimed { payout: next, attempt }))
    }

    fn report(&self, payout: &Payout, number: u32, answer: &BankAnswer, exchange: &Exchange) -> Decision {
        let outcome = payout.report(number, answer, self.policy, self.now).ok_or(Refusal::StaleAttempt)?;
        let end = AttemptEnd {
            payout: payout.id,
            number,
            outcome: answer.as_str(),
            exchange: exchange.clone(),
            ended_at: self.now.max(payout.updated_at),
        };
        let (changes, reply) = self.conclude(payout, outcome)?;
        Ok((Changes { attempt: Some(AttemptChange::Closed(end)), ..changes }, reply))
    }

    /// A doubt ends by a person's word. No call was made, so there is no attempt: the row of the audit log
    /// is the proof, and the movement an ordinary one.
    fn end_doubt(&self, payout: &Payout, verdict: &Verdict, reason: &str, by: &ByOperator) -> Decision {
        let outcome = payout.decide(verdict, reason, self.now).ok_or_else(|| hands_off(payout))?;
        let (word, detail) = match verdict {
            Verdict::Paid { utr } => (words::DECIDED_PAID, Some(format!("UTR {utr}"))),
            Verdict::NotPaid => (words::DECIDED_NOT_PAID, None),
        };
        let action = self.action(by, word, payout.id, Some(reason), detail);
        let (changes, reply) = self.conclude(payout, outcome)?;
        Ok((Changes { action: Some(action), ..changes }, reply))
    }

    fn ask(&self, payout: &Payout, by: &ByOperator) -> Decision {
        let next = payout.ask(self.now).ok_or_else(|| hands_off(payout))?;
        let detail = match &next.state {
            State::Processing(Progress { step, .. }) => Some(format!("next step: {}", step.as_str())),
            _ => None,
        };
        let action = self.action(by, words::ASKED_BANK, payout.id, None, detail);
        let (changes, reply) = self.step(next, None, None)?;
        Ok((Changes { action: Some(action), ..changes }, reply))
    }

    fn bring_forward(&self, payout: &Payout, reason: &str, by: &ByOperator) -> Decision {
        let next = payout.bring_forward(self.now).ok_or(Refusal::NotFarAhead)?;
        let detail = payout.due_at().map(|due_at| format!("it was due at {}", timestamp(due_at)));
        let action = self.action(by, words::BROUGHT_FORWARD, payout.id, Some(reason), detail);
        let (changes, reply) = self.step(next, None, None)?;
        Ok((Changes { action: Some(action), ..changes }, reply))
    }

    /// Settles, refunds or goes on, as it came out.
    fn conclude(&self, before: &Payout, outcome: Outcome) -> Decision {
        match outcome {
            Outcome::Settle(next) => self.settle(next),
            Outcome::Refund(next) => self.step(next, Some(EntryKind::Refund), Some("payout.failed")),
            Outcome::GoOn(next) => {
                let event = newly_in_doubt(before, &next);
                self.step(next, None, event)
            }
        }
    }

    /// The bank's answer is definite about this payout, whatever it said about another: a UTR that two payouts have
    /// is for a person to look into.
    fn settle(&self, next: Payout) -> Decision {
        let exception = match &next.state {
            State::Completed { utr } => self
                .book
                .utrs
                .get(utr)
                .filter(|other| **other != next.id)
                .map(|other| Exception::duplicate_utr(next.id, *other, utr, self.now)),
            _ => None,
        };
        let (changes, reply) = self.step(next, Some(EntryKind::Settle), Some("payout.completed"))?;
        Ok((Changes { exception, ..changes }, reply))
    }

    fn release(&self, payout: &Payout, number: u32) -> Decision {
        let next = payout.release(number, self.now).ok_or(Refusal::StaleAttempt)?;
        let exchange = Exchange::default();
        let end = AttemptEnd {
            payout: payout.id,
            number,
            outcome: "released",
            exchange,
            ended_at: self.now.max(payout.updated_at),
        };
        let (changes, reply) = self.step(next, None, None)?;
        Ok((Changes { attempt: Some(AttemptChange::Closed(end)), ..changes }, reply))
    }

    fn cancel(&self, payout: &Payout) -> Decision {
        let next = payout.cancel(self.now).ok_or(Refusal::NotCancellable(payout.status()))?;
        self.step(next, Some(EntryKind::Refund), Some("payout.cancelled"))
    }

    /// A payout's step with the movement of money and the event that belong to it.
    fn step(&self, next: Payout, movement: Option<EntryKind>, event: Option<&'static str>) -> Decision {
        let entry = movement.map(|kind| self.entry(kind, next.amount, Subject::Payout(next.id))).transpose().map_err(
            |overdraw| match overdraw {
                Overdraw::TooLarge => Refusal::BalanceTooLarge,
                // What a payout holds was put there by its own hold: a shortfall means a damaged ledger.
                Overdraw::TooLittle { .. } => Refusal::Inconsistent(overdraw.to_string()),
            },
        )?;
        let changes = Changes {
            entry,
            event: event.map(|kind| self.event(kind, Some(next.id))),
            payout: Some(PayoutChange::Step(next.clone())),
            ..Changes::default()
        };
        Ok((changes, Reply::Stepped(next)))
    }

    fn payout(&self, id: PayoutId) -> Result<&Payout, Refusal> {
        self.book.payouts.get(&id).ok_or(Refusal::UnknownPayout)
    }

    fn entry(&self, kind: EntryKind, amount: Amount, subject: Subject) -> Result<Entry, Overdraw> {
        self.book.tip.next(kind, amount, subject, self.at)
    }

    fn event(&self, kind: &'static str, payout: Option<PayoutId>) -> Event {
        Event { seq: self.book.last_event + 1, kind, payout, created_at: self.at }
    }

    fn action(
        &self,
        by: &ByOperator,
        word: &str,
        subject: impl ToString,
        reason: Option<&str>,
        detail: Option<String>,
    ) -> OperatorAction {
        OperatorAction {
            id: by.action_id,
            at: self.at,
            merchant: Some(self.book.merchant),
            operator: by.name.clone(),
            action: word.to_owned(),
            subject: Some(subject.to_string()),
            reason: reason.map(str::to_owned),
            detail,
        }
    }

    fn record(&self, key: IdempotencyKey, request: RequestHash, answer: &Answer, payout: Option<PayoutId>) -> Record {
        Record { key, request, answer: answer.clone(), payout, created_at: self.at, expires_at: None }
    }
}

/// Why an operator can do nothing about this payout now.
fn hands_off(payout: &Payout) -> Refusal {
    if payout.is_in_doubt() { Refusal::Held } else { Refusal::NotInDoubt(payout.status()) }
}

fn newly_in_doubt(before: &Payout, after: &Payout) -> Option<&'static str> {
    (after.is_in_doubt() && !before.is_in_doubt()).then_some("payout.in_doubt")
}

fn answer(status: u16, body: &impl Serialize) -> Answer {
    // These bodies are structs of strings and numbers: writing them cannot fail.
    let body = serde_json::to_string(body).unwrap_or_default();
    Answer { status, body }
}

impl Book {
    /// The book as it is once `changes` are written.
    pub fn apply(&mut self, changes: &Changes) {
        if let Some(entry) = &changes.entry {
            self.tip = entry.tip();
            self.last_at = Some(entry.created_at);
        }
        if let Some(PayoutChange::New(payout) | PayoutChange::Step(payout)) = &changes.payout {
            self.payouts.insert(payout.id, payout.clone());
        }
        if let Some(record) = &changes.record {
            self.records.insert(record.key, record.clone());
        }
        if let Some(event) = &changes.event {
            self.last_event = event.seq;
        }
        if let Some(taken) = &changes.taken {
            self.returns.insert(taken.line.id(), KnownReturn { payout: taken.payout, credited: taken.credited });
        }
    }
}

impl Writes {
    fn take(&mut self, merchant: MerchantId, changes: Changes) {
        self.entries.extend(changes.entry.map(|entry| (merchant, entry)));
        match changes.payout {
            Some(PayoutChange::New(payout)) => self.new_payouts.push((merchant, payout)),
            Some(PayoutChange::Step(payout)) => self.steps.push((merchant, payout)),
            None => {}
        }
        match changes.attempt {
            Some(AttemptChange::Opened(attempt)) => self.opened.push((merchant, attempt)),
            Some(AttemptChange::Closed(end)) => self.closed.push((merchant, end)),
            None => {}
        }
        self.records.extend(changes.record.map(|record| (merchant, record)));
        self.events.extend(changes.event.map(|event| (merchant, event)));
        self.actions.extend(changes.action);
        self.returns.extend(changes.taken.map(|taken| (merchant, taken)));
        self.exceptions.extend(changes.exception.map(|exception| (merchant, exception)));
    }

    /// Whether nothing is to be written: replays and refusals only.
    pub fn is_empty(&self) -> bool {
        // Every other change comes with one of these.
        self.records.is_empty()
            && self.steps.is_empty()
            && self.events.is_empty()
            && self.actions.is_empty()
            && self.returns.is_empty()
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
