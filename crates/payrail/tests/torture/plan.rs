//! Draws the faults, their times, targets and durations from one seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// In runs of this many seconds or more, clocks step by minutes and wires drop what they carry.
const ROUGH_FROM: u64 = 60;
const SEED: u64 = 20_261_122;

#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub seed: u64,
    pub seconds: u64,
}

impl Settings {
    pub fn read() -> Self {
        let number = |name| std::env::var(name).ok().filter(|text| !text.is_empty());
        let seed = match number("PAYRAIL_TORTURE_SEED").as_deref() {
            None => SEED,
            Some("fresh") => rand::random::<u32>().into(),
            Some(text) => text.parse().expect("PAYRAIL_TORTURE_SEED is a number or `fresh`"),
        };
        let seconds = number("PAYRAIL_TORTURE_SECONDS").map_or(15, |text| text.parse().expect("a number of seconds"));
        Self { seed, seconds }
    }

    pub fn is_rough(self) -> bool {
        self.seconds >= ROUGH_FROM
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// SIGKILL, and started again.
    Killed,
    /// SIGTERM, and started again.
    Stopped,
    /// SIGSTOP for longer than a lease, then SIGCONT.
    Paused,
    /// PostgreSQL stopped with `-m immediate`, and started again.
    DatabaseDown,
    /// SIGKILL of one backend: PostgreSQL ends all others and recovers.
    BackendKilled,
    /// Some sessions ended by the database's administrator.
    SessionsEnded,
    Wire(Line, Trouble),
    Bank(Mischief),
    DiskFull,
    ClockStepped,
    /// A process whose clock is 25 hours wrong joins, and is corrected.
    ClockDayOff,
    /// A worker is started with the address of another bank, and then again with the right one.
    AnotherBank,
    /// SIGKILL of PgBouncer, and started again.
    PoolerKilled,
}

/// The two ends of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    Clients,
    Database,
    Bank,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    Refused,
    Cut,
    Delayed,
    Frozen,
    /// The request (to the database: the COMMIT) arrives, but the connection dies before the answer.
    Unanswered,
    /// Packets are dropped silently; neither end notices that the connection is dead.
    Swallowed,
}

/// How the bank, seen through its wire, mistreats a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mischief {
    Late,
    Twice,
    OutOfOrder,
    Error,
    Garbage,
    HalfAnAnswer,
    /// It executes the call and does not answer.
    SilentAfter,
    /// It never gets the call, or gets it when nobody waits any more.
    SilentBefore,
    /// Another call's answer.
    Crossed,
}

const MISCHIEF: [Mischief; 9] = [
    Mischief::Late,
    Mischief::Twice,
    Mischief::OutOfOrder,
    Mischief::Error,
    Mischief::Garbage,
    Mischief::HalfAnAnswer,
    Mischief::SilentAfter,
    Mischief::SilentBefore,
    Mischief::Crossed,
];

impl Kind {
    pub fn name(self) -> String {
        match self {
            Self::Wire(line, trouble) => {
                format!("{line:?}' wire: {trouble:?}").replace("e'", "e's").replace("k'", "k's")
            }
            Self::Bank(mischief) => format!("Bank: {mischief:?}"),
            other => format!("{other:?}"),
        }
    }

    /// Faults that every run must have, however short.
    pub fn is_grave(self) -> bool {
        let unanswered = matches!(self, Self::Wire(Line::Database, Trouble::Unanswered));
        let others = [Self::Killed, Self::Paused, Self::DatabaseDown, Self::BackendKilled, Self::DiskFull];
        let strange = [Self::ClockStepped, Self::ClockDayOff, Self::AnotherBank, Self::PoolerKilled];
        unanswered || others.contains(&self) || strange.contains(&self)
    }

    /// Minimum and maximum, in milliseconds.
    fn lasts(self) -> (u64, u64) {
        match self {
            Self::Killed => (50, 600),
            Self::Paused => (1_300, 2_300),
            Self::DatabaseDown => (200, 1_500),
            Self::DiskFull => (800, 2_000),
            Self::ClockStepped => (1_000, 3_000),
            Self::ClockDayOff | Self::AnotherBank => (500, 1_500),
            Self::PoolerKilled => (50, 1_000),
            Self::Stopped | Self::BackendKilled | Self::SessionsEnded => (0, 0),
            Self::Wire(_, Trouble::Cut) => (0, 0),
            Self::Wire(..) => (300, 1_500),
            Self::Bank(_) => (500, 1_500),
        }
    }
}

/// The kinds of faults of this run: all, or some by name.
pub fn wanted(on_postgres: bool, rough: bool) -> Vec<Kind> {
    let mut kinds = kinds(on_postgres, rough);
    if let Ok(only) = std::env::var("PAYRAIL_TORTURE_ONLY") {
        kinds.retain(|kind| kind.name().contains(&only));
        assert!(!kinds.is_empty(), "no fault of this scenario has {only:?} in its name");
    }
    kinds
}

