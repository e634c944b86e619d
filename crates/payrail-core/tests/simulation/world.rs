//! The world of one run: a virtual clock, all participants, and the scheduled events.

use std::collections::BTreeMap;

use jiff::Timestamp;
use payrail_types::ids::{MerchantId, PayoutId};

use crate::bankside::BankSide;
use crate::client::Client;
use crate::common::merchant;
use crate::common::mutant::Mutant;
use crate::dice::{Dice, Odds};
use crate::event::{At, Event};
use crate::plan::{HOUR, MILLISECOND, MINUTE, Plan, SECOND};
use crate::process::Process;
use crate::store::Store;
use crate::watch::{Broken, Kept, Watch, ensure, promise};

/// The figures of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    pub steps: u64,
    pub commits: u64,
    pub payouts: u64,
    pub faults: u64,
}

impl Figures {
    pub fn add(&mut self, more: &Figures) {
        self.steps += more.steps;
        self.commits += more.commits;
        self.payouts += more.payouts;
        self.faults += more.faults;
    }
}

pub struct World {
    pub mutant: Option<Mutant>,
    pub dice: Dice,
    pub plan: Plan,
    /// Microseconds since the beginning.
    pub now: i64,
    /// The error of the shared clock.
    pub jumped: i64,
    pub store: Store,
    /// One per rail.
    pub banks: Vec<BankSide>,
    pub processes: Vec<Process>,
    pub clients: Vec<Client>,
    pub watch: Watch,
    pub figures: Figures,
    /// The trace of all steps, if wanted.
    pub trace: Option<Vec<String>>,
    pub deeds: usize,
    pub ids: usize,
    pub tickets: u64,
    /// Whether the faults have stopped.
    pub calm: bool,
    /// The processes that wait for a lock.
    pub waiting: Vec<Event>,
    events: BTreeMap<(i64, u64), Event>,
    scheduled: u64,
}

/// More than any run needs after its faults: what is unfinished then is stranded.
const LONGEST_CALM: i64 = 12 * HOUR;

impl World {
    pub fn new(seed: u64, mutant: Option<Mutant>, traced: bool) -> Self {
        let mut dice = Dice::new(seed);
        let plan = Plan::draw(&mut dice);
        let mut world = Self {
            mutant,
            now: 0,
            jumped: 0,
            store: Store::new((0..plan.merchants).map(merchant)),
            banks: plan.rails.iter().map(|(_, policy)| BankSide::new(policy)).collect(),
            processes: Vec::new(),
            clients: Vec::new(),
            watch: Watch::new(plan.rails),
            figures: Figures::default(),
            trace: traced.then(Vec::new),
            deeds: 0,
            ids: 0,
            tickets: 0,
            calm: false,
            waiting: Vec::new(),
            events: BTreeMap::new(),
            scheduled: 0,
            dice,
            plan,
        };
        for number in 0..plan.apis + plan.workers {
            let skew = world.dice.between(0, plan.skew);
            world.processes.push(Process::new(number >= plan.apis, plan.lanes, skew));
            let at = world.at(number);
            if number >= plan.apis {
                world.soon(Event::Look(at));
            }
        }
        for number in 0..plan.clients {
            let owner = merchant((number % usize::from(plan.merchants)) as u8);
            world.clients.push(Client::new(number, owner, plan.wishes));
            world.soon(Event::Client(number));
        }
        world.soon(Event::Operator);
        world
    }

    /// Runs with faults, then without, then delivers the remaining messages.
    pub fn run(&mut self) -> Kept {
        while self.figures.steps < self.plan.storm && self.next()? {}
        self.calm_down();
        let end = self.now + LONGEST_CALM;
        while !self.is_done() && self.now < end && self.next()? {}
        self.nothing_is_stranded()?;
        self.late_calls_arrive()?;
        self.audit()
    }

