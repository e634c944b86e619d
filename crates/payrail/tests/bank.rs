//! The simulated bank over real HTTP, and the rail before banks that misbehave.
#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

#[path = "bank/support.rs"]
mod support;

#[path = "bank/book.rs"]
mod book;
#[path = "bank/identity.rs"]
mod identity;
#[path = "bank/outcomes.rs"]
mod outcomes;
#[path = "bank/rail.rs"]
mod rail;
