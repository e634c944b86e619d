//! The pure core of PayRail: no I/O, no clock, no randomness. Time and ids come in, decisions go out.
//! The crate's manifest and `clippy.toml` enforce this.

pub mod backoff;
pub mod bank_return;
pub mod book;
pub mod command;
pub mod decide;
pub mod event;
pub mod idempotency;
pub mod ledger;
pub mod payout;
pub mod writes;
