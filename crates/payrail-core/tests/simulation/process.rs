//! A process: an engine whose lanes run their waiting commands as one transaction, step by step. Between two steps
//! other processes run, and this one may die.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use payrail_core::command::Command;
use payrail_core::writes::Writes;
use payrail_types::ids::MerchantId;

use crate::common::mutant::{Mutant, decide_all};
use crate::event::{Asker, At, Event, Outcome};
use crate::plan::{MILLISECOND, SECOND};
use crate::store::{Connection, Lock};
use crate::watch::{Broken, Kept, promise};
use crate::worker::OpenCall;
use crate::world::World;
use payrail_core::book::Books;

/// How long a transaction waits for a lock.
const LOCK_TIMEOUT: i64 = 5 * SECOND;

pub struct Process {
    pub is_worker: bool,
    /// Its incarnation: the number of its deaths.
    pub life: u32,
    pub alive: bool,
    pub stopped_until: i64,
    pub skew: i64,
    pub calls: BTreeMap<u64, OpenCall>,
    /// Claims in progress.
    pub claims: usize,
    lanes: Vec<Lane>,
}

#[derive(Default)]
struct Lane {
    /// The number of the next step. A wake-up for any other step is out of date.
    turn: u64,
    waiting: VecDeque<(Command, Asker)>,
    under_way: Option<Transaction>,
}

struct Transaction {
    connection: Connection,
    commands: Vec<Command>,
    askers: Vec<Asker>,
    begun: i64,
    stage: Stage,
}

#[derive(PartialEq)]
enum Next {
    GoesOn,
    Waits,
    Over,
}

enum Stage {
    /// The merchants still to lock, in the order of their ids, and what was read already (by a mutant).
    Locking(VecDeque<MerchantId>, Option<Books>),
    Loaded(Books),
    Decided(Box<Writes>, Timestamp),
}

impl Process {
    pub fn new(is_worker: bool, lanes: usize, skew: i64) -> Self {
        let lanes = (0..lanes).map(|_| Lane::default()).collect();
        Self { is_worker, life: 0, alive: true, stopped_until: 0, skew, calls: BTreeMap::new(), claims: 0, lanes }
    }

    pub fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.lanes.iter().all(|lane| lane.waiting.is_empty() && lane.under_way.is_none())
    }
}

impl World {
    /// A command waits in its merchant's lane.
    pub fn enter(&mut self, at: At, command: Command, asker: Asker) {
        let lanes = &mut self.processes[at.process].lanes;
        let number = usize::from(command.merchant.0.as_bytes()[15]) % lanes.len();
        let lane = &mut lanes[number];
        lane.waiting.push_back((command, asker));
        if lane.under_way.is_none() && lane.waiting.len() == 1 {
            self.next_turn(at, number);
        }
    }

    fn turn(&mut self, at: At, lane: usize) -> Event {
        let turn = &mut self.processes[at.process].lanes[lane].turn;
        *turn += 1;
        Event::Transaction(at, lane, *turn)
    }

    fn next_turn(&mut self, at: At, lane: usize) {
        let event = self.turn(at, lane);
        self.soon(event);
    }

    pub fn transaction(&mut self, at: At, lane: usize, turn: u64) -> Kept {
        if turn != self.processes[at.process].lanes[lane].turn {
            return Ok(());
        }
        let Some(mut transaction) = self.processes[at.process].lanes[lane].under_way.take() else {
            self.begin(at, lane);
            return Ok(());
        };
        if self.store.hears_of(transaction.connection, self.now) {
            let next = self.advance(at, &mut transaction)?;
            if next != Next::Over {
                match next {
                    Next::Waits => self.wait_for_lock(at, lane, transaction.begun),
                    _ => self.next_turn(at, lane),
                }
                self.processes[at.process].lanes[lane].under_way = Some(transaction);
                return Ok(());
            }
        } else {
            self.watch.seen.note("server ended it");
            self.fail(at, &mut transaction);
        }
        if !self.processes[at.process].lanes[lane].waiting.is_empty() {
            self.next_turn(at, lane);
        }
        Ok(())
    }

    fn begin(&mut self, at: At, number: usize) {
        let lane = &mut self.processes[at.process].lanes[number];
        let count = lane.waiting.len().min(self.plan.batch);
        let (commands, askers): (Vec<_>, Vec<_>) = lane.waiting.drain(..count).unzip();
        if commands.is_empty() {
            return;
        }
        let mut merchants: Vec<_> = commands.iter().map(|command| command.merchant).collect();
        merchants.sort();
        merchants.dedup();
        let read = (self.mutant == Some(Mutant::ReadBeforeLock)).then(|| self.store.load(&commands));
        let stage = Stage::Locking(merchants.into(), read);
        let (connection, begun) = (self.store.begin(self.now), self.now);
        lane.under_way = Some(Transaction { connection, commands, askers, begun, stage });
        self.next_turn(at, number);
    }

    /// The end of a transaction wakes those that wait for its locks. Waits have a timeout.
    fn wait_for_lock(&mut self, at: At, lane: usize, begun: i64) {
        let event = self.turn(at, lane);
        self.waiting.push(event.clone());
        self.schedule(begun + LOCK_TIMEOUT, event);
    }

