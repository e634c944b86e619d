//! The JSON of the API: what goes out and comes in, with the words that the OpenAPI document says of it.

pub mod ledger;
pub mod payout;
pub mod problem;
pub mod views;
pub mod words;
