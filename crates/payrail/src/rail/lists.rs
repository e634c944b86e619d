//! The bank's own lists: what it really paid, and what came back.

use jiff::Timestamp;
use payrail_core::money::Amount;
use payrail_core::payout::BankAnswer;
use reqwest::{Method, StatusCode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::call::Answered;
use super::{Error, Rail, call, excerpt};

/// A page of a thousand rows at their longest.
const LIST_MAX: usize = 4 * 1024 * 1024;

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PaidTransfer {
    /// Its place in the bank's book: ask for the next page with `after` the last one.
    pub number: i64,
    pub reference: String,
    #[serde(rename = "amount_paise")]
    pub amount: Amount,
    pub bank_account_id: String,
    pub utr: String,
    #[serde(deserialize_with = "timestamp")]
    pub paid_at: Timestamp,
    pub returned: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReturnedTransfer {
    /// Its place among the returns, without gaps.
    pub number: i64,
    pub reference: String,
    pub utr: String,
    #[serde(rename = "amount_paise")]
    pub amount: Amount,
    #[serde(deserialize_with = "storable")]
    pub reason: String,
    #[serde(deserialize_with = "timestamp")]
    pub returned_at: Timestamp,
}

#[derive(Deserialize)]
struct Transfers {
    transfers: Vec<PaidTransfer>,
}

#[derive(Deserialize)]
struct Returns {
    returns: Vec<ReturnedTransfer>,
}

/// The rows of a page of what the bank paid.
pub fn paid_in(page: &[u8]) -> Result<Vec<PaidTransfer>, serde_json::Error> {
    serde_json::from_slice(page).map(|page: Transfers| page.transfers)
}

/// The rows of a page of what came back.
pub fn returned_in(page: &[u8]) -> Result<Vec<ReturnedTransfer>, serde_json::Error> {
    serde_json::from_slice(page).map(|page: Returns| page.returns)
}

impl Rail {
    /// What the bank paid after its row `after`, in its own order; an empty page is the end.
    pub async fn paid(&self, after: i64, limit: u32) -> Result<Vec<PaidTransfer>, Error> {
        self.list("transfers", after, limit, paid_in).await
    }

    /// What came back after return number `after`, in order; an empty page is the end.
    pub async fn returns(&self, after: i64, limit: u32) -> Result<Vec<ReturnedTransfer>, Error> {
        self.list("returns", after, limit, returned_in).await
    }

    async fn list<T>(
        &self,
        name: &str,
        after: i64,
        limit: u32,
        read: impl Fn(&[u8]) -> Result<Vec<T>, serde_json::Error>,
    ) -> Result<Vec<T>, Error> {
        let mut url = self.url(&["v1", name]);
        url.set_query(Some(&format!("after={after}&limit={limit}")));
        let Answered { reply, .. } =
            call::make(&self.client, Method::GET, url, None, None, LIST_MAX).await.map_err(|answer| match answer {
                BankAnswer::Unreachable { why } | BankAnswer::NoAnswer { why } => Error::List(why),
                other => Error::List(other.as_str().to_owned()),
            })?;
        if reply.status != StatusCode::OK {
            return Err(Error::List(format!("the bank answered with HTTP status {}", reply.status)));
        }
        match reply.broken {
            Some(why) => Err(Error::List(why)),
            None => read(&reply.body).map_err(|error| Error::List(error.to_string())),
        }
    }
}

fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

fn storable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(excerpt(&String::deserialize(deserializer)?, 500))
}
