//! Limits the open event streams: in total, because each reads the database once a second, and per merchant, so that no
//! merchant uses up the streams of the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use payrail_types::ids::MerchantId;

use crate::http::plumbing::problem::Problem;

const RETRY_AFTER_SECONDS: u64 = 10;

/// Clones share one limit.
#[derive(Clone, Debug)]
pub struct StreamLimit(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    max: usize,
    max_per_merchant: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    total: usize,
    /// Only merchants with a stream.
    per_merchant: HashMap<MerchantId, usize>,
}

/// One open stream, until it is dropped.
#[derive(Debug)]
pub struct StreamPermit {
    limit: StreamLimit,
    merchant: MerchantId,
}

impl StreamLimit {
    pub fn new(max: usize, max_per_merchant: usize) -> Self {
        Self(Arc::new(Shared { max, max_per_merchant, open: Mutex::default() }))
    }

    pub fn acquire(&self, merchant: MerchantId) -> Result<StreamPermit, Problem> {
        let Shared { max, max_per_merchant, .. } = *self.0;
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.per_merchant.get(&merchant).is_some_and(|count| *count >= max_per_merchant) {
            let detail = format!(
                "{max_per_merchant} event streams of this merchant are open, and no more are allowed. Close one, or read \
                 /api/v1/events/ instead."
            );
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail);
            return Err(problem.retry_after(RETRY_AFTER_SECONDS));
        }
        if open.total >= max {
            let detail = format!(
                "All {max} event streams of this server are in use. Try again later, or read /api/v1/events/ instead."
            );
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail);
            return Err(problem.retry_after(RETRY_AFTER_SECONDS));
        }
        open.total += 1;
        *open.per_merchant.entry(merchant).or_default() += 1;
        Ok(StreamPermit { limit: self.clone(), merchant })
    }
}

impl Drop for StreamPermit {
    fn drop(&mut self) {
        let mut open = self.limit.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.total -= 1;
        if let Some(count) = open.per_merchant.get_mut(&self.merchant) {
            *count -= 1;
            if *count == 0 {
                open.per_merchant.remove(&self.merchant);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merchant(number: u128) -> MerchantId {
        MerchantId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn one_merchant_cannot_use_up_the_streams_of_another() {
        let streams = StreamLimit::new(5, 3);
        let mut one: Vec<_> = (0..3).map(|_| streams.acquire(merchant(1)).unwrap()).collect();
        assert_eq!(streams.acquire(merchant(1)).unwrap_err().status(), 429);
        let other = [streams.acquire(merchant(2)).unwrap(), streams.acquire(merchant(2)).unwrap()];
        assert_eq!(streams.acquire(merchant(2)).unwrap_err().status(), 503);
        one.pop();
        one.push(streams.acquire(merchant(1)).unwrap());
        drop((one, other));
        let open = streams.0.open.lock().unwrap();
        assert!(open.total == 0 && open.per_merchant.is_empty(), "merchants without a stream are removed");
    }
}