    fn end(&mut self, connection: Connection) {
        self.store.end(connection);
        for event in std::mem::take(&mut self.waiting) {
            self.soon(event);
        }
    }

    fn advance(&mut self, at: At, transaction: &mut Transaction) -> Result<Next, Broken> {
        match &mut transaction.stage {
            Stage::Locking(merchants, read) => match merchants.front() {
                Some(merchant) if self.mutant != Some(Mutant::SkipLock) => {
                    match self.store.lock(transaction.connection, *merchant, self.now) {
                        Lock::Had => drop(merchants.pop_front()),
                        Lock::Taken if self.now - transaction.begun < LOCK_TIMEOUT => return Ok(Next::Waits),
                        Lock::Taken | Lock::Gone => {
                            self.watch.seen.note("lock not had");
                            self.fail(at, transaction);
                            return Ok(Next::Over);
                        }
                    }
                }
                _ => {
                    let books = read.take().unwrap_or_else(|| self.store.load(&transaction.commands));
                    transaction.stage = Stage::Loaded(books);
                }
            },
            Stage::Loaded(books) => {
                let now = self.clock(at.process);
                let decided = decide_all(self.mutant, books, &transaction.commands, &self.plan.rules(), now);
                let writes = decided.map_err(|what| Broken { promise: promise::LOADED, how: what.to_string() })?;
                if self.mutant == Some(Mutant::AnswerBeforeCommit) {
                    self.answer(at, transaction, &writes);
                }
                transaction.stage = Stage::Decided(Box::new(writes), now);
            }
            Stage::Decided(writes, now) => {
                let (writes, now) = (std::mem::take(writes), *now);
                self.commit(at, transaction, &writes, now)?;
                return Ok(Next::Over);
            }
        }
        Ok(Next::GoesOn)
    }

    fn commit(&mut self, at: At, transaction: &mut Transaction, writes: &Writes, now: Timestamp) -> Kept {
        let unknown = self.strike(self.plan.faults.unknown_commit);
        let arrives = !unknown || self.dice.one_in(2);
        if arrives {
            self.write(&transaction.commands, writes, now)?;
        }
        self.end(transaction.connection);
        if unknown {
            self.fail(at, transaction);
        } else if self.mutant != Some(Mutant::AnswerBeforeCommit) {
            self.answer(at, transaction, writes);
        }
        Ok(())
    }

    fn write(&mut self, commands: &[Command], writes: &Writes, now: Timestamp) -> Kept {
        self.figures.commits += 1;
        self.figures.payouts += writes.new_payouts.len() as u64;
        self.store.write(writes);
        self.watch.committed(commands, writes, now)
    }

    fn answer(&mut self, at: At, transaction: &mut Transaction, writes: &Writes) {
        let outcomes = writes.replies.iter().cloned().map(Some);
        for ((command, asker), outcome) in transaction.commands.iter().zip(transaction.askers.drain(..)).zip(outcomes) {
            self.tell(at, command, asker, outcome);
        }
    }

    /// Nothing was written, or it is unknown whether it was.
    fn fail(&mut self, at: At, transaction: &mut Transaction) {
        self.end(transaction.connection);
        for (command, asker) in transaction.commands.iter().zip(transaction.askers.drain(..)) {
            self.tell(at, command, asker, None);
        }
    }

    fn tell(&mut self, at: At, command: &Command, asker: Asker, outcome: Outcome) {
        match asker {
            Asker::Client(client, request) => self.send(Event::Answered(client, request, outcome)),
            Asker::Claim => self.soon(Event::Claimed(at, outcome)),
            Asker::Report(tries) => self.soon(Event::Reported(at, command.clone(), tries, outcome)),
            Asker::Return(rail, line) => self.soon(Event::Returned(rail, line, outcome)),
            Asker::Nobody => {}
        }
    }

    /// Its memory is lost; its sent messages still arrive. Its connections close at once, or the server notices much
    /// later.
    pub fn die(&mut self, at: At, during: &Event) -> Kept {
        let seen_at_once = self.dice.one_in(2);
        let mut dead = Vec::new();
        for (number, lane) in self.processes[at.process].lanes.iter_mut().enumerate() {
            lane.waiting.clear();
            dead.extend(lane.under_way.take().map(|transaction| (number, transaction)));
        }
        let process = &mut self.processes[at.process];
        process.calls.clear();
        process.claims = 0;
        process.life += 1;
        process.alive = false;
        let wait = self.dice.between(100 * MILLISECOND, 20 * SECOND);
        self.schedule(self.now + wait, Event::Back(at.process));
        for (number, transaction) in dead {
            if seen_at_once {
                self.end(transaction.connection);
            }
            let commits = matches!(during, Event::Transaction(_, current, _) if *current == number);
            if let (true, Some(Mutant::TornCommit), Stage::Decided(writes, now)) =
                (commits, self.mutant, transaction.stage)
            {
                let half = Writes { records: Vec::new(), events: Vec::new(), ..*writes };
                self.write(&transaction.commands, &half, now)?;
            }
        }
        Ok(())
    }

    pub fn revive(&mut self, number: usize) {
        let process = &mut self.processes[number];
        process.stopped_until = 0;
        if !std::mem::replace(&mut process.alive, true) && process.is_worker {
            self.soon(Event::Look(self.at(number)));
        }
    }
}
