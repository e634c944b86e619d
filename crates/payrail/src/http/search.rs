//! Which payouts a list is asked for. A filter looks at a bounded number of rows, newest first: a request
//! never costs more however long the history; the client asks to look further back.

use payrail_core::ids::PayoutId;
use payrail_core::payout::{Payout, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::needle::Needle;
use super::paging::bad_parameter;
use super::problem::Problem;
use super::shapes::words::PayoutStatus;

const SEARCH_CHARACTERS: usize = 255;

/// A status, or `in_doubt`: those whose last call to the bank got no definite answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusFilter {
    Pending,
    Processing,
    Completed,
    Failed,
    Cancelled,
    Returned,
    InDoubt,
}

impl StatusFilter {
    fn takes(self, payout: &Payout) -> bool {
        let status = match self {
            Self::Pending => PayoutStatus::Pending,
            Self::Processing => PayoutStatus::Processing,
            Self::Completed => PayoutStatus::Completed,
            Self::Failed => PayoutStatus::Failed,
            Self::Cancelled => PayoutStatus::Cancelled,
            Self::Returned => PayoutStatus::Returned,
            Self::InDoubt => return payout.is_in_doubt(),
        };
        status == payout.status().into()
    }

    pub fn word(self) -> String {
        serde_json::to_value(self).ok().and_then(|word| word.as_str().map(str::to_owned)).unwrap_or_default()
    }
}

#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<StatusFilter>,
    /// In lower case; not empty.
    text: Option<String>,
    /// What the text can name exactly.
    needle: Option<Needle>,
}

impl Filter {
    pub fn new(status: Option<StatusFilter>, search: Option<&str>) -> Result<Self, Problem> {
        let search = search.map(str::trim).filter(|text| !text.is_empty());
        if search.is_some_and(|text| text.chars().count() > SEARCH_CHARACTERS) {
            return Err(bad_parameter(format!("search must have no more than {SEARCH_CHARACTERS} characters.")));
        }
        // What cannot be searched for exactly may still be a part of something.
        let needle = search.and_then(|text| Needle::new(text).ok());
        Ok(Self { status, text: search.map(str::to_lowercase), needle })
    }

    pub fn is_everything(&self) -> bool {
        self.status.is_none() && self.text.is_none()
    }

    /// The payout that is to be looked up directly.
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

/// Whether bank account, UTR or reason (of its end, or of its doubt) have the text in them, in any case.
fn mentions(payout: &Payout, text: &str) -> bool {
    let (utr, reason) = match &payout.state {
        State::Completed { utr } => (utr.as_str(), ""),
        State::Failed { reason } => ("", reason.as_str()),
        State::Returned { utr, reason } => (utr.as_str(), reason.as_str()),
        State::Processing(progress) => ("", progress.doubt.as_ref().map_or("", |doubt| &doubt.reason)),
        State::Pending { .. } | State::Cancelled => ("", ""),
    };
    [&payout.bank_account_id, utr, reason].iter().any(|part| part.to_lowercase().contains(text))
}
