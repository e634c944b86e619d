//! The merchants' API, `/api/v1`.

pub mod auth;
pub mod events;
pub mod insights;
pub mod known_keys;
pub mod ledger;
pub mod me;
pub mod payouts;
pub mod search;
pub mod session;