/// The possible kinds of faults. The most important ones are listed twice.
fn kinds(on_postgres: bool, rough: bool) -> Vec<Kind> {
    let mut kinds = vec![Kind::Killed, Kind::Killed, Kind::Killed, Kind::Stopped, Kind::Paused, Kind::Paused];
    kinds.extend([Kind::DiskFull, Kind::ClockStepped, Kind::ClockStepped, Kind::ClockDayOff, Kind::AnotherBank]);
    kinds.extend(MISCHIEF.map(Kind::Bank));
    let mut troubles = vec![Trouble::Refused, Trouble::Cut, Trouble::Delayed, Trouble::Frozen, Trouble::Unanswered];
    if rough {
        troubles.push(Trouble::Swallowed);
    }
    let mut lines = vec![Line::Clients];
    if on_postgres {
        kinds.extend([Kind::DatabaseDown, Kind::DatabaseDown, Kind::BackendKilled, Kind::SessionsEnded]);
        kinds.push(Kind::PoolerKilled);
        kinds.push(Kind::Wire(Line::Database, Trouble::Unanswered));
        lines.push(Line::Database);
    }
    kinds.extend([Kind::Wire(Line::Bank, Trouble::Refused), Kind::Wire(Line::Bank, Trouble::Cut)]);
    for line in lines {
        kinds.extend(troubles.iter().map(|trouble| Kind::Wire(line, *trouble)));
    }
    kinds
}

#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub kind: Kind,
    /// Selects the target, modulo the number of targets, and makes any other choice.
    pub target: usize,
    pub lasts: Duration,
    /// A clock's step, in milliseconds.
    pub step: i64,
}

pub struct Plan {
    chance: StdRng,
    kinds: Vec<Kind>,
    /// Each grave kind that was not drawn yet. These are drawn first.
    owed: Vec<Kind>,
    deck: Vec<Kind>,
    step_max: i64,
}

impl Plan {
    pub fn new(seed: u64, kinds: Vec<Kind>, rough: bool) -> Self {
        let step_max = if rough { 90_000 } else { 6_000 };
        let mut chance = StdRng::seed_from_u64(seed);
        let (mut owed, mut deck) = (Vec::new(), Vec::new());
        for kind in &kinds {
            let is_first = kind.is_grave() && !owed.contains(kind);
            if is_first { owed.push(*kind) } else { deck.push(*kind) }
        }
        owed.shuffle(&mut chance);
        deck.shuffle(&mut chance);
        Self { chance, kinds, owed, deck, step_max }
    }

    /// Whether a grave kind was not drawn yet. A run continues until all were.
    pub fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// A pause and the fault after it. Each grave kind comes once at first; then every kind comes before any repeats.
    pub fn draw(&mut self) -> (Duration, Fault) {
        if self.deck.is_empty() {
            self.deck.clone_from(&self.kinds);
            self.deck.shuffle(&mut self.chance);
        }
        let kind = self.owed.pop().or_else(|| self.deck.pop()).unwrap();
        let (least, most) = kind.lasts();
        let lasts = Duration::from_millis(self.chance.random_range(least..=most));
        let size = self.chance.random_range(1_000..=self.step_max);
        let step = if self.chance.random() { size } else { -size };
        let pause = Duration::from_millis(self.chance.random_range(200..=1_000));
        (pause, Fault { kind, target: self.chance.random_range(0..1 << 16), lasts, step })
    }
}

#[test]
fn a_seed_repeats_and_every_kind_has_its_turn() {
    let kinds = kinds(true, true);
    let draw = |seed| {
        let mut plan = Plan::new(seed, kinds.clone(), true);
        (0..kinds.len()).map(|_| plan.draw()).map(|(pause, fault)| format!("{pause:?} {fault:?}")).collect::<Vec<_>>()
    };
    assert_eq!(draw(1), draw(1));
    assert_ne!(draw(1), draw(2));
    let mut plan = Plan::new(3, kinds.clone(), true);
    let drawn: std::collections::BTreeSet<_> = (0..kinds.len()).map(|_| plan.draw().1.kind).collect();
    assert_eq!(drawn, kinds.into_iter().collect());
}

#[test]
fn every_grave_kind_comes_once_before_any_comes_twice() {
    for on_postgres in [true, false] {
        let kinds = kinds(on_postgres, false);
        let grave: std::collections::BTreeSet<_> = kinds.iter().copied().filter(|kind| kind.is_grave()).collect();
        assert!(grave.contains(&Kind::ClockDayOff) && grave.contains(&Kind::AnotherBank));
        let mut plan = Plan::new(4, kinds, false);
        let first: std::collections::BTreeSet<_> = (0..grave.len()).map(|_| plan.draw().1.kind).collect();
        assert_eq!(first, grave);
        assert!(!plan.owes());
    }
}
