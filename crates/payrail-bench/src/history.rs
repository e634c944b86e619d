//! Which merchant made which payout when, and the bank's answers. The same plan and mark give the same history.

use jiff::{SignedDuration, Timestamp};
use payrail::http::idempotency::answers;
use payrail_core::idempotency::{Answerable, IdempotencyKey};
use payrail_core::payout::Payout;
use payrail_store::{Filling, Merchant, Order, Paid};
use payrail_types::ids::PayoutId;
use payrail_types::names::Utr;
use serde_json::json;

use crate::plan::Plan;

/// How many payouts a merchant makes in a row: people pay in batches.
const RUN: u64 = 50;

/// Each step of the bank takes this long, but at most a third of the time until the next payout.
const STEP_MAX: SignedDuration = SignedDuration::from_secs(1);

/// Assigns the payouts to the merchants in rounds, in the order of their time.
pub struct History {
    /// 24 random bits that distinguish this history's ids from another's.
    mark: u128,
    from: Timestamp,
    pause: SignedDuration,
    /// The remaining number of payouts of each merchant. Merchants without any are removed.
    left: Vec<(usize, u64)>,
    /// The merchant's place in `left`, and its remaining payouts in this round.
    turn: (usize, u64),
    next: u64,
}

/// A payout's number in the history, and its merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dealt {
    pub number: u64,
    pub merchant: usize,
}

impl Iterator for History {
    type Item = Dealt;

    fn next(&mut self) -> Option<Dealt> {
        let (place, of_turn) = self.turn;
        let (merchant, left) = self.left.get_mut(place)?;
        let dealt = Dealt { number: self.next, merchant: *merchant };
        *left -= 1;
        self.next += 1;
        self.turn = if of_turn > 1 && *left > 0 { (place, of_turn - 1) } else { self.after(place) };
        Some(dealt)
    }
}

impl History {
    pub fn new(plan: &Plan, chance: u32) -> Self {
        let left: Vec<_> = plan.books.iter().copied().enumerate().filter(|(_, payouts)| *payouts > 0).collect();
        let mark = u128::from(chance >> 8);
        Self { mark, from: plan.from, pause: plan.pause(), left, turn: (0, RUN), next: 0 }
    }

    fn after(&mut self, place: usize) -> (usize, u64) {
        if place + 1 < self.left.len() {
            return (place + 1, RUN);
        }
        self.left.retain(|(_, left)| *left > 0);
        (0, RUN)
    }

    /// It is part of the merchants' e-mail addresses.
    pub fn name(&self) -> String {
        format!("{:06x}", self.mark)
    }

    /// The UTR if no bank gives one.
    pub fn utr(&self, dealt: &Dealt) -> Utr {
        Utr::from_stored(format!("BENCH{:06X}{:012}", self.mark, dealt.number))
    }

    fn created_at(&self, dealt: &Dealt) -> Timestamp {
        let number = i64::try_from(dealt.number).unwrap_or(i64::MAX);
        let passed = i64::try_from(self.pause.as_micros()).unwrap_or(i64::MAX).saturating_mul(number);
        self.after_start(passed)
    }

    fn after_start(&self, micros: i64) -> Timestamp {
        Timestamp::from_microsecond(self.from.as_microsecond().saturating_add(micros)).unwrap_or(Timestamp::MAX)
    }

    pub fn payout(&self, dealt: &Dealt, merchant: &Merchant, order: &Order, utr: Utr) -> Filling {
        let at = self.created_at(dealt);
        let bucket = merchant.id.bucket();
        let number = u128::from(dealt.number);
        let id = PayoutId::new(at, bucket, self.mark << 40 | number);
        // The client uses time-ordered keys, as RFC 9562 advises.
        let key = IdempotencyKey(PayoutId::new(at, bucket, !self.mark << 40 | number).0);
        let payout = Payout::new(id, order.amount, order.bank_account_id.clone(), at);
        let answer = answers::render(&Answerable::Accepted(&payout)).body;
        Filling { merchant: merchant.id, id, key, answer, created_at: at, paid: self.paid(at, &payout, utr) }
    }

    fn paid(&self, created_at: Timestamp, payout: &Payout, utr: Utr) -> Paid {
        let step = (self.pause / 3).min(STEP_MAX);
        let after = |steps: i32| created_at.checked_add(step * steps).unwrap_or(created_at);
        let reference = payout.id.reference();
        let (amount, account) = (payout.amount.get(), json!(payout.bank_account_id));
        let asked = format!(r#"{{"reference":"{reference}","amount_paise":{amount},"bank_account_id":{account}}}"#);
        let said = format!(r#"{{"status":"paid","reference":"{reference}","utr":"{utr}"}}"#);
        Paid {
            claimed_at: micros(after(1)),
            at: micros(after(2)),
            utr,
            sent: format!("POST /v1/transfers {asked}"),
            received: format!("200 OK {said}"),
        }
    }
}

/// Both databases store microseconds.
fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use payrail_types::money::Amount;

    use super::*;

    fn history(books: Vec<u64>) -> History {
        let until = Timestamp::from_second(1_800_000_000).unwrap();
        let from = until - SignedDuration::from_hours(24);
        let amount = Amount::new(1).unwrap();
        History::new(&Plan { books, is_completed: true, amount, keys_seed: String::new(), from, until }, 7 << 8)
    }

    #[test]
    fn merchants_take_turns_until_all_is_dealt() {
        let dealt: Vec<_> = history(vec![120, 0, 30, 51]).collect();
        let whose: Vec<_> = dealt.iter().map(|dealt| dealt.merchant).collect();
        let expected = [(0, 50), (2, 30), (3, 50), (0, 50), (3, 1), (0, 20)];
        assert_eq!(whose, expected.into_iter().flat_map(|(who, times)| vec![who; times]).collect::<Vec<_>>());
        assert!(dealt.iter().enumerate().all(|(place, dealt)| dealt.number == place as u64));
        assert_eq!(history(vec![0, 0]).count(), 0);
        assert_eq!(history(Vec::new()).count(), 0);
    }

    #[test]
    fn a_book_is_in_the_order_of_its_time_and_ends_before_the_plan_does() {
        let mut history = history(vec![1_000, 1_000]);
        let dealt: Vec<_> = history.by_ref().collect();
        let times: Vec<_> = dealt.iter().map(|dealt| history.created_at(dealt)).collect();
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]));
        let last = times[times.len() - 1] + history.pause;
        assert!(last <= Timestamp::from_second(1_800_000_000).unwrap());
    }
}
