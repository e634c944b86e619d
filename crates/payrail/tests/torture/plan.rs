//! Which fault comes when, to whom and for how long: all drawn from one seed.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// From so many seconds on, clocks step by minutes and wires swallow what they carry.
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

/// Between whom a wire runs.
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
    /// The request (to the database: the COMMIT) gets through, and the connection dies before its answer does.
    Unanswered,
    /// What is sent disappears, and nobody is told: not even that the connection is dead.
    Swallowed,
}

/// What the bank, seen through its wire, does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mischief {
    Late,
    Twice,
    OutOfOrder,
    Error,
    Garbage,
    HalfAnAnswer,
    /// It did what it was told and says nothing.
    SilentAfter,
    /// It never heard, or hears when nobody waits any more.
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

    /// What a short run must not be without.
    fn is_grave(self) -> bool {
        let unanswered = matches!(self, Self::Wire(Line::Database, Trouble::Unanswered));
        let others = [Self::Killed, Self::Paused, Self::DatabaseDown, Self::BackendKilled, Self::DiskFull];
        let strange = [Self::ClockStepped, Self::ClockDayOff, Self::AnotherBank, Self::PoolerKilled];
        unanswered || others.contains(&self) || strange.contains(&self)
    }

    /// Milliseconds: at least, at most.
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

/// Those of a scene that the run is to have: all, or some by name.
pub fn wanted(on_postgres: bool, rough: bool) -> Vec<Kind> {
    let mut kinds = kinds(on_postgres, rough);
    if let Ok(only) = std::env::var("PAYRAIL_TORTURE_ONLY") {
        kinds.retain(|kind| kind.name().contains(&only));
        assert!(!kinds.is_empty(), "no fault of this scene has {only:?} in its name");
    }
    kinds
}

/// A scene's kinds of faults; those twice that matter most.
fn kinds(on_postgres: bool, rough: bool) -> Vec<Kind> {
    let mut kinds = vec![Kind::Killed, Kind::Killed, Kind::Killed, Kind::Stopped, Kind::Paused, Kind::Paused];
    kinds.extend([Kind::DiskFull, Kind::ClockStepped, Kind::ClockStepped, Kind::AnotherBank]);
    kinds.extend(MISCHIEF.map(Kind::Bank));
    let mut troubles = vec![Trouble::Refused, Trouble::Cut, Trouble::Delayed, Trouble::Frozen, Trouble::Unanswered];
    if rough {
        troubles.push(Trouble::Swallowed);
    }
    let mut lines = vec![Line::Clients];
    if on_postgres {
        kinds.extend([Kind::DatabaseDown, Kind::DatabaseDown, Kind::BackendKilled, Kind::SessionsEnded]);
        kinds.extend([Kind::PoolerKilled, Kind::ClockDayOff]);
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
    /// Which of those that it may hit, modulo their number; and a draw for what else is to be chosen.
    pub target: usize,
    pub lasts: Duration,
    /// A clock's, in milliseconds.
    pub step: i64,
}

pub struct Plan {
    chance: StdRng,
    kinds: Vec<Kind>,
    deck: Vec<Kind>,
    step_max: i64,
}

impl Plan {
    pub fn new(seed: u64, kinds: Vec<Kind>, rough: bool) -> Self {
        let step_max = if rough { 90_000 } else { 6_000 };
        Self { chance: StdRng::seed_from_u64(seed), kinds, deck: Vec::new(), step_max }
    }

    /// The pause, and then the fault. Every kind has its turn before one comes again, and the gravest come first.
    pub fn draw(&mut self) -> (Duration, Fault) {
        if self.deck.is_empty() {
            self.deck.clone_from(&self.kinds);
            self.deck.shuffle(&mut self.chance);
            self.deck.sort_by_key(|kind| kind.is_grave());
        }
        let kind = self.deck.pop().unwrap();
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
