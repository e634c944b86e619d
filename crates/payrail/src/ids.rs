//! Makes ids from the time, a counter and random bits. The core defines their format.

use std::sync::Mutex;

use jiff::Timestamp;
use payrail_types::ids::{MerchantId, PayoutId};
use uuid::Uuid;

/// Makes payout ids that grow: newer payouts of this process sort after older ones, also within a
/// millisecond and when the clock is set back.
#[derive(Debug, Default)]
pub struct PayoutIds {
    last: Mutex<Last>,
}

#[derive(Debug, Default)]
struct Last {
    millis: i64,
    counter: u16,
}

/// The counter's bits, at the top of an id's 66 free ones; chance fills the other 52.
const COUNTER_BITS: u32 = 14;
const RANDOM_BITS: u32 = 66 - COUNTER_BITS;

impl PayoutIds {
    pub fn next(&self, merchant: MerchantId, now: Timestamp) -> PayoutId {
        let (millis, counter) = self.tick(now.as_millisecond());
        let at = Timestamp::from_millisecond(millis).unwrap_or(now);
        let chance = u128::from(rand::random::<u64>()) & ((1 << RANDOM_BITS) - 1);
        PayoutId::new(at, merchant.bucket(), u128::from(counter) << RANDOM_BITS | chance)
    }

    fn tick(&self, now: i64) -> (i64, u16) {
        let mut last = self.last.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        *last = match now > last.millis {
            true => Last { millis: now, counter: 0 },
            false if last.counter + 1 < 1 << COUNTER_BITS => Last { counter: last.counter + 1, ..*last },
            false => Last { millis: last.millis + 1, counter: 0 },
        };
        (last.millis, last.counter)
    }
}

pub fn merchant_id() -> MerchantId {
    MerchantId(Uuid::now_v7())
}

pub fn operator_id() -> Uuid {
    Uuid::now_v7()
}

/// The id of a row of the audit log.
pub fn action_id() -> Uuid {
    Uuid::now_v7()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_within_a_millisecond_and_when_the_clock_goes_back() {
        let ids = PayoutIds::default();
        let merchant = merchant_id();
        let at = |millis| Timestamp::from_millisecond(millis).unwrap();
        let made: Vec<_> = (0..40_000).map(|i| ids.next(merchant, at(1_000_000 - i / 10_000))).collect();
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(made.iter().all(|id| id.bucket() == merchant.bucket()));
    }
}
