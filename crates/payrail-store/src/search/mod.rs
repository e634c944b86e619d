//! Searches in long lists, newest first. Each request reads a bounded number of rows, and the next one continues there.
//! A file for each list.

mod actions;
mod entries;
mod merchants;
mod payouts;
mod records;
mod walk;

pub use actions::ActionFilter;
pub use entries::EntryFilter;
pub use payouts::PayoutFilter;
pub use records::RecordFilter;
pub use walk::{Found, LOOKED_AT_MAX, Window};
