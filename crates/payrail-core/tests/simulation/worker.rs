//! A worker: finds due payouts, claims them, calls the bank, reports. It keeps its calls only in memory, and gets their
//! answers late, twice, or never.

use payrail_core::command::{Action, Command, Reply};
use payrail_core::payout::{Attempt, AttemptKind, BankAnswer, Exchange};
use payrail_types::ids::{MerchantId, PayoutId};

use crate::common::mutant::{Mutant, reference};
use crate::event::{Asker, At, Event, Outcome};
use crate::plan::{HOUR, MILLISECOND, SECOND};
use crate::world::{World, instant};

/// It must be shorter than the lease.
const BANK_TIMEOUT: i64 = 30 * SECOND;
const REPORT_TRIES: u32 = 6;

/// A call whose answer a worker waits for.
pub struct OpenCall {
    merchant: MerchantId,
    payout: PayoutId,
    number: u32,
}

/// A call on its way to the bank. Only the checks know which payout it is really for.
#[derive(Clone, Debug)]
pub struct Sent {
    /// To the bank of this rail.
    pub rail: usize,
    pub payout: PayoutId,
    pub number: u32,
    pub step: AttemptKind,
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
            let rail = match self.mutant {
                Some(Mutant::MixRails) => self.dice.below(self.plan.rails.len()),
                _ => self.watch.rail(payout),
            };
            let (worker, bank) = (format!("worker-{}-{}", at.process, at.life), Some(self.plan.bank(rail)));
            self.enter(at, Command { merchant, action: Action::Claim { payout, worker, bank } }, Asker::Claim);
        }
        let looks = self.calm || self.dice.one_in(4);
        let lists = (0..self.banks.len()).filter(|_| looks);
        let returns: Vec<_> = lists.flat_map(|rail| self.banks[rail].returns_to_take(rail)).collect();
        for (rail, number, payout, line) in returns {
            let action = Action::Return { payout, line };
            self.enter(at, Command { merchant: self.owner(payout), action }, Asker::Return(rail, number));
        }
        let next = self.now + self.rest();
        self.schedule(next, Event::Look(at));
    }

    /// Without faults a worker need not poll before something is due.
    fn rest(&mut self) -> i64 {
        let returns = !self.all_returns_are_taken();
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
        // Sometimes the worker is wrong about this, which must do no harm.
        if !not_sent || self.dice.one_in(4) {
            self.call(at, merchant, attempt, not_sent);
        }
    }

    fn call(&mut self, at: At, merchant: MerchantId, attempt: Attempt, given_up: bool) {
        let Attempt { payout, number, kind: step, bank, .. } = attempt;
        let rail = (0..self.banks.len()).find(|rail| Some(self.plan.bank(*rail)) == bank).expect("one of the banks");
        self.tickets += 1;
        let back = (at, self.tickets);
        if !given_up {
            self.processes[at.process].calls.insert(back.1, OpenCall { merchant, payout, number });
            let silence = BankAnswer::NoAnswer { why: "timeout".to_owned() };
            self.schedule(self.now + BANK_TIMEOUT, Event::Heard(at, back.1, silence));
        }
        let reference = reference(self.mutant, payout, number);
        self.send(Event::AtBank(Sent { rail, payout, number, step, reference, back }));
    }

    /// The bank's answer or the timeout, whichever is first.
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

    /// Retries while the outcome is unknown. At last the lease's expiry leads to an enquiry.
    pub fn reported(&mut self, at: At, command: Command, tries: u32, outcome: Outcome) {
        if outcome.is_none() && tries < REPORT_TRIES {
            let wait = (100 * MILLISECOND) << tries;
            self.schedule(self.now + wait, Event::Asked(at, command, Asker::Report(tries + 1)));
        }
    }
}
