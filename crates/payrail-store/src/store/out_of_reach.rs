//! The cells that did not answer lately. What asks all cells leaves them alone for a while, so that nobody waits for them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a cell that did not answer is not asked again.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// By number, until when each is left alone.
#[derive(Debug, Default)]
pub struct OutOfReach(Mutex<BTreeMap<usize, Instant>>);

impl OutOfReach {
    /// Never all of `cells`: if none answers, nobody's work is held up by asking.
    pub fn is_left_alone(&self, number: usize, cells: usize, now: Instant) -> bool {
        let until = self.until();
        until.len() < cells && until.get(&number).is_some_and(|until| now < *until)
    }

    pub fn has_answered(&self, number: usize) {
        if self.until().remove(&number).is_some() {
            tracing::warn!(cell = number + 1, "the cell answers again");
        }
    }

    pub fn did_not_answer(&self, number: usize, now: Instant, why: &str) {
        if self.until().insert(number, now + LEFT_ALONE).is_none() {
            tracing::warn!(cell = number + 1, why, "a cell does not answer; its merchants wait, and the others go on");
        }
    }

    fn until(&self) -> MutexGuard<'_, BTreeMap<usize, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
