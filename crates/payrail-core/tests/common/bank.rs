//! A bank that tells the truth or says nothing, and the calls that are on their way to it.

use std::collections::BTreeMap;

use payrail_core::ids::PayoutId;
use payrail_core::payout::{self, Attempt, BankAnswer, Step};

/// What the bank has decided about a reference. It never decides twice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    Paid {
        utr: String,
    },
    Refused,
    /// Never received, and refused from now on.
    Closed,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Bank {
    book: BTreeMap<String, Verdict>,
    payments: usize,
    /// Pays under the UTR of its first payment again.
    pub repeats_utr: bool,
}

/// What the bank does with a call that needs a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mood {
    /// Pays what is submitted (or refuses it).
    pub pays: bool,
    /// Closes what it never received (or just says so).
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
    /// How often it has paid, whatever for.
    pub fn payments(&self) -> usize {
        self.payments
    }

    pub fn has_decided(&self, reference: &str) -> bool {
        self.book.contains_key(reference)
    }

    pub fn verdict(&self, payout: PayoutId) -> Option<&Verdict> {
        self.book.get(&payout.reference())
    }

    /// A call arrives; what is returned is the truth, whether or not anybody will hear it.
    pub fn receive(&mut self, reference: &str, step: Step, mood: Mood) -> BankAnswer {
        let verdict = match (self.book.get(reference), step) {
            (Some(verdict), _) => verdict.clone(),
            (None, Step::Submit) => self.decide(mood),
            (None, Step::Close) if mood.closes => Verdict::Closed,
            (None, Step::Close | Step::Enquire) => return BankAnswer::NeverReceived,
        };
        self.book.insert(reference.to_owned(), verdict.clone());
        match (verdict, step) {
            (Verdict::Paid { utr }, _) => BankAnswer::Paid { utr },
            (Verdict::Closed, Step::Enquire | Step::Close) => BankAnswer::Closed,
            (Verdict::Closed, Step::Submit) => BankAnswer::Refused { reason: "the reference is closed".to_owned() },
            (Verdict::Refused, _) => BankAnswer::Refused { reason: "no such account".to_owned() },
        }
    }

    fn decide(&mut self, mood: Mood) -> Verdict {
        if mood.pays {
            self.payments += 1;
            let number = if self.repeats_utr { 1 } else { self.payments };
            Verdict::Paid { utr: format!("UTR{number}") }
        } else {
            Verdict::Refused
        }
    }
}

/// One claimed call. Its worker may be dead or late; what it sent may arrive at any time, or twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub payout: PayoutId,
    pub number: u32,
    pub step: Step,
    /// What the bank is told that it is about.
    pub reference: String,
    /// The bank's answer to its first arrival.
    pub answer: Option<BankAnswer>,
    /// Its worker knows that it never left, and it never will.
    pub withheld: bool,
}

impl Call {
    pub fn new(attempt: &Attempt, reference: String) -> Self {
        let (payout, number, step) = (attempt.payout, attempt.number, attempt.step);
        Self { payout, number, step, reference, answer: None, withheld: false }
    }

    /// It reaches the bank, which gives its answer, whether or not anybody will hear it.
    pub fn arrive(&mut self, bank: &mut Bank, mood: Mood) -> Option<BankAnswer> {
        if self.withheld {
            return None;
        }
        let answer = bank.receive(&self.reference, self.step, mood);
        self.answer.get_or_insert_with(|| answer.clone());
        Some(answer)
    }
}

/// The bank's own verdict, as an operator has it in writing.
pub fn known(verdict: &Verdict) -> payout::Verdict {
    match verdict {
        Verdict::Paid { utr } => payout::Verdict::Paid { utr: utr.clone() },
        Verdict::Refused | Verdict::Closed => payout::Verdict::NotPaid,
    }
}

pub fn silence() -> BankAnswer {
    BankAnswer::NoAnswer { why: "timeout".to_owned() }
}
