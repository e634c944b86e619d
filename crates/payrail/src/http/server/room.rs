//! How many connections may be open at a time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Cheap to clone: clones share their places.
#[derive(Clone, Debug)]
pub struct Room {
    free: Arc<Semaphore>,
    /// With so few left it is crowded.
    few: usize,
}

/// A place, for as long as it is held.
pub type Seat = OwnedSemaphorePermit;

impl Room {
    pub fn new(places: usize) -> Self {
        Self { free: Arc::new(Semaphore::new(places)), few: places / 8 }
    }

    pub fn enter(&self) -> Option<Seat> {
        self.free.clone().try_acquire_owned().ok()
    }

    /// Then who only keeps a connection for later makes room for who has something to ask.
    pub fn is_crowded(&self) -> bool {
        self.free.available_permits() <= self.few
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_crowded_before_it_is_full() {
        let room = Room::new(16);
        let mut seats: Vec<_> = (0..13).map(|_| room.enter().unwrap()).collect();
        assert!(!room.is_crowded());
        seats.extend((0..3).map(|_| room.enter().unwrap()));
        assert!(room.is_crowded() && room.enter().is_none());
        seats.pop();
        assert!(room.is_crowded() && room.enter().is_some());
        seats.truncate(13);
        assert!(!room.is_crowded());
    }
}
