//! How both APIs find payouts.

pub mod filter;
pub mod needle;
pub mod timeline;
