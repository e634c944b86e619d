//! How many event streams may be open: in all, because each looks at the database once a second, and for one merchant,
//! so that none takes the places of the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use payrail_core::ids::MerchantId;

use super::problem::Problem;

const RETRY_AFTER_SECONDS: u64 = 10;

/// Cheap to clone: clones share their places.
#[derive(Clone, Debug)]
pub struct Streams(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    most: usize,
    most_each: usize,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    /// No merchant without a stream is in here.
    of: HashMap<MerchantId, usize>,
}

/// A place for one stream, for as long as it is held.
#[derive(Debug)]
pub struct Place {
    streams: Streams,
    merchant: MerchantId,
}

impl Streams {
    pub fn new(most: usize, most_each: usize) -> Self {
        Self(Arc::new(Shared { most, most_each, open: Mutex::default() }))
    }

    pub fn enter(&self, merchant: MerchantId) -> Result<Place, Problem> {
        let Shared { most, most_each, .. } = *self.0;
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.of.get(&merchant).is_some_and(|count| *count >= most_each) {
            let detail = format!(
                "{most_each} event streams of this merchant are open, and no more are allowed. Close one, or read \
                 /api/v1/events/ instead."
            );
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail);
            return Err(problem.retry_after(RETRY_AFTER_SECONDS));
        }
        if open.all >= most {
            let detail = format!(
                "All {most} event streams of this server are in use. Try again later, or read /api/v1/events/ instead."
            );
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail);
            return Err(problem.retry_after(RETRY_AFTER_SECONDS));
        }
        open.all += 1;
        *open.of.entry(merchant).or_default() += 1;
        Ok(Place { streams: self.clone(), merchant })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.streams.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all -= 1;
        if let Some(count) = open.of.get_mut(&self.merchant) {
            *count -= 1;
            if *count == 0 {
                open.of.remove(&self.merchant);
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
    fn one_merchant_takes_no_others_place() {
        let streams = Streams::new(5, 3);
        let mut one: Vec<_> = (0..3).map(|_| streams.enter(merchant(1)).unwrap()).collect();
        assert_eq!(streams.enter(merchant(1)).unwrap_err().status(), 429);
        let other = [streams.enter(merchant(2)).unwrap(), streams.enter(merchant(2)).unwrap()];
        assert_eq!(streams.enter(merchant(2)).unwrap_err().status(), 503);
        one.pop();
        one.push(streams.enter(merchant(1)).unwrap());
        drop((one, other));
        let open = streams.0.open.lock().unwrap();
        assert!(open.all == 0 && open.of.is_empty(), "nothing is kept of who has left");
    }
}
