//! One walk through a list.

use std::cmp::Ordering;

use jiff::{SignedDuration, Timestamp};

use crate::position::Position;

/// The maximum number of rows that one request reads.
pub const LOOKED_AT_MAX: usize = 5_000;
/// The number of rows to read at a time with a filter.
pub(crate) const PAGE: u32 = 500;

/// The rows found, and the place to continue from. There may be such a place even without any rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<T, P = Position> {
    pub items: Vec<T>,
    pub next: Option<P>,
}

/// A period: from one time on, and before another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

impl Window {
    pub fn has(self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at < to)
    }

    pub(super) fn start(self) -> Timestamp {
        self.from.unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The beginning of a search without a place: the newest row in the period. (The databases' resolution is a
    /// microsecond.)
    pub(super) fn end(self) -> Position {
        let last = self.to.map(|to| to.saturating_sub(SignedDuration::from_micros(1)).unwrap_or(to));
        Position::newest(last.unwrap_or(END_OF_TIME))
    }
}

/// Later than all rows.
const END_OF_TIME: Timestamp = Timestamp::constant(253_402_207_200, 0);

/// The order of every search: by time, then by the rest of the place.
pub(super) fn newest_first<T>(place: impl Fn(&T) -> Position) -> impl Fn(&T, &T) -> Ordering {
    let key = move |row: &T| {
        let Position { at, owner, id, number } = place(row);
        (at, owner, id, number)
    };
    move |one, other| key(other).cmp(&key(one))
}

/// The state of a walk: its place, its results, and whether it continues.
pub(super) struct Walk<T> {
    pub at: Position,
    limit: usize,
    looked_at: usize,
    items: Vec<T>,
    is_over: bool,
}

impl<T> Walk<T> {
    pub fn new(at: Position, limit: u32) -> Self {
        Self { at, limit: limit as usize, looked_at: 0, items: Vec::new(), is_over: false }
    }

    /// How many rows to read next, if any.
    pub fn wants(&self, is_filtered: bool) -> Option<u32> {
        let is_done = self.is_over || self.items.len() >= self.limit || self.looked_at >= LOOKED_AT_MAX;
        (!is_done).then_some(if is_filtered { PAGE } else { self.limit as u32 })
    }

    /// `count` is the requested number. A page with fewer rows is the last.
    pub fn take(&mut self, page: Vec<T>, count: u32, place: impl Fn(&T) -> Position, fits: impl Fn(&T) -> bool) {
        self.is_over = page.len() < count as usize;
        for row in page {
            if self.items.len() == self.limit {
                self.is_over = false;
                return;
            }
            self.looked_at += 1;
            self.at = place(&row);
            if fits(&row) {
                self.items.push(row);
            }
        }
    }

    pub fn found(self) -> Found<T> {
        Found { next: (!self.is_over).then_some(self.at), items: self.items }
    }
}
