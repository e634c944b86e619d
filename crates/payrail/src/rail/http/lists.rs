//! The bank's own lists: what it really paid, and what came back. A row that makes no sense is told apart from the
//! others: it must not hide them.

use jiff::Timestamp;
use payrail_core::bank_return::{BankReturn, Exception, ExceptionKind};
use payrail_core::payout::BankAnswer;
use payrail_types::money::Amount;
use payrail_types::rail::RailId;
use payrail_types::word::Word;
use reqwest::{Method, StatusCode};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::call;
use super::client::Http;
use crate::rail::types::{Error, excerpt};

/// A page of a thousand rows at their longest.
const LIST_MAX: usize = 4 * 1024 * 1024;

/// How much of an unreadable row is kept, in characters.
const RAW_MAX: usize = 500;

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

/// What the bank states, right or wrong: the decision compares it with the payout.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ReturnedTransfer {
    /// Its place among the returns, without gaps.
    pub number: i64,
    #[serde(deserialize_with = "name")]
    pub reference: String,
    #[serde(deserialize_with = "name")]
    pub utr: String,
    pub amount_paise: i64,
    #[serde(deserialize_with = "storable")]
    pub reason: String,
    #[serde(deserialize_with = "timestamp")]
    pub returned_at: Timestamp,
}

impl ReturnedTransfer {
    pub fn line(&self) -> BankReturn {
        BankReturn {
            number: self.number,
            reference: self.reference.clone(),
            amount_paise: self.amount_paise,
            utr: self.utr.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// A row of a list that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Its number, if that much can be read.
    pub number: Option<i64>,
    pub why: String,
    /// As it came.
    raw: String,
}

impl Unreadable {
    fn of(raw: &RawValue, why: &serde_json::Error) -> Self {
        #[derive(Deserialize)]
        struct Numbered {
            number: i64,
        }
        let number = serde_json::from_str(raw.get()).ok().map(|it: Numbered| it.number);
        Self { number, why: excerpt(&why.to_string(), 200), raw: raw.get().to_owned() }
    }

    /// The same text in one rail's list is the same exception, however often it is read.
    pub fn exception(&self, rail: RailId, now: Timestamp) -> Exception {
        let row = excerpt(&self.raw, RAW_MAX);
        let detail = format!("A line of {} cannot be read ({}): {row}", list_of(rail), self.why);
        Exception::from_list(ExceptionKind::ReturnUnreadable, &of_rail(rail, &self.raw), self.number, detail, now)
    }

    /// What people are shown of it.
    pub fn shown(&self) -> String {
        format!("{}: {}", self.why, excerpt(&self.raw, RAW_MAX))
    }
}

/// What identifies an exception about a rail's list. That of the rail which is always there is as it was before there were
/// others.
pub fn of_rail(rail: RailId, what: &str) -> String {
    if rail == RailId::DEFAULT { what.to_owned() } else { format!("{rail} {what}") }
}

/// What people are told the list is.
pub fn list_of(rail: RailId) -> String {
    let whose = if rail == RailId::DEFAULT { String::new() } else { format!(" of the rail {rail}") };
    format!("the bank's list of returns{whose}")
}

pub type Row<T> = Result<T, Unreadable>;

#[derive(Deserialize)]
struct Transfers<'a> {
    #[serde(borrow)]
    transfers: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Returns<'a> {
    #[serde(borrow)]
    returns: Vec<&'a RawValue>,
}

/// The rows of a page of what the bank paid.
pub fn paid_in(page: &[u8]) -> Result<Vec<Row<PaidTransfer>>, serde_json::Error> {
    serde_json::from_slice(page).map(|page: Transfers<'_>| rows(&page.transfers))
}

/// The rows of a page of what came back.
pub fn returned_in(page: &[u8]) -> Result<Vec<Row<ReturnedTransfer>>, serde_json::Error> {
    serde_json::from_slice(page).map(|page: Returns<'_>| rows(&page.returns))
}

fn rows<T: for<'de> Deserialize<'de>>(rows: &[&RawValue]) -> Vec<Row<T>> {
    let row = |raw: &&RawValue| match raw.get().starts_with('{') {
        true => serde_json::from_str(raw.get()).map_err(|error| Unreadable::of(raw, &error)),
        // Serde would read a struct from a bare array too.
        false => Err(Unreadable::of(raw, &serde_json::Error::custom("it is no JSON object"))),
    };
    rows.iter().map(row).collect()
}

impl Http {
    /// What the bank paid after its row `after`, in its own order; an empty page is the end.
    pub async fn paid(&self, after: i64, limit: u32) -> Result<Vec<Row<PaidTransfer>>, Error> {
        self.list("transfers", after, limit, paid_in).await
    }

    /// What came back after return number `after`, in order; an empty page is the end.
    pub async fn returns(&self, after: i64, limit: u32) -> Result<Vec<Row<ReturnedTransfer>>, Error> {
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
        let meant = self.expected.stated();
        let answered = call::make(&self.client, Method::GET, url, None, meant.as_deref(), LIST_MAX).await;
        let answered = answered.map_err(|answer| match answer {
            BankAnswer::Unreachable { why } | BankAnswer::NoAnswer { why } => Error::List(why),
            other => Error::List(other.outcome().as_str().to_owned()),
        })?;
        self.refuse_another(&answered).map_err(Error::List)?;
        let reply = answered.reply;
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

/// A reference or a UTR: longer than any that is one, so that what is cut off cannot make it equal to one.
fn name<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(excerpt(&String::deserialize(deserializer)?, 100))
}

fn storable<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(excerpt(&String::deserialize(deserializer)?, 500))
}
