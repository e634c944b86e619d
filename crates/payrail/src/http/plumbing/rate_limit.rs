//! Limits attempts per key, such as an address or a name.

use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use super::problem::Problem;

/// The limiter of one key.
pub type Allowance = RateLimiter<NotKeyed, InMemoryState, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// A burst of attempts, and the interval of further ones.
pub fn quota(at_once: NonZeroU32, each: Duration) -> Quota {
    Quota::with_period(each).unwrap_or(Quota::per_second(NonZeroU32::MIN)).allow_burst(at_once)
}

pub fn allowance(quota: Quota) -> Allowance {
    RateLimiter::direct_with_clock(quota, MonotonicClock)
}

/// Allows each key a burst of attempts, and then one per interval. Clones share their counts.
#[derive(Clone, Debug)]
pub struct Limit<K: Hash + Eq + Send + Sync + 'static> {
    quota: Quota,
    /// A key without an entry has its full allowance.
    allowances: Cache<K, Arc<Allowance>>,
}

/// The maximum number of keys in memory. Beyond it, the least recently used ones are forgotten.
const KEYS_MOST: u64 = 20_000;

impl<K: Hash + Eq + Clone + Send + Sync + 'static> Limit<K> {
    pub fn new(at_once: NonZeroU32, each: Duration) -> Self {
        // After so long without an attempt the allowance is full again.
        let whole = each.saturating_mul(at_once.get());
        let allowances = Cache::builder().max_capacity(KEYS_MOST).time_to_idle(whole);
        Self { quota: quota(at_once, each), allowances: allowances.eviction_policy(EvictionPolicy::lru()).build() }
    }

    /// Counts an attempt. Beyond the limit, the answer is 429 with the time to wait.
    pub fn take(&self, key: &K) -> Result<(), Problem> {
        let known = self.allowances.get_with(key.clone(), || Arc::new(allowance(self.quota)));
        known.check().map_err(|too_many| {
            let wait = too_many.wait_time_from(MonotonicClock.now());
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let detail = format!("Too many attempts; try again in {seconds} s.");
            Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", detail).retry_after(seconds.max(1))
        })
    }
}

/// What counts as one address. With IPv6 it is a /64, because one subscriber has so many addresses.
pub fn place_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_counted_per_key() {
        let limit = Limit::new(NonZeroU32::new(3).unwrap(), Duration::from_secs(3600));
        for _ in 0..3 {
            assert!(limit.take(&"a").is_ok());
        }
        assert!(limit.clone().take(&"a").is_err());
        assert!(limit.take(&"b").is_ok());
    }

    #[test]
    fn unknown_addresses_do_not_fill_the_memory() {
        let limit = Limit::new(NonZeroU32::MIN, Duration::from_secs(3600));
        for key in 0..4 * KEYS_MOST {
            assert!(limit.take(&key).is_ok());
        }
        limit.allowances.run_pending_tasks();
        assert!(limit.allowances.entry_count() <= KEYS_MOST);
        assert!(limit.take(&(4 * KEYS_MOST - 1)).is_err(), "the newest are remembered");
    }

    #[test]
    fn a_place_is_an_address_or_a_subscribers_network() {
        let place = |text: &str| place_of(text.parse().unwrap());
        assert_eq!(place("2001:db8::1"), place("2001:db8::ffff:1"));
        assert_ne!(place("2001:db8::1"), place("2001:db8:0:1::1"));
        assert_eq!(place("::ffff:10.0.0.1"), place("10.0.0.1"));
        assert_ne!(place("10.0.0.2"), place("10.0.0.1"));
    }
}
