//! The values that PayRail is made of, each with its rule in one place. They are as pure as the core, which decides over
//! them: no I/O, no clock, no randomness.

pub mod ids;
pub mod money;
pub mod names;
pub mod operator;
pub mod rail;
pub mod word;
