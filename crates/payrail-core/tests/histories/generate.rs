//! Arbitrary histories: wishes in any order, at any time, and their translation to commands.

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::command::{Action, Command};
use payrail_core::payout::{BankAnswer, Exchange, Payout, Verdict};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::word::Word;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::common::{Store, at, by, create, full_return, fund, key, merchant, payout_id, policy};

/// The number of merchants. Some wishes name one more, which does not exist.
pub const MERCHANTS: u8 = 3;

/// Few keys, so that they are reused often.
const KEYS: u8 = 10;

#[derive(Clone, Debug)]
pub struct History {
    pub policy: Policy,
    /// Each merchant's initial funds.
    pub opening: Vec<i64>,
    pub ticks: Vec<Tick>,
}

/// The wishes at one time, and the time since the previous tick, which may be negative.
#[derive(Clone, Debug)]
pub struct Tick {
    pub micros: i64,
    pub wishes: Vec<Wish>,
}

#[derive(Clone, Debug)]
pub enum Wish {
    Create {
        who: u8,
        key: u8,
        size: Size,
        account: u8,
    },
    Fund {
        who: u8,
        key: u8,
        size: Size,
        by_hand: bool,
    },
    /// An unchanged repeat of an earlier request.
    Again(Index),
    /// Something about a payout, counted back from the newest.
    Payout {
        back: u8,
        whose: Whose,
        what: What,
    },
}

/// Which merchant names the payout, or that nobody has it.
#[derive(Clone, Debug)]
pub enum Whose {
    Owner,
    Stranger,
    Nobody,
}

#[derive(Clone, Debug)]
pub enum What {
    Claim {
        worker: u8,
    },
    Report {
        attempt: i8,
        answer: BankAnswer,
    },
    Release {
        attempt: i8,
    },
    Cancel,
    /// A line with this number and this difference from the paid amount, under the right UTR or another.
    Return {
        number: i64,
        more: i64,
        is_its_utr: bool,
    },
    Ask,
    BringForward,
    Decide(Verdict),
}

/// An amount: a fixed one, one near the balance, or one near the limit of 64 bits.
#[derive(Clone, Debug)]
pub enum Size {
    Paise(i64),
    Balance(i64),
    Room(i64),
}

pub fn histories() -> impl Strategy<Value = History> {
    let opening = vec(1..3_000i64, usize::from(MERCHANTS));
    (0u32..4, any::<bool>(), any::<bool>(), opening, vec(ticks(), 1..30)).prop_map(
        |(max, closes, is_final, opening, ticks)| {
            let policy = Policy { attempts_max: max, can_close: closes, never_received_is_final: is_final, ..policy() };
            History { policy, opening, ticks }
        },
    )
}

fn ticks() -> impl Strategy<Value = Tick> {
    let second = 1_000_000;
    let micros = prop_oneof![
        2 => Just(0),
        3 => 0..40 * second,
        // The lease, to the microsecond.
        2 => select(vec![60 * second - 1, 60 * second, 60 * second + 1]),
        4 => 0..3_600 * second,
        1 => 0..100_000 * second,
        // Clocks of several machines differ, so time may go back.
        1 => -300 * second..0,
        // A clock that was a day wrong is corrected.
        1 => -90_000 * second..-80_000 * second,
    ];
    (micros, vec(wishes(), 1..8)).prop_map(|(micros, wishes)| Tick { micros, wishes })
}

fn wishes() -> impl Strategy<Value = Wish> {
    let who = prop_oneof![40 => 0..MERCHANTS, 1 => Just(MERCHANTS)];
    let create = (who.clone(), 0..KEYS, sizes(), 0..2u8).prop_map(|(who, key, size, account)| Wish::Create {
        who,
        key,
        size,
        account,
    });
    let fund = (who, 0..KEYS, sizes(), any::<bool>()).prop_map(|(who, key, size, by_hand)| Wish::Fund {
        who,
        key,
        size,
        by_hand,
    });
    let whose = prop_oneof![40 => Just(Whose::Owner), 1 => Just(Whose::Stranger), 1 => Just(Whose::Nobody)];
    let back = prop_oneof![4 => Just(0), 1 => 1..4u8];
    let payout = (back, whose, whats()).prop_map(|(back, whose, what)| Wish::Payout { back, whose, what });
    prop_oneof![3 => create, 1 => fund, 1 => any::<Index>().prop_map(Wish::Again), 12 => payout]
}

