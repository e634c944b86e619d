//! The pure heart of PayRail. No I/O, no clock, no randomness: time and ids come in, decisions go out.
//! `clippy.toml` beside this crate's manifest, and the manifest itself, see to it.

pub mod backoff;
pub mod bank_return;
pub mod command;
pub mod decide;
pub mod event;
pub mod idempotency;
pub mod ids;
pub mod ledger;
pub mod money;
pub mod operator;
pub mod payout;
