//! What every protocol takes and returns.

use std::time::Duration;

use payrail_core::payout::BankAnswer;
use payrail_types::money::Amount;
use serde::Serialize;

/// How to reach a bank.
#[derive(Clone, Copy, Debug)]
pub struct Access<'a> {
    pub url: &'a str,
    /// It bounds a whole call, from the connection to the last byte of the answer.
    pub timeout: Duration,
    /// Shown to the bank with each call, as `Authorization: Bearer`.
    pub token: Option<&'a str>,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{0:?} is not the address of a bank: {1}")]
    Address(String, String),
    #[error("the bank's list could not be read: {0}")]
    List(String),
}

/// One call to the bank: what was sent, what came back, and what that means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// Method, path and body, cut.
    pub sent: String,
    /// Status line and body, cut; empty when nothing came back.
    pub received: String,
    pub answer: BankAnswer,
}

/// What the bank is told to pay, and what its answers must be about.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Instruction<'a> {
    pub reference: &'a str,
    #[serde(rename = "amount_paise")]
    pub amount: Amount,
    pub bank_account_id: &'a str,
}

/// The first `max` characters, without control characters, for the database and the log: PostgreSQL refuses NUL, and a log
/// line must stay one line.
pub(crate) fn excerpt(text: &str, max: usize) -> String {
    text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
