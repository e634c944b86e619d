//! Random histories from a seed, and an in-memory store with only the core.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use payrail_core::backoff::Policy;
use payrail_core::bank_return::BankReturn;
use payrail_core::book::{Book, Books};
use payrail_core::command::{Action, Command};
use payrail_core::decide::{Rules, decide_all};
use payrail_core::event::Event;
use payrail_core::idempotency::{IdempotencyKey, Record};
use payrail_core::ledger::Entry;
use payrail_core::payout::{BankAnswer, Exchange, Payout, State, Verdict};
use payrail_store::{AttemptLine, Replies};
use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::operator::{ByOperator, OperatorAction};
use uuid::Uuid;

use crate::world::{MERCHANTS, MICROSECOND, POLICY, at, claim, create_to, fund, line, merchant, note_needs, render};

/// A merchant that does not exist, in the others' cell.
const UNKNOWN: u8 = MERCHANTS + 1;

/// SplitMix64: the same numbers from the same seed, for ever.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.roll(from.len() as u64) as usize].clone()
    }
}

/// What a store must hold.
pub struct Model {
    rules: Rules,
    pub books: Books,
    pub entries: BTreeMap<MerchantId, Vec<Entry>>,
    pub events: BTreeMap<MerchantId, Vec<Event>>,
    pub attempts: BTreeMap<(MerchantId, PayoutId), Vec<AttemptLine>>,
    pub actions: Vec<OperatorAction>,
}

impl Model {
    pub fn new(rules: Rules) -> Self {
        let books = (0..MERCHANTS).map(merchant).map(|id| (id, Some(Book::new(id)))).collect();
        let (entries, events, attempts) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { rules, books, entries, events, attempts, actions: Vec::new() }
    }

    pub fn run(&mut self, commands: &[Command], now: Timestamp) -> Replies {
        self.look_utrs_up(commands);
        note_needs(&mut self.books, commands);
        let writes = decide_all(&mut self.books, commands, &self.rules, now).expect("all is at hand");
        for (owner, entry) in writes.entries {
            self.entries.entry(owner).or_default().push(entry);
        }
        for (owner, event) in writes.events {
            self.events.entry(owner).or_default().push(event);
        }
        for (owner, new) in writes.opened {
            let (number, kind, worker, started_at) = (new.number, new.kind, new.worker, new.started_at);
            let line = AttemptLine {
                number,
                kind,
                worker,
                started_at,
                outcome: None,
                sent: None,
                received: None,
                ended_at: None,
            };
            self.attempts.entry((owner, new.payout)).or_default().push(line);
        }
        for (owner, end) in writes.closed {
            let lines = self.attempts.get_mut(&(owner, end.payout)).expect("an attempt ends that began");
            let line = &mut lines[end.number as usize - 1];
            line.outcome = Some(end.outcome);
            (line.sent, line.received) = (Some(end.exchange.sent), Some(end.exchange.received));
            line.ended_at = Some(end.ended_at);
        }
        self.actions.extend(writes.actions);
        writes.replies
    }

    /// Like a store before it decides: over all merchants. (The histories have one bank.)
    fn look_utrs_up(&mut self, commands: &[Command]) {
        self.books.values_mut().flatten().for_each(|book| book.utrs.clear());
        for command in commands {
            for (own, utr) in command.action.needs().utrs {
                let mut payouts = self.books.values().flatten().flat_map(|book| book.payouts.values().flatten());
                let other = payouts.find(|payout| payout.id != own && payout.utr() == Some(&utr));
                let other = other.map(|payout| payout.id);
                if let Some(Some(book)) = self.books.get_mut(&command.merchant) {
                    book.utrs.insert((own, utr), other);
                }
            }
        }
    }

    pub fn records(&self) -> impl Iterator<Item = (MerchantId, &Record)> {
        let books = self.books.values().flatten();
        books.flat_map(|book| book.records.values().flatten().map(|record| (book.merchant, record)))
    }
}

/// Generates batches according to the model's state.
pub struct Scribe {
    dice: Dice,
    pub now: Timestamp,
    ids: u128,
    deeds: u128,
    /// The requested payouts, the newest last.
    asked: Vec<(MerchantId, PayoutId)>,
}

impl Scribe {
    pub fn new(seed: u64) -> Self {
        Self { dice: Dice(seed), now: at(0), ids: 0, deeds: 0, asked: Vec::new() }
    }

    /// The next batch, some time after the previous one, and sometimes on a clock that is behind.
    pub fn batch(&mut self, model: &Model) -> Vec<Command> {
        let lease = 60_000_000;
        let ahead = self.dice.roll(4_000) as i64 * 1_000_003;
        let wait = self.dice.pick(&[0, 1, 1_000_001, 31_000_000, lease - 1, lease, ahead, ahead, -7_000_000]);
        self.now += MICROSECOND * wait as i32;
        (0..=self.dice.roll(8)).map(|_| self.command(model)).collect()
    }

    fn command(&mut self, model: &Model) -> Command {
        // One merchant more than there are.
        let owner = merchant(self.dice.pick(&[0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, UNKNOWN]));
        match self.dice.roll(20) {
            0..=1 => {
                let mut action = fund(self.key(), self.paise(&[1, 2_000, 5_000]));
                if let (Action::Fund { by, .. }, 0) = (&mut action, self.dice.roll(2)) {
                    *by = Some(self.by());
                }
                Command { merchant: owner, action }
            }
            2..=7 => {
                self.ids += 1;
                let random = self.ids.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
                let id = PayoutId::new(at(0), owner.bucket(), random);
                self.asked.push((owner, id));
                let paise = self.paise(&[1, 100, 100, 250, 20_000]);
                let account = self.dice.pick(&["acc-1", "acc-1", "\"₹\\\n"]);
                Command { merchant: owner, action: create_to(id, self.key(), paise, account) }
            }
            _ => self.about_a_payout(owner, model),
        }
    }

