//! How long an unanswered payout waits.

mod common;

use std::collections::BTreeSet;

use jiff::Timestamp;
use payrail_types::ids::{Bucket, PayoutId};

use common::policy;

#[test]
fn waits_double_up_to_the_limit_with_a_tenth_of_jitter_at_the_most() {
    let policy = policy();
    for random in 0..2_000 {
        let id = PayoutId::new(Timestamp::UNIX_EPOCH, Bucket::new(1), random);
        for (unanswered, seconds) in [(1, 30), (2, 60), (3, 120), (4, 240), (7, 1800), (u32::MAX, 1800)] {
            let wait = policy.retry_at(Timestamp::UNIX_EPOCH, id, unanswered).as_millisecond();
            assert!((seconds * 1000..=seconds * 1100).contains(&wait), "{unanswered}: {wait} ms");
        }
    }
}

#[test]
fn the_same_payout_waits_as_long_wherever_it_is_decided() {
    let wait = |random, unanswered| {
        let id = PayoutId::new(Timestamp::UNIX_EPOCH, Bucket::new(1), random);
        policy().retry_at(Timestamp::UNIX_EPOCH, id, unanswered).as_millisecond()
    };
    assert_eq!([wait(1, 1), wait(2, 1), wait(1, 2), wait(u128::MAX, 3)], [30_600, 32_430, 64_860, 124_440]);
}

#[test]
fn payouts_that_failed_together_are_retried_at_different_times() {
    let at = |random| {
        let id = PayoutId::new(Timestamp::UNIX_EPOCH, Bucket::new(1), random);
        policy().retry_at(Timestamp::UNIX_EPOCH, id, 1)
    };
    let distinct: BTreeSet<_> = (0..100).map(at).collect();
    assert!(distinct.len() > 50, "only {} different times", distinct.len());
}
