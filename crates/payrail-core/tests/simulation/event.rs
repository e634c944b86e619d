//! What can happen at a step, and to whom.

use payrail_core::command::{Command, Refusal, Reply};
use payrail_core::payout::BankAnswer;

use crate::worker::Sent;

/// Something that a step will deal with. What is meant for a process that has died since is lost: it names the
/// life of the process that it is for.
#[derive(Clone, Debug)]
pub enum Event {
    /// A client thinks of what to do next, or that it has waited long enough.
    Client(usize),
    /// A command reaches a process's door.
    Asked(At, Command, Asker),
    /// The next step of a lane's transaction.
    Transaction(At, usize, u64),
    /// A door's answer reaches the client.
    Answered(usize, u64, Outcome),
    /// A door's answer reaches the worker beside it.
    Claimed(At, Outcome),
    Reported(At, Command, u32, Outcome),
    Returned(usize, Outcome),
    /// A worker looks for what is due.
    Look(At),
    /// A call reaches the bank.
    AtBank(Sent),
    /// A worker hears of its call, or gives it up.
    Heard(At, u64, BankAnswer),
    /// An operator looks at the doubts.
    Operator,
    /// A process that died is started again.
    Back(usize),
}

/// A process, in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    pub process: usize,
    pub life: u32,
}

/// Who waits for the reply to a command.
#[derive(Clone, Debug)]
pub enum Asker {
    Client(usize, u64),
    Claim,
    /// With how often it was tried.
    Report(u32),
    /// A line of the bank's list of returns.
    Return(usize),
    Nobody,
}

/// A decision, or that there was none to be had: then the command may have been carried out or not.
pub type Outcome = Option<Result<Reply, Refusal>>;

impl Event {
    /// The process that deals with it, if one does.
    pub fn process(&self) -> Option<At> {
        match self {
            Self::Asked(at, ..)
            | Self::Transaction(at, ..)
            | Self::Claimed(at, _)
            | Self::Reported(at, ..)
            | Self::Look(at)
            | Self::Heard(at, ..) => Some(*at),
            _ => None,
        }
    }
}
