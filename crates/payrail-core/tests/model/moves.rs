//! The possible next moves and their effects. The client, the workers and the operator send commands; the real decision
//! answers; the bank may do anything.

use std::collections::BTreeMap;

use payrail_core::bank_return::BankReturn;
use payrail_core::book::Book;
use payrail_core::command::{Action, Command, Refusal};
use payrail_core::ledger::EntryKind;
use payrail_core::payout::{AttemptKind, AttemptOutcome, BankAnswer, Exchange};
use payrail_core::writes::Writes;
use payrail_types::ids::PayoutId;

use crate::common::bank::{Call, Mood, Verdict, arrive, known, silence};
use crate::common::mutant::{Mutant, decide_all, reference};
use crate::common::{at, by, create_on, is_legal, key, line, merchant, note_needs, payout_id};
use crate::promises;
use crate::state::{Life, ModelState, Open, number};
use crate::{Extent, Rules};

pub const WORKERS: [&str; 2] = ["worker-1", "worker-2"];

#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// The client sends a request or a retry.
    Create {
        key: u8,
    },
    Cancel(usize),
    Claim(usize, &'static str),
    /// A call reaches the bank, however late, and possibly for the second time.
    Arrive(usize, Mood),
    /// A worker reports the answer to a call, or silence, whether or not the bank has answered.
    Report(usize),
    GiveUp(usize),
    /// A worker reports that its call was never sent, rightly or (`sent`) wrongly.
    NotSent {
        call: usize,
        release: bool,
        sent: bool,
    },
    Ask(usize),
    /// An operator ends a doubt by the bank's written answer.
    Decide(usize),
    /// A worker reads a line of the bank's list of returns.
    Return(usize, Line),
    /// A transaction writes, or its process dies.
    Commit(usize),
    Die(usize),
}

/// What a line states about a paid payout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line {
    True,
    /// True except for its number.
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

