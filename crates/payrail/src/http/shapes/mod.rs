//! The JSON of the API, with its descriptions in the OpenAPI document.

pub mod funding;
pub mod ledger;
pub mod payout;
pub mod problem;
pub mod views;
pub mod words;
