//! The events of the simulation.

use payrail_core::command::{Command, Refusal, Reply};
use payrail_core::payout::BankAnswer;

use crate::worker::Sent;

/// An event for a step to handle. It names its process and that process's incarnation; if the process has died since,
/// the event is lost.
#[derive(Clone, Debug)]
pub enum Event {
    /// A client starts its next request, or stops waiting.
    Client(usize),
    /// A command reaches a process.
    Asked(At, Command, Asker),
    /// The next step of a lane's transaction.
    Transaction(At, usize, u64),
    /// An answer reaches the client.
    Answered(usize, u64, Outcome),
    /// An answer reaches the worker in the same process.
    Claimed(At, Outcome),
    Reported(At, Command, u32, Outcome),
    /// The answer about a line of a rail's list of returns.
    Returned(usize, usize, Outcome),
    /// A worker looks for due payouts.
    Look(At),
    /// A call reaches the bank.
    AtBank(Sent),
    /// A worker gets the answer to its call, or a timeout.
    Heard(At, u64, BankAnswer),
    /// An operator checks the payouts in doubt.
    Operator,
    /// A dead process is restarted.
    Back(usize),
}

/// A process, and which of its incarnations.
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
    /// With the number of tries.
    Report(u32),
    /// A line of the list of returns of a rail's bank.
    Return(usize, usize),
    Nobody,
}

/// A decision, or `None` if the command may or may not have been executed.
pub type Outcome = Option<Result<Reply, Refusal>>;

impl Event {
    /// The process that handles it, if one does.
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
