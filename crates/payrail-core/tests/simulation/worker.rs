//! A worker: looks for what is due, claims it, calls the bank, reports. It knows nothing of its calls but what it
//! keeps in memory, and hears of them late, twice, or never.

use payrail_core::command::{Action, Command, Exchange, Reply};
use payrail_core::ids::{MerchantId, PayoutId};
use payrail_core::payout::{Attempt, BankAnswer, Step};

use crate::common::mutant::reference;
use crate::event::{Asker, At, Event, Outcome};
use crate::plan::{HOUR, MILLISECOND, SECOND};
use crate::world::{World, instant};

/// Shorter than the lease, as it must be.
const BANK_TIMEOUT: i64 = 30 * SECOND;
const REPORT_TRIES: u32 = 6;

/// A call that a worker waits for.
pub struct OpenCall {
    merchant: MerchantId,
    payout: PayoutId,
    number: u32,
}

/// A call on its way to the bank. Which payout it is really for is known to the watch alone.
#[derive(Clone, Debug)]
pub struct Sent {
    pub payout: PayoutId,
    pub number: u32,
    pub step: Step,
    pub reference: String,
    pub back: (At, u64),
}

impl World {
    pub fn look(&mut self, at: At) {
        let process = &self.processes[at.process];
        let free = if process.claims > 0 { 0 } else { self.plan.slots.saturating_sub(process.calls.len()) };
        let due: Vec<_> = self.store.due(self.clock(at.process)).take(free).collect();
        self.processes[at.process].claims += due.len();
        for (merchant, payout) in due {
            let action = Action::Claim { payout, worker: format!("worker-{}-{}", at.process, at.life) };
            self.enter(at, Command { merchant, action }, Asker::Claim);
        }
        let returns = if self.calm || self.dice.one_in(4) { self.bank.returns_to_take() } else { Vec::new() };
        for (number, payout, line) in returns {
            let action = Action::Return { payout, line };
            self.enter(at, Command { merchant: self.owner(payout), action }, Asker::Return(number));
        }
        let next = self.now + self.rest();
        self.schedule(next, Event::Look(at));
    }

    /// In the calm a worker need not look before there is something to see.
    fn rest(&mut self) -> i64 {
        let returns = !self.bank.all_returns_are_taken();
        let busy = !self.calm || returns || self.clients.iter().any(|client| !client.is_content());
        let poll = if busy { self.dice.between(50 * MILLISECOND, 5 * SECOND) } else { i64::MAX };
        let due = self.store.next_due().map_or(poll, |at| at.duration_since(instant(self.now)).as_micros() as i64);
        due.clamp(100 * MILLISECOND, poll.clamp(200 * MILLISECOND, HOUR))
    }

    pub fn begin_call(&mut self, at: At, outcome: Outcome) {
        self.processes[at.process].claims -= 1;
        let Some(Ok(Reply::Claimed { payout, attempt })) = outcome else { return };
        let (merchant, number) = (self.owner(payout.id), attempt.number);
        if self.strike(self.plan.faults.release) {
            let action = Action::Release { payout: payout.id, number };
            return self.enter(at, Command { merchant, action }, Asker::Report(0));
        }
        let not_sent = self.strike(self.plan.faults.unreachable);
        if not_sent {
            let answer = BankAnswer::Unreachable { why: "connection refused".to_owned() };
            self.report(at, merchant, payout.id, number, answer);
        }
        // Now and then a worker is wrong about it: no harm may come of that either.
        if !not_sent || self.dice.one_in(4) {
            self.call(at, merchant, attempt, not_sent);
        }
    }

    fn call(&mut self, at: At, merchant: MerchantId, attempt: Attempt, given_up: bool) {
        let Attempt { payout, number, step, .. } = attempt;
        self.tickets += 1;
        let back = (at, self.tickets);
        if !given_up {
            self.processes[at.process].calls.insert(back.1, OpenCall { merchant, payout, number });
            let silence = BankAnswer::NoAnswer { why: "timeout".to_owned() };
            self.schedule(self.now + BANK_TIMEOUT, Event::Heard(at, back.1, silence));
        }
        let reference = reference(self.mutant, payout, number);
        self.send(Event::AtBank(Sent { payout, number, step, reference, back }));
    }

    /// The bank's answer or the end of patience, whichever is first.
    pub fn hear(&mut self, at: At, ticket: u64, answer: BankAnswer) {
        if let Some(OpenCall { merchant, payout, number }) = self.processes[at.process].calls.remove(&ticket) {
            self.report(at, merchant, payout, number, answer);
        }
    }

    fn report(&mut self, at: At, merchant: MerchantId, payout: PayoutId, number: u32, answer: BankAnswer) {
        let action = Action::Report { payout, number, answer, exchange: Exchange::default() };
        let command = Command { merchant, action };
        if self.strike(self.plan.faults.double_report) {
            let wait = self.dice.between(0, 90 * SECOND);
            self.schedule(self.now + wait, Event::Asked(at, command.clone(), Asker::Nobody));
        }
        self.enter(at, command, Asker::Report(0));
    }

    /// Tries again while nobody knows; in the end the lease's end will bring an enquiry.
    pub fn reported(&mut self, at: At, command: Command, tries: u32, outcome: Outcome) {
        if outcome.is_none() && tries < REPORT_TRIES {
            let wait = (100 * MILLISECOND) << tries;
            self.schedule(self.now + wait, Event::Asked(at, command, Asker::Report(tries + 1)));
        }
    }
}
