//! The words of the core and of `verify`, as members of the API. A word is written down once, there; here is what the
//! OpenAPI document calls each set of them, and says of it.

use std::borrow::Cow;

use payrail_core::{bank_return, event, ledger, payout};
use payrail_types::operator;
use payrail_types::word::Word;
use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::verify;

/// A word of the core in JSON or in a query. Members are declared by the names below: utoipa would take the parameter
/// of a generic type for a schema of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WordOf<T>(pub T);

pub type PayoutStatus = WordOf<payout::Status>;
pub type Step = WordOf<payout::AttemptKind>;
pub type AttemptOutcome = WordOf<payout::AttemptOutcome>;
pub type EntryKind = WordOf<ledger::EntryKind>;
pub type EventKind = WordOf<event::EventKind>;
pub type ActionKind = WordOf<operator::OperatorActionKind>;
pub type ExceptionKind = WordOf<bank_return::ExceptionKind>;
pub type DifferenceKind = WordOf<verify::Kind>;

/// What the OpenAPI document says of a set of words.
pub trait Documented: Word {
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
}

impl Documented for payout::Status {
    const NAME: &'static str = "PayoutStatus";
    const DESCRIPTION: &'static str = "Where a payout stands. `pending`: accepted, its funds held. `processing`: a worker \
        has claimed it; it may be in doubt. `completed`: the bank paid. `failed`: the bank certainly did not pay, and the \
        funds are back. `cancelled`: withdrawn before the claim. `returned`: paid, and the money came back later.";
}

impl Documented for payout::AttemptKind {
    const NAME: &'static str = "Step";
    const DESCRIPTION: &'static str = "What a payout's next call to the bank will be. `submit`: tell the bank to pay. \
        `enquire`: ask what became of it. `close`: ask, and have the bank refuse it for good if it was never received.";
}

impl Documented for payout::AttemptOutcome {
    const NAME: &'static str = "AttemptOutcome";
    const DESCRIPTION: &'static str = "How a call to the bank ended. `released`: its worker stopped before it called. The \
        others are the bank's answers, or why there is none.";
}

impl Documented for ledger::EntryKind {
    const NAME: &'static str = "EntryKind";
    const DESCRIPTION: &'static str = "A movement between two accounts of one book. `fund`: bank → available. `hold`: \
        available → held. `settle`: held → bank. `refund`: held → available. `return`: bank → available.";
}

impl Documented for event::EventKind {
    const NAME: &'static str = "EventKind";
    const DESCRIPTION: &'static str = "What happened. `payout.` and a status: the payout has this status from then on. \
        `payout.in_doubt`: its last call got no definite answer, and it is still `processing`. `balance.funded`: money \
        came in.";
}

impl Documented for operator::OperatorActionKind {
    const NAME: &'static str = "ActionKind";
    const DESCRIPTION: &'static str = "What an operator did, or the program for one.";
}

impl Documented for bank_return::ExceptionKind {
    const NAME: &'static str = "ExceptionKind";
    const DESCRIPTION: &'static str = "What does not fit between the bank and PayRail.";
}

impl Documented for verify::Kind {
    const NAME: &'static str = "DifferenceKind";
    const DESCRIPTION: &'static str = "What is not as it must be. docs/verify.md explains each word.";
}

impl<T> From<T> for WordOf<T> {
    fn from(word: T) -> Self {
        Self(word)
    }
}

impl<T: Word> Serialize for WordOf<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de, T: Word> Deserialize<'de> for WordOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        T::parse(&word).map(Self).ok_or_else(|| unknown(&word, T::all().map(Word::as_str)))
    }
}

impl<T: Documented> PartialSchema for WordOf<T> {
    fn schema() -> RefOr<Schema> {
        schema_of(T::DESCRIPTION, T::all().map(Word::as_str))
    }
}

impl<T: Documented> ToSchema for WordOf<T> {
    fn name() -> Cow<'static, str> {
        T::NAME.into()
    }
}

/// The error for a word that is not one of the known ones.
pub fn unknown<E: Error>(word: &str, known: impl Iterator<Item = &'static str>) -> E {
    let known: Vec<_> = known.map(|word| format!("`{word}`")).collect();
    E::custom(format_args!("unknown value `{word}`; the known ones are {}", known.join(", ")))
}

/// The schema of a member that has one of these words.
pub fn schema_of(description: &str, words: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words));
    words.description(Some(description)).build().into()
}

/// A status as clients of the first version know it: they know four. The funds of a cancelled or returned payout are the
/// merchant's again, so it shows as `failed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct OriginalStatus(PayoutStatus);

impl From<payout::Status> for OriginalStatus {
    fn from(status: payout::Status) -> Self {
        Self(WordOf(match status {
            payout::Status::Cancelled | payout::Status::Returned => payout::Status::Failed,
            known => known,
        }))
    }
}

impl PartialSchema for OriginalStatus {
    fn schema() -> RefOr<Schema> {
        let description = "The four statuses that clients of the first version know. A cancelled or returned payout shows \
            as `failed`: its funds are the merchant's again.";
        let known = payout::Status::all().filter(|status| Self::from(*status).0 == WordOf(*status));
        schema_of(description, known.map(Word::as_str))
    }
}

impl ToSchema for OriginalStatus {}

/// As seen from the merchant's available balance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EntryType {
    Credit,
    Debit,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_an_unknown_one_lists_the_known_ones() {
        for kind in bank_return::ExceptionKind::all() {
            let json = serde_json::to_string(&WordOf(kind)).unwrap();
            assert_eq!(json, format!("{:?}", kind.as_str()));
            assert_eq!(serde_json::from_str::<ExceptionKind>(&json).unwrap(), WordOf(kind));
        }
        let error = serde_json::from_str::<Step>("\"pay\"").unwrap_err().to_string();
        assert!(error.contains("unknown value `pay`; the known ones are `submit`, `enquire`, `close`"), "{error}");
    }

    #[test]
    fn clients_of_the_first_version_see_its_four_statuses() {
        let seen = payout::Status::all().map(|status| serde_json::to_value(OriginalStatus::from(status)).unwrap());
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen, ["pending", "processing", "completed", "failed", "failed", "failed"]);
        let schema = serde_json::to_value(OriginalStatus::schema()).unwrap();
        assert_eq!(schema["enum"], serde_json::json!(["pending", "processing", "completed", "failed"]));
    }
}
