//! The overview of the system.

pub mod show;
pub mod workers;
