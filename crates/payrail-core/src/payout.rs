//! The life of a payout: one table of legal steps, and the two moments when the world outside
//! comes in: a worker *claims* the payout for one call to the bank, and *reports* what the bank said.

use jiff::Timestamp;

use crate::backoff::{Policy, is_far_ahead, later};
use crate::ids::{PayoutId, RequestId};
use crate::money::Amount;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Accepted, its funds held; no worker has it yet.
    Pending,
    /// A worker has claimed it: the bank may know of it.
    Processing,
    /// The bank paid.
    Completed,
    /// The bank certainly did not pay; the funds were given back.
    Failed,
    /// Withdrawn by the merchant before a worker claimed it; the funds were given back.
    Cancelled,
    /// The bank paid and the money came back later.
    Returned,
}

impl Status {
    pub const ALL: [Status; 6] =
        [Self::Pending, Self::Processing, Self::Completed, Self::Failed, Self::Cancelled, Self::Returned];

    /// THE state machine: every legal step, and no other. Both databases refuse any other step by
    /// themselves; the conformance suite tries all 36 pairs on each of them against this table.
    pub const STEPS: [(Status, Status); 7] = [
        // Brought forward: see `Payout::bring_forward`.
        (Self::Pending, Self::Pending),
        (Self::Pending, Self::Processing),
        (Self::Pending, Self::Cancelled),
        (Self::Processing, Self::Processing),
        (Self::Processing, Self::Completed),
        (Self::Processing, Self::Failed),
        (Self::Completed, Self::Returned),
    ];

    pub fn may_become(self, next: Status) -> bool {
        Self::STEPS.contains(&(self, next))
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Returned => "returned",
        }
    }

    /// The status towards clients that know the original four only: what is theirs again is `failed`.
    pub const fn original(self) -> Status {
        match self {
            Self::Cancelled | Self::Returned => Self::Failed,
            other => other,
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// What a call to the bank is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// Tell the bank to pay.
    Submit,
    /// Ask what became of the reference.
    Enquire,
    /// Ask, and have the bank refuse the reference from now on if it never received it.
    Close,
}

impl Step {
    pub const ALL: [Step; 3] = [Self::Submit, Self::Enquire, Self::Close];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Enquire => "enquire",
            Self::Close => "close",
        }
    }

    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == word)
    }
}

/// What came back from a call to the bank.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BankAnswer {
    /// Paid, under the bank's own reference.
    Paid { utr: String },
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

impl BankAnswer {
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Paid { .. } => "paid",
            Self::Refused { .. } => "refused",
            Self::NeverReceived => "never_received",
            Self::Closed => "closed",
            Self::NoAnswer { .. } => "no_answer",
            Self::Unreachable { .. } => "unreachable",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    pub id: PayoutId,
    pub amount: Amount,
    pub bank_account_id: String,
    pub state: State,
    /// Submissions that may have reached the bank.
    pub attempts: u32,
    /// Calls to the bank of any kind: the number of the newest attempt, and the fencing token.
    pub calls: u32,
    /// Calls that brought no answer; it sets the next wait.
    pub unanswered: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Of the request that created it: every line that the logs have about the payout names it.
    pub request_id: Option<RequestId>,
}

/// Each state carries its evidence: there is no `Completed` without a UTR, no `Failed` without a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    Pending { due_at: Timestamp },
    Processing(Progress),
    Completed { utr: String },
    Failed { reason: String },
    Cancelled,
    Returned { utr: String, reason: String },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The call under way (with a lease), or the next one to make (without).
    pub step: Step,
    /// When the next worker may take it: at the next step's time, or when the lease runs out.
    pub due_at: Timestamp,
    /// The worker that holds it now.
    pub leased_by: Option<String>,
    /// Set while a call that may have moved money is unanswered.
    pub doubt: Option<Doubt>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doubt {
    pub since: Timestamp,
    pub reason: String,
}

/// A call to the bank, as its worker gets it with the claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    pub payout: PayoutId,
    /// 1, 2, 3, … per payout. A report is taken only from the newest.
    pub number: u32,
    pub step: Step,
    pub worker: String,
    pub started_at: Timestamp,
}

/// What an operator knows of a payout in doubt: from the bank's statement, its letter, its telephone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The bank paid, under its own reference.
    Paid { utr: String },
    /// The bank did not pay, and never will.
    NotPaid,
}

/// What a report or a decision changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Settle(Payout),
    Refund(Payout),
    GoOn(Payout),
}

