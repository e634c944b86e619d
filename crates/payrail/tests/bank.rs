//! The simulated bank over real HTTP, and the rail before banks that misbehave.
#![allow(clippy::unwrap_used)]

#[path = "bank/support.rs"]
mod support;

#[path = "bank/book.rs"]
mod book;
#[path = "bank/outcomes.rs"]
mod outcomes;
#[path = "bank/rail.rs"]
mod rail;
