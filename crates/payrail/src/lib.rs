//! The program: the shell around the core and the stores. HTTP in, the engine in the middle, the bank
//! on the other side.

mod bad_setting;
pub mod bank_change;
pub mod cli;
pub mod clock;
pub mod demo;
pub mod housekeeping;
pub mod http;
pub mod ids;
pub mod keys;
pub mod lanes;
pub mod logging;
pub mod notifier;
pub mod operators;
pub mod passwords;
mod payout_log;
pub mod presence;
pub mod published;
pub mod rail;
pub mod rails;
pub mod readiness;
pub mod reset;
pub mod secret;
pub mod serve;
pub mod settings;
pub mod shared_utrs;
mod signals;
pub mod telemetry;
pub mod verify;
pub mod worker;