    fn by(&mut self) -> ByOperator {
        self.deeds += 1;
        let action_id = Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + self.deeds);
        ByOperator { name: self.dice.pick(&["Ana", "B\u{e9}la \"₹\\"]).to_owned(), action_id }
    }

    /// One of these, and rarely the whole balance.
    fn paise(&mut self, usual: &[i64]) -> i64 {
        if self.dice.roll(40) == 0 { i64::MAX } else { self.dice.pick(usual) }
    }

    /// Few keys, so that they are reused often.
    fn key(&mut self) -> IdempotencyKey {
        IdempotencyKey(Uuid::from_u128(0xb0b0_0000_0000_4000_8000_0000_0000_0000 + u128::from(self.dice.roll(80))))
    }

    /// Usually the payout's next step; sometimes any step, of any merchant.
    fn about_a_payout(&mut self, owner: MerchantId, model: &Model) -> Command {
        let back = self.dice.roll(5) as usize;
        let known = |(owner, id): (MerchantId, PayoutId)| {
            model.books.get(&owner)?.as_ref()?.payouts.get(&id).cloned().flatten()
        };
        // Payouts of this batch do not exist yet.
        let recent =
            |(n, asked): (usize, &(MerchantId, PayoutId))| (n < 2 || known(*asked).is_some()).then_some(*asked);
        let mut asked = self.asked.iter().rev().enumerate().filter_map(recent).nth(back);
        if self.dice.roll(8) == 0 {
            // Doubts are rare, but half of these actions need one.
            let doubt = |asked: &&(MerchantId, PayoutId)| known(**asked).is_some_and(|payout| payout.is_in_doubt());
            asked = self.asked.iter().rev().find(doubt).copied().or(asked);
        }
        let (asked_by, payout) = asked.unwrap_or((owner, PayoutId(owner.0)));
        let merchant = if self.dice.roll(40) == 0 { owner } else { asked_by };
        let known = known((asked_by, payout));
        let calls = known.as_ref().map_or(0, |known| known.attempts);
        // The newest attempt, one made in this batch, or a stale one.
        let number = calls.saturating_add_signed(self.dice.pick(&[0, 0, 0, 0, 1, -1]));
        let doubtful = known.as_ref().is_some_and(Payout::is_in_doubt);
        let paid_under = known.as_ref().and_then(Payout::utr).cloned();
        let paid = known.as_ref().map(|known| (known.amount.get(), known.utr().map_or("UTR1", Utr::as_str).to_owned()));
        let leased =
            known.is_some_and(|known| matches!(&known.state, State::Processing(now) if now.leased_by.is_some()));
        let worker = self.dice.pick(&["worker-1", "worker-2"]);
        let is_paid = paid_under.is_some();
        let action = match (self.dice.roll(29), leased) {
            (0..=18, _) if is_paid => Action::Return { payout, line: self.line(payout, paid) },
            (0..=10, true) | (11..=14, _) => {
                let exchange = Exchange { sent: format!("call {number}"), received: "{\"ok\":\"₹\"}".to_owned() };
                Action::Report { payout, number, answer: self.answer(), exchange }
            }
            (15, _) => Action::Release { payout, number },
            (16, _) => Action::Cancel { payout },
            (17..=18, _) => Action::Return { payout, line: self.line(payout, paid) },
            (19..=21, _) if doubtful || self.dice.roll(3) == 0 => Action::Ask { payout, by: self.by() },
            (22..=24, _) if doubtful || self.dice.roll(3) == 0 => {
                let verdict = self.dice.pick(&[Verdict::NotPaid, Verdict::Paid { utr: Utr::from_stored("UTR3") }]);
                Action::Decide { payout, verdict, reason: "letter \"₹\"".to_owned(), by: self.by() }
            }
            _ => claim(payout, worker),
        };
        Command { merchant, action }
    }

    /// Usually what was paid; sometimes another amount, UTR or number.
    fn line(&mut self, payout: PayoutId, paid: Option<(i64, String)>) -> BankReturn {
        let (amount, utr) = paid.unwrap_or((100, "UTR1".to_owned()));
        let amount = amount.saturating_sub(self.dice.pick(&[0, 0, 0, 0, 0, 1]));
        let utr = if self.dice.roll(6) == 0 { "UTR9".to_owned() } else { utr };
        line(self.dice.pick(&[1, 2, 3]), payout, amount, &utr)
    }

    fn answer(&mut self) -> BankAnswer {
        let why = || "timeout".to_owned();
        self.dice.pick(&[
            BankAnswer::Paid { utr: Utr::from_stored("UTR1") },
            BankAnswer::Paid { utr: Utr::from_stored("UTR2") },
            BankAnswer::Refused { reason: "account closed".to_owned() },
            BankAnswer::NeverReceived,
            BankAnswer::Closed,
            BankAnswer::NoAnswer { why: why() },
            BankAnswer::NoAnswer { why: why() },
            BankAnswer::Unreachable { why: why() },
        ])
    }
}

/// Short enough for histories to see records expire, and references closed early by every other one.
pub fn rules(seed: u64) -> Rules {
    let attempts_max = if seed.is_multiple_of(2) { 1 } else { 3 };
    let policy = Policy { attempts_max, refusal_ttl: SignedDuration::from_mins(90), ..POLICY };
    Rules::new(policy, render)
}
