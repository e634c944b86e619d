//! Returned money, as the bank's list of returns states it, and the mismatches that a person must resolve.

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantArray};
use uuid::Uuid;

use payrail_types::ids::{MerchantId, PayoutId};
use payrail_types::names::Utr;
use payrail_types::word::Word;

/// A line of the bank's list of returns, as the bank states it. The decision checks it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankReturn {
    /// Its place in the list.
    pub number: i64,
    pub reference: String,
    /// As the bank stated it, even if it is absurd.
    pub amount_paise: i64,
    /// As the bank stated it. It counts as a UTR only if it equals the payout's.
    pub utr: String,
    pub reason: String,
}

impl BankReturn {
    /// Derived from the line's facts: the same line always has the same id, and other facts under the same number give
    /// another id. The reason is not one of the facts, because a bank may reword it.
    pub fn id(&self) -> Uuid {
        fingerprint(&["return", &self.number.to_string(), &self.reference, &self.amount_paise.to_string(), &self.utr])
    }
}

/// A decided line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenReturn {
    pub line: BankReturn,
    pub payout: PayoutId,
    /// Credited to the merchant, or recorded as an exception.
    pub credited: bool,
    pub at: Timestamp,
}

impl TakenReturn {
    pub fn known(&self) -> KnownReturn {
        KnownReturn { payout: self.payout, credited: self.credited }
    }
}

/// The decision on a line that was read before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownReturn {
    pub payout: PayoutId,
    pub credited: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ExceptionKind {
    /// The bank returned another amount than it had paid.
    ReturnOtherAmount,
    /// The bank returned a payout under another UTR than it was paid under.
    ReturnOtherUtr,
    /// The bank returned a payout that it never paid.
    ReturnOfUnpaid,
    /// The bank returned a payout a second time.
    ReturnAgain,
    /// The bank returned something that PayRail never asked it to pay.
    ReturnUnknownReference,
    /// A line of the bank's list of returns, or the whole list, cannot be read.
    ReturnUnreadable,
    /// The bank's list of returns leaves numbers out.
    ReturnsMissing,
    /// One bank paid two payouts under one UTR. (UTRs of different banks are unrelated.)
    DuplicateUtr,
}

/// An amount and a UTR, as far as they are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    pub amount_paise: Option<i64>,
    pub utr: Option<String>,
}

/// A mismatch between what the bank says and what is known here. It moves no money; a person resolves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Derived from the mismatch, so that it is recorded only once.
    pub id: Uuid,
    pub kind: ExceptionKind,
    pub payout: Option<PayoutId>,
    /// The other payout with the same UTR.
    pub other_payout: Option<PayoutId>,
    pub reference: Option<String>,
    pub return_number: Option<i64>,
    pub stated: Facts,
    pub expected: Facts,
    /// In a sentence, for people.
    pub detail: String,
    pub created_at: Timestamp,
}

impl Exception {
    fn new(id: Uuid, kind: ExceptionKind, detail: String, now: Timestamp) -> Self {
        Self {
            id,
            kind,
            payout: None,
            other_payout: None,
            reference: None,
            return_number: None,
            stated: Facts::default(),
            expected: Facts::default(),
            detail,
            created_at: now,
        }
    }

    /// About a line of the list, without the payout that it names.
    pub fn from_line(line: &BankReturn, kind: ExceptionKind, detail: String, now: Timestamp) -> Self {
        Self {
            reference: Some(line.reference.clone()),
            return_number: Some(line.number),
            stated: Facts { amount_paise: Some(line.amount_paise), utr: Some(line.utr.clone()) },
            ..Self::new(line.id(), kind, detail, now)
        }
    }

    /// About the list itself. `what` identifies the exception: the same text again is the same exception.
    pub fn from_list(
        kind: ExceptionKind,
        what: &str,
        return_number: Option<i64>,
        detail: String,
        now: Timestamp,
    ) -> Self {
        Self { return_number, ..Self::new(fingerprint(&[kind.as_str(), what]), kind, detail, now) }
    }

    /// Of the payouts that one bank paid under one UTR and that have no exception yet, the one with the lowest id keeps
    /// the UTR, and each other one is an exception. The order of `payouts` makes no difference.
    pub fn from_shared_utr(utr: &Utr, payouts: &[(MerchantId, PayoutId)], now: Timestamp) -> Vec<(MerchantId, Self)> {
        let Some((_, keeps)) = payouts.iter().min_by_key(|(_, payout)| *payout) else { return Vec::new() };
        let others = payouts.iter().filter(|(_, payout)| payout != keeps);
        others.map(|(merchant, payout)| (*merchant, Self::duplicate_utr(*payout, *keeps, utr, now))).collect()
    }

    /// `payout` was paid under a UTR that `other` already has.
    pub fn duplicate_utr(payout: PayoutId, other: PayoutId, utr: &Utr, now: Timestamp) -> Self {
        let detail = format!("The bank paid this payout under UTR {utr}, which payout {other} has already.");
        let id = fingerprint(&["duplicate_utr", &payout.to_string()]);
        Self {
            payout: Some(payout),
            other_payout: Some(other),
            reference: Some(payout.reference()),
            stated: Facts { utr: Some(utr.to_string()), amount_paise: None },
            ..Self::new(id, ExceptionKind::DuplicateUtr, detail, now)
        }
    }
}

/// The namespace of the ids that are computed from facts.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2c_9d1e_4b7a_4f0e_9a53_70a1_72e4_1c05);

/// Each part with its length before it, so that different lists of parts give different texts.
fn fingerprint(parts: &[&str]) -> Uuid {
    let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    Uuid::new_v5(&NAMESPACE, text.as_bytes())
}
