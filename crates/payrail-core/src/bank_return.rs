//! Money that comes back, as the bank's list of returns states it, and the mismatches that a person must resolve.

use jiff::Timestamp;
use uuid::Uuid;

use crate::ids::{MerchantId, PayoutId};

/// A line of the bank's list of returns, in the bank's words: whether they are true is for the decision to find out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BankReturn {
    /// Its place in the list.
    pub number: i64,
    pub reference: String,
    /// Whatever the bank stated, absurd or not.
    pub amount_paise: i64,
    pub utr: String,
    pub reason: String,
}

impl BankReturn {
    /// The same for the same line, however often and by whomever it is read; another for a line with the same number
    /// and other facts. The reason is no fact: a bank may word it anew.
    pub fn id(&self) -> Uuid {
        fingerprint(&["return", &self.number.to_string(), &self.reference, &self.amount_paise.to_string(), &self.utr])
    }
}

/// A line of which it is known what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenReturn {
    pub line: BankReturn,
    pub payout: PayoutId,
    /// Credited to the merchant, or recorded as an exception.
    pub credited: bool,
    pub at: Timestamp,
}

/// What a line that was read before came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownReturn {
    pub payout: PayoutId,
    pub credited: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionKind {
    /// The bank returned another amount than it was paid.
    ReturnOtherAmount,
    /// The bank returned a payout under another UTR than it was paid under.
    ReturnOtherUtr,
    /// The bank returned a payout that it never paid.
    ReturnOfUnpaid,
    /// The bank returned a payout a second time.
    ReturnAgain,
    /// The bank returned something that is no payout of ours.
    ReturnUnknownReference,
    /// A line of the bank's list of returns, or the whole list, makes no sense.
    ReturnUnreadable,
    /// The bank's list of returns leaves numbers out.
    ReturnsMissing,
    /// Two payouts were paid under one UTR.
    DuplicateUtr,
}

