//! One call to the bank: what it is for, what the bank answered, and how it ended.

use jiff::Timestamp;
use strum::{EnumString, IntoStaticStr, VariantArray};

use payrail_types::ids::PayoutId;
use payrail_types::names::Utr;
use payrail_types::rail::BankId;
use payrail_types::word::Word;

/// What a call to the bank is for. (The databases' column and the API's member are called `step`.)
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptKind {
    /// Tell the bank to pay.
    Submit,
    /// Ask what happened to the reference.
    Enquire,
    /// Ask, and have the bank refuse the reference from now on if it never received it.
    Close,
}

/// A call to the bank, as its worker gets it with the claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub payout: PayoutId,
    /// 1, 2, 3, … per payout. Only the newest attempt may report.
    pub number: u32,
    pub kind: AttemptKind,
    pub worker: String,
    /// The only bank that it may be sent to.
    pub bank: Option<BankId>,
    pub started_at: Timestamp,
}

/// What came back from a call to the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BankAnswer {
    /// Paid, under the bank's own reference.
    Paid { utr: Utr },
    /// Definitely not paid, and never will be.
    Refused { reason: String },
    /// An enquiry's answer: the bank has never seen the reference. It may still arrive.
    NeverReceived,
    /// An enquiry's answer: never seen, and refused from now on. Proof that it is not paid.
    Closed,
    /// Silence, an error, or something that is not an answer: the bank may have paid or not.
    NoAnswer { why: String },
    /// No connection was made: nothing was sent.
    Unreachable { why: String },
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EnumString, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum AttemptOutcome {
    Paid,
    Refused,
    NeverReceived,
    /// Never received, and never to be paid: the bank closed the reference, or its "never received" is final.
    Closed,
    NoAnswer,
    Unreachable,
    /// Its worker stopped before it called the bank.
    Released,
}

impl BankAnswer {
    pub const fn outcome(&self) -> AttemptOutcome {
        match self {
            Self::Paid { .. } => AttemptOutcome::Paid,
            Self::Refused { .. } => AttemptOutcome::Refused,
            Self::NeverReceived => AttemptOutcome::NeverReceived,
            Self::Closed => AttemptOutcome::Closed,
            Self::NoAnswer { .. } => AttemptOutcome::NoAnswer,
            Self::Unreachable { .. } => AttemptOutcome::Unreachable,
        }
    }
}

/// A call to the bank in words, stored with the attempt for people to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    pub sent: String,
    pub received: String,
}

/// Why the outcome of a payout is not known. Rows store it as a sentence for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DoubtReason {
    /// The worker's lease expired. The sentence names the worker and its call.
    WorkerLost(String),
    /// The bank answered a submission as if it were an enquiry.
    NotAnAnswerToSubmit,
    /// The bank did not promise to refuse the reference.
    NotClosed,
    /// The bank never received it, and cannot refuse it from now on.
    CannotClose,
    /// It was submitted to another bank than its rail's current one. The sentence names the bank.
    OtherBank(String),
    /// The call got no definite answer. The sentence says what came instead.
    NoAnswer(String),
}

const NOT_AN_ANSWER_TO_SUBMIT: &str = "the bank answered a submission with never_received";
const NOT_CLOSED: &str = "the bank did not close the reference";
const CANNOT_CLOSE: &str = "the bank never received it, and cannot refuse it from now on: an operator must decide";
const SUBMITTED_TO: &str = "it was submitted to the bank ";
const DID_NOT_REPORT: &str = " did not report on its call (";

impl DoubtReason {
    pub fn worker_lost(worker: &str, call: AttemptKind) -> Self {
        Self::WorkerLost(format!("worker {worker}{DID_NOT_REPORT}{})", call.as_str()))
    }

    pub fn other_bank(sent_to: &BankId) -> Self {
        Self::OtherBank(format!("{SUBMITTED_TO}{sent_to}, and the rail leads to another bank now"))
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::WorkerLost(sentence) | Self::OtherBank(sentence) | Self::NoAnswer(sentence) => sentence,
            Self::CannotClose => CANNOT_CLOSE,
            Self::NotAnAnswerToSubmit => NOT_AN_ANSWER_TO_SUBMIT,
            Self::NotClosed => NOT_CLOSED,
        }
    }

    /// The inverse of `as_str`. Any text is accepted, because banks and older versions used words of their own.
    pub fn parse(sentence: &str) -> Self {
        match sentence {
            NOT_AN_ANSWER_TO_SUBMIT => Self::NotAnAnswerToSubmit,
            NOT_CLOSED => Self::NotClosed,
            CANNOT_CLOSE => Self::CannotClose,
            other if other.starts_with(SUBMITTED_TO) => Self::OtherBank(other.to_owned()),
            lost if lost.starts_with("worker ") && lost.contains(DID_NOT_REPORT) => Self::WorkerLost(lost.to_owned()),
            why => Self::NoAnswer(why.to_owned()),
        }
    }
}
