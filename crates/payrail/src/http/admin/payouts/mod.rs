//! Payouts of all merchants, and those in doubt.

pub mod doubtful;
pub mod list;
