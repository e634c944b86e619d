//! What may happen next, and what comes of it: the client, the workers and the operator ask; the real decision
//! answers; the bank does as it pleases.

use std::collections::BTreeMap;

use payrail_core::bank_return::{BankReturn, KnownReturn};
use payrail_core::command::{Action, Command, Exchange, Refusal};
use payrail_core::decide::{Book, Writes};
use payrail_core::ids::PayoutId;
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{BankAnswer, Step};

use crate::common::bank::{Call, Mood, Verdict, known, silence};
use crate::common::mutant::{Mutant, decide_all, reference};
use crate::common::{at, by, create, is_legal, key, line, merchant, note_needs, payout_id};
use crate::promises;
use crate::scene::{Life, Open, Scene};
use crate::{Extent, Rules};

pub const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// The client asks, for the first time or again.
    Create {
        key: u8,
    },
    Cancel(usize),
    Claim(usize, &'static str),
    /// A call reaches the bank, however long ago it was sent, and for the second time or not.
    Arrive(usize, Mood),
    /// A worker reports what it heard of a call; or silence, whether or not the bank has answered.
    Report(usize),
    GiveUp(usize),
    /// A worker says that its call never left: rightly, or (`sent`) not.
    NotSent {
        call: usize,
        release: bool,
        sent: bool,
    },
    Ask(usize),
    /// An operator ends a doubt as the bank has it in writing.
    Decide(usize),
    /// A worker reads a line of the bank's list of returns.
    Return(usize, Line),
    /// A transaction writes, or its process dies.
    Commit(usize),
    Die(usize),
}

/// What a line says of a payout that was paid.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line {
    True,
    /// True, but for its number.
    Again,
    OtherAmount,
    OtherUtr,
}

impl Line {
    const ALL: [Line; 4] = [Self::True, Self::Again, Self::OtherAmount, Self::OtherUtr];

    fn of(self, payout: PayoutId, utr: &str) -> BankReturn {
        match self {
            Self::True => line(1, payout, 1, utr),
            Self::Again => line(2, payout, 1, utr),
            Self::OtherAmount => line(3, payout, 2, utr),
            Self::OtherUtr => line(4, payout, 1, "UTR-OF-NOBODY"),
        }
    }
}

impl Scene {
    pub fn may_follow(&self, rules: &Rules, moves: &mut Vec<Move>) {
        let whole = rules.extent == Extent::Whole;
        self.calls_move(whole, moves);
        for open in 0..self.open.len() {
            moves.extend([Move::Commit(open), Move::Die(open)]);
        }
        let together = match rules.mutant {
            Some(Mutant::SkipLock | Mutant::ReadBeforeLock) => 2,
            _ => 1,
        };
        if self.open.len() >= together {
            moves.retain(|next| matches!(next, Move::Arrive(..) | Move::Commit(_) | Move::Die(_)));
            return;
        }
        if self.lives.len() <= rules.keys {
            moves.extend((0..rules.keys as u8).map(|key| Move::Create { key }));
        }
        for (payout, (_, life)) in self.payouts().enumerate() {
            // A return of what was not paid is an exception whatever it says; the histories try that.
            let is_told = rules.extent == Extent::Returns && life.paid > 0;
            moves.extend(Line::ALL.into_iter().filter(|_| is_told).map(|line| Move::Return(payout, line)));
        }
        for payout in 0..self.lives.len() {
            moves.extend([Move::Cancel(payout), Move::Claim(payout, WORKERS[0])]);
            if whole {
                moves.extend([Move::Claim(payout, WORKERS[1]), Move::Ask(payout), Move::Decide(payout)]);
            }
        }
    }

    fn calls_move(&self, whole: bool, moves: &mut Vec<Move>) {
        for (n, call) in self.calls.iter().enumerate() {
            let open = !self.bank.has_decided(&call.reference);
            let moods = Mood::ALL.into_iter().filter(|mood| match call.step {
                Step::Submit if open => mood.closes,
                Step::Close if open => mood.pays,
                _ => mood.pays && mood.closes,
            });
            moves.extend(moods.map(|mood| Move::Arrive(n, mood)));
            moves.extend([Move::Report(n), Move::GiveUp(n)]);
            for (release, sent) in [(false, false), (false, true), (true, false), (true, true)] {
                moves.extend(whole.then_some(Move::NotSent { call: n, release, sent }));
            }
        }
    }

    /// The scene after a move, if there is one.
    pub fn after(&self, next: &Move, rules: &Rules) -> Option<Scene> {
        let mut scene = self.clone();
        match next {
            Move::Arrive(call, mood) => scene.arrive(*call, *mood),
            Move::Commit(open) => {
                let Open { command, read } = scene.open.remove(*open);
                scene.write(&decide(&command, read, rules), rules);
            }
            Move::Die(open) => drop(scene.open.remove(*open)),
            asked => {
                let command = Command { merchant: merchant(0), action: scene.action(asked)? };
                let read = scene.book.clone();
                let writes = decide(&command, read.clone(), rules);
                if rules.extent != Extent::Whole {
                    scene.write(&writes, rules);
                } else if !writes.is_empty() {
                    scene.open.push(Open { command, read });
                }
            }
        }
        let scene = scene.in_essence(rules);
        (scene != *self).then_some(scene)
    }

