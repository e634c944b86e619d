//! The claims in progress in one worker. A claim waits while its merchant's row is locked. So each call begins as soon
//! as its own claim succeeds, and one merchant can never use all the claims.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use payrail_types::ids::{MerchantId, PayoutId};

/// A claim that takes longer is assumed to wait for a lock.
const SLOW: Duration = Duration::from_secs(1);

/// Clones share the claims.
#[derive(Clone, Debug, Default)]
pub struct Claims(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    under_way: HashMap<PayoutId, Instant>,
    of_merchant: HashMap<MerchantId, usize>,
    /// Merchants whose row was locked at the last try.
    locked: HashSet<MerchantId>,
}

impl State {
    /// A merchant whose row is locked gets one claim at a time.
    fn may_begin(&self, merchant: MerchantId, payout: PayoutId, most: usize) -> bool {
        let most = if self.locked.contains(&merchant) { 1 } else { most };
        let under_way = self.of_merchant.get(&merchant).copied().unwrap_or(0);
        under_way < most && !self.under_way.contains_key(&payout)
    }
}

impl Claims {
    /// Begins a claim, unless the payout is already being claimed or its merchant has `most` claims in progress.
    pub fn begin(&self, merchant: MerchantId, payout: PayoutId, most: usize) -> Option<Claiming> {
        let mut state = self.state();
        if !state.may_begin(merchant, payout, most) {
            return None;
        }
        state.under_way.insert(payout, Instant::now());
        *state.of_merchant.entry(merchant).or_default() += 1;
        Some(Claiming { claims: self.clone(), merchant, payout })
    }

    /// How many of these could begin now, each on its own.
    pub fn beginnable(&self, due: &[(MerchantId, PayoutId)], most: usize) -> usize {
        let state = self.state();
        due.iter().filter(|(merchant, payout)| state.may_begin(*merchant, *payout, most)).count()
    }

    pub fn count(&self) -> usize {
        self.state().under_way.len()
    }

    /// Whether some merchant's row is locked, judged by the claims.
    pub fn are_stuck(&self) -> bool {
        let state = self.state();
        !state.locked.is_empty() || state.under_way.values().any(|begun| begun.elapsed() > SLOW)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A claim in progress; it ends when this is dropped.
#[derive(Debug)]
pub struct Claiming {
    claims: Claims,
    pub merchant: MerchantId,
    pub payout: PayoutId,
}

impl Claiming {
    pub fn found_the_row(&self, is_locked: bool) {
        let mut state = self.claims.state();
        match is_locked {
            true => state.locked.insert(self.merchant),
            false => state.locked.remove(&self.merchant),
        };
    }
}

impl Drop for Claiming {
    fn drop(&mut self) {
        let mut state = self.claims.state();
        state.under_way.remove(&self.payout);
        if let Some(count) = state.of_merchant.get_mut(&self.merchant) {
            *count -= 1;
            if *count == 0 {
                state.of_merchant.remove(&self.merchant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn payout(number: u128) -> PayoutId {
        PayoutId(Uuid::from_u128(number))
    }

    #[test]
    fn a_payout_is_claimed_once_at_a_time_and_a_merchant_never_has_all_claims() {
        let (claims, merchant) = (Claims::default(), MerchantId(Uuid::nil()));
        let first = claims.begin(merchant, payout(1), 2).unwrap();
        assert!(claims.begin(merchant, payout(1), 2).is_none());
        let second = claims.begin(merchant, payout(2), 2).unwrap();
        assert!(claims.begin(merchant, payout(3), 2).is_none());
        assert!(claims.begin(MerchantId(Uuid::max()), payout(4), 2).is_some(), "another merchant is not held up");
        drop((first, second));
        assert_eq!((claims.count(), claims.beginnable(&[(merchant, payout(3)), (merchant, payout(1))], 2)), (0, 2));
    }

    #[test]
    fn a_locked_merchant_is_tried_one_claim_at_a_time_until_one_succeeds() {
        let (claims, merchant) = (Claims::default(), MerchantId(Uuid::nil()));
        claims.begin(merchant, payout(1), 8).unwrap().found_the_row(true);
        assert!(claims.are_stuck());
        let only = claims.begin(merchant, payout(1), 8).unwrap();
        assert!(claims.begin(merchant, payout(2), 8).is_none());
        only.found_the_row(false);
        assert!(!claims.are_stuck() && claims.begin(merchant, payout(2), 8).is_some());
    }
}
