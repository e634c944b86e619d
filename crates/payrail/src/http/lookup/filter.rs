//! Filters of payouts. A request looks at a bounded number of rows, newest first, so its cost does not grow with the
//! history. The client requests the next page to look further back.

use payrail_core::payout::{Payout, State, Status};
use payrail_types::ids::PayoutId;
use payrail_types::word::Word;
use serde::{Deserialize, Deserializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::needle::Needle;
use crate::http::plumbing::params::bad_parameter;
use crate::http::plumbing::problem::Problem;
use crate::http::shapes::words::{schema_of, unknown};

const SEARCH_CHARACTERS: usize = 255;

/// A status, or `in_doubt`: the last call to the bank got no definite answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusFilter {
    Status(Status),
    InDoubt,
}

const IN_DOUBT: &str = "in_doubt";

impl StatusFilter {
    fn takes(self, payout: &Payout) -> bool {
        match self {
            Self::Status(status) => status == payout.status(),
            Self::InDoubt => payout.is_in_doubt(),
        }
    }

    fn words() -> impl Iterator<Item = &'static str> {
        Status::all().map(Word::as_str).chain([IN_DOUBT])
    }
}

impl<'de> Deserialize<'de> for StatusFilter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        if word == IN_DOUBT {
            return Ok(Self::InDoubt);
        }
        Status::parse(&word).map(Self::Status).ok_or_else(|| unknown(&word, Self::words()))
    }
}

impl PartialSchema for StatusFilter {
    fn schema() -> RefOr<Schema> {
        let description = "A status, or `in_doubt`: those whose last call to the bank got no definite answer.";
        schema_of(description, Self::words())
    }
}

impl ToSchema for StatusFilter {}

#[derive(Clone, Debug, Default)]
pub struct Filter {
    status: Option<StatusFilter>,
    /// In lower case; not empty.
    text: Option<String>,
    /// What the text may name exactly.
    needle: Option<Needle>,
}

impl Filter {
    pub fn new(status: Option<StatusFilter>, search: Option<&str>) -> Result<Self, Problem> {
        let search = search.map(str::trim).filter(|text| !text.is_empty());
        if search.is_some_and(|text| text.chars().count() > SEARCH_CHARACTERS) {
            return Err(bad_parameter(format!("search must have no more than {SEARCH_CHARACTERS} characters.")));
        }
        // A text that names nothing exactly may still be a part of a field.
        let needle = search.and_then(|text| Needle::new(text).ok());
        Ok(Self { status, text: search.map(str::to_lowercase), needle })
    }

    pub fn is_everything(&self) -> bool {
        self.status.is_none() && self.text.is_none()
    }

    /// The payout to look up directly.
    pub fn named(&self) -> Option<PayoutId> {
        self.needle.as_ref().and_then(Needle::named)
    }

    pub fn takes_status_of(&self, payout: &Payout) -> bool {
        self.status.is_none_or(|status| status.takes(payout))
    }

    pub fn takes(&self, payout: &Payout) -> bool {
        let is_named = || self.needle.as_ref().is_some_and(|needle| !needle.matched(payout).is_empty());
        self.takes_status_of(payout) && self.text.as_deref().is_none_or(|text| mentions(payout, text) || is_named())
    }
}

/// Whether the bank account, the UTR or a reason (of the end, or of the doubt) contains the text, in any case.
fn mentions(payout: &Payout, text: &str) -> bool {
    let (utr, reason) = match &payout.state {
        State::Completed { utr } => (utr.as_str(), ""),
        State::Failed { reason } => ("", reason.as_str()),
        State::Returned { utr, reason } => (utr.as_str(), reason.as_str()),
        State::Processing(progress) => ("", progress.doubt.as_ref().map_or("", |doubt| doubt.reason.as_str())),
        State::Pending { .. } | State::Cancelled => ("", ""),
    };
    [payout.bank_account_id.as_str(), utr, reason].iter().any(|part| part.to_lowercase().contains(text))
}
