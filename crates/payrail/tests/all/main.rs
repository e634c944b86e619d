//! The program from outside: real processes, real HTTP, on both stores. One file a subject.

#[macro_use]
mod support;

mod crash;
mod race;
