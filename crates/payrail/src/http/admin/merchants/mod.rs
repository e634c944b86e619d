//! Merchants, their API keys, and their funding.

pub mod fund;
pub mod keys;
pub mod manage;