impl ModelState {
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
            // A return of an unpaid payout is always an exception; the histories try that.
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
            let open = !self.bank(call.payout).has_decided(&call.reference);
            let moods = Mood::ALL.into_iter().filter(|mood| match call.step {
                AttemptKind::Submit if open => mood.closes,
                AttemptKind::Close if open => mood.pays,
                _ => mood.pays && mood.closes,
            });
            moves.extend(moods.map(|mood| Move::Arrive(n, mood)));
            moves.extend([Move::Report(n), Move::GiveUp(n)]);
            for (release, sent) in [(false, false), (false, true), (true, false), (true, true)] {
                moves.extend(whole.then_some(Move::NotSent { call: n, release, sent }));
            }
        }
    }

    /// The state after a move, if the move is possible.
    pub fn after(&self, next: &Move, rules: &Rules) -> Option<ModelState> {
        let mut state = self.clone();
        match next {
            Move::Arrive(call, mood) => state.arrive(*call, *mood),
            Move::Commit(open) => {
                let Open { command, read } = state.open.remove(*open);
                state.write(&decide(&command, read, rules), rules);
            }
            Move::Die(open) => drop(state.open.remove(*open)),
            asked => {
                let command = Command { merchant: merchant(0), action: state.action(asked, rules)? };
                let read = state.book.clone();
                let writes = decide(&command, read.clone(), rules);
                if rules.extent != Extent::Whole {
                    state.write(&writes, rules);
                } else if !writes.is_empty() {
                    state.open.push(Open { command, read });
                }
            }
        }
        let state = state.in_essence(rules);
        (state != *self).then_some(state)
    }

    fn action(&mut self, asked: &Move, rules: &Rules) -> Option<Action> {
        let id = |payout: &usize| payout_id(merchant(0), *payout);
        let report = |call: &Call, answer| {
            let exchange = Exchange::default();
            Action::Report { payout: call.payout, number: call.number, answer, exchange }
        };
        Some(match asked {
            // The engine gives every try an id of its own.
            Move::Create { key: number } => {
                let rail = rules.rails[rules.rail(self.lives.len())].0;
                create_on(rail, id(&self.lives.len()), key(*number), 1, "account")
            }
            Move::Cancel(payout) => Action::Cancel { payout: id(payout) },
            Move::Claim(payout, worker) => {
                let rail = if rules.mutant == Some(Mutant::MixRails) { 0 } else { rules.rail(*payout) };
                let bank = Some(rules.bank(rail));
                Action::Claim { payout: id(payout), worker: (*worker).to_owned(), bank }
            }
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
                let is_in_doubt = self.book.payouts.get(&payout)?.as_ref()?.is_in_doubt();
                let bank = &mut self.banks[rules.rail(number(payout))];
                // The bank's staff block what the bank itself can neither close nor promise not to pay.
                let is_blocked =
                    is_in_doubt && bank.abilities.need_a_person() && *bank.close_by_hand(payout) == Verdict::Closed;
                let verdict = known(bank.verdict(payout)?);
                self.life(payout).never |= is_blocked;
                Action::Decide { payout, verdict, reason: "the bank wrote so".to_owned(), by: by("Bela", 0) }
            }
            Move::Return(payout, line) => {
                let life = &mut self.lives[*payout];
                life.came_back |= matches!(line, Line::True | Line::Again);
                let payout = id(payout);
                let Some(Verdict::Paid { utr }) = self.bank(payout).verdict(payout) else { return None };
                Action::Return { payout, line: line.of(payout, utr.as_str()) }
            }
            Move::Arrive(..) | Move::Commit(_) | Move::Die(_) => return None,
        })
    }

    pub fn arrive(&mut self, n: usize, mood: Mood) {
        let Call { payout, step, number: attempt, .. } = self.calls[n];
        let rail = number(payout) % self.banks.len();
        let bank = &mut self.banks[rail];
        let (before, is_final) = (bank.payments(), bank.abilities.is_final);
        let Some(answer) = arrive(&mut self.calls, n, bank, mood) else { return };
        let paid = bank.payments() > before;
        let newest = attempt == self.payout(payout).attempts;
        let life = self.life(payout);
        life.paid += u8::from(paid);
        life.never |= matches!(answer, BankAnswer::Refused { .. } | BankAnswer::Closed);
        if newest && step == AttemptKind::Enquire && answer == BankAnswer::NeverReceived {
            (life.told, life.denied) = (false, is_final);
        }
    }

    /// Applies the writes of a decision.
    pub fn write(&mut self, writes: &Writes, rules: &Rules) {
        if let [Err(Refusal::Inconsistent(_))] = writes.replies[..] {
            self.broken = Some(promises::DERIVED);
        }
        for (_, payout) in &writes.new_payouts {
            self.book.payouts.insert(payout.id, Some(payout.clone()));
            self.lives.push(Life::default());
        }
        for (_, record) in &writes.records {
            self.book.records.insert(record.key, Some(record.clone()));
        }
        for (_, payout) in &writes.updated_payouts {
            let before = self.book.payouts.insert(payout.id, Some(payout.clone()));
            let before = before.flatten().map(|before| before.status());
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
            self.book.returns.insert(taken.line.id(), Some(taken.known()));
            if taken.credited {
                self.book.credited.insert(taken.payout, Some(taken.line.id()));
            }
        }
        self.take_calls(writes, rules);
    }

    fn take_calls(&mut self, writes: &Writes, rules: &Rules) {
        for (_, end) in &writes.closed {
            if matches!(end.outcome, AttemptOutcome::Unreachable | AttemptOutcome::Released) {
                self.life(end.payout).told = false;
            }
        }
        for (_, attempt) in &writes.opened {
            let submissions = self.payout(attempt.payout).submissions;
            let rail = rules.rail(number(attempt.payout));
            let asks_for_too_much = attempt.kind == AttemptKind::Close && !self.banks[rail].abilities.closes;
            if attempt.bank != Some(rules.bank(rail)) || asks_for_too_much {
                self.broken = Some(promises::OWN_BANK);
            }
            let life = self.life(attempt.payout);
            life.claimed = true;
            life.denied &= attempt.kind != AttemptKind::Submit;
            if attempt.kind == AttemptKind::Submit && std::mem::replace(&mut life.told, true) {
                self.broken = Some(promises::PAID_TWICE);
            }
            self.calls.push(Call::new(attempt, reference(rules.mutant, attempt.payout, submissions)));
        }
    }

    fn life(&mut self, payout: PayoutId) -> &mut Life {
        &mut self.lives[number(payout)]
    }
}

/// The real decision on the book that was read.
pub fn decide(command: &Command, read: Book, rules: &Rules) -> Writes {
    let mut read = read;
    note_needs(&mut read, &command.action);
    let mut books = BTreeMap::from([(merchant(0), Some(read))]);
    let writes = decide_all(rules.mutant, &mut books, std::slice::from_ref(command), &rules.of_decisions(), at(0));
    writes.expect("all that is needed was loaded")
}