fn whats() -> impl Strategy<Value = What> {
    // The newest attempt, a stale one, or one that does not exist yet.
    let attempt = prop_oneof![10 => Just(0i8), 2 => 1..3i8, 1 => Just(-1i8)];
    prop_oneof![
        8 => (0..2u8).prop_map(|worker| What::Claim { worker }),
        8 => (attempt.clone(), answers()).prop_map(|(attempt, answer)| What::Report { attempt, answer }),
        1 => attempt.prop_map(|attempt| What::Release { attempt }),
        1 => Just(What::Cancel),
        3 => (1..3i64, prop_oneof![5 => Just(0i64), 1 => -1..2i64], prop_oneof![5 => Just(true), 1 => Just(false)])
            .prop_map(|(number, more, is_its_utr)| What::Return { number, more, is_its_utr }),
        1 => Just(What::Ask),
        2 => Just(What::BringForward),
        1 => verdicts().prop_map(What::Decide),
    ]
}

fn verdicts() -> impl Strategy<Value = Verdict> {
    prop_oneof![
        (0..20u8).prop_map(|n| Verdict::Paid { utr: Utr::from_stored(format!("UTR{n}")) }),
        Just(Verdict::NotPaid)
    ]
}

fn answers() -> impl Strategy<Value = BankAnswer> {
    prop_oneof![
        2 => (0..20u8).prop_map(|n| BankAnswer::Paid { utr: Utr::from_stored(format!("UTR{n}")) }),
        1 => Just(BankAnswer::Refused { reason: "account closed".to_owned() }),
        2 => Just(BankAnswer::NeverReceived),
        1 => Just(BankAnswer::Closed),
        3 => Just(BankAnswer::NoAnswer { why: "timeout".to_owned() }),
        1 => Just(BankAnswer::Unreachable { why: "connection refused".to_owned() }),
    ]
}

fn sizes() -> impl Strategy<Value = Size> {
    prop_oneof![
        20 => (1..500i64).prop_map(Size::Paise),
        5 => (-1..2i64).prop_map(Size::Balance),
        1 => (1..=i64::MAX).prop_map(Size::Paise),
        1 => Just(Size::Paise(i64::MAX)),
        2 => (-1..2i64).prop_map(Size::Room),
    ]
}

/// Turns wishes into commands, one after the other, according to the store's state.
#[derive(Default)]
pub struct Scribe {
    asked: Vec<Command>,
    ids: usize,
    deeds: usize,
    pub now: Timestamp,
}

impl Scribe {
    pub fn new() -> Self {
        Self { now: at(0), ..Self::default() }
    }

    pub fn pass(&mut self, micros: i64) {
        self.now += SignedDuration::from_micros(micros);
    }

    /// The first batch funds every merchant.
    pub fn opening(&self, history: &History) -> Vec<Command> {
        let numbered = history.opening.iter().zip(0..);
        numbered.map(|(paise, n)| Command { merchant: merchant(n), action: fund(key(KEYS), *paise) }).collect()
    }