impl Payout {
    pub fn new(id: PayoutId, amount: Amount, bank_account_id: String, now: Timestamp) -> Self {
        let state = State::Pending { due_at: now };
        Self {
            id,
            amount,
            bank_account_id,
            state,
            attempts: 0,
            calls: 0,
            unanswered: 0,
            created_at: now,
            updated_at: now,
            request_id: None,
        }
    }

    pub fn status(&self) -> Status {
        match self.state {
            State::Pending { .. } => Status::Pending,
            State::Processing(_) => Status::Processing,
            State::Completed { .. } => Status::Completed,
            State::Failed { .. } => Status::Failed,
            State::Cancelled => Status::Cancelled,
            State::Returned { .. } => Status::Returned,
        }
    }

    /// When a worker may take the payout; `None` when its life is over.
    pub fn due_at(&self) -> Option<Timestamp> {
        match &self.state {
            State::Pending { due_at } => Some(*due_at),
            State::Processing(progress) => Some(progress.due_at),
            _ => None,
        }
    }

    /// Whether its last call got no definite answer.
    pub fn is_in_doubt(&self) -> bool {
        matches!(&self.state, State::Processing(Progress { doubt: Some(_), .. }))
    }

    /// The same payout a step further. The one place where `state` and `updated_at` change. (A clock that is set back
    /// does not set the payout back.)
    fn stepped(&self, state: State, now: Timestamp) -> Payout {
        let next = Payout { state, updated_at: self.updated_at.max(now), ..self.clone() };
        debug_assert!(self.status().may_become(next.status()));
        next
    }

    /// Takes the payout for one call to the bank; `None` unless it is due.
    pub fn claim(&self, worker: &str, policy: &Policy, now: Timestamp) -> Option<(Payout, Attempt)> {
        let (step, doubt) = match &self.state {
            State::Pending { due_at } if *due_at <= now => (Step::Submit, None),
            State::Processing(p) if p.due_at <= now => match &p.leased_by {
                None => (p.step, p.doubt.clone()),
                // Its worker died or lost its way, and the call may have gone out: ask first.
                Some(lost) => {
                    let reason = format!("worker {lost} did not report on its call ({})", p.step.as_str());
                    (self.enquiry(policy), Some(self.in_doubt(reason, now)))
                }
            },
            _ => return None,
        };
        let progress = Progress { step, due_at: later(now, policy.lease), leased_by: Some(worker.to_owned()), doubt };
        let mut payout = self.stepped(State::Processing(progress), now);
        payout.calls += 1;
        payout.attempts += u32::from(step == Step::Submit);
        let attempt = Attempt {
            payout: self.id,
            number: payout.calls,
            step,
            worker: worker.to_owned(),
            started_at: payout.updated_at,
        };
        Some((payout, attempt))
    }

    /// Takes in what the bank answered to attempt `number`; `None` unless that attempt holds the payout.
    pub fn report(&self, number: u32, answer: &BankAnswer, policy: &Policy, now: Timestamp) -> Option<Outcome> {
        let progress = self.held_by(number)?;
        Some(match answer {
            BankAnswer::Paid { utr } => Outcome::Settle(self.stepped(State::Completed { utr: utr.clone() }, now)),
            BankAnswer::Refused { reason } => {
                Outcome::Refund(self.stepped(State::Failed { reason: reason.clone() }, now))
            }
            BankAnswer::Closed => {
                let reason = "The bank never received it and refuses it from now on".to_owned();
                Outcome::Refund(self.stepped(State::Failed { reason }, now))
            }
            BankAnswer::NeverReceived => match progress.step {
                Step::Enquire => {
                    let step = if self.attempts < policy.attempts_max { Step::Submit } else { Step::Close };
                    Outcome::GoOn(self.waiting(step, now, progress.doubt.clone(), now))
                }
                // Neither says what was asked: not to know what was submitted just now, not to promise to refuse.
                Step::Submit => self.unanswered("the bank answered a submission with never_received", policy, now),
                Step::Close => self.unanswered("the bank did not close the reference", policy, now),
            },
            BankAnswer::NoAnswer { why } => self.unanswered(why, policy, now),
            BankAnswer::Unreachable { .. } => {
                let mut payout = self.not_sent(progress);
                payout.unanswered += 1;
                let at = policy.retry_at(now, self.id, payout.unanswered);
                Outcome::GoOn(payout.waiting(progress.step, at, progress.doubt.clone(), now))
            }
        })
    }

    /// Hands the payout back unused: its worker stops before the call went out.
    pub fn release(&self, number: u32, now: Timestamp) -> Option<Payout> {
        let progress = self.held_by(number)?;
        Some(self.not_sent(progress).waiting(progress.step, now, progress.doubt.clone(), now))
    }

