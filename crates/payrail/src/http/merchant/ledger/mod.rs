//! A merchant's ledger: as a list and as a table.

pub mod export;
pub mod list;