    fn action(&mut self, asked: &Move) -> Option<Action> {
        let id = |payout: &usize| payout_id(merchant(0), *payout);
        let report = |call: &Call, answer| {
            let exchange = Exchange::default();
            Action::Report { payout: call.payout, number: call.number, answer, exchange }
        };
        Some(match asked {
            // The door gives every try an id of its own.
            Move::Create { key: number } => create(id(&self.lives.len()), key(*number), 1, "account"),
            Move::Cancel(payout) => Action::Cancel { payout: id(payout) },
            Move::Claim(payout, worker) => Action::Claim { payout: id(payout), worker: (*worker).to_owned() },
            Move::Report(call) => report(&self.calls[*call], self.calls[*call].answer.clone()?),
            Move::GiveUp(call) => report(&self.calls[*call], silence()),
            Move::NotSent { call, release, sent } => {
                let call = &mut self.calls[*call];
                if !sent && call.answer.is_some() {
                    return None;
                }
                call.withheld = !sent;
                let answer = BankAnswer::Unreachable { why: "connection refused".to_owned() };
                if *release {
                    Action::Release { payout: call.payout, number: call.number }
                } else {
                    report(call, answer)
                }
            }
            Move::Ask(payout) => Action::Ask { payout: id(payout), by: by("Ana", 0) },
            Move::Decide(payout) => {
                let payout = id(payout);
                let verdict = known(self.bank.verdict(payout)?);
                Action::Decide { payout, verdict, reason: "the bank wrote so".to_owned(), by: by("Bela", 0) }
            }
            Move::Return(payout, line) => {
                let life = &mut self.lives[*payout];
                life.came_back |= matches!(line, Line::True | Line::Again);
                let payout = id(payout);
                let Some(Verdict::Paid { utr }) = self.bank.verdict(payout) else { return None };
                Action::Return { payout, line: line.of(payout, utr) }
            }
            Move::Arrive(..) | Move::Commit(_) | Move::Die(_) => return None,
        })
    }

    pub fn arrive(&mut self, n: usize, mood: Mood) {
        let before = self.bank.payments();
        let call = &mut self.calls[n];
        let Some(answer) = call.arrive(&mut self.bank, mood) else { return };
        let (payout, step, number) = (call.payout, call.step, call.number);
        let (newest, paid) = (number == self.book.payouts[&payout].calls, self.bank.payments() > before);
        let life = self.life(payout);
        life.paid += u8::from(paid);
        life.never |= matches!(answer, BankAnswer::Refused { .. } | BankAnswer::Closed);
        if newest && step == Step::Enquire && answer == BankAnswer::NeverReceived {
            life.told = false;
        }
    }

    /// What was decided is written over what there is.
    pub fn write(&mut self, writes: &Writes, rules: &Rules) {
        if let [Err(Refusal::Inconsistent(_))] = writes.replies[..] {
            self.broken = Some(promises::DERIVED);
        }
        for (_, payout) in &writes.new_payouts {
            self.book.payouts.insert(payout.id, payout.clone());
            self.lives.push(Life::default());
        }
        for (_, record) in &writes.records {
            self.book.records.insert(record.key, record.clone());
        }
        for (_, payout) in &writes.steps {
            let before = self.book.payouts.insert(payout.id, payout.clone()).map(|before| before.status());
            if !before.is_some_and(|before| is_legal(before, payout.status())) {
                self.broken = Some(promises::LEGAL_MOVES);
            }
        }
        for (_, entry) in &writes.entries {
            let Some(payout) = entry.payout else { continue };
            match entry.kind {
                EntryKind::Settle => self.life(payout).settled += 1,
                EntryKind::Refund => self.life(payout).refunded += 1,
                EntryKind::Return => self.life(payout).returned += 1,
                EntryKind::Fund | EntryKind::Hold => {}
            }
        }
        for (_, taken) in &writes.returns {
            let known = KnownReturn { payout: taken.payout, credited: taken.credited };
            self.book.returns.insert(taken.line.id(), known);
        }
        self.take_calls(writes, rules);
    }

    fn take_calls(&mut self, writes: &Writes, rules: &Rules) {
        for (_, end) in &writes.closed {
            if matches!(end.outcome, "unreachable" | "released") {
                self.life(end.payout).told = false;
            }
        }
        for (_, attempt) in &writes.opened {
            let submissions = self.book.payouts[&attempt.payout].attempts;
            let life = self.life(attempt.payout);
            life.claimed = true;
            if attempt.step == Step::Submit && std::mem::replace(&mut life.told, true) {
                self.broken = Some(promises::PAID_TWICE);
            }
            self.calls.push(Call::new(attempt, reference(rules.mutant, attempt.payout, submissions)));
        }
    }

    fn life(&mut self, payout: PayoutId) -> &mut Life {
        let place = self.book.payouts.keys().position(|id| *id == payout).expect("a payout of this book");
        &mut self.lives[place]
    }
}

/// The real decision on what was read.
pub fn decide(command: &Command, read: Book, rules: &Rules) -> Writes {
    let mut read = read;
    note_needs(&mut read, &command.action);
    let mut books = BTreeMap::from([(merchant(0), read)]);
    let writes = decide_all(rules.mutant, &mut books, std::slice::from_ref(command), &rules.policy, at(0));
    writes.expect("all that is needed was loaded")
}
