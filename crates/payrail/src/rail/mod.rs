//! The way to the bank: submit, enquire, close.
//!
//! A call ends in one answer, and only what the bank said in so many words counts as one
//! ([`answer`]). Whatever else may happen on the way is no answer: the bank may have paid or not.

pub mod answer;
mod call;
mod identity;
pub mod lists;

use std::time::Duration;

use payrail_core::money::Amount;
use payrail_core::payout::{BankAnswer, Step};
use reqwest::{Client, Method, Url};
use serde::Serialize;

pub use call::Reply;
use identity::Expected;
pub use identity::IDENTITY;
pub use lists::{PaidTransfer, ReturnedTransfer, Unreadable};

/// No answer that counts is longer.
const ANSWER_MAX: usize = 64 * 1024;

/// How much of a call is kept with its attempt, in characters.
const KEPT_MAX: usize = 2_000;

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

/// A bank that is reached over HTTP. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Rail {
    client: Client,
    base: Url,
    expected: Expected,
}

impl Rail {
    /// `timeout` bounds a whole call, from the connection to the last byte of the answer.
    pub fn http(base_url: &str, timeout: Duration) -> Result<Rail, Error> {
        let unusable = |why: &str| Error::Address(base_url.to_owned(), why.to_owned());
        let base = Url::parse(base_url).map_err(|error| unusable(&error.to_string()))?;
        if base.scheme() != "http" || base.cannot_be_a_base() {
            return Err(unusable("it must begin with http://"));
        }
        let client = call::client(timeout).map_err(|error| unusable(&error.to_string()))?;
        Ok(Rail { client, base, expected: Expected::default() })
    }

    /// Tells the bank to pay.
    pub async fn submit(&self, instruction: Instruction<'_>) -> Exchange {
        // Strings and a number always serialize; and without a body the bank would pay nothing.
        let body = serde_json::to_string(&instruction).ok();
        self.exchange(Step::Submit, instruction, Method::POST, &["v1", "transfers"], body).await
    }

    /// Asks what became of the instruction.
    pub async fn enquire(&self, about: Instruction<'_>) -> Exchange {
        self.exchange(Step::Enquire, about, Method::GET, &["v1", "transfers", about.reference], None).await
    }

    /// Asks, and has the bank refuse the reference from now on if it never received it.
    pub async fn close(&self, about: Instruction<'_>) -> Exchange {
        self.exchange(Step::Close, about, Method::POST, &["v1", "transfers", about.reference, "close"], None).await
    }

    async fn exchange(
        &self,
        step: Step,
        about: Instruction<'_>,
        method: Method,
        path: &[&str],
        body: Option<String>,
    ) -> Exchange {
        let url = self.url(path);
        let sent = format!("{method} {} {}", url.path(), body.as_deref().unwrap_or_default());
        let meant = self.expected.stated();
        let (received, answer) = match call::make(&self.client, method, url, body, meant.as_deref(), ANSWER_MAX).await {
            Ok(answered) => match self.refuse_another(&answered) {
                Ok(()) => (answered.reply.to_string(), answer::read(step, about, &answered.reply)),
                Err(why) => (answered.reply.to_string(), BankAnswer::NoAnswer { why }),
            },
            Err(unanswered) => (String::new(), unanswered),
        };
        Exchange { sent: excerpt(sent.trim_end(), KEPT_MAX), received: excerpt(&received, KEPT_MAX), answer }
    }

    /// Each part becomes one segment, whatever characters it has.
    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        url
    }
}

/// The first `max` characters, fit to be stored and shown: no control characters (PostgreSQL
/// refuses NUL, and a log line must stay a line).
pub(crate) fn excerpt(text: &str, max: usize) -> String {
    text.chars().take(max).map(|c| if c.is_control() { ' ' } else { c }).collect()
}
