//! The rail: before the simulated bank, and before banks that misbehave.
#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

#[path = "rail/calls.rs"]
mod calls;
#[path = "rail/simulated.rs"]
mod simulated;