    fn next(&mut self) -> Result<bool, Broken> {
        let Some(((time, _), event)) = self.events.pop_first() else { return Ok(false) };
        self.now = self.now.max(time);
        self.figures.steps += 1;
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>12} {event:?}", self.now));
        }
        if self.strike(self.plan.faults.clock_jump) {
            self.jumped = self.dice.pick(&[-25 * HOUR, 0, 25 * HOUR]);
        }
        match event.process() {
            Some(at) if self.strikes(at, &event)? => {}
            _ => self.happen(event)?,
        }
        Ok(true)
    }

    fn happen(&mut self, event: Event) -> Kept {
        match event {
            Event::Client(number) => self.client_acts(number),
            Event::Asked(at, command, asker) => self.enter(at, command, asker),
            Event::Transaction(at, lane, turn) => return self.transaction(at, lane, turn),
            Event::Answered(client, request, outcome) => return self.client_hears(client, request, outcome),
            Event::Claimed(at, outcome) => self.begin_call(at, outcome),
            Event::Reported(at, command, tries, outcome) => self.reported(at, command, tries, outcome),
            Event::Look(at) => self.look(at),
            Event::AtBank(call) => return self.arrive(call),
            Event::Heard(at, ticket, heard) => self.hear(at, ticket, heard),
            Event::Returned(rail, line, outcome) => self.banks[rail].hear_of_return(line, &outcome),
            Event::Operator => self.operate(),
            Event::Back(process) => self.revive(process),
        }
        Ok(())
    }

    /// Whether a fault replaces the step: its process is dead, suspended, or dies now.
    fn strikes(&mut self, at: At, event: &Event) -> Result<bool, Broken> {
        let process = &self.processes[at.process];
        if process.life != at.life || !process.alive {
            return Ok(true);
        }
        if process.stopped_until > self.now {
            let (until, event) = (process.stopped_until, event.clone());
            self.schedule(until, event);
            return Ok(true);
        }
        if self.strike(self.plan.faults.death) {
            self.die(at, event)?;
            return Ok(true);
        }
        if self.strike(self.plan.faults.pause) {
            let pause = self.dice.pick(&[SECOND, 40 * SECOND, 70 * SECOND, 10 * MINUTE]);
            self.processes[at.process].stopped_until = self.now + pause;
            self.schedule(self.now + pause, event.clone());
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether a fault happens; never once the faults have stopped.
    pub fn strike(&mut self, odds: Odds) -> bool {
        let strikes = !self.calm && self.dice.happens(odds);
        self.figures.faults += u64::from(strikes);
        strikes
    }

    fn calm_down(&mut self) {
        self.calm = true;
        self.jumped = 0;
        for number in 0..self.processes.len() {
            self.revive(number);
        }
    }

    fn is_done(&self) -> bool {
        self.store.next_due().is_none()
            && self.clients.iter().all(Client::is_content)
            && self.all_returns_are_taken()
            && self.processes.iter().all(Process::is_idle)
    }

    fn nothing_is_stranded(&self) -> Kept {
        let open = self.store.payouts().find(|(_, payout)| payout.due_at().is_some());
        ensure(open.is_none(), promise::STRANDED, || format!("{open:?}"))?;
        let waiting = self.clients.iter().find(|client| !client.is_content());
        ensure(waiting.is_none(), promise::STRANDED, || format!("no answer for {waiting:?}"))?;
        ensure(self.all_returns_are_taken(), promise::STRANDED, || "a return is not booked".to_owned())
    }

    /// Delivers delayed calls to the bank at the end.
    fn late_calls_arrive(&mut self) -> Kept {
        while let Some((_, event)) = self.events.pop_first() {
            if let Event::AtBank(call) = event {
                self.arrive(call)?;
            }
        }
        Ok(())
    }

    pub fn at(&self, process: usize) -> At {
        At { process, life: self.processes[process].life }
    }

    /// A process's clock.
    pub fn clock(&self, process: usize) -> Timestamp {
        instant(self.now + self.jumped + self.processes[process].skew)
    }

    pub fn schedule(&mut self, time: i64, event: Event) {
        self.scheduled += 1;
        self.events.insert((time, self.scheduled), event);
    }

    /// Within some milliseconds, so that steps come in no fixed order.
    pub fn soon(&mut self, event: Event) {
        let wait = self.dice.between(0, 5 * MILLISECOND);
        self.schedule(self.now + wait, event);
    }

    /// Sends over a network that loses, repeats and delays messages.
    pub fn send(&mut self, event: Event) {
        if self.strike(self.plan.faults.lost_message) {
            return;
        }
        let copies = 1 + usize::from(self.strike(self.plan.faults.double_message));
        for _ in 0..copies {
            let late = self.strike(self.plan.faults.late_message);
            let longest = if late { 3 * HOUR } else { 100 * MILLISECOND };
            let wait = self.dice.between(0, longest);
            self.schedule(self.now + wait, event.clone());
        }
    }

    pub fn all_returns_are_taken(&self) -> bool {
        self.banks.iter().all(BankSide::all_returns_are_taken)
    }

    pub fn owner(&self, payout: PayoutId) -> MerchantId {
        self.watch.owner(payout)
    }
}

/// A moment of the virtual clock, in the tests' time.
pub fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(1_800_000_000_000_000 + micros).expect("a time in range")
}
