//! Histories for benchmarks: merchants with keys, money and any number of past payouts. `payrail verify` finds no
//! difference in them, and the engine continues where they end.

pub mod command;
mod fill;
mod history;
mod plan;

pub use fill::{FillError, Progress, check, fill, prepare};
pub use plan::{LEFT_PAISE, Plan, api_key};
