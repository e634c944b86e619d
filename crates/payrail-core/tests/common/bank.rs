//! A bank that answers truthfully or not at all, and the calls on their way to it.

use std::collections::BTreeMap;

use payrail_core::backoff::Policy;
use payrail_core::payout::{self, Attempt, AttemptKind, BankAnswer};
use payrail_types::ids::PayoutId;
use payrail_types::names::Utr;

/// The bank's final decision on a reference.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    Paid {
        utr: Utr,
    },
    Refused,
    /// Never received, and refused from now on.
    Closed,
}

/// A bank's capabilities and promises, equal to its rail's policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Abilities {
    pub closes: bool,
    pub is_final: bool,
}

impl Abilities {
    /// Closing, promising, both, and neither.
    pub const ALL: [Self; 4] = [
        Self { closes: true, is_final: false },
        Self { closes: false, is_final: true },
        Self { closes: true, is_final: true },
        Self { closes: false, is_final: false },
    ];

    pub fn of(policy: &Policy) -> Self {
        Self { closes: policy.can_close, is_final: policy.never_received_is_final }
    }

    pub fn on(self, policy: Policy) -> Policy {
        Policy { can_close: self.closes, never_received_is_final: self.is_final, ..policy }
    }

    /// Whether only an operator can end a payout that it never received.
    pub fn need_a_person(self) -> bool {
        !self.closes && !self.is_final
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bank {
    pub abilities: Abilities,
    book: BTreeMap<String, Verdict>,
    payments: usize,
    /// Pays under its first payment's UTR again.
    pub repeats_utr: bool,
}

/// What the bank does with a call that needs a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mood {
    /// Pays a submission (or refuses it).
    pub pays: bool,
    /// Closes what it never received (or only states that).
    pub closes: bool,
}

impl Mood {
    pub const ALL: [Mood; 4] = [
        Mood { pays: true, closes: true },
        Mood { pays: true, closes: false },
        Mood { pays: false, closes: true },
        Mood { pays: false, closes: false },
    ];
}

impl Bank {
    pub fn new(abilities: Abilities) -> Self {
        Self { abilities, book: BTreeMap::new(), payments: 0, repeats_utr: false }
    }

    /// The bank's staff block a reference.
    pub fn close_by_hand(&mut self, payout: PayoutId) -> &Verdict {
        self.book.entry(payout.reference()).or_insert(Verdict::Closed)
    }

    /// The number of its payments.
    pub fn payments(&self) -> usize {
        self.payments
    }

    pub fn has_decided(&self, reference: &str) -> bool {
        self.book.contains_key(reference)
    }

    pub fn verdict(&self, payout: PayoutId) -> Option<&Verdict> {
        self.book.get(&payout.reference())
    }

    /// A call arrives. Returns the true answer, whether or not it gets back.
    pub fn receive(&mut self, reference: &str, step: AttemptKind, mood: Mood) -> BankAnswer {
        let verdict = match (self.book.get(reference), step) {
            (_, AttemptKind::Close) if !self.abilities.closes => {
                return BankAnswer::NoAnswer { why: "404 Not Found".to_owned() };
            }
            (Some(verdict), _) => verdict.clone(),
            (None, AttemptKind::Submit) => self.decide(mood),
            (None, AttemptKind::Close) if mood.closes => Verdict::Closed,
            (None, AttemptKind::Close | AttemptKind::Enquire) => return BankAnswer::NeverReceived,
        };
        self.book.insert(reference.to_owned(), verdict.clone());
        match (verdict, step) {
            (Verdict::Paid { utr }, _) => BankAnswer::Paid { utr },
            (Verdict::Closed, AttemptKind::Enquire | AttemptKind::Close) => BankAnswer::Closed,
            (Verdict::Closed, AttemptKind::Submit) => {
                BankAnswer::Refused { reason: "the reference is closed".to_owned() }
            }
            (Verdict::Refused, _) => BankAnswer::Refused { reason: "no such account".to_owned() },
        }
    }

    fn decide(&mut self, mood: Mood) -> Verdict {
        if mood.pays {
            self.payments += 1;
            let number = if self.repeats_utr { 1 } else { self.payments };
            Verdict::Paid { utr: Utr::from_stored(format!("UTR{number}")) }
        } else {
            Verdict::Refused
        }
    }
}

/// A claimed call. Its worker may be dead or late, and its request may arrive at any time, or twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub payout: PayoutId,
    pub number: u32,
    pub step: AttemptKind,
    /// The reference that the bank gets.
    pub reference: String,
    /// The bank's answer to its first arrival.
    pub answer: Option<BankAnswer>,
    /// Its worker knows that it was not sent, and it never will be.
    pub withheld: bool,
}

impl Call {
    pub fn new(attempt: &Attempt, reference: String) -> Self {
        let (payout, number, step) = (attempt.payout, attempt.number, attempt.kind);
        Self { payout, number, step, reference, answer: None, withheld: false }
    }

    /// It reaches the bank, which answers, whether or not the answer gets back.
    fn arrive(&mut self, bank: &mut Bank, mood: Mood) -> Option<BankAnswer> {
        if self.withheld {
            return None;
        }
        let answer = bank.receive(&self.reference, self.step, mood);
        self.answer.get_or_insert_with(|| answer.clone());
        Some(answer)
    }

    /// Whether this answer promises that nothing submitted before will be paid.
    fn promises(&self, answer: &BankAnswer, bank: &Bank) -> bool {
        bank.abilities.is_final && self.step == AttemptKind::Enquire && *answer == BankAnswer::NeverReceived
    }
}

/// Call `n` reaches the bank. After a final "never received", earlier submissions never reach it.
pub fn arrive(calls: &mut [Call], n: usize, bank: &mut Bank, mood: Mood) -> Option<BankAnswer> {
    let answer = calls[n].arrive(bank, mood)?;
    if calls[n].promises(&answer, bank) {
        let (reference, number) = (calls[n].reference.clone(), calls[n].number);
        let before = calls.iter_mut().filter(|call| call.reference == reference && call.number < number);
        before.filter(|call| call.step == AttemptKind::Submit).for_each(|call| call.withheld = true);
    }
    Some(answer)
}

/// The bank's decision, as an operator has it in writing.
pub fn known(verdict: &Verdict) -> payout::Verdict {
    match verdict {
        Verdict::Paid { utr } => payout::Verdict::Paid { utr: utr.clone() },
        Verdict::Refused | Verdict::Closed => payout::Verdict::NotPaid,
    }
}

pub fn silence() -> BankAnswer {
    BankAnswer::NoAnswer { why: "timeout".to_owned() }
}
