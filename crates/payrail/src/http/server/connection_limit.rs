//! Bounds the number of open connections.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Clones share one limit.
#[derive(Clone, Debug)]
pub struct ConnectionLimit {
    free: Arc<Semaphore>,
    /// With so few free connections the server is nearly full.
    low: usize,
}

/// One connection, until it is dropped.
pub type Permit = OwnedSemaphorePermit;

impl ConnectionLimit {
    pub fn new(connections: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(connections)), low: connections / 8 }
    }

    pub fn try_acquire(&self) -> Option<Permit> {
        self.free.clone().try_acquire_owned().ok()
    }

    /// When nearly full, idle connections are closed early to admit new requests.
    pub fn is_nearly_full(&self) -> bool {
        self.free.available_permits() <= self.low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_nearly_full_before_it_is_full() {
        let limit = ConnectionLimit::new(16);
        let mut permits: Vec<_> = (0..13).map(|_| limit.try_acquire().unwrap()).collect();
        assert!(!limit.is_nearly_full());
        permits.extend((0..3).map(|_| limit.try_acquire().unwrap()));
        assert!(limit.is_nearly_full() && limit.try_acquire().is_none());
        permits.pop();
        assert!(limit.is_nearly_full() && limit.try_acquire().is_some());
        permits.truncate(13);
        assert!(!limit.is_nearly_full());
    }
}
