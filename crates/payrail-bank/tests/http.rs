//! The simulated bank over real HTTP, by a client that shares no code with PayRail's.
#![allow(clippy::unwrap_used)] // What a test cannot unwrap, it has failed on.

#[path = "http/support.rs"]
mod support;

#[path = "http/book.rs"]
mod book;
#[path = "http/identity.rs"]
mod identity;
#[path = "http/outcomes.rs"]
mod outcomes;