    /// An operator has the next call made now instead of later; which call it is does not change. `None`
    /// unless it is in doubt and no worker holds it.
    pub fn ask(&self, now: Timestamp) -> Option<Payout> {
        let progress = self.unattended_doubt()?;
        // What is due already keeps its place in the queue.
        Some(self.waiting(progress.step, progress.due_at.min(now), progress.doubt.clone(), now))
    }

    /// An operator has a payout taken up now that a wrong clock made due far in the future; `None` unless one did.
    ///
    /// Nothing else about it changes. What a worker holds stays held, so that whoever takes it over asks the bank
    /// first, as after any lease that ran out.
    pub fn bring_forward(&self, now: Timestamp) -> Option<Payout> {
        self.due_at().filter(|due_at| is_far_ahead(*due_at, now))?;
        let state = match &self.state {
            State::Pending { .. } => State::Pending { due_at: now },
            State::Processing(progress) => State::Processing(Progress { due_at: now, ..progress.clone() }),
            _ => return None,
        };
        Some(self.stepped(state, now))
    }

    /// An operator ends the doubt; `None` unless it is in doubt and no worker holds it.
    ///
    /// Everywhere else a payout ends on the bank's own answer. Here, and only here, a person's written word
    /// stands for it: who is wrong refunds what was paid, or settles what was not. So it takes a reason, it
    /// is written into the audit log, and `verify` holds it against the bank's book.
    pub fn decide(&self, verdict: &Verdict, reason: &str, now: Timestamp) -> Option<Outcome> {
        self.unattended_doubt()?;
        Some(match verdict {
            Verdict::Paid { utr } => Outcome::Settle(self.stepped(State::Completed { utr: utr.clone() }, now)),
            Verdict::NotPaid => {
                let reason = format!("An operator decided that the bank did not pay: {reason}");
                Outcome::Refund(self.stepped(State::Failed { reason }, now))
            }
        })
    }

    /// A worker that holds the payout may be hearing the answer at this moment; one whose lease ran out is
    /// soon replaced by one that asks.
    fn unattended_doubt(&self) -> Option<&Progress> {
        match &self.state {
            State::Processing(progress) if progress.doubt.is_some() && progress.leased_by.is_none() => Some(progress),
            _ => None,
        }
    }

    /// Withdrawn by the merchant; `None` once a worker has claimed it.
    pub fn cancel(&self, now: Timestamp) -> Option<Payout> {
        match self.state {
            State::Pending { .. } => Some(self.stepped(State::Cancelled, now)),
            _ => None,
        }
    }

    /// The bank sent the money back; `None` unless it had been paid.
    pub fn returned(&self, reason: &str, now: Timestamp) -> Option<Payout> {
        match &self.state {
            State::Completed { utr } => {
                let state = State::Returned { utr: utr.clone(), reason: reason.to_owned() };
                Some(self.stepped(state, now))
            }
            _ => None,
        }
    }

    /// The fencing: only the newest attempt, and only while it holds the payout.
    fn held_by(&self, number: u32) -> Option<&Progress> {
        match &self.state {
            State::Processing(progress) if progress.leased_by.is_some() && self.calls == number => Some(progress),
            _ => None,
        }
    }

    /// A submission that never left does not count as one.
    fn not_sent(&self, progress: &Progress) -> Payout {
        let attempts = self.attempts - u32::from(progress.step == Step::Submit);
        Payout { attempts, ..self.clone() }
    }

    fn unanswered(&self, why: &str, policy: &Policy, now: Timestamp) -> Outcome {
        let mut payout = self.clone();
        payout.unanswered += 1;
        let at = policy.retry_at(now, self.id, payout.unanswered);
        let doubt = self.in_doubt(why.to_owned(), now);
        Outcome::GoOn(payout.waiting(self.enquiry(policy), at, Some(doubt), now))
    }

    fn waiting(&self, step: Step, due_at: Timestamp, doubt: Option<Doubt>, now: Timestamp) -> Payout {
        self.stepped(State::Processing(Progress { step, due_at, leased_by: None, doubt }), now)
    }

    /// The enquiry that fits: once the submissions are used up, one that also closes the reference.
    fn enquiry(&self, policy: &Policy) -> Step {
        if self.attempts < policy.attempts_max { Step::Enquire } else { Step::Close }
    }

    /// A doubt keeps its age while its reason changes.
    fn in_doubt(&self, reason: String, now: Timestamp) -> Doubt {
        let since = match &self.state {
            State::Processing(Progress { doubt: Some(doubt), .. }) => doubt.since,
            _ => now,
        };
        Doubt { since, reason }
    }
}