    /// `None` if the wish is about something that does not exist yet.
    pub fn command(&mut self, wish: &Wish, store: &Store) -> Option<Command> {
        let mut command = match wish {
            Wish::Create { who, key: number, size, account } => {
                let merchant = merchant(*who);
                let paise = resolve(size, store, merchant);
                let action = create(self.fresh_id(merchant), key(*number), paise, &format!("account-{account}"));
                Command { merchant, action }
            }
            Wish::Fund { who, key: number, size, by_hand } => {
                let merchant = merchant(*who);
                let mut action = fund(key(*number), resolve(size, store, merchant));
                if let Action::Fund { by: hand, .. } = &mut action {
                    *hand = by_hand.then(|| by("Ana", 0));
                }
                Command { merchant, action }
            }
            Wish::Again(index) => self.again(index)?,
            Wish::Payout { back, whose, what } => about(*back, whose, what, store)?,
        };
        self.number(&mut command.action);
        if !command.action.needs().keys.is_empty() {
            self.asked.push(command.clone());
        }
        Some(command)
    }

    /// A client's retry: the same request with a new id from the engine.
    fn again(&mut self, index: &Index) -> Option<Command> {
        if self.asked.is_empty() {
            return None;
        }
        let mut command = self.asked[index.index(self.asked.len())].clone();
        if let Action::Create { id, .. } = &mut command.action {
            *id = self.fresh_id(command.merchant);
        }
        Some(command)
    }

    /// Every operator's action gets an id of its own, retries included.
    fn number(&mut self, action: &mut Action) {
        if let Action::Fund { by: Some(hand), .. }
        | Action::Ask { by: hand, .. }
        | Action::BringForward { by: hand, .. }
        | Action::Decide { by: hand, .. } = action
        {
            self.deeds += 1;
            *hand = by(&hand.name, self.deeds);
        }
    }

    fn fresh_id(&mut self, merchant: MerchantId) -> PayoutId {
        self.ids += 1;
        payout_id(merchant, self.ids)
    }
}

fn about(back: u8, whose: &Whose, what: &What, store: &Store) -> Option<Command> {
    let (owner, Payout { id, .. }) = store.log.new_payouts.iter().rev().cycle().nth(usize::from(back))?;
    let merchant = if matches!(whose, Whose::Stranger) { merchant(0) } else { *owner };
    let payout = if matches!(whose, Whose::Nobody) { payout_id(merchant, usize::MAX) } else { *id };
    let newest = store.payout(*id).map_or(0, |payout| payout.attempts);
    let number = |attempt: i8| newest.saturating_add_signed(-i32::from(attempt));
    let action = match what {
        What::Claim { worker } => Action::Claim { payout, worker: format!("worker-{worker}"), bank: None },
        What::Report { attempt, answer } => Action::Report {
            payout,
            number: number(*attempt),
            answer: answer.clone(),
            exchange: Exchange { sent: format!("call {newest}"), received: answer.outcome().as_str().to_owned() },
        },
        What::Release { attempt } => Action::Release { payout, number: number(*attempt) },
        What::Cancel => Action::Cancel { payout },
        What::Return { number, more, is_its_utr } => {
            let mut line = full_return(*number, store.payout(*id).expect("one that was made"));
            line.amount_paise = line.amount_paise.saturating_add(*more);
            line.utr.push_str(if *is_its_utr { "" } else { "-OTHER" });
            Action::Return { payout, line }
        }
        What::Ask => Action::Ask { payout, by: by("Ana", 0) },
        What::BringForward => {
            let reason = format!("a clock was wrong at call {newest}");
            Action::BringForward { payout, reason, by: by("Ana", 0) }
        }
        What::Decide(verdict) => Action::Decide {
            payout,
            verdict: verdict.clone(),
            reason: format!("letter {newest} of the bank"),
            by: by("Bela", 0),
        },
    };
    Some(Command { merchant, action })
}

fn resolve(size: &Size, store: &Store, merchant: MerchantId) -> i64 {
    let balances = store.books.get(&merchant).map(|book| book.tip.balances).unwrap_or_default();
    let (available, held) = (balances.available.get(), balances.held.get());
    let paise = match size {
        Size::Paise(paise) => *paise,
        Size::Balance(more) => available.saturating_add(*more),
        Size::Room(more) => (i64::MAX - available - held).saturating_add(*more),
    };
    paise.max(1)
}
