//! A merchant's payouts: created, listed, shown, cancelled.

pub mod create;
pub mod list;
pub mod show;