impl ExceptionKind {
    pub const ALL: [Self; 8] = [
        Self::ReturnOtherAmount,
        Self::ReturnOtherUtr,
        Self::ReturnOfUnpaid,
        Self::ReturnAgain,
        Self::ReturnUnknownReference,
        Self::ReturnUnreadable,
        Self::ReturnsMissing,
        Self::DuplicateUtr,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReturnOtherAmount => "return_other_amount",
            Self::ReturnOtherUtr => "return_other_utr",
            Self::ReturnOfUnpaid => "return_of_unpaid",
            Self::ReturnAgain => "return_again",
            Self::ReturnUnknownReference => "return_unknown_reference",
            Self::ReturnUnreadable => "return_unreadable",
            Self::ReturnsMissing => "returns_missing",
            Self::DuplicateUtr => "duplicate_utr",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
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
    /// The same for the same mismatch: it is recorded once, however often it is met.
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
    /// About a line of the list that is no business of a payout known here.
    pub fn of_line(line: &BankReturn, kind: ExceptionKind, detail: String, now: Timestamp) -> Self {
        let stated = Facts { amount_paise: Some(line.amount_paise), utr: Some(line.utr.clone()) };
        Self {
            id: line.id(),
            kind,
            payout: None,
            other_payout: None,
            reference: Some(line.reference.clone()),
            return_number: Some(line.number),
            stated,
            expected: Facts::default(),
            detail,
            created_at: now,
        }
    }

    /// About the list itself: `what` makes it the same when it is met again.
    pub fn of_list(
        kind: ExceptionKind,
        what: &str,
        return_number: Option<i64>,
        detail: String,
        now: Timestamp,
    ) -> Self {
        Self {
            id: fingerprint(&[kind.as_str(), what]),
            kind,
            payout: None,
            other_payout: None,
            reference: None,
            return_number,
            stated: Facts::default(),
            expected: Facts::default(),
            detail,
            created_at: now,
        }
    }

    /// Of the payouts that were paid under one UTR and have no exception yet, the one with the lowest id keeps the UTR,
    /// and each other is an exception: the same ones, whoever finds the payouts and in whatever order.
    pub fn of_shared_utr(utr: &str, payouts: &[(MerchantId, PayoutId)], now: Timestamp) -> Vec<(MerchantId, Self)> {
        let Some((_, keeps)) = payouts.iter().min_by_key(|(_, payout)| *payout) else { return Vec::new() };
        let others = payouts.iter().filter(|(_, payout)| payout != keeps);
        others.map(|(merchant, payout)| (*merchant, Self::duplicate_utr(*payout, *keeps, utr, now))).collect()
    }

    /// `payout` was paid under a UTR that `other` has already.
    pub fn duplicate_utr(payout: PayoutId, other: PayoutId, utr: &str, now: Timestamp) -> Self {
        Self {
            id: fingerprint(&["duplicate_utr", &payout.to_string()]),
            kind: ExceptionKind::DuplicateUtr,
            payout: Some(payout),
            other_payout: Some(other),
            reference: Some(payout.reference()),
            return_number: None,
            stated: Facts { utr: Some(utr.to_owned()), amount_paise: None },
            expected: Facts::default(),
            detail: format!("The bank paid this payout under UTR {utr}, which payout {other} has already."),
            created_at: now,
        }
    }
}

/// The namespace of the ids that follow from what they name.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f2c_9d1e_4b7a_4f0e_9a53_70a1_72e4_1c05);

/// Each part with its length before it: no two lists of parts make one text.
fn fingerprint(parts: &[&str]) -> Uuid {
    let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    Uuid::new_v5(&NAMESPACE, text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> BankReturn {
        let text = |text: &str| text.to_owned();
        BankReturn { number: 7, reference: text("PR1"), amount_paise: 60_000, utr: text("U1"), reason: text("frozen") }
    }

    #[test]
    fn a_line_has_one_id_and_other_facts_have_another() {
        assert_eq!(line().id().to_string(), "1ed121d0-e73a-5ac6-bdd6-6988db75d681");
        assert_eq!(BankReturn { reason: "closed".to_owned(), ..line() }.id(), line().id());
        let others = [
            BankReturn { number: 8, ..line() },
            BankReturn { reference: "PR2".to_owned(), ..line() },
            BankReturn { amount_paise: 1, ..line() },
            BankReturn { utr: "U2".to_owned(), ..line() },
        ];
        assert!(others.iter().all(|other| other.id() != line().id()));
    }

    #[test]
    fn parts_do_not_run_together() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["a", ""]), fingerprint(&["a"]));
    }

    #[test]
    fn kinds_are_their_words() {
        assert!(ExceptionKind::ALL.iter().all(|kind| ExceptionKind::parse(kind.as_str()) == Some(*kind)));
        assert_eq!(ExceptionKind::parse("other"), None);
    }

    #[test]
    fn of_payouts_under_one_utr_one_keeps_it_whoever_looks() {
        let payouts = [3, 1, 2].map(|n| (MerchantId(Uuid::from_u128(n + 10)), PayoutId(Uuid::from_u128(n))));
        let of = |payouts: &[_]| Exception::of_shared_utr("U1", payouts, Timestamp::UNIX_EPOCH);
        let mut found = of(&payouts);
        found.sort_by_key(|(merchant, _)| *merchant);
        let named: Vec<_> = found.iter().map(|(merchant, it)| (*merchant, it.payout, it.other_payout)).collect();
        let keeps = Some(payouts[1].1);
        assert_eq!(named, [2, 0].map(|n| (payouts[n].0, Some(payouts[n].1), keeps)));
        let mut backwards = of(&[payouts[2], payouts[1], payouts[0]]);
        backwards.sort_by_key(|(merchant, _)| *merchant);
        assert_eq!(backwards, found);
        assert!(of(&payouts[..1]).is_empty() && of(&[]).is_empty());
    }

    #[test]
    fn a_duplicate_utr_names_both_payouts_and_is_one_per_payout() {
        let [one, two] = [1, 2].map(|n| PayoutId(Uuid::from_u128(n)));
        let exception = Exception::duplicate_utr(one, two, "U1", Timestamp::UNIX_EPOCH);
        assert_eq!((exception.payout, exception.other_payout), (Some(one), Some(two)));
        assert_eq!(exception.id, Exception::duplicate_utr(one, PayoutId(Uuid::nil()), "U2", Timestamp::MAX).id);
        assert_ne!(exception.id, Exception::duplicate_utr(two, one, "U1", Timestamp::UNIX_EPOCH).id);
    }
}
